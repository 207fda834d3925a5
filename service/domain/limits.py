"""How much may be done in how much time: the limits, their arithmetic, and the answer to one more.

A limit is kept as a sliding-window counter: time is cut into fixed windows, and what was spent in the previous one
counts with the part of it that a window ending now still overlaps. Two whole numbers keep a counter, no burst at the
seam between two windows doubles the quota, and everything is exact in whole milliseconds, so that the script inside
Redis and the fallback in process come to the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

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
    counter for all. A `soft` limit does not refuse: from its quota on it asks for a proof of work, and whoever
    brings one is counted beyond it.
    """

    limit: Limit
    subject: str
    soft: bool = False


class Proof(IntEnum):
    """What a request brings against the price that may be asked of it."""

    BAD = -1
    """One that does not hold: it is refused whatever was asked, so that whoever sent it learns of it."""
    NONE = 0
    ORDINARY = 1
    DEAR = 2


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

    `asks_for` is the proof that was missing where no limit but the price refused; `retry_after` then says when it would
    do without. `flood_level` is that of service.domain.flood. `is_alone` says that Redis was away, so that this process
    counted for itself.
    """

    allowed: bool
    refused_by: Limit | None = None
    retry_after: int = 0
    remaining: tuple[LimitState, ...] = ()
    in_progress: bool = False
    asks_for: int = Proof.NONE
    flood_level: int = 0
    is_alone: bool = False


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
    return Counter(counter.index, counter.current + amount, counter.previous)


def has_room(counter: Counter, limit: Limit, now_ms: int) -> bool:
    """Tell whether one more request is within the limit; `counter` must stand at `now_ms`."""
    return remaining(counter, limit, now_ms) >= 1


def remaining(counter: Counter, limit: Limit, now_ms: int) -> int:
    """Count the requests that would be accepted at `now_ms`, never fewer than 0."""
    if not counter.previous:
        return max(0, limit.quota - counter.current)
    window = limit.window * 1000
    overlap = window - now_ms % window
    # A part of a request counts as a whole one: rounding down would let the sixth of five through at every seam.
    used = counter.current - (-counter.previous * overlap // window)
    return max(0, limit.quota - used)


def wait(counter: Counter, limit: Limit, now_ms: int) -> int:
    """Give the smallest whole number of seconds, at least 1, after which one more request has room.

    It is exact as long as nobody spends in between: what counts only shrinks with time.
    """
    return _wait(counter.current, counter.previous, limit, now_ms)


def _wait(current: int, previous: int, limit: Limit, now_ms: int) -> int:
    window = limit.window * 1000
    spare = limit.quota - 1  # requests that may still count when the next one comes
    if current <= spare:
        # The share of the previous window has to shrink until current + previous * overlap / window <= spare.
        overlap = (spare - current) * window // previous if previous else window
        free_at = window - min(overlap, window)
    else:
        # The current window has to become the previous one, and then shrink likewise.
        free_at = 2 * window - spare * window // current
    return max(1, -(-(free_at - now_ms % window) // 1000))


def state(counter: Counter, limit: Limit, now_ms: int) -> LimitState:
    """Give what is left of the limit at `now_ms`, and for how long no more than that can be used."""
    left = remaining(counter, limit, now_ms)
    return LimitState(limit, left, _wait(counter.current + left, counter.previous, limit, now_ms))


def judge(
    charges: Sequence[Charge],
    counters: Sequence[Counter],
    now_ms: int,
    *,
    proof: int = Proof.NONE,
    flood_level: int = 0,
    calm_in: int = 0,
) -> Verdict:
    """Decide on all charges together: allowed when every counter has room, and then each is one further.

    `counters` stand at `now_ms`, in the order of `charges`. The states tell what is left afterwards. A soft limit
    without room asks for an ordinary proof, and a flood for one of its level; it may be calm in `calm_in` seconds.
    """
    pairs = list(zip(charges, counters, strict=True))
    full = [(wait(n, charge.limit, now_ms), charge) for charge, n in pairs if not has_room(n, charge.limit, now_ms)]
    waits = [(seconds, charge.limit) for seconds, charge in full if not charge.soft]
    if waits:
        retry_after, refused_by = max(waits, key=lambda pair: pair[0])
        states = tuple(state(counter, charge.limit, now_ms) for charge, counter in pairs)
        return Verdict(False, refused_by, retry_after, states, flood_level=flood_level)
    price = max(flood_level, Proof.ORDINARY if full else Proof.NONE)
    if proof < price or proof == Proof.BAD:
        retry_after = max([1, calm_in, *(seconds for seconds, _ in full)])
        asked = max(price, Proof.ORDINARY)
        states = tuple(state(counter, charge.limit, now_ms) for charge, counter in pairs)
        return Verdict(False, None, retry_after, states, asks_for=asked, flood_level=flood_level)
    left = tuple(state(spent(counter), charge.limit, now_ms) for charge, counter in pairs)
    return Verdict(True, remaining=left, flood_level=flood_level)


def judge_in_progress(
    charges: Sequence[Charge], counters: Sequence[Counter], now_ms: int, *, flood_level: int = 0
) -> Verdict:
    """Refuse because the same request is being carried out already; nothing is spent."""
    pairs = zip(charges, counters, strict=True)
    states = tuple(state(counter, charge.limit, now_ms) for charge, counter in pairs)
    return Verdict(False, None, IN_PROGRESS_RETRY_AFTER, states, in_progress=True, flood_level=flood_level)
