"""What follows from what people do, but need not be done before they are answered.

An action enqueues it in its own transaction, so that it is written exactly when the action is; a worker does it within
a second (`service/worker.py`). Whatever ends a worker, what it had claimed is taken up again after CLAIM_LASTS, so
everything here may be done twice and has to come to the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from service.actions.toolbox import tools
from service.adapters.outgoing import OutgoingFailed
from service.domain.errors import StoreUnavailable
from service.store import outbox
from service.store.outbox import GivenUp, Job, Waiting
from service.store.session import after_commit, reading, writing

CLAIM_LASTS = timedelta(seconds=60)
"""Longer than any job takes, and short enough that what a killed worker had begun is not missed."""
CLAIMED_AT_ONCE = 20  # jobs; few enough that another worker finds some too
MOST_ATTEMPTS = 10  # with the pauses below some two hours, within which most outages end
MOST_COUNTED = 10_000
MOST_LISTED = 100
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)

__all__ = [
    "MOST_ATTEMPTS",
    "Backlog",
    "GivenUp",
    "Handler",
    "Job",
    "Waiting",
    "backlog",
    "carry_out",
    "claim",
    "enqueue",
    "finish",
    "forget",
    "is_due",
    "pause_after",
    "state",
    "take_up_again",
    "waiting_alike",
]

log = structlog.get_logger(__name__)

Handler = Callable[[Job, datetime], None]
"""Does one job at a time given as now; it may be called again for the same job."""


def enqueue(
    kind: str,
    site_id: UUID,
    *,
    now: datetime,
    comment_id: UUID | None = None,
    revision: int | None = None,
    payload: Any = None,
    due_at: datetime | None = None,
) -> None:
    """Write down what a worker is to do once this transaction is committed, or at a later time."""
    outbox.add_job(
        kind, site_id, comment_id=comment_id, revision=revision, payload=payload, due_at=due_at or now, now=now
    )
    after_commit(tools().wakeups.wake)


def claim(kinds: Sequence[str], *, now: datetime, most: int = CLAIMED_AT_ONCE) -> list[Job]:
    """Return what this worker is to do now, the oldest first; nobody else gets it before CLAIM_LASTS is over."""
    with writing():
        return outbox.claim_jobs(kinds, until=now + CLAIM_LASTS, limit=most, now=now)


def is_due(kind: str, *, now: datetime) -> bool:
    """True where there is something of a kind to do; asking costs less than claiming what is not there."""
    with reading():
        return outbox.is_due(kind, now=now)


def carry_out(job: Job, handlers: Mapping[str, Handler], *, now: datetime) -> bool:
    """Do a job and remove it; False where it failed and is tried again later, or was given up.

    Raises StoreUnavailable, which is no fault of the job: whoever calls keeps it and tries again.
    """
    try:
        handlers[job.kind](job, now)
    except StoreUnavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with one job must not end the worker
        _failed(job, fault, now)
        return False
    with writing():
        outbox.finish_jobs([job.id])
    return True


def _failed(job: Job, fault: Exception, now: datetime) -> None:
    is_last = job.attempts >= MOST_ATTEMPTS or (isinstance(fault, OutgoingFailed) and fault.is_final)
    # Of most faults only the kind is fit for the log and the table: messages quote what people wrote. That of a call
    # that came to nothing is a sentence for people, and who runs the service has to know which server it was.
    name = type(fault).__name__
    error = str(fault) if isinstance(fault, OutgoingFailed) else name
    with writing():
        if is_last:
            outbox.give_up_job(job.id, error=error, now=now)
        else:
            outbox.put_off_job(job.id, due_at=now + pause_after(job.attempts, random.random()), error=error)  # noqa: S311
    say = log.error if is_last else log.warning
    what = "job_given_up" if is_last else "job_put_off"
    say(what, kind=job.kind, job=str(job.id), attempts=job.attempts, error=name)


@dataclass(frozen=True)
class Backlog:
    """What waits for a worker that should be there: how much is due, for how long at most, how much was given up.

    Numbers are counted up to MOST_COUNTED, so that asking costs the same however much there is.
    """

    due: int
    oldest_seconds: float
    given_up: int


def backlog(*, now: datetime) -> Backlog:
    """Return what is due and taken up by nobody; raises StoreUnavailable."""
    with reading():
        due, oldest = outbox.count_due(now=now, most=MOST_COUNTED), outbox.oldest_due(now=now)
        given_up = outbox.count_given_up(most=MOST_COUNTED)
    return Backlog(due, 0.0 if oldest is None else (now - oldest).total_seconds(), given_up)


def state() -> tuple[list[Waiting], list[GivenUp]]:
    """Return what waits by kind, and the latest of what was given up."""
    with reading():
        return outbox.waiting_by_kind(), outbox.list_given_up(limit=MOST_LISTED)


def take_up_again(job_ids: Sequence[UUID] | None, *, now: datetime) -> int:
    """Let workers do what was given up, with all their attempts; None for all of it. Returns how much it was."""
    with writing():
        taken = outbox.take_up_again(job_ids, now=now)
        after_commit(tools().wakeups.wake)
    return taken


def forget(job_ids: Sequence[UUID] | None) -> int:
    """Remove what was given up, which nobody does then; None for all of it. Returns how much it was."""
    with writing():
        return outbox.drop_given_up(job_ids)


def pause_after(attempts: int, chance: float) -> timedelta:
    """Return how long a job rests after that many attempts: twice as long each time, half of it up to chance.

    `chance` is from 0 to 1, so that jobs that failed together do not come back together.
    """
    longest = min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)
    return longest * (0.5 + chance / 2)


def waiting_alike(job: Job) -> list[UUID]:
    """Return every job of this kind that its site waits for now; doing one that looks at everything does them all.

    Ask before looking: what is added afterwards is not among them.
    """
    with reading():
        return outbox.jobs_alike(job.kind, job.site_id)


def finish(job_ids: Sequence[UUID]) -> None:
    """Remove jobs that were done along with another one, in the caller's transaction."""
    outbox.finish_jobs(job_ids)
