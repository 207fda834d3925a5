"""A site under flood: the level rises with the attempts and sinks after two quieter minutes."""

from __future__ import annotations

from service.domain.flood import CALM_AFTER_MS, Flood, FloodLevel, attempted, calm_in, flood_at
from service.domain.limits import Limit

MINUTE = 60_000  # milliseconds
START = 30_000_000 * MINUTE
LIMIT = Limit("site-soft", 10, 60)


def pressed(times: int, flood: Flood | None = None, now: int = START) -> Flood:
    for _ in range(times):
        flood = attempted(flood, LIMIT, now)
    assert flood is not None
    return flood


def test_the_level_rises_above_the_limit_and_above_twice_the_limit() -> None:
    levels = [pressed(times).level for times in (1, 10, 11, 20, 21, 500)]
    assert levels == [0, 0, 1, 1, 2, 2]


def test_the_level_stays_until_it_was_quieter_for_two_minutes() -> None:
    flood = pressed(21)
    # The minute before still weighs whole at the beginning of the next, so the level is deserved until then.
    assert flood_at(flood, LIMIT, START + CALM_AFTER_MS - 1).level == FloodLevel.HOLD
    assert flood_at(flood, LIMIT, START + CALM_AFTER_MS).level == FloodLevel.CALM
    assert calm_in(flood, START) == 120
    assert calm_in(flood, START + CALM_AFTER_MS - 1) == 1
    assert calm_in(flood_at(None, LIMIT, START), START) == 0


def test_it_sinks_step_by_step_where_the_flood_only_slackens() -> None:
    flood = pressed(21)
    now, levels = START, []
    for _ in range(30):
        now += 10_000
        flood = pressed(2, flood, now)  # 12 a minute: above the limit, below twice
        levels.append(flood.level)
    assert levels[0] == FloodLevel.HOLD
    assert levels[-1] == FloodLevel.PROOF
    for _ in range(30):
        now += 10_000
        flood = pressed(1, flood, now)
    assert flood.level == FloodLevel.CALM


def test_a_flood_that_comes_back_within_two_minutes_finds_the_price_unchanged() -> None:
    flood = pressed(21)
    later = START + CALM_AFTER_MS - 1_000
    flood = pressed(21, flood, later)
    assert flood_at(flood, LIMIT, later + CALM_AFTER_MS - 1).level == FloodLevel.HOLD
