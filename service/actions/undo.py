"""Moderators take back what was decided together, as far as nothing has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from service import metrics
from service.actions import events, outbox
from service.actions.change import Change, change_standings
from service.actions.decide import WORDS_ARE_GONE, Batch, Decided, published_texts
from service.actions.record import as_it_was, decision_entry
from service.domain import life
from service.domain.comment import Comment, Revision
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.life import Action, PastDecision, Standing, Status
from service.domain.log import LogEntry, LogKind
from service.domain.permissions import Caller
from service.store import comments, log, sites
from service.store.ids import new_id
from service.store.session import writing


def undo_batch(caller: Caller, batch_id: UUID, *, now: datetime) -> Batch:
    """Take back what was decided together, item by item; where something has changed since, that item is left as it is.

    Undoing is a batch of its own in the log. Raises NotFound where the site has no decisions under this id.
    """
    undo_id = new_id(now)
    with writing():
        entries = log.decisions_of_batch(batch_id, site_id=caller.site_id)
        if not entries:
            raise NotFound("This site has no such batch of decisions.")
        ids = [entry.comment_id for entry in entries if entry.comment_id is not None]
        held = {comment.id: comment for comment in comments.hold_comments(ids, site_id=caller.site_id)}
        last = log.last_decisions(ids)
        undone: dict[UUID, Standing] = {}
        refused: dict[UUID, PostbagError] = {}
        for entry in entries:
            assert entry.comment_id is not None, "a decision is on a comment"
            try:
                undone[entry.comment_id] = _undone(held[entry.comment_id], entry, last.get(entry.comment_id))
            except PostbagError as fault:
                refused[entry.comment_id] = fault
        texts = published_texts(undone)
        to_undo = [entry for entry in entries if entry.comment_id in undone]
        changes = [_taken_back(held[e.comment_id], e, undone[e.comment_id], texts) for e in to_undo if e.comment_id]
        change_standings(changes)
        written = [
            decision_entry(
                change.comment.id,
                caller.site_id,
                Action(entry.action),
                change.comment.standing,
                change.after,
                caller.actor,
                kind=LogKind.UNDO,
                batch_id=undo_id,
                details={"undone": str(entry.id)},
                now=now,
            )
            for change, entry in zip(changes, to_undo, strict=True)
        ]
        told = [(change, Action(entry.action), None) for change, entry in zip(changes, to_undo, strict=True)]
        events.tell_decided(sites.get_site(caller.site_id), told, actor=caller.actor, is_undo=True, now=now)
        if written:
            outbox.enqueue("learn", caller.site_id, now=now)
        log.add_entries(written)
    done = {
        change.comment.id: Decided(change.comment.id, log.logged_decision(entry), change.after)
        for change, entry in zip(changes, written, strict=True)
    }
    metrics.undone.inc(len(done))
    return Batch(undo_id, [(comment_id, done.get(comment_id) or refused[comment_id]) for comment_id in ids])


def _undone(comment: Comment, entry: LogEntry, last: PastDecision | None) -> Standing:
    if comment.standing.version != entry.version:
        raise life.moved_on(comment.standing, last)
    if comment.is_erased and comment.standing.status is not Status.DELETED:
        raise Invalid("batch_id", "not_undoable", WORDS_ARE_GONE)
    if entry.details is None:
        sentence = "This was decided so long ago that the log has lost what undoing it would need."
        raise Invalid("batch_id", "not_undoable", sentence)
    assert entry.from_status is not None, "a decision leads from a status"
    return life.undo(
        comment.standing, to=Status(entry.from_status), published_revision=entry.details["published_revision"]
    )


def _taken_back(comment: Comment, entry: LogEntry, after: Standing, texts: Mapping[UUID, Revision]) -> Change:
    text = texts.get(comment.id)
    return Change(
        comment, after, as_it_was(entry.details or {}) | {"body_html": "" if text is None else text.body_html}
    )
