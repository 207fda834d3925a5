"""`/v1/moderation/log`: what was done on a site, by whom and when; as pages, and as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app

from service.actions.read_log import LogQuestion, export_log
from service.actions.read_log import read_log as read_page
from service.domain.log_export import as_csv, as_json_lines, log_view
from service.domain.permissions import Caller, Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.log import Format, LogExportQuery, LogQuery, LogSchema
from service.web.streaming import each_in_a_context

blueprint = ApiBlueprint("log", __name__, url_prefix="/v1/moderation/log", description="What was done.")

MEDIA_TYPES = {Format.CSV: "text/csv; charset=utf-8; header=present", Format.JSONL: "application/x-ndjson"}
EXPORTED = {"type": "string"}


@blueprint.get("")
@requires(Permission.READ_LOG)
@blueprint.arguments(LogQuery, location="query")
@blueprint.response(200, LogSchema)
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("readLog", "List what was done")
def read_log(query: dict[str, Any]) -> Response:
    """Every decision and every change of settings, reasons, articles, moderators and tokens, the newest first."""
    found = read_page(the_caller(), _question(the_caller(), query))
    return json_response({"entries": [log_view(link) for link in found.entries], "next": found.next_cursor})


@blueprint.get("/export")
@requires(Permission.READ_LOG)
@blueprint.arguments(LogExportQuery, location="query")
@blueprint.doc(
    responses={
        "200": {
            "description": "The oldest first. In CSV an apostrophe stands before what a spreadsheet would calculate.",
            "content": {"text/csv": {"schema": EXPORTED}, "application/x-ndjson": {"schema": EXPORTED}},
        }
    }
)
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("exportLog", "Download what was done")
def export(query: dict[str, Any]) -> Response:
    """The same filters as for the list. A line of `jsonl` says all that was hashed, so that one can check it."""
    caller, form = the_caller(), query["format"]
    links = export_log(caller, _question(caller, query))
    lines = as_csv(links) if form is Format.CSV else as_json_lines(links)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    answer = Response(each_in_a_context(app, lines), content_type=MEDIA_TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="log-{caller.site_slug}.{form.value}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _question(caller: Caller, query: dict[str, Any]) -> LogQuestion:
    if query["site"] is not None:
        caller.check_site(query["site"])
    return LogQuestion(
        kind=query["kind"],
        action=query["action"],
        moderator=query["moderator"],
        comment_id=query["comment"],
        since=query["since"],
        until=query["until"],
        cursor=query.get("cursor"),
        limit=query.get("limit", 50),
    )
