"""The one link to Redis: everything that uses Redis goes through here, and goes on without it when it is away.

Redis holds only what may vanish, so a call that fails is not tried again. The caller gets RedisAway and does without,
and for a second nobody asks: a dead Redis must not cost every reader a timeout.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar, cast
from weakref import WeakMethod

import redis
import structlog

from service import metrics
from service.adapters.private_redis import PrivateRedisUnavailable, ensure_private_redis
from service.adapters.redis_client import REDIS_FAULTS, Client, client_of, close, remember
from service.redis_address import Kind, RedisAddress, redis_address

T = TypeVar("T")

LEFT_ALONE_FOR = (
    1.0  # seconds after a failure; short enough that limits are shared again soon, long enough to save work
)

log = structlog.get_logger(__name__)


class RedisAway(Exception):
    """Redis cannot be used at this moment; the caller goes on without it."""


class RedisKey(NamedTuple):
    """The name of a key, and how long it may live."""

    name: str
    expires_ms: int


def redis_key(site: str, use: str, *parts: str, expires: timedelta) -> RedisKey:
    """Build any key of this service, with its expiry beside it: there is no key that stays.

    The braces make a hash tag: all keys of a site live in one slot of a Redis Cluster, so that one script may use them.
    """
    name = ":".join(("postbag", f"{{{site}}}", use, *parts))
    return RedisKey(name, int(expires.total_seconds() * 1000))


class RedisLink:
    """A lazily opened connection pool behind a circuit breaker, shared by all threads of a process.

    Made unbound; `bind` says where Redis is. A process forked afterwards opens connections of its own.
    """

    def __init__(self) -> None:
        self._address: RedisAddress | None = None
        self._instance_path: Path | None = None
        self._client: Client | None = None
        self._start_anew()
        renew_after_fork(self._start_anew)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()  # guards the fields below, and is never held while Redis is asked
        self._is_up: bool | None = None  # None until the first contact
        self._ask_again_at = 0.0  # on the monotonic clock
        self._somebody_asks = False
        self._opening = threading.Lock()  # held while the first callers wait for the link to be opened

    def bind(self, url: str | None, instance_path: Path) -> None:
        """Point the link at `url`, or at the private server of this instance if there is none; connects to nothing yet.

        Raises ValueError if the URL is not one of Redis.
        """
        self.close()
        self._address, self._instance_path = None if url is None else redis_address(url), instance_path
        self._start_anew()
        self._client = None

    def close(self) -> None:
        """Close every connection; the next call opens new ones."""
        if self._client is not None:
            close(self._client)

    def ping(self) -> bool:
        """Tell whether Redis answers."""
        try:
            return bool(self.call(lambda client: client.ping()))
        except RedisAway:
            return False

    def call(self, ask: Callable[[redis.Redis], T]) -> T:
        """Return what `ask` returns when given a client; raises RedisAway if Redis fails or is being left alone.

        What is asked must not need two slots of a cluster, whose client takes the same calls.
        """
        asking_again = self._may_ask()
        try:
            answer = ask(cast(redis.Redis, self._open(asking_again)))
        except REDIS_FAULTS as error:
            # Only its kind is fit for the log: the message may hold a host, a key or an argument.
            self._went_away(type(error).__name__)
            raise RedisAway from error
        finally:
            if asking_again:
                self._somebody_asks = False
        if not self._is_up:
            self._came_back()
        return answer

    def _may_ask(self) -> bool:
        """Tell whether this caller is the one who asks again after a failure; raises RedisAway if others may not."""
        if self._is_up is not False:
            return False
        with self._lock:
            if self._somebody_asks or time.monotonic() < self._ask_again_at:
                raise RedisAway
            self._somebody_asks = True
            return True

    def _open(self, asking_again: bool) -> Client:
        """Give the client; where the server is a private one, see first that it runs."""
        address = self._address
        if self._client is not None and not asking_again:
            return self._client
        if self._instance_path is None:
            raise RuntimeError("This link to Redis is not bound; create_app binds it.")
        # The first callers wait here together: what they spend shall be counted in Redis, not in process.
        with self._opening:
            if self._is_up is False and not asking_again:
                raise RedisAway
            if address is None:
                try:
                    address = RedisAddress(Kind.SERVER, ensure_private_redis(self._instance_path))
                except PrivateRedisUnavailable as error:
                    self._went_away(str(error))
                    raise RedisAway from error
            if self._client is None:
                self._client = client_of(address)
            elif asking_again:
                remember(self._client, address)
        return self._client

    def _went_away(self, reason: str) -> None:
        metrics.redis_failures.inc()
        with self._lock:
            metrics.redis_up.set(0)
            is_news = self._is_up is not False
            self._is_up = False
            self._ask_again_at = time.monotonic() + LEFT_ALONE_FOR
        if is_news:
            log.warning("redis_away", reason=reason)

    def _came_back(self) -> None:
        with self._lock:
            metrics.redis_up.set(1)
            was_away = self._is_up is False
            self._is_up = True
        if was_away:
            log.info("redis_back")


def renew_after_fork(renew: Callable[[], None]) -> None:
    """Have the method `renew` called in every forked child, for locks that another thread may have held at the time."""
    method = WeakMethod(renew)

    def in_child() -> None:
        alive = method()
        if alive is not None:
            alive()

    os.register_at_fork(after_in_child=in_child)
