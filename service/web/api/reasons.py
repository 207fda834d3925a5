"""`/v1/moderation/reasons`: what moderators pick when they reject."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service.actions import reasons
from service.domain.permissions import Permission
from service.domain.reasons import Reason
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.reasons import NewReasonSchema, ReasonChangeSchema, ReasonSchema, ReasonsSchema
from service.web.times import utc_now

blueprint = ApiBlueprint("reasons", __name__, url_prefix="/v1/moderation/reasons", description="Canned reasons.")

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
WRITING = ("malformed_json", "too_large", "unsupported_media_type", *READING)


@blueprint.get("")
@requires(Permission.READ_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, ReasonsSchema)
@answers(*READING)
@described("readReasons", "List the canned reasons")
def read_reasons(query: dict[str, Any]) -> Response:
    """In the order in which moderators see them. A decision names one as `reason_id`."""
    _check_site(query)
    found = reasons.read_reasons(the_caller())
    return json_response({"reasons": [_view(reason, place) for place, reason in enumerate(found)]})


@blueprint.post("")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(NewReasonSchema, location="json")
@blueprint.response(201, ReasonSchema)
@answers(*WRITING)
@described("addReason", "Add a canned reason")
def add_reason(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """It comes after the others, of which there may be 30."""
    _check_site(query)
    added = reasons.add_reason(the_caller(), title=sent["title"], text=sent["text"], now=utc_now())
    return json_response(_view(added, added.position), 201)


@blueprint.patch("/<uuid:reason_id>")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(ReasonChangeSchema, location="json")
@blueprint.response(200, ReasonSchema)
@answers("not_found", *WRITING)
@described("changeReason", "Change or move a canned reason")
def change_reason(query: dict[str, Any], sent: dict[str, Any], reason_id: UUID) -> Response:
    """Decisions made before keep the words that they were made with."""
    _check_site(query)
    changed = reasons.change_reason(the_caller(), reason_id, now=utc_now(), **sent)
    return json_response(_view(changed, changed.position))


@blueprint.delete("/<uuid:reason_id>")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeReason", "Remove a canned reason")
def remove_reason(query: dict[str, Any], reason_id: UUID) -> Response:
    """Decisions that named it keep its words."""
    _check_site(query)
    reasons.remove_reason(the_caller(), reason_id, now=utc_now())
    return Response(status=204)


def _check_site(query: dict[str, Any]) -> None:
    if query["site"] is not None:
        the_caller().check_site(query["site"])


def _view(reason: Reason, place: int) -> dict[str, Any]:
    return {"id": str(reason.id), "title": reason.title, "text": reason.text, "position": place}
