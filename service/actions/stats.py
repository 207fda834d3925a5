"""The numbers of a site's desk: what came, what was decided, how long it took, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.actions import flood
from service.domain.errors import Invalid
from service.domain.permissions import Caller
from service.domain.site import Site
from service.store import sites, stats
from service.store.session import reading
from service.store.stats import Rate, Stretch

USUAL_SPAN = timedelta(days=7)
LONGEST_SPAN = timedelta(days=92)
"""A quarter: 2,208 hours, as many as a chart is wide."""
ARTICLES_LISTED = 50
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Hour:
    """What came and what was decided in the hour that begins then."""

    begins: datetime
    arrivals: int
    decisions: int


@dataclass(frozen=True)
class Numbers:
    """What is known about the time from `since` to `until`; the first and the last hour may be cut by them.

    `median` and `p95` are seconds between the queue and the decision, None where nothing that waited was decided.
    """

    since: datetime
    until: datetime
    hours: Sequence[Hour]
    oldest_pending: datetime | None
    median: float | None
    p95: float | None
    by_reason: Sequence[Rate]
    by_canned_reason: Sequence[Rate]
    by_article: Sequence[Rate]
    by_moderator: Sequence[Rate]
    site: Site
    """As it is now, with its flood."""

    @property
    def arrivals(self) -> int:
        """All comments that came."""
        return sum(hour.arrivals for hour in self.hours)

    @property
    def decisions(self) -> int:
        """All decisions of people."""
        return sum(hour.decisions for hour in self.hours)

    @property
    def undone(self) -> int:
        """Decisions that were taken back, until now."""
        return sum(rate.undone for rate in self.by_moderator)

    @property
    def share_undone(self) -> float | None:
        """The share of decisions that were taken back; None where there were none."""
        return self.undone / self.decisions if self.decisions else None


def read_stats(caller: Caller, since: datetime | None, until: datetime | None, *, now: datetime) -> Numbers:
    """Return the numbers of the caller's site; the week before `until`, which is now, unless something else is asked.

    Raises Invalid where the end is not later than the beginning, or more than 92 days later.
    """
    until = until or now
    since = since or _before(until)
    if until <= since:
        raise Invalid("until", "out_of_range", "The end has to be later than the beginning.")
    if until - since > LONGEST_SPAN:
        raise Invalid("from", "out_of_range", f"Ask for at most {LONGEST_SPAN.days} days.")
    with reading():
        site = sites.get_site(caller.site_id)
    site = flood.look(site, now=now)
    stretch = Stretch(caller.site_id, since, until)
    with reading():
        arrivals, decisions = stats.arrivals_by_hour(stretch), stats.decisions_by_hour(stretch)
        median, p95 = stats.time_to_decision(stretch, (0.5, 0.95))
        return Numbers(
            since=since,
            until=until,
            hours=[Hour(at, arrivals.get(at, 0), decisions.get(at, 0)) for at in _hours(since, until)],
            oldest_pending=stats.oldest_pending(caller.site_id),
            median=median,
            p95=p95,
            by_reason=stats.rates_by_reason(stretch),
            by_canned_reason=stats.rates_by_canned_reason(stretch),
            by_article=stats.rates_by_article(stretch, limit=ARTICLES_LISTED),
            by_moderator=stats.rates_by_moderator(stretch),
            site=site,
        )


def _before(until: datetime) -> datetime:
    try:
        return until - USUAL_SPAN
    except OverflowError:
        raise Invalid("until", "out_of_range", "There is no time before this one.") from None


def _hours(since: datetime, until: datetime) -> Sequence[datetime]:
    first = since.replace(minute=0, second=0, microsecond=0)
    return [first + HOUR * place for place in range(-((first - until) // HOUR))]
