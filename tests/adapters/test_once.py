"""What may be used once is used once, with Redis and without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from service.adapters.once import Once
from service.adapters.redis_link import RedisLink

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["redis", "in-process"])
def once(request: pytest.FixtureRequest, server: redis.Redis, redis_url: str, tmp_path: Path) -> Iterator[Once]:
    link = RedisLink()
    link.bind(redis_url if request.param == "redis" else f"unix://{tmp_path}/nobody.sock", tmp_path)
    yield Once(link)
    link.close()


def test_whoever_comes_first_has_it(once: Once) -> None:
    assert [once.take("garden", "form", "n", expires=DAY, now=NOW) for _ in range(2)] == [True, False]
    assert once.take("kitchen", "form", "n", expires=DAY, now=NOW)
    assert once.take("garden", "proof", "n", expires=DAY, now=NOW)


def test_what_was_given_back_may_be_taken_again(once: Once) -> None:
    once.take("garden", "form", "n", expires=DAY, now=NOW)
    once.give_back("garden", "form", "n")
    assert once.take("garden", "form", "n", expires=DAY, now=NOW)


def test_every_name_expires(once: Once, server: redis.Redis) -> None:
    once.take("garden", "form", "n", expires=DAY, now=NOW)
    assert all(0 < server.pttl(key) <= DAY.total_seconds() * 1000 for key in server.scan_iter())
    if not server.dbsize():
        assert once.take("garden", "form", "n", expires=DAY, now=NOW + DAY)


def test_what_is_kept_in_process_is_bounded(tmp_path: Path) -> None:
    link = RedisLink()
    link.bind(f"unix://{tmp_path}/nobody.sock", tmp_path)
    once = Once(link, most_kept=10)
    for number in range(50):
        once.take("garden", "form", str(number), expires=DAY, now=NOW)
    assert len(once._taken) == 10
