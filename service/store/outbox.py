"""What is to be done later: written with what causes it, claimed by one worker at a time, and gone when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from service.extensions import db
from service.store.ids import new_id
from service.store.models import OutboxRow

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
    db.session.execute(
        insert(OutboxRow.__table__).values(  # type: ignore[arg-type]
            id=new_id(now),
            site_id=site_id,
            kind=kind,
            comment_id=comment_id,
            revision=revision,
            payload=payload,
            created_at=now,
            due_at=due_at,
        )
    )


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


def jobs_alike(kind: str, site_id: UUID) -> list[UUID]:
    """Return the ids of everything of one kind that a site waits for now, claimed or not."""
    return list(
        db.session.scalars(
            select(OutboxRow.id).where(
                OutboxRow.site_id == site_id, OutboxRow.kind == kind, OutboxRow.failed_at.is_(None)
            )
        )
    )


def finish_jobs(job_ids: Sequence[UUID]) -> None:
    """Remove what is done; what is gone already is no fault."""
    db.session.execute(delete(OutboxRow).where(OutboxRow.id.in_(job_ids)).execution_options(synchronize_session=False))


def put_off_job(job_id: UUID, *, due_at: datetime, error: str) -> None:
    """Let a job that failed be tried again at a later time."""
    _change(job_id, due_at=due_at, claimed_until=None, last_error=error)


def give_up_job(job_id: UUID, *, error: str, now: datetime) -> None:
    """Leave a job that failed for the last time where it is, marked."""
    _change(job_id, failed_at=now, claimed_until=None, last_error=error)


def _change(job_id: UUID, **values: Any) -> None:
    db.session.execute(
        update(OutboxRow).where(OutboxRow.id == job_id).values(**values).execution_options(synchronize_session=False)
    )
