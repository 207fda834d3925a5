"""`/v1/exports` and `/v1/imports`: a site is taken out as a file, and comments are brought in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, request

from service.actions import exports, moving
from service.actions.exports import Export
from service.actions.moving import Ordered
from service.domain.errors import NotFound, StoreUnavailable
from service.domain.exports import FORMS, ExportForm
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.problems import UnsupportedMediaType
from service.web.responses import json_response
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.moving import ExportQuery, ImportQuery, ImportSchema, ImportsSchema
from service.web.times import rfc3339, utc_now
from service.web.uploads import plain_name, received

exports_blueprint = ApiBlueprint("exports", __name__, url_prefix="/v1/exports", description="Taking a site out.")
imports_blueprint = ApiBlueprint("imports", __name__, url_prefix="/v1/imports", description="Bringing comments in.")

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
ANY_TEXT = {"schema": {"type": "string"}}
AT_ONCE = 2  # exports of one process; each keeps a thread and a connection for as long as it lasts
_room = threading.BoundedSemaphore(AT_ONCE)


@exports_blueprint.get("/<form>")
@requires(Permission.MOVE)
@exports_blueprint.arguments(ExportQuery, location="query")
@exports_blueprint.doc(
    responses={
        "200": {
            "description": "The site as it is at this moment. A file in JSON Lines whose last line is not of the type "
            "`end` was cut off.",
            "content": dict.fromkeys(("application/x-ndjson", "application/xml", "text/csv"), ANY_TEXT),
        }
    },
)
@answers("not_found", *READING)
@described("exportSite", "Take everything of the site out")
def export_site(query: dict[str, Any], form: str) -> Response:
    """`jsonl` is everything, for `import postbag`; `wxr` is for WordPress; the others are for spreadsheets."""
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    if query["emails"]:
        caller.check(Permission.READ_EMAIL)
    wanted = None
    with suppress(ValueError):
        wanted = ExportForm(form)
    if wanted is None:
        raise NotFound(f"A site can be taken out as {', '.join(one.value for one in ExportForm)}.")
    if not _room.acquire(blocking=False):
        raise StoreUnavailable("Other exports are being sent; try again when one of them is done.")
    try:
        taken = exports.export(caller.site_slug, wanted, with_emails=query["emails"], now=utc_now())
    except BaseException:
        _room.release()
        raise
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    answer = Response(_Sent(app, taken), content_type=FORMS[wanted].media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{taken.file_name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


class _Sent:
    """An export on its way: each piece is made in a context of the application that ends before it is sent."""

    def __init__(self, app: Flask, taken: Export) -> None:
        self._app, self._taken = app, taken
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            with self._app.app_context():
                return next(self._taken)
        except BaseException:
            # At the end, too: whoever has read it all need not come back.
            self.close()
            raise

    def close(self) -> None:
        """Make room for another one."""
        if self._is_open:
            self._is_open = False
            _room.release()
            self._taken.close()

    def __del__(self) -> None:
        self.close()


@imports_blueprint.post("")
@requires(Permission.MOVE)
@imports_blueprint.arguments(ImportQuery, location="query")
@imports_blueprint.doc(
    requestBody={
        "required": True,
        "description": "The file as it is, or gzipped, or alone in a zip.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
)
@imports_blueprint.response(202, ImportSchema)
@answers("too_large", "unsupported_media_type", *READING)
@described("orderImport", "Bring comments in")
def order_import(query: dict[str, Any]) -> Response:
    """A worker carries it out; `GET /v1/imports/{id}` tells how far it is. What is wrong in the first 8 MiB,
    unpacked, is told at once, and what is wrong further on there. Nothing of a file that is wrong is imported.
    """
    _check_site(query)
    if request.mimetype in {"multipart/form-data", "application/json"}:
        raise UnsupportedMediaType("Send the file itself as the body, as application/octet-stream.")
    with received() as path:
        ordered = moving.order_import(
            the_caller(),
            query["kind"],
            path,
            file_name=plain_name(query["name"]) or "by the API",
            is_dry=query["dry_run"],
            now=utc_now(),
        )
    return json_response(_view(ordered), 202)


@imports_blueprint.get("")
@requires(Permission.MOVE)
@imports_blueprint.arguments(SiteQuery, location="query")
@imports_blueprint.response(200, ImportsSchema)
@answers(*READING)
@described("readImports", "List the latest imports")
def read_imports(query: dict[str, Any]) -> Response:
    """Up to a hundred, the last one first, those by command among them."""
    _check_site(query)
    return json_response({"imports": [_brief(ordered) for ordered in moving.read_imports(the_caller())]})


@imports_blueprint.get("/<uuid:import_id>")
@requires(Permission.MOVE)
@imports_blueprint.arguments(SiteQuery, location="query")
@imports_blueprint.response(200, ImportSchema)
@answers("not_found", *READING)
@described("readImport", "Read how far an import is, and its report")
def read_import(query: dict[str, Any], import_id: UUID) -> Response:
    """The report is there once it is `tried`, `done` or `failed`."""
    _check_site(query)
    return json_response(_view(moving.read_import(the_caller(), import_id)))


@imports_blueprint.post("/<uuid:import_id>/undo")
@requires(Permission.MOVE)
@imports_blueprint.arguments(SiteQuery, location="query")
@imports_blueprint.response(202, ImportSchema)
@answers("not_found", *READING)
@described("undoImport", "Take an import back")
def undo_import(query: dict[str, Any], import_id: UUID) -> Response:
    """A worker takes back what nobody has decided, revised, answered, flagged, voted for or noted since."""
    _check_site(query)
    return json_response(_view(moving.order_undo(the_caller(), import_id, now=utc_now())), 202)


def _check_site(query: dict[str, Any]) -> None:
    if query["site"] is not None:
        the_caller().check_site(query["site"])


def _brief(ordered: Ordered) -> dict[str, Any]:
    one = ordered.one
    progress = dict(zip(("what", "done", "total"), one.progress, strict=True)) if one.progress else None
    return {
        "id": str(one.id),
        "kind": one.system,
        "file_name": one.file_name,
        "status": one.status,
        "dry_run": one.is_dry,
        "read": one.read,
        "imported": one.imported,
        "skipped_count": one.skipped,
        "undone": one.undone,
        "progress": progress,
        "problem": (one.report or {}).get("problem"),
        "by": one.actor_name,
        "created_at": rfc3339(one.created_at),
        "finished_at": one.finished_at and rfc3339(one.finished_at),
    }


def _view(ordered: Ordered) -> dict[str, Any]:
    report = ordered.one.report or {}
    return _brief(ordered) | {
        "skipped": [{"source_id": source, "reason": said} for source, said in report.get("skipped", ())],
        "notes": [{"source_id": source, "note": said} for source, said in report.get("notes", ())],
    }
