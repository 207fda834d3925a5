"""Reading a site's log: a page for people, all of it in pieces for an export, and as it stands for a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.log import FIRST_HASH, ChainedEntry, LogKind
from service.extensions import db
from service.store.log import ENTRY_COLUMNS, entry_from_row
from service.store.models import LogHeadRow, LogRow


@dataclass(frozen=True)
class LogFilter:
    """Which entries to read; None asks for nothing in particular. `until` is the first moment that is left out.

    `actor_id` and `actor_name` say who did it, as the log named them then.
    """

    kind: LogKind | None = None
    action: str | None = None
    actor_id: UUID | None = None
    actor_name: str | None = None
    comment_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, site_id: UUID) -> list[ColumnElement[bool]]:
        """Return what a row has to fulfil."""
        asked: tuple[tuple[InstrumentedAttribute[Any], Any], ...] = (
            (LogRow.kind, self.kind and self.kind.value),
            (LogRow.action, self.action),
            (LogRow.actor_id, self.actor_id),
            (LogRow.actor_name, self.actor_name),
            (LogRow.comment_id, self.comment_id),
        )
        conditions = [LogRow.site_id == site_id, *(column == value for column, value in asked if value is not None)]
        if self.since is not None:
            conditions.append(LogRow.created_at >= self.since)
        if self.until is not None:
            conditions.append(LogRow.created_at < self.until)
        return conditions


def newest_entries(site_id: UUID, wanted: LogFilter, *, before: int | None, limit: int) -> list[ChainedEntry]:
    """Return the newest entries, or those before the number `before`, the newest first."""
    query = select(*ENTRY_COLUMNS).where(*wanted.conditions(site_id)).order_by(LogRow.number.desc()).limit(limit)
    if before is not None:
        query = query.where(LogRow.number < before)
    return [entry_from_row(row) for row in db.session.execute(query)]


def entries_after(site_id: UUID, wanted: LogFilter, *, after: int, last: int, limit: int) -> list[ChainedEntry]:
    """Return the entries behind the number `after` up to the number `last`, the oldest first."""
    rows = db.session.execute(
        select(*ENTRY_COLUMNS)
        .where(*wanted.conditions(site_id), LogRow.number > after, LogRow.number <= last)
        .order_by(LogRow.number)
        .limit(limit)
    )
    return [entry_from_row(row) for row in rows]


def last_number(site_id: UUID) -> int:
    """Return the number of the last entry, 0 where there is none."""
    found = db.session.execute(select(LogHeadRow.number).where(LogHeadRow.site_id == site_id)).scalar_one_or_none()
    return found or 0


@dataclass(frozen=True)
class LogEnd:
    """Where a log says that it ends, and the number of the last row that is there."""

    number: int
    hash: bytes
    last_row: int


def log_end(site_id: UUID) -> LogEnd:
    """Return the end of a log as one statement sees it, so that nothing is written between the two."""
    last_row = select(func.max(LogRow.number)).where(LogRow.site_id == site_id).scalar_subquery()
    head = select(LogHeadRow.number, LogHeadRow.hash).where(LogHeadRow.site_id == site_id).subquery()
    one = select(last_row.label("last_row")).subquery()
    row = db.session.execute(
        select(one.c.last_row, head.c.number, head.c.hash).select_from(one.outerjoin(head, head.c.number.is_not(None)))
    ).one()
    return LogEnd(row.number or 0, FIRST_HASH if row.hash is None else row.hash, row.last_row or 0)


def taken_out(site_id: UUID) -> set[tuple[int, str]]:
    """Return which entries later ones name as having lost words, with the hashes in hexadecimal of what is left."""
    details = db.session.scalars(
        select(LogRow.details).where(
            LogRow.site_id == site_id, LogRow.kind == LogKind.ERASURE.value, LogRow.action == "redact"
        )
    )
    named: set[tuple[int, str]] = set()
    # A row that somebody has changed is found on the walk; here it names nothing.
    for one in details:
        entries = one.get("entries") if isinstance(one, dict) else None
        if isinstance(entries, dict):
            named |= {(int(number), str(left)) for number, left in entries.items() if number.isdecimal()}
    return named


def stored_chain(site_id: UUID, *, after: int | None, limit: int) -> Sequence[tuple[int, ChainedEntry | None]]:
    """Return the next rows as they stand, in the order of their numbers; None for one that makes no sense any more.

    A row that somebody has changed may hold what no entry has: a kind that is none, JSON that is none.
    """
    query = select(*ENTRY_COLUMNS).where(LogRow.site_id == site_id).order_by(LogRow.number).limit(limit)
    if after is not None:
        query = query.where(LogRow.number > after)
    try:
        return [(row.number, entry_from_row(row)) for row in db.session.execute(query)]
    except (ValueError, TypeError):
        return [(number, _readable(site_id, number)) for number in _numbers(site_id, after, limit)]


def _numbers(site_id: UUID, after: int | None, limit: int) -> Sequence[int]:
    query = select(LogRow.number).where(LogRow.site_id == site_id).order_by(LogRow.number).limit(limit)
    return db.session.execute(query if after is None else query.where(LogRow.number > after)).scalars().all()


def _readable(site_id: UUID, number: int) -> ChainedEntry | None:
    query = select(*ENTRY_COLUMNS).where(LogRow.site_id == site_id, LogRow.number == number)
    try:
        return entry_from_row(db.session.execute(query).one())
    except (ValueError, TypeError):
        return None
