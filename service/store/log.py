"""The log of what was done: rows are added and read, and each carries the hash of the one before it.

No row is changed, but for words about an author who had everything erased (`take_words_out`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from service.domain.life import Action, Actor, PastDecision, Status
from service.domain.log import FIRST_HASH, ChainedEntry, LogEntry, LogKind, chained, entry_hash, without_words
from service.domain.queue import LoggedDecision
from service.extensions import db
from service.store.dialect import insert_or_ignore
from service.store.models import LogHeadRow, LogRow, PastLogRow

ENTRY_COLUMNS = (
    LogRow.id,
    LogRow.site_id,
    LogRow.kind,
    LogRow.action,
    LogRow.actor_kind,
    LogRow.actor_id,
    LogRow.actor_name,
    LogRow.created_at,
    LogRow.comment_id,
    LogRow.batch_id,
    LogRow.revision,
    LogRow.version,
    LogRow.from_status,
    LogRow.to_status,
    LogRow.reason_id,
    LogRow.reason,
    LogRow.note,
    LogRow.waited,
    LogRow.subject,
    LogRow.details,
    LogRow.number,
    LogRow.previous_hash,
    LogRow.hash,
    LogRow.erased_at,
)
ABOUT_COMMENTS = (LogKind.DECISION.value, LogKind.UNDO.value)


def add_entries(entries: Sequence[LogEntry]) -> None:
    """Write entries of one site into its log, in this order, in the transaction that does what they tell.

    It holds the end of the site's log until the commit, so it belongs after everything else that takes time or rows.
    """
    if not entries:
        return
    site_id = entries[0].site_id
    number, previous = _take_head(site_id)
    rows = []
    for entry in entries:
        assert entry.site_id == site_id, "each site has a chain of its own"
        number += 1
        link = chained(entry, number=number, previous_hash=previous)
        previous = link.hash
        rows.append(_values(link))
    # A list of rows is sent as one, where VALUES with a hundred of them would take longer to write than to carry out.
    db.session.connection().execute(insert(LogRow.__table__), rows)  # type: ignore[arg-type]
    db.session.execute(update(LogHeadRow).where(LogHeadRow.site_id == site_id).values(number=number, hash=previous))


def _take_head(site_id: UUID) -> tuple[int, bytes]:
    taken = select(LogHeadRow.number, LogHeadRow.hash).where(LogHeadRow.site_id == site_id).with_for_update()
    head = db.session.execute(taken).one_or_none()
    if head is None:
        # The first entry of a site. Of two at once, one waits here for the other to commit.
        empty = {"site_id": site_id, "number": 0, "hash": FIRST_HASH}
        db.session.execute(insert_or_ignore(LogHeadRow, empty))
        head = db.session.execute(taken).one()
    return head.number, head.hash


def _values(link: ChainedEntry) -> dict[str, Any]:
    entry = link.entry
    return {
        "id": entry.id,
        "site_id": entry.site_id,
        "number": link.number,
        "kind": entry.kind.value,
        "action": entry.action,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "comment_id": entry.comment_id,
        "batch_id": entry.batch_id,
        "revision": entry.revision,
        "version": entry.version,
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "reason_id": entry.reason_id,
        "reason": entry.reason,
        "note": entry.note,
        "waited": entry.waited,
        "subject": entry.subject,
        "details": entry.details,
        "created_at": entry.created_at,
        "previous_hash": link.previous_hash,
        "hash": link.hash,
    }


def entry_from_row(row: Row[Any]) -> ChainedEntry:
    """Build the entry from a row that holds ENTRY_COLUMNS."""
    entry = LogEntry(
        id=row.id,
        site_id=row.site_id,
        kind=LogKind(row.kind),
        action=row.action,
        actor=Actor(row.actor_kind, row.actor_id, row.actor_name),
        created_at=row.created_at,
        comment_id=row.comment_id,
        batch_id=row.batch_id,
        revision=row.revision,
        version=row.version,
        from_status=row.from_status,
        to_status=row.to_status,
        reason_id=row.reason_id,
        reason=row.reason,
        note=row.note,
        waited=row.waited,
        subject=row.subject,
        details=row.details,
    )
    return ChainedEntry(entry, row.number, row.previous_hash, row.hash, row.erased_at)


def decisions_of_batch(batch_id: UUID, *, site_id: UUID) -> list[LogEntry]:
    """Return what was decided together, in the order of the log; undoings are no decisions."""
    rows = db.session.execute(
        select(*ENTRY_COLUMNS)
        .where(
            LogRow.batch_id == batch_id,
            LogRow.batch_id.is_not(None),
            LogRow.site_id == site_id,
            LogRow.kind == LogKind.DECISION.value,
        )
        .order_by(LogRow.number)
    )
    return [entry_from_row(row).entry for row in rows]


def decisions_on(comment_id: UUID) -> list[LoggedDecision]:
    """Return every decision on a comment and every undoing of one, the first one first.

    Those that were made where it was before, and came with one of our own exports, are among them.
    """
    rows = db.session.execute(
        select(*ENTRY_COLUMNS)
        .where(LogRow.comment_id == comment_id, LogRow.kind.in_(ABOUT_COMMENTS))
        .order_by(LogRow.version)
    )
    past = db.session.scalars(
        select(PastLogRow.entry)
        .where(PastLogRow.comment_id == comment_id)
        .order_by(PastLogRow.import_id, PastLogRow.number)
    )
    before = [entry for text in past if (entry := _past_decision(json.loads(text))) is not None]
    return [logged_decision(entry) for entry in before + [entry_from_row(row).entry for row in rows]]


def _past_decision(said: dict[str, Any]) -> LogEntry | None:
    """Return an entry of another installation's log where it tells of a decision as we have them; else None."""
    with suppress(KeyError, ValueError, TypeError, AttributeError):
        entry = LogEntry(
            id=UUID(said["id"]),
            site_id=UUID(said["site_id"]),
            kind=LogKind(said["kind"]),
            action=Action(said["action"]).value,
            actor=Actor(said["actor_kind"], said["actor_id"] and UUID(said["actor_id"]), str(said["actor_name"])),
            created_at=datetime.fromisoformat(said["created_at"]).astimezone(UTC),
            batch_id=said["batch_id"] and UUID(said["batch_id"]),
            revision=int(said["revision"]),
            from_status=Status(said["from_status"]).value,
            to_status=Status(said["to_status"]).value,
            reason=said["reason"],
            note=said["note"],
        )
        return entry if entry.kind.value in ABOUT_COMMENTS else None
    return None


def logged_decision(entry: LogEntry) -> LoggedDecision:
    """Return an entry about a comment as the decision it tells of."""
    assert entry.revision is not None, "a decision names the revision that was read"
    assert entry.from_status is not None, "a decision leads from a status"
    assert entry.to_status is not None, "a decision leads to a status"
    return LoggedDecision(
        id=entry.id,
        action=Action(entry.action),
        is_undo=entry.kind is LogKind.UNDO,
        batch_id=entry.batch_id,
        revision=entry.revision,
        from_status=Status(entry.from_status),
        to_status=Status(entry.to_status),
        actor=entry.actor,
        reason=entry.reason,
        note=entry.note,
        decided_at=entry.created_at,
    )


def take_words_out(comment_ids: Sequence[UUID], *, site_id: UUID) -> dict[int, str]:
    """Take what moderators wrote out of the entries about comments, whose rows are held.

    Returns the numbers of the entries that had words, each with the hash in hexadecimal of what is left.
    """
    rows = db.session.execute(
        select(*ENTRY_COLUMNS)
        .where(LogRow.comment_id.in_(comment_ids), LogRow.site_id == site_id)
        .order_by(LogRow.number)
    )
    links = [entry_from_row(row) for row in rows]
    left: dict[int, str] = {}
    for link in links:
        entry = without_words(link.entry)
        if entry == link.entry:
            continue
        left[link.number] = entry_hash(entry, number=link.number, previous_hash=link.previous_hash).hex()
        db.session.execute(
            update(LogRow)
            .where(LogRow.id == entry.id)
            .values(reason=None, note=None, details=entry.details)
            .execution_options(synchronize_session=False)
        )
    return left


def last_decisions(comment_ids: Sequence[UUID]) -> dict[UUID, PastDecision]:
    """Return the decision that stands for each comment that has one, in one query."""
    rows = db.session.execute(
        select(
            LogRow.comment_id,
            LogRow.kind,
            LogRow.action,
            LogRow.revision,
            LogRow.actor_kind,
            LogRow.actor_id,
            LogRow.actor_name,
            LogRow.created_at,
        )
        .where(LogRow.comment_id.in_(comment_ids), LogRow.kind.in_(ABOUT_COMMENTS))
        .order_by(LogRow.comment_id, LogRow.version)
    )
    # Of the rows of one comment the last one stays.
    return {
        row.comment_id: PastDecision(
            Action(row.action),
            row.revision,
            Actor(row.actor_kind, row.actor_id, row.actor_name),
            row.created_at,
            is_undo=row.kind == LogKind.UNDO.value,
        )
        for row in rows
    }
