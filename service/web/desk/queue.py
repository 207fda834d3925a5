"""`/desk`: what waits, with everything needed to decide, and the forms that decide, take back and note."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from service.actions import flood, moderate, notes
from service.actions.decide import Batch, Decided, decide_many
from service.actions.notes import NoteAbout
from service.actions.reasons import read_reasons
from service.actions.undo import undo_batch
from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.life import Status
from service.domain.permissions import Permission
from service.domain.sorting import QueueSort
from service.web.auth import the_caller
from service.web.desk.queue_form import (
    PAGE,
    asked_for,
    is_narrowed,
    question,
    queue_path,
    read_decisions,
    usual_order,
    whole,
)
from service.web.desk.queue_view import REASON_WORDS, history, in_plain_words, parsed_time, reason_words, shown
from service.web.desk.shell import desk, desk_page, own_path, seen_at, the_signed_in
from service.web.moderation_views import file_view, item_view
from service.web.problems import ERROR_CODES
from service.web.responses import compressed, json_response
from service.web.times import utc_now

blueprint = Blueprint("desk_queue", __name__, url_prefix="/desk")
blueprint.add_app_template_filter(parsed_time, "parsed_time")

COMMENT_PATH = re.compile(r"/desk/comments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
DONE = {
    "approve": "Approved",
    "reject": "Rejected",
    "spam": "Marked as spam",
    "delete": "Deleted",
    "restore": "Restored",
}
STATUS_WORDS = {
    Status.PENDING: "Waiting",
    Status.APPROVED: "Approved",
    Status.REJECTED: "Rejected",
    Status.SPAM: "Spam",
    Status.DELETED: "Deleted",
}
SORT_WORDS = {
    QueueSort.OLDEST: "Oldest first",
    QueueSort.NEWEST: "Newest first",
    QueueSort.PROMISING: "Good ones first",
    QueueSort.SCORE: "Weightiest first",
}


@blueprint.get("")
@desk_page(Permission.READ_QUEUE)
def show() -> Response:
    """Answer with a page of the queue; what was just decided is told above it, with a button that takes it back."""
    return _queue(asked_for(request.args), cursor=request.args.get("cursor") or None)


@blueprint.get("/items")
@desk_page(Permission.READ_QUEUE)
def items() -> Response:
    """Answer with further items as the page itself draws them, for its script: `{"html", "next", "totals"}`."""
    caller, now = the_caller(), utc_now()
    asked = asked_for(request.args)
    limit = max(1, whole(request.args, "limit", most=100, default=PAGE))
    view = moderate.read_queue(caller, question(asked, cursor=request.args.get("cursor") or None, limit=limit))
    views = [item_view(item, view.site, view.claims.get(item.comment.id), now=now) for item in view.items]
    return compressed(json_response({"html": _drawn(views), "next": view.next_cursor, "totals": view.totals}))


@blueprint.get("/items/<uuid:comment_id>")
@desk_page(Permission.READ_QUEUE)
def item(comment_id: UUID) -> Response:
    """Answer with one item as it is now, for the page's script."""
    view = file_view(moderate.read_comment(the_caller(), comment_id), now=utc_now())
    return json_response({"html": _drawn([view]), "status": view["status"], "decisions": view["decisions"][-1:]})


@blueprint.get("/comments/<uuid:comment_id>")
@desk_page(Permission.READ_QUEUE)
def comment(comment_id: UUID) -> Response:
    """Answer with everything known about a comment."""
    return _comment(comment_id)


@blueprint.post("/decisions")
@desk_page(Permission.DECIDE)
def decide() -> Response:
    """Decide, then lead back; what was refused is told comment by comment, with everything that was typed."""
    back = own_path(request.form.get("next"))
    try:
        wanted = read_decisions()
        batch = decide_many(the_caller(), wanted.proposals, now=utc_now())
    except Invalid as error:
        return _back_with(error, back)
    return _told(batch, wanted.action.value, back, typed=wanted.words)


@blueprint.post("/undo")
@desk_page(Permission.DECIDE)
def undo() -> Response:
    """Take back what was decided together, as far as nothing has changed since, and lead back."""
    back = own_path(request.form.get("next"))
    try:
        batch_id = UUID(request.form.get("batch_id", ""))
    except ValueError as fault:
        raise NotFound from fault
    return _told(undo_batch(the_caller(), batch_id, now=utc_now()), "undo", back, typed={})


@blueprint.post("/notes")
@desk_page(Permission.WRITE_NOTES)
def note() -> Response:
    """Keep a note, then lead back to its comment; a refused one is shown again as it was typed."""
    try:
        comment_id, about = UUID(request.form.get("comment_id", "")), NoteAbout(request.form.get("about", "comment"))
    except ValueError as fault:
        raise NotFound from fault
    text = request.form.get("text", "")
    try:
        notes.add_note(the_caller(), comment_id, text, about=about, now=utc_now())
    except Invalid as error:
        typed = {"text": text, "about": about.value}
        return _comment(comment_id, status=422, typed=typed, fault=error.detail)
    return seen_at(f"/desk/comments/{comment_id}?site={the_caller().site_slug}#notes")


def _queue(
    asked: dict[str, str],
    *,
    cursor: str | None = None,
    status: int = 200,
    typed: dict[str, str] | None = None,
    ticked: Collection[str] = (),
    refused: Iterable[dict[str, str]] = (),
    done: dict[str, Any] | None = None,
    fault: str | None = None,
) -> Response:
    caller, now = the_caller(), utc_now()
    try:
        view = moderate.read_queue(caller, question(asked, cursor=cursor))
    except Invalid as error:
        # An article that cannot be one, or a place in another list: what was asked for stands in the form to be mended.
        fault, status = error.detail, 422
        view = moderate.read_queue(caller, question({}, cursor=None, limit=1))
        view = dataclasses.replace(view, items=(), next_cursor=None)
    views = [item_view(item, view.site, view.claims.get(item.comment.id), now=now) for item in view.items]
    slug = caller.site_slug
    chosen = Status(asked.get("status", Status.PENDING))
    usual = usual_order(asked)
    return desk(
        "queue.html",
        status=status,
        site=flood.look(view.site, now=now),
        items=[shown(one) for one in views],
        asked=asked,
        is_narrowed=is_narrowed(asked),
        tabs=[
            (
                words,
                view.totals.get(each.value, 0),
                queue_path(slug, asked, status=each.value),
                each is chosen,
                each.value,
            )
            for each, words in STATUS_WORDS.items()
        ],
        chosen=chosen.value,
        # The usual order has no name in the form, so that a search from it gets what is usual for a search.
        sorts=[("" if sort is usual else sort.value, words) for sort, words in SORT_WORDS.items()],
        order=asked.get("sort", usual.value),
        signals=REASON_WORDS,
        without=lambda name: queue_path(slug, asked, **{name: None}),
        here=queue_path(slug, asked, cursor=cursor),
        first_href=queue_path(slug, asked) if cursor else None,
        next_href=queue_path(slug, asked, cursor=view.next_cursor) if view.next_cursor else None,
        next_cursor=view.next_cursor or "",
        reasons=read_reasons(caller),
        moderator_id=the_signed_in().moderator_id,
        typed=typed or {},
        ticked=ticked,
        refused=list(refused),
        done=done or _just_done(),
        fault=fault,
        reason_max=REASON_MAX,
        note_max=NOTE_MAX,
        reason_words=reason_words,
        all_path=f"/desk?site={slug}",
    )


def _drawn(views: Iterable[dict[str, Any]]) -> str:
    caller = the_caller()
    return render_template(
        "desk/_items.html",
        items=[shown(one) for one in views],
        caller=caller,
        may=lambda name: caller.may(Permission(name)),
    )


def _comment(
    comment_id: UUID,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    refused: Iterable[dict[str, str]] = (),
    done: dict[str, Any] | None = None,
    fault: str | None = None,
) -> Response:
    caller = the_caller()
    view = file_view(moderate.read_comment(caller, comment_id), now=utc_now())
    return desk(
        "comment.html",
        status=status,
        item=shown(view),
        revisions=history(view["revisions"]),
        here=f"/desk/comments/{comment_id}?site={caller.site_slug}",
        reasons=read_reasons(caller),
        typed=typed or {},
        refused=list(refused),
        done=done or _just_done(),
        fault=fault,
        reason_max=REASON_MAX,
        note_max=NOTE_MAX,
        reason_words=reason_words,
        status_words=STATUS_WORDS,
    )


def _just_done() -> dict[str, Any] | None:
    """Return what the address says was just done, by which a form's answer is told after it has led back."""
    did, count = request.args.get("did", ""), whole(request.args, "n", most=100)
    if did == "undo" and count:
        return {"words": "Taken back", "count": count, "batch_id": None}
    try:
        batch_id = UUID(request.args.get("batch", ""))
    except ValueError:
        return None
    return {"words": DONE[did], "count": count, "batch_id": batch_id} if did in DONE and count else None


def _told(batch: Batch, did: str, back: str, *, typed: dict[str, str]) -> Response:
    carried_out = [outcome for _, outcome in batch.results if isinstance(outcome, Decided)]
    refusals = [(comment_id, fault) for comment_id, fault in batch.results if isinstance(fault, PostbagError)]
    if not refusals:
        last = f"batch={batch.id}&" if did != "undo" else ""
        return seen_at(f"{_plain(back)}{'&' if '?' in back else '?'}{last}did={did}&n={len(carried_out)}")
    words = "Taken back" if did == "undo" else DONE[did]
    done = {"words": words, "count": len(carried_out), "batch_id": None if did == "undo" else batch.id}
    status = max(ERROR_CODES[fault.code].status for _, fault in refusals)
    told = [{"id": str(comment_id), "detail": in_plain_words(fault.detail)} for comment_id, fault in refusals]
    return _again(back, status=status, typed=typed, refused=told, done=done if carried_out else None)


def _back_with(error: Invalid, back: str) -> Response:
    typed = {name: request.form.get(name, "") for name in ("reason_id", "reason", "note")}
    return _again(back, status=422, typed=typed, fault=error.detail)


def _again(back: str, **told: Any) -> Response:
    """Show the page that a form was on once more, with what became of it, and what was ticked as far as it waits."""
    place = urlsplit(back)
    found = COMMENT_PATH.fullmatch(place.path)
    if found:
        return _comment(UUID(found[1]), **told)
    query = dict(parse_qsl(place.query))
    ticked = {key.partition(":")[0] for key in request.form.getlist("comment")}
    return _queue(asked_for(query), cursor=query.get("cursor"), ticked=ticked, **told)


def _plain(back: str) -> str:
    """Return the address without what an earlier form had done."""
    place = urlsplit(back)
    kept = [(name, value) for name, value in parse_qsl(place.query) if name not in {"did", "n", "batch"}]
    return f"{place.path}?{urlencode(kept)}" if kept else place.path
