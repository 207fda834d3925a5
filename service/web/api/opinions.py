"""`/v1/moderation/opinions`: whom a site asks what they think of a comment."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.actions import opinions
from service.actions.opinions import Asked
from service.domain.opinions import OpinionKind
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.opinions import (
    AkismetSchema,
    HookSchema,
    OpinionSourceSchema,
    OpinionSourcesSchema,
    TrialSchema,
)
from service.web.times import rfc3339, utc_now

blueprint = ApiBlueprint("opinions", __name__, url_prefix="/v1/moderation/opinions", description="Outside opinions.")

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
WRITING = ("malformed_json", "too_large", "unsupported_media_type", *READING)


@blueprint.get("")
@requires(Permission.READ_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, OpinionSourcesSchema)
@answers(*READING)
@described("readOpinions", "List whom the site asks for an opinion")
def read_opinions(query: dict[str, Any]) -> Response:
    """Without secrets, which are told once."""
    _check_site(query)
    return json_response({"opinions": [_view(asked) for asked in opinions.who_is_asked(the_caller().site_id)]})


@blueprint.put("/hook")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(HookSchema, location="json")
@blueprint.response(200, OpinionSourceSchema)
@answers(*WRITING)
@described("setHook", "Let the site's own server be asked")
def ask_hook(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """A worker sends it every reply and every edit as signed JSON, and waits five seconds.

    It answers `{"verdict": "note"|"hold"|"spam", "score": 0..1, "reason": "..."}`. Every PUT makes a new secret.
    """
    _check_site(query)
    caller = the_caller()
    asked = opinions.ask_a_hook(caller.site_id, sent["url"], actor=caller.actor, now=utc_now())
    return json_response(_view(asked))


@blueprint.post("/hook/trials")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, TrialSchema)
@answers("not_found", *READING)
@described("tryHook", "Send the hook one harmless request")
def try_hook(query: dict[str, Any]) -> Response:
    """It is about no reader's words, marked with `"test": true`, and tells what came back; nothing is kept."""
    _check_site(query)
    tried = opinions.try_hook(the_caller().site_id, now=utc_now())
    return json_response(
        {
            "status": tried.status,
            "seconds": round(tried.seconds, 3),
            "answer": tried.said,
            "verdict": None if tried.opinion is None else tried.opinion.verdict.value,
            "problem": tried.problem,
        }
    )


@blueprint.put("/akismet")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(AkismetSchema, location="json")
@blueprint.response(200, OpinionSourceSchema)
@answers(*WRITING)
@described("setAkismet", "Let Akismet be asked")
def ask_akismet(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """It is told the text, the name, the website and the network address, never the e-mail address.

    What moderators decide is told to it as well.
    """
    _check_site(query)
    caller = the_caller()
    asked = opinions.ask_akismet(caller.site_id, sent["key"], url=sent["url"], actor=caller.actor, now=utc_now())
    return json_response(_view(asked))


@blueprint.delete("/hook")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeHook", "Ask the site's own server no more")
def ask_hook_no_more(query: dict[str, Any]) -> Response:
    """Its address and the secret are forgotten."""
    return _ask_no_more(query, OpinionKind.HOOK)


@blueprint.delete("/akismet")
@requires(Permission.CHANGE_SITE)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeAkismet", "Ask Akismet no more")
def ask_akismet_no_more(query: dict[str, Any]) -> Response:
    """The key is forgotten."""
    return _ask_no_more(query, OpinionKind.AKISMET)


def _ask_no_more(query: dict[str, Any], kind: OpinionKind) -> Response:
    _check_site(query)
    caller = the_caller()
    opinions.ask_no_more(caller.site_id, kind, actor=caller.actor, now=utc_now())
    return Response(status=204)


def _check_site(query: dict[str, Any]) -> None:
    if query["site"] is not None:
        the_caller().check_site(query["site"])


def _view(asked: Asked) -> dict[str, Any]:
    view = {"kind": asked.kind.value, "url": asked.url, "changed_at": rfc3339(asked.changed_at)}
    return view if asked.secret is None else view | {"secret": asked.secret}
