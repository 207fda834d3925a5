"""The worker looks whether replies wait longer than a site wants, and tells it once."""

from __future__ import annotations

from datetime import datetime

from service.actions import events
from service.domain.events import EventType, late_facts
from service.domain.life import Status
from service.store import counters, lateness, sites
from service.store.lateness import Watched
from service.store.session import reading, writing


def look(*, now: datetime) -> None:
    """Tell of every queue that has become late; it is told again after a time in which nothing in it was.

    Any number of workers may look: the one that stores it tells it.
    """
    with reading():
        watched = lateness.watched(EventType.QUEUE_LATE.value)
    for site in watched:
        _look_at(site, now)


def _look_at(watched: Watched, now: datetime) -> None:
    with reading():
        site = sites.get_site(watched.site_id)
        oldest = lateness.oldest_waiting(site.id)
    is_late = site.late_after is not None and oldest is not None and now - oldest[1] >= site.late_after
    if is_late == (watched.told_at is not None):
        return
    with writing():
        if not lateness.move(site.id, becomes=now if is_late else None) or not is_late:
            return
        assert oldest is not None, "an empty queue is not late"
        assert site.late_after is not None, "else it is never late"
        waiting = counters.site_totals(site.id)[Status.PENDING.value]
        facts = late_facts(waiting=waiting, oldest_id=oldest[0], oldest_since=oldest[1], late_after=site.late_after)
        events.tell(site, EventType.QUEUE_LATE, facts, now=now)
