"""`/desk/site/moving`: a site is taken out as a file, and other systems' comments are brought in, as plain forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import moving, sites
from service.actions.moving import Ordered
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.exports import FORMS, ExportForm
from service.domain.imports import System
from service.domain.permissions import Permission
from service.web.auth import the_caller
from service.web.desk.filters import chosen, own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES, TooLarge
from service.web.times import utc_now
from service.web.uploads import most, plain_name, received

blueprint = Blueprint("desk_moving", __name__, url_prefix="/desk/site/moving")

SYSTEMS = {
    System.WORDPRESS: "WordPress: the file of Tools, Export",
    System.DISQUS: "Disqus: its XML",
    System.ISSO: "Isso: its database, or its generic JSON",
    System.REMARK42: "Remark42: a backup",
    System.COMMENTO: "Commento: its JSON",
    System.COMENTARIO: "Comentario: its JSON of version 1 or 3",
    System.POSTBAG: "Postbag: everything that was taken out of a site",
}
STATUS_WORDS = {
    "waiting": "waits for a worker",
    "running": "under way",
    "tried": "only tried",
    "done": "done",
    "failed": "nothing was imported",
    "undoing": "being taken back",
    "undone": "taken back",
}
DOING_WORDS = {"reading": "read", "importing": "imported", "undoing": "taken back"}
DONE_WORDS = {
    "try": "The file is here. What would come of it stands below as soon as a worker has read it.",
    "import": "The file is here. A worker imports it; this page tells how far it is.",
    "go_on": "A worker imports it now; this page tells how far it is.",
    "forget": "The file is thrown away.",
    "undo": "A worker takes it back; this page tells how far it is.",
}
FIELDS = frozenset({"kind", "file"})
LINES_SHOWN = 50  # of each part of a report; the API has a thousand
LOOK_AGAIN = 4  # seconds


@blueprint.get("")
@desk_page(Permission.MOVE)
def show() -> Response:
    """Answer with the downloads, the form, and the imports so far; the page looks again while one is under way."""
    return _page()


@blueprint.post("")
@desk_page(Permission.MOVE)
def change() -> Response:
    """Take a file, carry out what was tried, throw it away, or take an import back."""
    what = request.form.get("do", "")
    try:
        import_id = chosen(ACTIONS)()
    except (Invalid, NotFound, TooLarge) as error:
        return _page(error)
    return seen_at(own_address("/desk/site/moving", done=what, report=str(import_id)) + "#imports")


def _take(*, is_dry: bool) -> UUID:
    try:
        system = System(request.form.get("kind", ""))
    except ValueError:
        raise Invalid("kind", "not_a_choice", "Choose the system that the file comes from.") from None
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("file", "required", "Choose the file that the other system has exported.")
    with received(sent.stream) as path:
        ordered = moving.order_import(
            the_caller(), system, path, file_name=plain_name(sent.filename), is_dry=is_dry, now=utc_now()
        )
    return ordered.one.id


def _go_on() -> UUID:
    return moving.go_on(the_caller(), _import_id(request.form), now=utc_now()).one.id


def _forget() -> UUID:
    moving.forget(the_caller(), _import_id(request.form))
    return _import_id(request.form)


def _undo() -> UUID:
    return moving.order_undo(the_caller(), _import_id(request.form), now=utc_now()).one.id


ACTIONS: Mapping[str, Callable[[], UUID]] = {
    "try": lambda: _take(is_dry=True),
    "import": lambda: _take(is_dry=False),
    "go_on": _go_on,
    "forget": _forget,
    "undo": _undo,
}


def _import_id(said: Mapping[str, str]) -> UUID:
    try:
        return UUID(said.get("import", ""))
    except ValueError:
        raise NotFound("This site has no such import.") from None


def _page(error: PostbagError | None = None) -> Response:
    caller = the_caller()
    ordered = moving.read_imports(caller)
    errors = by_field(error.faults) if isinstance(error, Invalid) else {}
    if isinstance(error, TooLarge):
        errors = {"file": [error.detail]}
    shown = request.args.get("report", "")
    is_moving = any(one.is_under_way for one in ordered)
    return desk(
        "moving.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site_name=sites.read_site(caller, now=utc_now()).name,
        downloads=[_download(form) for form in ExportForm],
        systems=SYSTEMS,
        most=most() // 2**20,
        typed_kind=request.form.get("kind", "") if error is not None else "",
        errors=errors if errors.keys() & FIELDS else {},
        problem=error.detail if error is not None and not errors.keys() & FIELDS else None,
        done=DONE_WORDS.get(request.args.get("done", "")) if error is None else None,
        rows=[_row(one, is_open=str(one.one.id) == shown) for one in ordered],
        look_again=LOOK_AGAIN if is_moving and error is None else None,
        address=own_address("/desk/site/moving"),
        again=own_address("/desk/site/moving", report=shown),
    )


def _download(form: ExportForm) -> dict[str, Any]:
    words = FORMS[form]
    return {
        "form": form.value,
        "what": words.what,
        "says": words.says,
        "may_have_emails": words.may_have_emails and the_caller().may(Permission.READ_EMAIL),
    }


def _row(ordered: Ordered, *, is_open: bool) -> dict[str, Any]:
    one, report = ordered.one, ordered.one.report or {}
    what, done, total = one.progress or ("", 0, 0)
    status = STATUS_WORDS.get(one.status, one.status)
    if one.status == "tried" and not ordered.has_file:
        status = "only tried; the file is gone"
    return {
        "id": str(one.id),
        "when": one.created_at,
        "by": one.actor_name,
        "system": SYSTEMS[System(one.system)].partition(":")[0],
        "file": one.file_name,
        "status": status,
        "progress": f"{100 * done // max(total, 1)} % {DOING_WORDS.get(what, what)}" if one.progress else "",
        "read": one.read,
        "imported": one.imported,
        "pending": report.get("pending", 0),
        "skipped": one.skipped,
        "undone": one.undone,
        "left": sorted((report.get("left") or {}).items()),
        "problem": report.get("problem"),
        "is_tried": one.is_dry,
        "is_told": one.status in {"tried", "done", "undone"},
        "can_go_on": one.status == "tried" and ordered.has_file,
        "can_undo": not one.is_dry and one.status == "done" and one.imported > one.undone,
        "skipped_lines": report.get("skipped", [])[:LINES_SHOWN],
        "note_lines": report.get("notes", [])[:LINES_SHOWN],
        "is_open": is_open,
    }
