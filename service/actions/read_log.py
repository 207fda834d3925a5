"""Moderators read the log of their site: page by page, or all that fits a filter as one stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from uuid import UUID

from service.actions.paging import log_cursor, log_position, scope_of
from service.domain.errors import Invalid
from service.domain.log import ChainedEntry, LogKind
from service.domain.permissions import Caller
from service.store import log_reading
from service.store.log_reading import LogFilter
from service.store.session import reading

EXPORT_BATCH = 500
"""Entries that an export holds at once; each batch is a transaction of its own, so that a slow reader blocks nobody."""


@dataclass(frozen=True)
class LogQuestion:
    """Which entries to read. `moderator` is an id, or the whole name of a person, a token, the policy or a command.

    `until` is the first moment that is left out.
    """

    kind: LogKind | None = None
    action: str | None = None
    moderator: str | None = None
    comment_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True)
class LogPage:
    """A page of the log, the newest entry first."""

    entries: Sequence[ChainedEntry]
    next_cursor: str | None


def read_log(caller: Caller, asked: LogQuestion) -> LogPage:
    """Return a page of the log of the caller's site; raises Invalid for a cursor of another list."""
    scope = scope_of("log", caller.site_id, replace(asked, cursor=None, limit=0))
    wanted = _wanted(asked)
    before = log_position(scope, asked.cursor)
    with reading():
        # One more than the page holds tells whether there is another page.
        found = log_reading.newest_entries(caller.site_id, wanted, before=before, limit=asked.limit + 1)
    entries = found[: asked.limit]
    return LogPage(entries, log_cursor(scope, entries[-1].number) if len(found) > asked.limit else None)


def export_log(caller: Caller, asked: LogQuestion) -> Iterator[ChainedEntry]:
    """Return everything that fits, the oldest first so that the chain can be checked on the way.

    It ends with what was the last entry when it began. The first batch is read at once: a database that is away is told
    before anything has been sent.
    """
    wanted = _wanted(asked)
    with reading():
        last = log_reading.last_number(caller.site_id)
        first = log_reading.entries_after(caller.site_id, wanted, after=0, last=last, limit=EXPORT_BATCH)
    return chain(first, _rest(caller.site_id, wanted, first, last))


def _rest(site_id: UUID, wanted: LogFilter, batch: Sequence[ChainedEntry], last: int) -> Iterator[ChainedEntry]:
    while len(batch) == EXPORT_BATCH:
        with reading():
            batch = log_reading.entries_after(site_id, wanted, after=batch[-1].number, last=last, limit=EXPORT_BATCH)
        yield from batch


def _wanted(asked: LogQuestion) -> LogFilter:
    if asked.since is not None and asked.until is not None and asked.until <= asked.since:
        raise Invalid("until", "out_of_range", "The end has to be later than the beginning.")
    actor_id = _identifier(asked.moderator)
    return LogFilter(
        kind=asked.kind,
        action=asked.action,
        actor_id=actor_id,
        actor_name=asked.moderator if actor_id is None else None,
        comment_id=asked.comment_id,
        since=asked.since,
        until=asked.until,
    )


def _identifier(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
