"""A site: whose articles carry comments, and under which rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from service.domain.errors import Invalid
from service.domain.known_readers import ReaderTrust
from service.domain.limit_settings import LimitOverrides, limits_for
from service.domain.limits import Limit
from service.domain.retention import DEFAULT_TERMS, Terms

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""Site slugs stand in URLs and data attributes: lower-case letters, digits and inner hyphens, at most 64."""

DEFAULT_MAX_DEPTH = 5  # levels of reply below a top-level comment: what still reads well on a phone
HIGHEST_MAX_DEPTH = 20  # bounds the path that orders a thread to 21 identifiers of 16 bytes
REVISE_WINDOW = timedelta(minutes=15)  # long enough for typos, short enough that replies stay honest
LONGEST_REVISE_WINDOW = timedelta(days=7)
DEFAULT_FLAG_THRESHOLD = 3  # readers; one may err and two may be friends
HIGHEST_FLAG_THRESHOLD = 1000
DEFAULT_TRUSTED_AFTER = 3  # approved comments; one may be luck, and a regular has three within a week
HIGHEST_TRUSTED_AFTER = 1000
MOST_ORIGINS = 100  # more are no site's; the list stands in refusals and is read with every reply
LOWEST_SPAM_THRESHOLD = 0.5  # of 1; below it the filter itself takes a text for honest
DEFAULT_LATE_AFTER = timedelta(days=1)  # whoever replies expects to see it the next day
MOST_LATE_MINUTES = 43_200  # thirty days
MOST_DAYS_OPEN = 3650  # ten years; whoever wants longer wants articles that stay open


class Policy(StrEnum):
    """What happens to a reply that no screening phase holds."""

    ALL = "all"
    """Every reply is held until a person has approved it. The default."""
    FIRST = "first"
    """Replies are held until their author, at a proven address, has enough approved comments."""
    NONE = "none"
    """Replies are published at once unless a phase holds them: the site has said so in as many words."""


@dataclass(frozen=True)
class Site:
    """One row of `sites`; `limits` overrides the default limits, or is "off".

    `flag_threshold` flags bring a published comment back to the queue; 0 never does. With the policy `first`,
    `trusted_after` approved comments make a proven author trusted. An article takes replies for the time `close_after`
    since it became known or a person opened it; None is for ever. `flood_level` is that of domain/flood.py as it was
    last noticed, `flood_since` when. What the site's own filter gives `spam_threshold` or more goes to spam by itself;
    None leaves everything to people.
    """

    id: UUID
    slug: str
    name: str
    origins: tuple[str, ...]
    policy: Policy
    limits: LimitOverrides
    max_depth: int
    revise_window: timedelta
    flag_threshold: int = DEFAULT_FLAG_THRESHOLD
    trusted_after: int = DEFAULT_TRUSTED_AFTER
    close_after: timedelta | None = None
    rules_version: int = 0
    """Changes with every change of the site's rules."""
    flood_level: int = 0
    flood_since: datetime | None = None
    spam_threshold: float | None = None
    asks: tuple[str, ...] = ()
    """The kinds of those whom the site asks for an opinion (domain/opinions.py)."""
    late_after: timedelta | None = DEFAULT_LATE_AFTER
    """How long a reply may wait before the queue is told to be late; None is never."""
    tells: tuple[str, ...] = field(default=(), compare=False)
    """The types of events that somebody listens to (domain/events.py)."""
    reader_trust: ReaderTrust = ReaderTrust.PROVEN
    """What readers gain whom the site has signed in itself."""
    retention: Terms = field(default_factory=lambda: DEFAULT_TERMS)
    """How many days what is kept."""
    version: int = field(default=0, compare=False)
    """Another one after every change that people make, so that a copy in memory can be told from what is stored."""

    @cached_property
    def limits_in_force(self) -> Mapping[str, Limit]:
        """The limits by name; none at all where they are off."""
        return limits_for(self.limits)

    def are_enough_flags(self, count: int) -> bool:
        """True for as many flags as bring a published comment back to the queue."""
        return 0 < self.flag_threshold <= count

    def lists_origin(self, origin: str | None) -> bool:
        """True for an origin (`scheme://host[:port]`, normalised) whose pages belong to this site."""
        return origin is not None and origin in self.origins


def is_slug(text: str) -> bool:
    """True for what could be the slug of a site; anything else is not even looked for."""
    return SLUG.fullmatch(text) is not None


def check_slug(slug: str) -> str:
    """Return the slug; raises Invalid unless it is lower-case letters, digits and inner hyphens."""
    if not is_slug(slug):
        raise Invalid("slug", "not_a_slug", "A slug is 1 to 64 lower-case letters, digits and hyphens between them.")
    return slug


def check_max_depth(depth: int) -> int:
    """Return the depth; raises Invalid outside 0 (no replies to replies) to 20."""
    if not 0 <= depth <= HIGHEST_MAX_DEPTH:
        raise Invalid("max_depth", "out_of_range", f"The depth of replies is from 0 to {HIGHEST_MAX_DEPTH}.")
    return depth


def check_revise_window(window: timedelta) -> timedelta:
    """Return the window; raises Invalid when negative or longer than a week."""
    if not timedelta(0) <= window <= LONGEST_REVISE_WINDOW:
        raise Invalid("revise_window", "out_of_range", "The time to revise is from 0 minutes to 7 days.")
    return window


def check_flag_threshold(threshold: int) -> int:
    """Return the threshold; raises Invalid outside 0 (flags never return a comment) to 1,000."""
    if not 0 <= threshold <= HIGHEST_FLAG_THRESHOLD:
        raise Invalid("flag_threshold", "out_of_range", f"The number of flags is from 0 to {HIGHEST_FLAG_THRESHOLD:,}.")
    return threshold


def check_trusted_after(count: int) -> int:
    """Return the number of approved comments; raises Invalid outside 1 to 1,000."""
    if not 1 <= count <= HIGHEST_TRUSTED_AFTER:
        raise Invalid(
            "trusted_after", "out_of_range", f"The number of approved comments is from 1 to {HIGHEST_TRUSTED_AFTER:,}."
        )
    return count


def check_close_after_days(days: int) -> timedelta | None:
    """Return the time, None for 0 days, which is never; raises Invalid outside 0 to 3,650."""
    if not 0 <= days <= MOST_DAYS_OPEN:
        raise Invalid(
            "close_after_days", "out_of_range", f"The number of days is from 0 (never) to {MOST_DAYS_OPEN:,}."
        )
    return timedelta(days=days) or None


def check_late_after_minutes(minutes: int) -> timedelta | None:
    """Return the time, None for 0 minutes, which is never; raises Invalid outside 0 to 43,200, which are 30 days."""
    if not 0 <= minutes <= MOST_LATE_MINUTES:
        raise Invalid(
            "late_after_minutes", "out_of_range", f"The number of minutes is from 0 (never) to {MOST_LATE_MINUTES:,}."
        )
    return timedelta(minutes=minutes) or None


def check_spam_threshold(threshold: float) -> float | None:
    """Return the threshold, None for 0, which is never; raises Invalid outside 0.5 to 1."""
    if threshold != 0 and not LOWEST_SPAM_THRESHOLD <= threshold <= 1:
        raise Invalid(
            "spam_threshold", "out_of_range", f"The score is from {LOWEST_SPAM_THRESHOLD} to 1, or 0 for never."
        )
    return threshold or None
