from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from service.adapters import private_redis
from service.adapters.limiter import Asked, Limiter, _counter_key, _flood_key, _InProcess, _marker_key, spend_in_redis
from service.adapters.private_redis import ensure_private_redis
from service.adapters.redis_link import RedisKey, RedisLink
from service.domain.limits import Charge, Limit, Proof, Verdict

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
FIVE = Limit("client", 5, 60)
HOURLY = Limit("client-hour", 30, 3600)
FLOOD = Limit("site-soft", 3, 60)
WINDOWS = (60, 61, 600, 3600)  # seconds; longer than any of these tests takes, since keys expire by the real clock
fresh = count()


@pytest.fixture
def limiter(server: redis.Redis, redis_url: str, tmp_path: Path) -> Iterator[Limiter]:
    link = RedisLink()
    link.bind(redis_url, tmp_path)
    yield Limiter(link)
    link.close()


@pytest.fixture
def own_server(instance: Path) -> Iterator[redis.Redis]:
    """A server of this test alone, whose statistics and scripts nobody else touches, and which may be killed."""
    with redis.Redis.from_url(ensure_private_redis(instance)) as client:
        yield client
    private_redis._stop(instance)


@pytest.fixture
def own_limiter(own_server: redis.Redis, instance: Path) -> Iterator[Limiter]:
    link = RedisLink()
    link.bind(ensure_private_redis(instance), instance)
    yield Limiter(link)
    link.close()


@pytest.fixture
def lonely_limiter(instance: Path) -> Iterator[Limiter]:
    """A limiter whose Redis was never there."""
    link = RedisLink()
    link.bind(f"unix://{instance}/nobody.sock", instance)
    yield Limiter(link)
    link.close()


@pytest.fixture(params=["limiter", "lonely_limiter"], ids=["redis", "in-process"])
def either(request: pytest.FixtureRequest) -> Limiter:
    """The same behaviour is asked of Redis and of the fallback."""
    found: Limiter = request.getfixturevalue(request.param)
    return found


def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)


def left(verdict: Verdict) -> list[int]:
    return [state.remaining for state in verdict.remaining]


def test_the_quota_is_accepted_and_not_one_more(either: Limiter) -> None:
    hour = Limit("client", 5, 3600)  # long enough that no boundary gives room while the test runs
    verdicts = [either.spend("garden", [Charge(hour, "a")], now=NOW) for _ in range(6)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False]
    assert [left(verdict) for verdict in verdicts] == [[4], [3], [2], [1], [0], [0]]
    assert verdicts[-1].refused_by == hour
    assert verdicts[-1].retry_after == verdicts[-1].remaining[0].reset >= 1


def test_none_is_spent_when_another_refuses(either: Limiter) -> None:
    one, many = Limit("client", 1, 3600), Limit("site", 10, 3600)
    assert left(either.spend("garden", [Charge(many, ""), Charge(one, "a")], now=NOW)) == [9, 0]
    for charges in ([Charge(many, ""), Charge(one, "a")], [Charge(one, "a"), Charge(many, "")]):
        refused = either.spend("garden", charges, now=NOW)
        assert not refused.allowed
        assert refused.refused_by == one
    assert left(either.spend("garden", [Charge(many, "")], now=NOW)) == [8]


@pytest.mark.parametrize(
    ("site", "charge"),
    [
        pytest.param("garden", Charge(FIVE, "b"), id="another-subject"),
        pytest.param("kitchen", Charge(FIVE, "a"), id="another-site"),
        pytest.param("garden", Charge(Limit("email", 5, 60), "a"), id="another-limit"),
        pytest.param("garden", Charge(Limit("client", 5, 61), "a"), id="another-window"),
    ],
)
def test_counters_do_not_touch_each_other(either: Limiter, site: str, charge: Charge) -> None:
    either.spend("garden", [Charge(FIVE, "a")], now=NOW)
    assert left(either.spend(site, [charge], now=NOW)) == [4]


def test_a_refusal_is_counted_by_the_name_of_its_limit(either: Limiter) -> None:
    def refusals() -> float:
        return REGISTRY.get_sample_value("postbag_limited_total", {"limit": "once-a-day"}) or 0

    before, once = refusals(), Limit("once-a-day", 1, 86_400)
    either.spend("garden", [Charge(once, "a")], now=NOW)
    assert refusals() == before
    either.spend("garden", [Charge(once, "a")], now=NOW)
    assert refusals() == before + 1


def test_nothing_to_ask_asks_nothing() -> None:
    assert Limiter(RedisLink()).spend("garden", [], now=NOW).allowed  # an unbound link could not be asked


def test_a_request_in_progress_is_told_and_spends_nothing(either: Limiter) -> None:
    assert either.spend("garden", [Charge(FIVE, "a")], now=NOW, idempotency_key="k1").allowed
    again = either.spend("garden", [Charge(FIVE, "a")], now=NOW, idempotency_key="k1")
    assert (again.allowed, again.in_progress, again.refused_by, left(again)) == (False, True, None, [4])
    assert left(either.spend("garden", [Charge(FIVE, "a")], now=NOW, idempotency_key="k2")) == [3]
    assert either.spend("kitchen", [], now=NOW, idempotency_key="k1").allowed


def test_a_refused_request_is_not_marked_as_in_progress(either: Limiter) -> None:
    once = [Charge(Limit("client", 1, 3600), "a")]
    either.spend("garden", once, now=NOW)
    assert not either.spend("garden", once, now=NOW, idempotency_key="k").in_progress
    assert either.spend("garden", [], now=NOW, idempotency_key="k").allowed


def test_a_released_key_may_be_sent_again(either: Limiter) -> None:
    either.spend("garden", [], now=NOW, idempotency_key="k")
    either.release("garden", "k")
    assert either.spend("garden", [], now=NOW, idempotency_key="k").allowed


def test_a_mark_that_nobody_took_away_goes_by_itself(lonely_limiter: Limiter) -> None:
    def marked_after(seconds: float) -> bool:
        later = NOW + timedelta(seconds=seconds)
        return lonely_limiter.spend("garden", [], now=later, idempotency_key="k").in_progress

    assert [marked_after(seconds) for seconds in (0, 9.999, 10)] == [False, True, False]


def test_every_key_expires_and_shares_the_slot_of_its_site(limiter: Limiter, server: redis.Redis) -> None:
    limiter.spend("garden", [Charge(FIVE, "a"), Charge(HOURLY, "a")], now=NOW, idempotency_key="k")
    expiries = {key.decode(): server.pttl(key) for key in server.scan_iter()}
    assert all("{garden}" in key for key in expiries)
    kept = {key.rsplit("{garden}:")[1]: expiry for key, expiry in expiries.items()}
    assert kept == {
        "limit:client:60:a": pytest.approx(120_000, abs=5_000),
        "limit:client-hour:3600:a": pytest.approx(7_200_000, abs=5_000),
        "in-progress:k": pytest.approx(10_000, abs=5_000),
    }


def test_one_spend_is_one_round_trip(own_limiter: Limiter, own_server: redis.Redis) -> None:
    charges = [Charge(FIVE, "a"), Charge(HOURLY, "a"), Charge(Limit("site", 600, 60), "")]
    own_limiter.spend("garden", charges, now=NOW)

    def calls() -> dict[str, int]:
        stats = own_server.info("commandstats")
        return {name: facts["calls"] for name, facts in stats.items()}

    before = calls()
    own_limiter.spend("garden", charges, now=NOW, idempotency_key="k", flood=FLOOD)
    after = calls()
    spent = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    # The rest is what the script itself does inside Redis.
    assert spent.pop("cmdstat_evalsha") == 1
    assert spent.pop("cmdstat_info") == 1
    assert set(spent) == {"cmdstat_time", "cmdstat_mget", "cmdstat_exists", "cmdstat_set"}


def test_a_server_that_forgot_the_script_learns_it_again(own_limiter: Limiter, own_server: redis.Redis) -> None:
    own_limiter.spend("garden", [Charge(FIVE, "a")], now=NOW)
    own_server.script_flush()
    assert left(own_limiter.spend("garden", [Charge(FIVE, "a")], now=NOW)) == [3]


def test_the_clock_of_redis_counts_and_not_that_of_the_machine(limiter: Limiter) -> None:
    hour = [Charge(Limit("client", 5, 3600), "a")]
    limiter.spend("garden", hour, now=NOW)
    assert left(limiter.spend("garden", hour, now=NOW + timedelta(days=2))) == [3]


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 20_000), st.integers(50_000, 140_000)),  # milliseconds since the step before
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), unique=True, max_size=4),  # charges
        st.sampled_from([None, None, "k1", "k2"]),
        st.sampled_from([Proof.NONE, Proof.NONE, Proof.ORDINARY, Proof.DEAR, Proof.BAD]),
    ),
    min_size=1,
    max_size=40,
)
quotas = st.lists(st.integers(1, 6), min_size=4, max_size=4)
softness = st.lists(st.booleans(), min_size=4, max_size=4)
floods = st.one_of(st.none(), st.builds(Limit, st.just("site-soft"), st.integers(1, 6), st.sampled_from([60, 61])))


@given(steps, quotas, softness, floods, st.integers(0, 59_999))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_this_process_come_to_the_same_verdicts(
    server: redis.Redis,
    steps: list[tuple[int, list[tuple[int, str]], str | None, Proof]],
    quotas: list[int],
    soft: list[bool],
    flood: Limit | None,
    offset: int,
) -> None:
    limits = [Limit(f"limit{i}", quota, window) for i, (quota, window) in enumerate(zip(quotas, WINDOWS, strict=True))]
    site, in_process = f"site{next(fresh)}", _InProcess()
    now_ms = int(NOW.timestamp() * 1000) + offset
    marked: dict[RedisKey, int] = {}
    for pause, chosen, key, proof in steps:
        now_ms += pause
        for mark in [mark for mark, since in marked.items() if now_ms >= since + mark.expires_ms]:
            server.delete(mark.name)  # Redis lets a mark go by the real clock, which the steps do not move.
            del marked[mark]
        charges = [Charge(limits[number], subject, soft[number]) for number, subject in chosen]
        counters = [_counter_key(site, charge) for charge in charges]
        marker = _marker_key(site, key) if key else None
        asked = Asked(charges, counters, marker, proof, flood, None if flood is None else _flood_key(site, flood))
        in_redis = spend_in_redis(server, asked, now_ms)
        assert in_redis == in_process.spend(asked, now_ms)
        if marker is not None and in_redis.allowed:
            marked[marker] = now_ms


def test_a_soft_limit_asks_for_a_proof_and_counts_whoever_brings_one(either: Limiter) -> None:
    hard, soft = Charge(Limit("article", 4, 3600), "a"), Charge(Limit("article-soft", 2, 3600), "a", soft=True)

    def spend(proof: Proof) -> Verdict:
        return either.spend("garden", [hard, soft], now=NOW, proof=proof)

    assert [spend(Proof.NONE).allowed for _ in range(2)] == [True, True]
    refused = spend(Proof.NONE)
    assert (refused.allowed, refused.asks_for, refused.refused_by, left(refused)) == (False, 1, None, [2, 0])
    assert refused.retry_after >= 1
    assert [spend(Proof.ORDINARY).allowed for _ in range(2)] == [True, True]
    over = spend(Proof.DEAR)
    assert (over.allowed, over.refused_by, over.asks_for) == (False, hard.limit, 0)


def test_a_proof_that_does_not_hold_is_refused_though_none_was_asked_for(either: Limiter) -> None:
    verdict = either.spend("garden", [Charge(FIVE, "a")], now=NOW, proof=Proof.BAD)
    assert (verdict.allowed, verdict.asks_for, verdict.retry_after, left(verdict)) == (False, 1, 1, [5])
    assert not either.spend("garden", [], now=NOW, proof=Proof.BAD).allowed


def test_refused_attempts_raise_the_price_for_everybody(either: Limiter) -> None:
    once = [Charge(Limit("client", 1, 3600), "a")]
    day = Limit("site-soft", 3, 86_400)  # long enough that no boundary gives room while the test runs

    def levels(times: int) -> list[int]:
        return [either.spend("garden", once, now=NOW, flood=day).flood_level for _ in range(times)]

    assert levels(7) == [0, 0, 0, 1, 1, 1, 2]
    others = [Charge(Limit("client", 5, 3600), "b")]
    bought = {p: either.spend("garden", others, now=NOW, proof=p, flood=day).allowed for p in Proof}
    assert bought == {Proof.BAD: False, Proof.NONE: False, Proof.ORDINARY: False, Proof.DEAR: True}
    assert either.spend("kitchen", others, now=NOW, flood=day).flood_level == 0


def test_the_level_is_read_without_counting(limiter: Limiter, lonely_limiter: Limiter) -> None:
    day = Limit("site-soft", 1, 86_400)
    assert limiter.flood_level("garden", day) == 0
    for _ in range(2):
        limiter.spend("garden", [], now=NOW, flood=day)
    assert [limiter.flood_level("garden", day) for _ in range(3)] == [1, 1, 1]
    assert lonely_limiter.flood_level("garden", day) is None


def test_who_counted_alone_says_so(limiter: Limiter, lonely_limiter: Limiter) -> None:
    spent = [which.spend("garden", [Charge(FIVE, "a")], now=NOW) for which in (limiter, lonely_limiter)]
    assert [verdict.is_alone for verdict in spent] == [False, True]


def test_twenty_threads_at_once_spend_exactly_the_quota(either: Limiter) -> None:
    charges = [Charge(Limit("client", 7, 3600), "a"), Charge(Limit("site", 600, 3600), "")]
    together = Barrier(20)

    def spend(_: int) -> bool:
        together.wait()
        return either.spend("garden", charges, now=NOW).allowed

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(spend, range(20))) == 7
    assert left(either.spend("garden", charges[1:], now=NOW)) == [600 - 7 - 1]


def test_twenty_threads_with_one_idempotency_key_get_one_acceptance(either: Limiter) -> None:
    together = Barrier(20)

    def spend(_: int) -> Verdict:
        together.wait()
        return either.spend("garden", [Charge(HOURLY, "a")], now=NOW, idempotency_key="k")

    with ThreadPoolExecutor(20) as pool:
        verdicts = list(pool.map(spend, range(20)))
    assert sum(verdict.allowed for verdict in verdicts) == 1
    assert sum(verdict.in_progress for verdict in verdicts) == 19


def test_while_redis_is_away_limits_go_on_in_process_and_then_come_back(
    own_limiter: Limiter, own_server: redis.Redis, instance: Path
) -> None:
    hour = [Charge(Limit("client", 2, 3600), "a")]

    def spend(key: str | None = None) -> Verdict:
        return own_limiter.spend("garden", hour, now=NOW, idempotency_key=key)

    with capture_logs() as logs:
        assert left(spend()) == [1]
        os.kill(own_server.info("server")["process_id"], signal.SIGKILL)
        verdicts = [spend("k"), spend("k"), spend(), spend()]
        assert [verdict.allowed for verdict in verdicts] == [True, False, True, False]
        assert verdicts[1].in_progress
        own_limiter.release("garden", "k")
        ensure_private_redis(instance)
        # In process nothing is left, and the counters of the new server are empty: so it shows that they count again.
        until(lambda: left(spend()) == [1])
    assert [entry["event"] for entry in logs] == ["redis_away", "redis_back"]


def test_the_counters_in_process_are_bounded(instance: Path) -> None:
    link = RedisLink()
    link.bind(f"unix://{instance}/nobody.sock", instance)
    lonely_limiter = Limiter(link, most_kept=10)
    for subject in range(50):
        lonely_limiter.spend("garden", [Charge(FIVE, str(subject))], now=NOW)
    assert len(lonely_limiter._in_process._kept) == 10


def test_counters_in_process_go_when_their_windows_have_passed(lonely_limiter: Limiter) -> None:
    for subject in range(50):
        lonely_limiter.spend("garden", [Charge(FIVE, str(subject))], now=NOW)
    lonely_limiter.spend("garden", [Charge(FIVE, "later")], now=NOW + timedelta(minutes=2))
    assert len(lonely_limiter._in_process._kept) == 1
