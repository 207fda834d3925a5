"""What retention finds and takes, and how far it has come on each site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, null, or_, select, text, update

from service.domain.life import Status
from service.domain.log import LogKind
from service.extensions import db
from service.store.dialect import insert_or_ignore
from service.store.models import AuthorRow, CommentRow, LogRow, RetentionRunRow, SiteRow

HOUSE = UUID(int=0)
"""In the place of a site, what belongs to none."""


@dataclass(frozen=True)
class Run:
    """A run on a site: what it has removed so far, and where it is to go on; `last` is the one before, as JSON."""

    site_id: UUID
    started_at: datetime
    finished_at: datetime | None
    removed: Mapping[str, int]
    at: Mapping[str, Any]
    last: Mapping[str, Any] | None


_COLUMNS = (
    RetentionRunRow.site_id,
    RetentionRunRow.started_at,
    RetentionRunRow.finished_at,
    RetentionRunRow.removed,
    RetentionRunRow.at,
    RetentionRunRow.last,
)


def add_missing(*, started_at: datetime) -> None:
    """Have a row for each site, as if a run had ended at that time, so that the first one is due."""
    there = select(RetentionRunRow.site_id).where(RetentionRunRow.site_id == SiteRow.id).exists()
    missing = list(db.session.scalars(select(SiteRow.id).where(~there)))
    if db.session.get(RetentionRunRow, HOUSE) is None:
        missing.append(HOUSE)
    for site_id in missing:
        times = {"started_at": started_at, "finished_at": started_at}
        row = {"site_id": site_id, "removed": {}, "at": {}, **times}
        db.session.execute(insert_or_ignore(RetentionRunRow, row))


def hold_due(*, before: datetime) -> Run | None:
    """Return a run that was cut off or whose last start lies before a time, held until the commit; None for none.

    One that another worker holds is passed over.
    """
    due = or_(RetentionRunRow.finished_at.is_(None), RetentionRunRow.started_at <= before)
    query = select(*_COLUMNS).where(due).order_by(RetentionRunRow.started_at).limit(1)
    row = db.session.execute(query.with_for_update(skip_locked=True)).one_or_none()
    return None if row is None else Run(*row)


def hold_run(site_id: UUID) -> Run:
    """Return the run of a site, held until the commit."""
    query = select(*_COLUMNS).where(RetentionRunRow.site_id == site_id)
    return Run(*db.session.execute(query.with_for_update()).one())


def find_run(site_id: UUID) -> Run | None:
    """Return the run of a site, None where there was none yet."""
    row = db.session.execute(select(*_COLUMNS).where(RetentionRunRow.site_id == site_id)).one_or_none()
    return None if row is None else Run(*row)


def every_owner() -> Sequence[UUID]:
    """Return each site that has a row, and HOUSE."""
    return list(db.session.scalars(select(RetentionRunRow.site_id).order_by(RetentionRunRow.site_id)))


def save_run(run: Run) -> None:
    """Store how far a run has come; its row is held."""
    values = {
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "removed": dict(run.removed),
        "at": dict(run.at),
        "last": run.last,
    }
    db.session.execute(update(RetentionRunRow).where(RetentionRunRow.site_id == run.site_id).values(values))


_STILL_THERE = text("comments.status IN ('rejected', 'spam') AND comments.search_text <> ''")
"""As the index has it that finds them."""


def texts_to_take(site_id: UUID, status: Status, *, before: datetime, limit: int) -> Sequence[UUID]:
    """Return comments in a status whose words are there, and on which nothing was decided since a time."""
    decided_since = (
        select(LogRow.id)
        .where(
            LogRow.comment_id == CommentRow.id,
            LogRow.kind.in_([LogKind.DECISION.value, LogKind.UNDO.value]),
            LogRow.created_at >= before,
        )
        .exists()
    )
    rows = db.session.scalars(
        select(CommentRow.id)
        .where(
            CommentRow.site_id == site_id,
            CommentRow.status == status.value,
            _STILL_THERE,
            CommentRow.queued_at < before,
            CommentRow.edit_until < before,
            ~decided_since,
        )
        .order_by(CommentRow.queued_at, CommentRow.id)
        .limit(limit)
    )
    return list(rows)


def authors_after(email_hash: bytes | None, site_id: UUID, *, limit: int) -> Sequence[tuple[UUID, bytes]]:
    """Return the next authors of a site with their hashes, by these, as an index has them."""
    query = select(AuthorRow.id, AuthorRow.email_hash).where(AuthorRow.site_id == site_id)
    if email_hash is not None:
        query = query.where(AuthorRow.email_hash > email_hash)
    rows = db.session.execute(query.order_by(AuthorRow.email_hash).limit(limit))
    return [(row.id, row.email_hash) for row in rows]


def take_unproven_addresses(author_ids: Sequence[UUID], *, before: datetime) -> int:
    """Forget the address of each author who never proved it and has written nothing since a time; returns how many."""
    wrote_since = (
        select(CommentRow.id).where(CommentRow.author_id == AuthorRow.id, CommentRow.created_at >= before).exists()
    )
    done = db.session.execute(
        update(AuthorRow)
        .where(
            AuthorRow.id.in_(author_ids),
            AuthorRow.proven_at.is_(None),
            AuthorRow.created_at < before,
            AuthorRow.email_sealed != b"",
            ~wrote_since,
        )
        .values(email_sealed=b"")
        .returning(AuthorRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


_NAMED = LogRow.actor_kind.in_(("moderator", "token"))
_IS_ERASURE = LogRow.kind == LogKind.ERASURE.value
_NUMBERS_ALONE = or_(LogRow.kind == LogKind.RETENTION.value, and_(_IS_ERASURE, ~_NAMED))
"""Entries that say nothing of anybody, and without which the others, or a proof of erasure, could not be checked."""
_NOT_ERASED = and_(LogRow.erased_at.is_(None), ~_NUMBERS_ALONE)


def last_entry_before(site_id: UUID, before: datetime) -> int:
    """Return the number of the last entry of the log that was made before a time, 0 where there is none."""
    query = select(LogRow.number).where(LogRow.site_id == site_id, LogRow.created_at < before)
    found = db.session.execute(query.order_by(LogRow.number.desc()).limit(1)).scalar_one_or_none()
    return found or 0


def entries_to_erase(site_id: UUID, *, after: int, to: int, limit: int) -> Sequence[int]:
    """Return the numbers of the next entries whose words are there, up to one."""
    query = select(LogRow.number).where(
        LogRow.site_id == site_id, LogRow.number > after, LogRow.number <= to, _NOT_ERASED
    )
    return list(db.session.scalars(query.order_by(LogRow.number).limit(limit)))


def erase_entries(site_id: UUID, numbers: Sequence[int], *, now: datetime) -> None:
    """Take the words and names out of entries of the log; their hashes stay, and so does what was done."""
    somebody = case(
        (LogRow.actor_kind == "moderator", "a moderator"),
        (LogRow.actor_kind == "token", "a token"),
        else_=LogRow.actor_name,
    )
    db.session.execute(
        update(LogRow)
        .where(LogRow.site_id == site_id, LogRow.number.in_(numbers), _NOT_ERASED)
        .values(
            actor_name=somebody,
            reason=None,
            note=None,
            # What a proof of erasure is checked by are numbers, which stay where its entry loses a colleague's name.
            subject=case((_IS_ERASURE, LogRow.subject), else_=null()),
            details=case((_IS_ERASURE, LogRow.details), else_=null()),
            erased_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def erased_to(site_id: UUID) -> int:
    """Return the number up to which an entry of the log says that retention takes words, 0 where none does."""
    newest = (
        select(LogRow.details)
        .where(LogRow.site_id == site_id, LogRow.kind == LogKind.RETENTION.value)
        .order_by(LogRow.number.desc())
        .limit(1)
    )
    details = db.session.execute(newest).scalar_one_or_none()
    to = details.get("log_to") if isinstance(details, dict) else None
    return to if isinstance(to, int) else 0
