"""`/v1/moderation/readers/keys`: what a site signs in its readers with."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response

from service.actions import known_readers
from service.actions.known_readers import SigningKey
from service.domain.errors import FieldFault, Invalid
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.known_readers import KeySetSchema, SigningKeySchema, SigningKeysSchema
from service.web.schemas.moderators import SiteQuery
from service.web.times import rfc3339, utc_now

blueprint = ApiBlueprint(
    "known_readers",
    __name__,
    url_prefix="/v1/moderation/readers/keys",
    description="Readers whom the site signs in itself.",
)

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")


@blueprint.get("")
@requires(Permission.READ_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, SigningKeysSchema)
@answers(*READING)
@described("readReaderKeys", "List what the site signs its readers in with")
def read_keys(query: dict[str, Any]) -> Response:
    """Without secrets, which are told once."""
    _check_site(query)
    return json_response({"keys": [_view(key) for key in known_readers.signing_keys(the_caller().site_id)]})


@blueprint.post("/secrets")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(201, SigningKeySchema)
@answers(*READING)
@described("makeReaderSecret", "Make a secret to sign readers in with (HS256)")
def make_secret(query: dict[str, Any]) -> Response:
    """It is told in this answer alone. The one before stays good until it is ended; a third is refused."""
    _check_site(query)
    caller = the_caller()
    return json_response(_view(known_readers.make_secret(caller.site_id, actor=caller.actor, now=utc_now())), 201)


@blueprint.put("/set")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(KeySetSchema, location="json")
@blueprint.response(200, SigningKeySchema)
@answers("malformed_json", "too_large", "unsupported_media_type", *READING)
@described("setReaderKeySet", "Give the public keys that the site signs readers in with (EdDSA)")
def set_key_set(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """In place of the set before. To change keys, give both until every token of the old one has ended."""
    _check_site(query)
    caller = the_caller()
    try:
        key = known_readers.set_key_set(caller.site_id, json.dumps(sent), actor=caller.actor, now=utc_now())
    except Invalid as error:
        raise Invalid.of(FieldFault("keys", fault.code, fault.detail) for fault in error.faults) from error
    return json_response(_view(key))


@blueprint.delete("/secrets/<uuid:secret_id>")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("endReaderSecret", "End a secret")
def end_secret(query: dict[str, Any], secret_id: UUID) -> Response:
    """Whatever was signed with it is refused from now on."""
    _check_site(query)
    caller = the_caller()
    known_readers.end_secret(caller.site_id, secret_id, actor=caller.actor, now=utc_now())
    return Response(status=204)


@blueprint.delete("/set")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("endReaderKeySet", "End the key set")
def end_key_set(query: dict[str, Any]) -> Response:
    """Whatever was signed with one of its keys is refused from now on."""
    _check_site(query)
    caller = the_caller()
    known_readers.end_key_set(caller.site_id, actor=caller.actor, now=utc_now())
    return Response(status=204)


def _check_site(query: dict[str, Any]) -> None:
    if query["site"] is not None:
        the_caller().check_site(query["site"])


def _view(key: SigningKey) -> dict[str, Any]:
    view = {"id": str(key.id), "kind": key.kind.value, "created_at": rfc3339(key.created_at), "keys": list(key.names)}
    return view if key.secret is None else view | {"secret": key.secret}
