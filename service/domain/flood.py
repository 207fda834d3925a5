"""When a site is under flood: what it asks of everybody rises with the attempts, and comes down by itself.

Every attempt to send counts, also a refused one: a flood that is refused is a flood still. The arithmetic is that of
service.domain.limits, exact in whole milliseconds, and the script inside Redis comes to the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from service.domain.limits import Counter, Limit, counter_at, spent

CALM_AFTER = timedelta(minutes=2)
"""How long it has to be quieter before less is asked: a flood that pauses for breath finds the price unchanged."""
CALM_AFTER_MS = int(CALM_AFTER.total_seconds() * 1000)


class FloodLevel(IntEnum):
    """How hard a site is being pressed; each level asks more of everybody."""

    CALM = 0
    PROOF = 1
    """Every reply needs a proof of work."""
    HOLD = 2
    """The proof costs more, and authors whom nobody knows yet are held."""


@dataclass(frozen=True, slots=True)
class Flood:
    """The attempts of a site, the level they led to, and when the level was last deserved, in ms."""

    attempts: Counter
    level: int = FloodLevel.CALM
    deserved_ms: int = 0


def attempted(flood: Flood | None, limit: Limit, now_ms: int) -> Flood:
    """Return how it stands after one more attempt; `limit` is what a site takes before it asks for proof."""
    standing = flood_at(flood, limit, now_ms)
    attempts = spent(standing.attempts)
    return _leveled(attempts, limit, standing.level, standing.deserved_ms, now_ms)


def flood_at(flood: Flood | None, limit: Limit, now_ms: int) -> Flood:
    """Return how it stands at a moment, without an attempt."""
    attempts = counter_at(flood.attempts if flood else None, limit, now_ms)
    level, deserved_ms = (flood.level, flood.deserved_ms) if flood else (FloodLevel.CALM, 0)
    return _leveled(attempts, limit, level, deserved_ms, now_ms)


def calm_in(flood: Flood, now_ms: int) -> int:
    """Return the seconds after which less may be asked, if nobody attempts anything meanwhile; 0 where all is calm."""
    if flood.level == FloodLevel.CALM:
        return 0
    return max(1, -(-(flood.deserved_ms + CALM_AFTER_MS - now_ms) // 1000))


def _leveled(attempts: Counter, limit: Limit, level: int, deserved_ms: int, now_ms: int) -> Flood:
    window = limit.window * 1000
    used = attempts.current * window + attempts.previous * (window - now_ms % window)
    reached = (used > limit.quota * window) + (used > 2 * limit.quota * window)
    if reached >= level or now_ms - deserved_ms >= CALM_AFTER_MS:
        return Flood(attempts, reached, now_ms)
    return Flood(attempts, level, deserved_ms)
