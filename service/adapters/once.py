"""What may be used once, remembered in Redis until it would have expired anyway; in this process while Redis is away.

It is a courtesy: should Redis forget, the worst is that something counts twice.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from service.adapters.redis_link import RedisAway, RedisKey, RedisLink, redis_key, renew_after_fork

MOST_KEPT = 100_000  # names in process; the one taken first makes room


class Once:
    """Who takes a name first has it, until it is given back or expires."""

    def __init__(self, link: RedisLink, *, most_kept: int = MOST_KEPT) -> None:
        self._link = link
        self._most_kept = most_kept
        self._taken: OrderedDict[str, datetime] = OrderedDict()  # when each expires, in the order of taking
        self._renew_lock()
        renew_after_fork(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def take(self, site: str, use: str, name: str, *, expires: timedelta, now: datetime) -> bool:
        """Tell whether nobody has taken this name yet, and take it for `expires`."""
        key = redis_key(site, use, name, expires=expires)
        try:
            return bool(self._link.call(lambda client: client.set(key.name, 1, px=key.expires_ms, nx=True)))
        except RedisAway:
            return self._take_in_process(key, now)

    def give_back(self, site: str, use: str, name: str) -> None:
        """Let a name be taken again, because what it was taken for did not happen."""
        key = redis_key(site, use, name, expires=timedelta())
        with self._lock:
            self._taken.pop(key.name, None)
        try:
            self._link.call(lambda client: client.delete(key.name))
        except RedisAway:
            return

    def _take_in_process(self, key: RedisKey, now: datetime) -> bool:
        with self._lock:
            expires_at = self._taken.get(key.name)
            if expires_at is not None and now < expires_at:
                return False
            self._taken[key.name] = now + timedelta(milliseconds=key.expires_ms)
            self._taken.move_to_end(key.name)
            while len(self._taken) > self._most_kept:
                self._taken.popitem(last=False)
            return True
