from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.limits import (
    MAX_QUOTA,
    MAX_WINDOW,
    Charge,
    Counter,
    Limit,
    counter_at,
    has_room,
    judge,
    judge_in_progress,
    remaining,
    spent,
    wait,
)

MINUTE = 60_000  # milliseconds
START = 30_000_000 * MINUTE  # the first millisecond of a minute and of an hour in 2027
FIVE = Limit("client", 5, 60)
HOURLY = Limit("client-hour", 30, 3600)

limits = st.builds(Limit, st.just("any"), st.integers(1, 50), st.integers(1, 120))
moments = st.integers(START, START + 10 * MINUTE)


@st.composite
def standing_counters(draw: st.DrawFn) -> tuple[Counter, Limit, int]:
    """A limit, a moment, and any counter that may stand then, even one above a quota that was lowered since."""
    limit, now = draw(limits), draw(moments)
    index = now // (limit.window * 1000)
    return Counter(index, draw(st.integers(0, 60)), draw(st.integers(0, 60))), limit, now


def spend_all(counter: Counter | None, limit: Limit, now: int) -> Counter:
    """Spend until the limit refuses, one at a time."""
    counter = counter_at(counter, limit, now)
    while has_room(counter, limit, now):
        counter = spent(counter)
    return counter


def test_a_fresh_counter_takes_its_quota_and_not_one_more() -> None:
    assert spend_all(None, FIVE, START).current == 5


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(0, 0, id="at-once"),
        pytest.param(1 * MINUTE, 0, id="next-window-overlaps-whole"),
        pytest.param(1 * MINUTE + 11_999, 0, id="just-before-one-fifth-slid-out"),
        pytest.param(1 * MINUTE + 12_000, 1, id="one-fifth-slid-out"),
        pytest.param(1 * MINUTE + 30_000, 2, id="half-slid-out"),
        pytest.param(2 * MINUTE - 1, 4, id="last-millisecond"),
        pytest.param(2 * MINUTE, 5, id="whole-again"),
        pytest.param(900 * MINUTE, 5, id="long-after"),
        pytest.param(-1 * MINUTE, 5, id="clock-went-back"),
    ],
)
def test_a_spent_limit_comes_back_as_its_window_slides_on(after: int, expected: int) -> None:
    full = spend_all(None, FIVE, START)
    now = START + after
    assert remaining(counter_at(full, FIVE, now), FIVE, now) == expected


def test_a_burst_at_the_seam_of_two_windows_gets_no_second_quota() -> None:
    before, after = START - 1, START + 1
    assert remaining(counter_at(spend_all(None, FIVE, before), FIVE, after), FIVE, after) == 0


@given(standing_counters())
def test_the_wait_is_the_smallest_whole_second_after_which_one_more_has_room(
    standing: tuple[Counter, Limit, int],
) -> None:
    counter, limit, now = standing
    seconds = 1
    while not has_room(counter_at(counter, limit, later := now + seconds * 1000), limit, later):
        seconds += 1
    assert wait(counter, limit, now) == seconds


@given(standing_counters())
def test_room_never_shrinks_while_nobody_spends(standing: tuple[Counter, Limit, int]) -> None:
    counter, limit, now = standing
    steps = [now + step * limit.window * 50 for step in range(50)]
    left = [remaining(counter_at(counter, limit, moment), limit, moment) for moment in steps]
    assert left == sorted(left)


@given(limits, st.lists(st.integers(0, 40_000), max_size=60))
def test_no_fixed_window_ever_lets_more_than_its_quota_through(limit: Limit, pauses: list[int]) -> None:
    counter, now, accepted = None, START, list[int]()
    for pause in pauses:
        now += pause
        counter = counter_at(counter, limit, now)
        if has_room(counter, limit, now):
            counter = spent(counter)
            accepted.append(now // (limit.window * 1000))
    assert all(accepted.count(index) <= limit.quota for index in set(accepted))


def test_an_accepted_charge_tells_what_is_left_afterwards() -> None:
    verdict = judge([Charge(FIVE, "a")], [counter_at(None, FIVE, START)], START)
    assert verdict.allowed
    assert verdict.retry_after == 0
    assert [(state.limit.name, state.remaining) for state in verdict.remaining] == [("client", 4)]


def test_no_more_than_the_remaining_can_be_used_before_the_reset() -> None:
    now = START + 20_000
    (state,) = judge([Charge(FIVE, "a")], [counter_at(None, FIVE, now)], now).remaining
    full = spend_all(Counter(now // MINUTE, current=1), FIVE, now)
    for seconds, expected in ((state.reset - 1, False), (state.reset, True)):
        moment = now + seconds * 1000
        assert has_room(counter_at(full, FIVE, moment), FIVE, moment) is expected


def test_one_refusal_leaves_every_state_as_it_was() -> None:
    counters = [spend_all(None, FIVE, START), counter_at(None, HOURLY, START)]
    verdict = judge([Charge(FIVE, "a"), Charge(HOURLY, "a")], counters, START)
    assert not verdict.allowed
    assert verdict.refused_by == FIVE
    assert [state.remaining for state in verdict.remaining] == [0, 30]
    assert verdict.retry_after == verdict.remaining[0].reset == 72


def test_of_two_refusals_the_longer_wait_is_told() -> None:
    counters = [spend_all(None, FIVE, START), spend_all(None, HOURLY, START)]
    verdict = judge([Charge(FIVE, "a"), Charge(HOURLY, "a")], counters, START)
    assert verdict.refused_by == HOURLY
    assert verdict.retry_after == 3600 + 120


def test_a_request_in_progress_is_refused_by_no_limit() -> None:
    verdict = judge_in_progress([Charge(FIVE, "a")], [counter_at(None, FIVE, START)], START)
    assert (verdict.allowed, verdict.in_progress, verdict.refused_by, verdict.retry_after) == (False, True, None, 1)
    assert verdict.remaining[0].remaining == 5


def test_no_charges_are_allowed() -> None:
    assert judge([], [], START).allowed


@pytest.mark.parametrize(
    ("quota", "window"),
    [
        pytest.param(0, 60, id="nothing-allowed"),
        pytest.param(-1, 60, id="negative"),
        pytest.param(MAX_QUOTA + 1, 60, id="quota-too-large"),
        pytest.param(5, 0, id="no-window"),
        pytest.param(5, MAX_WINDOW + 1, id="window-too-long"),
    ],
)
def test_a_limit_outside_its_bounds_cannot_be_made(quota: int, window: int) -> None:
    with pytest.raises(ValueError, match="must be 1 to"):
        Limit("client", quota, window)


def test_the_arithmetic_stays_exact_in_doubles() -> None:
    assert MAX_QUOTA * MAX_WINDOW * 1000 < 2**53
