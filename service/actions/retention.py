"""What is kept for a time goes when that is over, a batch at a time; each run stands in the log, in numbers alone.

A batch and how far the run has come are one transaction, so a run that is cut off, however, goes on where it was and
counts nothing twice. The row of the run is held meanwhile: of several workers one does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from service.actions.idempotent import ANSWER_LIFE
from service.actions.record import record
from service.actions.screen import ALIKE_WINDOW
from service.domain.comment import CLIENT_KEY_LIFE
from service.domain.letters import NEWS_LIFE, UNCONFIRMED_LIFE
from service.domain.life import SERVICE, Status
from service.domain.log import LogKind
from service.domain.retention import EVERY, Kept, until
from service.domain.webhooks import KEPT_FOR
from service.store import (
    comments,
    delivery_log,
    flags,
    idempotency,
    outbox,
    retention,
    sites,
    sketches,
    subscriptions,
    votes,
)
from service.store.retention import HOUSE, Run
from service.store.session import reading, writing

BATCH = 5_000  # rows forgotten in one transaction, which has to end well before a statement's time is up
TEXTS_SHARE = 10  # part of that for comments, of each of which six tables hold something

STALE = ("score", "opinion", "report", "learn", "event", "letter")
"""Jobs that are forgotten by their age; what a lost `learn` would have told, the next decision tells as well."""

ANSWERS, SKETCHES, JOBS, DELIVERIES, LETTERS = "answers", "sketches", "jobs", "deliveries", "letters"


@dataclass(frozen=True)
class _Batch:
    """Of one step: how much it removed, and where it goes on; None where it is done."""

    removed: int
    goes_on_at: Any = None


def do_some(*, now: datetime, batch: int = BATCH) -> bool:
    """Do one batch of what is due on some site; False where nothing is due, or others are on it."""
    with writing():
        retention.add_missing(started_at=now - EVERY)
        run = retention.hold_due(before=now - EVERY)
        if run is None:
            return False
        if run.finished_at is not None:
            run = _begun(run, now)
        _go_on(run, now, batch)
    return True


def apply_now(*, now: datetime, batch: int = BATCH) -> Counter[str]:
    """Do all of it on every site, whether it is due or not, and return how much was removed by its name."""
    total = Counter[str]()
    with writing():
        retention.add_missing(started_at=now - EVERY)
        owners = retention.every_owner()
    for site_id in owners:
        with writing():
            run = retention.hold_run(site_id)
            if run.finished_at is not None:
                run = _begun(run, now)
            before = Counter(run.removed)
            run = _go_on(run, now, batch)
        while run.finished_at is None:
            with writing():
                run = _go_on(retention.hold_run(site_id), now, batch)
        total.update(Counter(run.removed) - before)
    return total


@dataclass(frozen=True)
class Told:
    """What people are told of the last run on their site; `removed` by its name, without what there was none of."""

    at: datetime
    removed: Mapping[str, int]
    is_going_on: bool


def last_run(site_id: UUID) -> Told | None:
    """Return what the last run has come to, None where there was none yet."""
    with reading():
        run = retention.find_run(site_id)
    if run is None or (run.finished_at == run.started_at and run.last is None and not run.at):
        return None
    if run.finished_at is None and run.last is not None:
        return Told(datetime.fromisoformat(run.last["at"]), run.last["removed"], is_going_on=True)
    return Told(run.finished_at or run.started_at, run.removed, is_going_on=run.finished_at is None)


def _begun(run: Run, now: datetime) -> Run:
    last = run.last
    if run.at and run.finished_at is not None:
        last = {"at": run.finished_at.isoformat(), "removed": dict(run.removed)}
    return replace(run, started_at=now, finished_at=None, removed={}, at={"step": 0}, last=last)


def _go_on(run: Run, now: datetime, batch: int) -> Run:
    """Do the next batch of a run, whose row is held, and store how far it has come; the last one ends it."""
    steps = _house_steps(now, batch) if run.site_id == HOUSE else _site_steps(run.site_id, now, batch)
    number, goes_on_at = run.at.get("step", 0), run.at.get("goes_on_at")
    while number < len(steps):
        name, step = steps[number]
        done = step(goes_on_at)
        removed, goes_on_at = Counter(run.removed), done.goes_on_at
        removed[name] += done.removed
        number += goes_on_at is None
        run = replace(run, removed=+removed, at={"step": number, "goes_on_at": goes_on_at})
        if done.removed or goes_on_at is not None:
            break
    if number == len(steps):
        run = replace(run, finished_at=now)
        if run.site_id != HOUSE:
            _log(run, now)
    retention.save_run(run)
    return run


def _log(run: Run, now: datetime) -> None:
    # The number up to which words were taken out of the log stays said with every run, so that the last one tells it.
    to = retention.erased_to(run.site_id)
    details = dict(run.removed) | ({"log_to": to} if to else {})
    record(run.site_id, LogKind.RETENTION, "run", actor=SERVICE, details=details, now=now)


Step = Callable[[Any], _Batch]


def _house_steps(now: datetime, batch: int) -> Sequence[tuple[str, Step]]:
    return [
        (ANSWERS, _all(lambda: idempotency.drop_answers(before=now - ANSWER_LIFE, limit=batch), batch)),
        (SKETCHES, _all(lambda: sketches.drop_sketches(before=now - ALIKE_WINDOW, limit=batch), batch)),
        (JOBS, _all(lambda: outbox.drop_jobs(STALE, before=now - CLIENT_KEY_LIFE, limit=batch), batch)),
        (DELIVERIES, _all(lambda: delivery_log.drop_deliveries(before=now - KEPT_FOR, limit=batch), batch)),
        (
            LETTERS,
            _all(lambda: subscriptions.drop_unconfirmed(before=now - UNCONFIRMED_LIFE, limit=batch), batch),
        ),
        (LETTERS, _all(lambda: subscriptions.drop_news(before=now - NEWS_LIFE, limit=batch), batch)),
        (LETTERS, _all(lambda: subscriptions.drop_unasked(before=now.date()), batch)),
    ]


def _site_steps(site_id: UUID, now: datetime, batch: int) -> Sequence[tuple[str, Step]]:
    """Return the steps in their order, which is always the same: what is kept for ever has one that does nothing."""
    terms = sites.get_site(site_id).retention
    texts = max(1, batch // TEXTS_SHARE)

    def dropping(kept: Kept, limit: int, drop: Callable[..., int]) -> tuple[str, Step]:
        before = until(terms, kept, now)
        if before is None:
            return kept.value, _nothing
        return kept.value, _all(partial(drop, site_id, before=before, limit=limit), limit)

    return [
        dropping(Kept.CLIENT_KEYS, batch, comments.drop_client_keys),
        dropping(Kept.CLIENT_KEYS, batch, votes.drop_votes),
        dropping(Kept.CLIENT_KEYS, batch, flags.drop_client_keys),
        dropping(Kept.REJECTED, texts, partial(_take_texts, Status.REJECTED)),
        dropping(Kept.SPAM, texts, partial(_take_texts, Status.SPAM)),
        (Kept.UNPROVEN_EMAILS.value, _addresses(site_id, until(terms, Kept.UNPROVEN_EMAILS, now), batch)),
        (Kept.LOG.value, _log_entries(site_id, until(terms, Kept.LOG, now), now, batch)),
    ]


def _nothing(_: Any) -> _Batch:
    return _Batch(0)


def _all(drop: Callable[[], int], batch: int) -> Step:
    """Return the step that does the same until a batch is not full."""

    def step(_: Any) -> _Batch:
        removed = drop()
        return _Batch(removed, True if removed >= batch else None)

    return step


def _take_texts(status: Status, site_id: UUID, *, before: datetime, limit: int) -> int:
    found = retention.texts_to_take(site_id, status, before=before, limit=limit)
    # Somebody may be deciding on one of them at this moment, so what counts is how each stands once it is held.
    held = comments.hold_comments(found, site_id=site_id) if found else []
    taken = [comment.id for comment in held if comment.standing.status is status and not comment.standing.is_published]
    if taken:
        comments.erase_texts(taken)
    return len(taken)


def _addresses(site_id: UUID, before: datetime | None, batch: int) -> Step:
    def step(after: Any) -> _Batch:
        if before is None:
            return _Batch(0)
        found = retention.authors_after(bytes.fromhex(after) if after else None, site_id, limit=batch)
        removed = (
            retention.take_unproven_addresses([author_id for author_id, _ in found], before=before) if found else 0
        )
        return _Batch(removed, found[-1][1].hex() if len(found) == batch else None)

    return step


def _log_entries(site_id: UUID, before: datetime | None, now: datetime, batch: int) -> Step:
    def step(after: Any) -> _Batch:
        to = retention.erased_to(site_id)
        if after is None and before is not None and (last := retention.last_entry_before(site_id, before)) > to:
            # Said before the first of them goes: whoever checks the log has to know which may have no words.
            record(site_id, LogKind.RETENTION, "log", actor=SERVICE, details={"log_to": last}, now=now)
            to = last
        numbers = retention.entries_to_erase(site_id, after=after or 0, to=to, limit=batch)
        if numbers:
            retention.erase_entries(site_id, numbers, now=now)
        return _Batch(len(numbers), numbers[-1] if len(numbers) == batch else None)

    return step
