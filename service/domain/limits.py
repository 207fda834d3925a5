"""How much may be done in how much time: the limits, their arithmetic, and the answer to one more.

A limit is kept as a sliding-window counter: time is cut into fixed windows, and what was spent in the previous one
counts with the part of it that a window ending now still overlaps. Two whole numbers keep a counter, no burst at the
seam between two windows doubles the quota, and everything is exact in whole milliseconds, so that the script inside
Redis and the fallback in process come to the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MAX_QUOTA = (
    1_000_000  # requests; times MAX_WINDOW in ms it stays below 2**53, where the numbers of Lua stop being exact
)
MAX_WINDOW = 86_400  # seconds; a longer memory would be a ban, and bans are rules with a reason, not counters


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quota` requests within any `window` seconds; ValueError outside the bounds above."""

    name: str
    quota: int
    window: int

    def __post_init__(self) -> None:
        if not 1 <= self.quota <= MAX_QUOTA:
            raise ValueError(f"The quota of {self.name!r} must be 1 to {MAX_QUOTA:,} requests.")
        if not 1 <= self.window <= MAX_WINDOW:
            raise ValueError(f"The window of {self.name!r} must be 1 to {MAX_WINDOW:,} seconds.")


@dataclass(frozen=True, slots=True)
class Charge:
    """One request to be counted against `limit`, in the counter of `subject`.

    The subject is an opaque part of a key, such as the hash of an address in hexadecimal, or "" where there is one
    counter for all.
    """

    limit: Limit
    subject: str


@dataclass(frozen=True, slots=True)
class Counter:
    """What was spent in window number `index` and in the one before it."""

    index: int
    current: int = 0
    previous: int = 0


@dataclass(frozen=True, slots=True)
class LimitState:
    """What is left of one limit, in the terms of draft-ietf-httpapi-ratelimit-headers-11.

    `remaining` is the parameter "r" (section 4.1.1): requests that would be accepted at this moment. `reset` is "t"
    (section 4.1.2): the seconds within which no more than these can be used, so that for an exhausted limit it is the
    wait for the next one.
    """

    limit: Limit
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all charges were accepted and spent; otherwise none was.

    `refused_by` is the refusing limit with the longest wait, and `retry_after` the smallest whole number of seconds
    after which the same charges would be accepted if nobody else spent in between (0 when allowed). `in_progress`
    says that a request with the same idempotency key is being carried out, whatever the limits would have said.
    """

    allowed: bool
    refused_by: Limit | None = None
    retry_after: int = 0
    remaining: tuple[LimitState, ...] = ()
    in_progress: bool = False


IN_PROGRESS_RETRY_AFTER = 1  # seconds; a submission takes milliseconds, so the next second finds its answer stored


def counter_at(counter: Counter | None, limit: Limit, now_ms: int) -> Counter:
    """Give the counter as it stands at `now_ms`; one from before the previous window, or from the future, is empty."""
    index = now_ms // (limit.window * 1000)
    if counter is None or counter.index not in (index, index - 1):
        return Counter(index)
    if counter.index == index:
        return counter
    return Counter(index, current=0, previous=counter.current)


def spent(counter: Counter, amount: int = 1) -> Counter:
    """Give the counter after `amount` more requests in its current window."""
    return replace(counter, current=counter.current + amount)


def has_room(counter: Counter, limit: Limit, now_ms: int) -> bool:
    """Tell whether one more request is within the limit; `counter` must stand at `now_ms`."""
    return remaining(counter, limit, now_ms) >= 1


def remaining(counter: Counter, limit: Limit, now_ms: int) -> int:
    """Count the requests that would be accepted at `now_ms`, never fewer than 0."""
    window = limit.window * 1000
    overlap = window - now_ms % window
    # A part of a request counts as a whole one: rounding down would let the sixth of five through at every seam.
    used = counter.current - (-counter.previous * overlap // window)
    return max(0, limit.quota - used)


def wait(counter: Counter, limit: Limit, now_ms: int) -> int:
    """Give the smallest whole number of seconds, at least 1, after which one more request has room.

    It is exact as long as nobody spends in between: what counts only shrinks with time.
    """
    window = limit.window * 1000
    spare = limit.quota - 1  # requests that may still count when the next one comes
    if counter.current <= spare:
        # The share of the previous window has to shrink until current + previous * overlap / window <= spare.
        overlap = (spare - counter.current) * window // counter.previous if counter.previous else window
        free_at = window - min(overlap, window)
    else:
        # The current window has to become the previous one, and then shrink likewise.
        free_at = 2 * window - spare * window // counter.current
    return max(1, -(-(free_at - now_ms % window) // 1000))


def state(counter: Counter, limit: Limit, now_ms: int) -> LimitState:
    """Give what is left of the limit at `now_ms`, and for how long no more than that can be used."""
    left = remaining(counter, limit, now_ms)
    return LimitState(limit, left, wait(spent(counter, left), limit, now_ms))


def judge(charges: Sequence[Charge], counters: Sequence[Counter], now_ms: int) -> Verdict:
    """Decide on all charges together: allowed when every counter has room, and then each is one further.

    `counters` stand at `now_ms`, in the order of `charges`. The states tell what is left afterwards.
    """
    pairs = [(charge.limit, counter) for charge, counter in zip(charges, counters, strict=True)]
    waits = [(wait(counter, limit, now_ms), limit) for limit, counter in pairs if not has_room(counter, limit, now_ms)]
    if waits:
        retry_after, refused_by = max(waits, key=lambda pair: pair[0])
        states = tuple(state(counter, limit, now_ms) for limit, counter in pairs)
        return Verdict(False, refused_by, retry_after, states)
    return Verdict(True, remaining=tuple(state(spent(counter), limit, now_ms) for limit, counter in pairs))


def judge_in_progress(charges: Sequence[Charge], counters: Sequence[Counter], now_ms: int) -> Verdict:
    """Refuse because the same request is being carried out already; nothing is spent."""
    pairs = zip(charges, counters, strict=True)
    states = tuple(state(counter, charge.limit, now_ms) for charge, counter in pairs)
    return Verdict(False, retry_after=IN_PROGRESS_RETRY_AFTER, remaining=states, in_progress=True)
