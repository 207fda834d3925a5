"""What a site keeps in Redis works on a cluster and behind Sentinels as on one server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from service.adapters.changes import Changes
from service.adapters.claims import Claims, Holder
from service.adapters.limiter import Limiter
from service.adapters.once import Once
from service.adapters.redis_link import RedisLink
from service.adapters.wakeups import Wakeups
from service.domain.limits import Charge, Limit
from tests.granian_server import until
from tests.redis_topologies import running_cluster

SITES = [f"site-{number}" for number in range(12)]
"""Enough that each of three nodes has some."""


@contextmanager
def bound(url: str, tmp_path: Path) -> Iterator[RedisLink]:
    link = RedisLink()
    link.bind(url, tmp_path)
    try:
        yield link
    finally:
        link.close()


@pytest.fixture(scope="module")
def cluster_url() -> Iterator[str]:
    with running_cluster() as cluster:
        yield cluster.url


def test_every_call_of_every_site_finds_its_keys_on_one_node(cluster_url: str, tmp_path: Path) -> None:
    with bound(cluster_url, tmp_path) as link:
        assert link.ping()
        limiter, once, claims, changes = Limiter(link), Once(link), Claims(link), Changes(link)
        now = datetime.now(UTC)
        charges = [Charge(Limit("client", 2, 60), "someone"), Charge(Limit("network", 100, 60), "somewhere")]
        flood = Limit("flood", 100, 60)
        someone, other = (Holder("moderator", uuid4(), name) for name in ("Mira", "Noor"))
        for site in SITES:
            spent = [
                limiter.spend(site, charges, now=now, idempotency_key=key, flood=flood)
                for key in ("one", "one", "two", "three")
            ]
            assert [verdict.allowed for verdict in spent] == [True, False, True, False]
            assert not any(verdict.is_alone for verdict in spent)
            assert limiter.flood_level(site, flood) == 0
            limiter.release(site, "one")

            assert [once.take(site, "form", "x", expires=timedelta(60), now=now) for _ in range(2)] == [True, False]
            once.give_back(site, "form", "x")
            assert once.take(site, "form", "x", expires=timedelta(60), now=now)

            comments = [uuid4() for _ in range(3)]
            for comment in comments:
                claims.take(site, comment, someone, now=now)
            assert claims.take(site, comments[0], other, now=now).holder == someone
            assert list(claims.held(site, comments)) == comments
            claims.release(site, comments[0], someone)
            claims.release_all(site, comments[1:])
            assert claims.held(site, comments) == {}

            asked = changes.ask(site, "page")
            assert asked is not None
            assert asked.is_mine_to_render
            changes.lay_down(site, "page", b"rendered", mark=asked.mark, seconds=5)
            again = changes.ask(site, "page")
            assert again is not None
            assert again.page == b"rendered"
            changes.announce(site, {b"tag"})
            after = changes.ask(site, "page")
            assert after is not None
            assert after.page is None


def test_a_change_of_any_site_is_heard_by_who_listens_at_any_node(cluster_url: str, tmp_path: Path) -> None:
    with bound(cluster_url, tmp_path) as here, bound(cluster_url, tmp_path) as there:
        heard: list[frozenset[bytes] | None] = []
        listening, telling = Changes(here), Changes(there)
        listening.listen(heard.append)
        try:
            until(listening.is_heard, "nobody listens")
            for site in SITES:
                telling.announce(site, {site.encode()})
            told = {frozenset({site.encode()}) for site in SITES}
            until(lambda: told <= set(heard), f"not everything was heard: {heard}")
        finally:
            listening.close()


def test_a_worker_hears_that_there_is_something_to_do(cluster_url: str, tmp_path: Path) -> None:
    with bound(cluster_url, tmp_path) as here, bound(cluster_url, tmp_path) as there:
        waiting, waking = Wakeups(here), Wakeups(there)
        woken, stopping = threading.Event(), threading.Event()

        def wait() -> None:
            waiting.wait(0, stopping)  # which subscribes
            waiting.wait(30, stopping)
            woken.set()

        worker = threading.Thread(target=wait, daemon=True)
        worker.start()

        def has_woken() -> bool:
            waking.wake()
            return woken.is_set()

        until(has_woken, "the word was not heard", within=25)
        worker.join()
