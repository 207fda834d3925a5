"""What readers read comes from a copy of the database where there is one that knows of every change that was announced.

A page that was rendered from a copy that lags would be kept, and a decision not be seen, for as long as a page is
fresh. So every announcement tells how far the database had come, and a copy is read from only where it has come as far.
What is never announced is bounded too: now and then the database itself is asked how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from service import metrics
from service.actions.toolbox import tools
from service.domain.errors import StoreUnavailable, UnknownSite
from service.store import replica
from service.store.session import reading

T = TypeVar("T")

ASK_EVERY = 5.0  # seconds; what a copy shows is at most twice as old, however far it lags


def read_public(read: Callable[[], T]) -> T:
    """Return what `read` returns, which only reads and may be called twice; raises what it raises."""
    if replica.is_set():
        at_least = _at_least()
        if at_least is not None:
            try:
                with replica.reading_replica(at_least=at_least):
                    found = read()
                metrics.public_reads.labels("replica").inc()
                return found
            except (replica.NotToBeHad, UnknownSite):
                # A site that was just made is announced to nobody.
                pass
        metrics.public_reads.labels("primary").inc()
    with reading():
        return read()


def _at_least() -> int | None:
    """Return how far a copy has to have come, or None where that is not known."""
    changes = tools().changes
    if not changes.is_heard():
        return None
    reached, now = changes.reached, time.monotonic()
    since, known, age = reached.moment(), reached.position(), reached.age(now)
    if known is not None and age < ASK_EVERY:
        return known
    try:
        fresh = replica.position()
    except StoreUnavailable:
        # All that was announced is known, so that readers go on reading while the database itself is away.
        return known
    reached.learn(fresh, since=since, now=now)
    # No copy has come as far as the database was a moment ago; that is asked of it next time.
    return known if known is not None and age < 2 * ASK_EVERY else fresh
