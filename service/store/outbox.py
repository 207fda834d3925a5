"""What is to be done later: written with what causes it, claimed by one worker at a time, and gone when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from service.extensions import db
from service.store.ids import first_id, new_id
from service.store.models import OutboxRow, SiteRow
from service.store.together import add_rows

LOOKED_AT = 100  # jobs; a kind that no worker does yet has piled up where there are more
JOB_COLUMNS = (
    OutboxRow.id,
    OutboxRow.site_id,
    OutboxRow.kind,
    OutboxRow.comment_id,
    OutboxRow.revision,
    OutboxRow.payload,
    OutboxRow.created_at,
    OutboxRow.attempts,
    OutboxRow.claimed_until,
)


@dataclass(frozen=True)
class Job:
    """One thing to do; `attempts` counts the one that is going on."""

    id: UUID
    site_id: UUID
    kind: str
    comment_id: UUID | None
    revision: int | None
    payload: Any
    created_at: datetime
    attempts: int
    claimed_until: datetime


def add_job(
    kind: str,
    site_id: UUID,
    *,
    comment_id: UUID | None,
    revision: int | None,
    payload: Any,
    due_at: datetime,
    now: datetime,
) -> None:
    """Write down what is to be done, in the transaction that causes it."""
    row = {
        "id": new_id(now),
        "site_id": site_id,
        "kind": kind,
        "comment_id": comment_id,
        "revision": revision,
        "payload": payload,
        "created_at": now,
        "due_at": due_at,
    }
    add_rows(OutboxRow, [row])


def claim_jobs(kinds: Sequence[str], *, until: datetime, limit: int, now: datetime) -> list[Job]:
    """Take up to `limit` of what is due and has these kinds, the oldest first; nobody else gets it before `until`.

    On PostgreSQL several workers at once pass over each other's rows; on SQLite one transaction writes at a time.
    """
    due = (
        select(OutboxRow.id)
        .where(OutboxRow.due_at <= now, OutboxRow.failed_at.is_(None), OutboxRow.kind.in_(kinds))
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = db.session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(due))
        .values(claimed_until=until, due_at=until, attempts=OutboxRow.attempts + 1)
        .returning(*JOB_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return sorted((Job(*row) for row in rows), key=lambda job: (job.created_at, job.id))


def is_due(kind: str, *, now: datetime) -> bool:
    """True where something of a kind is due and claimed by nobody; asking takes no lock."""
    due = select(OutboxRow.id).where(OutboxRow.due_at <= now, OutboxRow.failed_at.is_(None), OutboxRow.kind == kind)
    return db.session.scalar(due.limit(1)) is not None


def jobs_alike(kind: str, site_id: UUID) -> list[UUID]:
    """Return the ids of everything of one kind that a site waits for now, claimed or not."""
    return list(
        db.session.scalars(
            select(OutboxRow.id).where(
                OutboxRow.site_id == site_id, OutboxRow.kind == kind, OutboxRow.failed_at.is_(None)
            )
        )
    )


def hold_events(site_id: UUID, *, limit: int) -> list[Job]:
    """Return the events of a site that wait to be handed on, up to `limit` of them, the oldest first, and hold them.

    Of each comment all of them are among these, however many there are: what happened to it is handed on in order.
    """
    waits = (OutboxRow.kind == "event", OutboxRow.failed_at.is_(None))
    of_site = select(*JOB_COLUMNS).where(OutboxRow.site_id == site_id, *waits).order_by(OutboxRow.id)
    found = [Job(*row) for row in db.session.execute(of_site.limit(limit).with_for_update())]
    about = {job.comment_id for job in found if job.comment_id is not None}
    if len(found) == limit and about:
        others = select(*JOB_COLUMNS).where(OutboxRow.comment_id.in_(about), *waits).order_by(OutboxRow.id)
        known = {job.id for job in found}
        found += [job for row in db.session.execute(others.with_for_update()) if (job := Job(*row)).id not in known]
    return found


def is_there(job_id: UUID) -> bool:
    """True while a job is not done."""
    return db.session.scalar(select(OutboxRow.id).where(OutboxRow.id == job_id)) is not None


def finish_jobs(job_ids: Sequence[UUID]) -> None:
    """Remove what is done; what is gone already is no fault."""
    db.session.execute(delete(OutboxRow).where(OutboxRow.id.in_(job_ids)).execution_options(synchronize_session=False))


def put_off_job(job_id: UUID, *, due_at: datetime, error: str) -> None:
    """Let a job that failed be tried again at a later time."""
    _change(job_id, due_at=due_at, claimed_until=None, last_error=error)


def give_up_job(job_id: UUID, *, error: str, now: datetime) -> None:
    """Leave a job that failed for the last time where it is, marked."""
    _change(job_id, failed_at=now, claimed_until=None, last_error=error)


def drop_jobs(kinds: Sequence[str], *, before: datetime, limit: int) -> int:
    """Forget up to `limit` jobs of these kinds that were written before a time, waiting or given up; returns how many.

    The ids begin with their time, so the primary key finds them.
    """
    oldest = (
        select(OutboxRow.id)
        .where(OutboxRow.id < first_id(before), OutboxRow.kind.in_(kinds))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return _removed(OutboxRow.id.in_(oldest))


@dataclass(frozen=True)
class Waiting:
    """How much of a kind waits, done by nobody yet, and since when the oldest of it does."""

    kind: str
    count: int
    since: datetime


@dataclass(frozen=True)
class GivenUp:
    """A job that failed for the last time, and why."""

    id: UUID
    kind: str
    site_slug: str | None
    comment_id: UUID | None
    attempts: int
    failed_at: datetime | None
    last_error: str


def count_due(*, now: datetime, most: int) -> int:
    """Return how many jobs are due and claimed by nobody, counted up to `most`."""
    due = select(OutboxRow.id).where(OutboxRow.due_at <= now, OutboxRow.failed_at.is_(None)).limit(most)
    return db.session.scalar(select(func.count()).select_from(due.subquery())) or 0


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the job is due that has waited longest, or None where none is."""
    due = select(OutboxRow.due_at).where(OutboxRow.due_at <= now, OutboxRow.failed_at.is_(None))
    return db.session.scalar(due.order_by(OutboxRow.due_at).limit(1))


def count_given_up(*, most: int) -> int:
    """Return how many jobs were given up, counted up to `most`."""
    given_up = select(OutboxRow.id).where(OutboxRow.failed_at.is_not(None)).limit(most)
    return db.session.scalar(select(func.count()).select_from(given_up.subquery())) or 0


def is_overdue(kinds: Sequence[str], *, since: datetime) -> bool:
    """True where something of these kinds was due before a time, and no worker has taken it up.

    Only the first few of what is due are looked at, whose kinds a worker may not know; so it costs the same always.
    """
    first = select(OutboxRow.kind).where(OutboxRow.due_at < since, OutboxRow.failed_at.is_(None))
    found = db.session.scalars(first.order_by(OutboxRow.due_at).limit(LOOKED_AT))
    return any(kind in kinds for kind in found)


def waiting_by_kind() -> list[Waiting]:
    """Return what waits of each kind, claimed or put off too; it reads all of it."""
    rows = db.session.execute(
        select(OutboxRow.kind, func.count().label("count"), func.min(OutboxRow.created_at).label("since"))
        .where(OutboxRow.failed_at.is_(None))
        .group_by(OutboxRow.kind)
        .order_by(OutboxRow.kind)
    )
    return [Waiting(row.kind, row._mapping["count"], row.since) for row in rows]


def list_given_up(*, limit: int) -> list[GivenUp]:
    """Return what was given up, the latest first."""
    rows = db.session.execute(
        select(
            OutboxRow.id,
            OutboxRow.kind,
            SiteRow.slug,
            OutboxRow.comment_id,
            OutboxRow.attempts,
            OutboxRow.failed_at,
            func.coalesce(OutboxRow.last_error, ""),
        )
        .outerjoin(SiteRow, SiteRow.id == OutboxRow.site_id)
        .where(OutboxRow.failed_at.is_not(None))
        .order_by(OutboxRow.failed_at.desc())
        .limit(limit)
    )
    return [GivenUp(*row) for row in rows]


def take_up_again(job_ids: Sequence[UUID] | None, *, now: datetime) -> int:
    """Let what was given up be tried from the first attempt on; None for all of it. Returns how much it was."""
    done = db.session.execute(
        update(OutboxRow)
        .where(*_given_up(job_ids))
        .values(failed_at=None, attempts=0, due_at=now)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def drop_given_up(job_ids: Sequence[UUID] | None) -> int:
    """Forget what was given up; None for all of it. Returns how much it was."""
    return _removed(*_given_up(job_ids))


def _given_up(job_ids: Sequence[UUID] | None) -> list[ColumnElement[bool]]:
    asked = [] if job_ids is None else [OutboxRow.id.in_(job_ids)]
    return [OutboxRow.failed_at.is_not(None), *asked]


def _removed(*which: ColumnElement[bool]) -> int:
    done = db.session.execute(
        delete(OutboxRow).where(*which).returning(OutboxRow.id).execution_options(synchronize_session=False)
    )
    return len(done.all())


def _change(job_id: UUID, **values: Any) -> None:
    db.session.execute(
        update(OutboxRow).where(OutboxRow.id == job_id).values(**values).execution_options(synchronize_session=False)
    )
