"""`/v1/moderation/authors/{id}`: what a site's owner does for an author who asks for it by post."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, current_app

from service.actions import authors, erase, mine
from service.actions.mine import Erased
from service.domain.errors import NotFound
from service.domain.mine_export import json_pieces
from service.domain.permissions import Caller, Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.mine import AuthorExportQuery, AuthorExportSchema, ErasureSchema
from service.web.schemas.moderators import SiteQuery
from service.web.streaming import each_in_a_context
from service.web.times import utc_now

blueprint = ApiBlueprint(
    "authors", __name__, url_prefix="/v1/moderation/authors", description="What authors ask for by post."
)

READING = ("unauthenticated", "forbidden", "not_found", "invalid", "rate_limited", "store_unavailable")


@blueprint.get("/<uuid:author_id>/export")
@requires(Permission.ANSWER_AUTHORS)
@blueprint.arguments(AuthorExportQuery, location="query")
@blueprint.response(200, AuthorExportSchema)
@answers(*READING)
@described("exportAuthor", "Take out everything that one author wrote")
def export_author(query: dict[str, Any], author_id: UUID) -> Response:
    """What the author themselves would get by a letter, and on request moderators' notes, which may speak of others."""
    caller, now = _check_site(query), utc_now()
    found = authors.read_author(caller, author_id, with_notes=query["notes"])
    if isinstance(found, Erased):
        raise NotFound("Everything of this author was erased.")
    written = mine.everything_of(found, with_notes=query["notes"])
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    pieces = json_pieces(found, written, made_at=now, with_notes=query["notes"])
    answer = Response(each_in_a_context(app, pieces), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.site.slug}-author.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.delete("/<uuid:author_id>")
@requires(Permission.ANSWER_AUTHORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, ErasureSchema)
@blueprint.alt_response(202, description="It is a lot and goes on; ask again in a minute for the proof.")
@answers(*READING)
@described("eraseAuthor", "Erase everything that one author wrote")
def erase_author(query: dict[str, Any], author_id: UUID) -> Response:
    """For good. The answer is a proof, signed, for the author; a second time it is the same one."""
    found = authors.erase_author(_check_site(query), author_id, now=utc_now())
    if found.done is None:
        response = Response(status=202)
        del response.headers["Content-Type"]
        response.headers["Cache-Control"] = "no-store"
        return response
    return json_response(json.loads(erase.proof(found.done)))


def _check_site(query: dict[str, Any]) -> Caller:
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    return caller
