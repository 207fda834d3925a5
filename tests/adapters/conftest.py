"""What the tests of the adapters share: an empty Redis database, and a folder for a private server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis


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
