"""The worker looks which articles their site's days have closed, and tells each once."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.actions import events
from service.domain.events import EventType, article_data
from service.domain.life import CLOSING_DAYS
from service.domain.site import Site
from service.store import closing
from service.store.session import reading, writing
from service.store.together import together

TOLD_TOGETHER = 200  # articles in one transaction, which takes a fraction of a second
MOVED_EVERY = timedelta(minutes=1)
"""How often the moment moves while nothing closes, since each time is a write. What an import brings is told where its
days ended after the moment, so that moment must not stay behind for long."""


def look(*, now: datetime) -> None:
    """Tell of every article that its site's days have closed since the last look; the first one tells nothing.

    Any number of workers may look: the one that moves the site's moment tells what lies before it.
    """
    with reading():
        watched = closing.watched(EventType.ARTICLE_CLOSED.value)
    for site, told_until in watched:
        if told_until is None:
            with writing():
                closing.move(site.id, was=None, becomes=now)
        else:
            _tell_closed(site, told_until, now)


def _tell_closed(site: Site, told_until: datetime, now: datetime) -> None:
    is_last = False
    while not is_last:
        with reading():
            closings = closing.next_closings(site, after=told_until, until=now, limit=TOLD_TOGETHER)
        if not closings and now - told_until < MOVED_EVERY:
            return
        is_last = len(closings) < TOLD_TOGETHER
        # All that closed in the same moment goes together, however many they are, since only the moment is stored.
        until = now if is_last else closings[-1]
        with writing():
            # The site before its articles, as who counts anew holds them. Where it does not move, another worker tells
            # them and goes on, or the days are others by now.
            if not closing.move(site.id, was=told_until, becomes=until):
                return
            closed = closing.hold_closed(site, after=told_until, until=until)
            with together():
                for article in closed:
                    closed_at = article.closes_at(site)
                    assert closed_at is not None, "the site has days"
                    events.tell_closed(site, article_data(article), actor=CLOSING_DAYS, now=closed_at)
        told_until = until
