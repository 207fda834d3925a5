"""The word to the workers that there is something to do; who misses it looks by itself soon after."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import redis

from service.adapters.redis_client import pubsub_of
from service.adapters.redis_link import RedisAway, RedisLink

CHANNEL = "postbag:work"
"""Of all sites: there is one outbox."""
ENOUGH_FOR = 0.05  # seconds for which one word is enough: a site under flood would pay a round trip for each reply


class Wakeups:
    """Sends and awaits the word. While Redis is away nobody hears anything, and waiting lasts its full time."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._heard: redis.client.PubSub | None = None
        self._enough_until = 0.0

    def wake(self) -> None:
        """Tell every worker that there is something to do; within a moment one word does for many."""
        now = time.monotonic()
        if now < self._enough_until:
            # Whoever is awake goes on until nothing is left, and whoever has just fallen asleep looks again soon.
            return
        self._enough_until = now + ENOUGH_FOR
        with suppress(RedisAway):
            self._link.call(lambda client: client.publish(CHANNEL, b""))

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """Return when somebody says there is something to do, or after this time."""
        try:
            self._link.call(lambda client: self._listen(client, seconds))
        except RedisAway:
            if self._heard is not None:
                self._heard.close()
                self._heard = None
            stopping.wait(seconds)

    def _listen(self, client: redis.Redis, seconds: float) -> None:
        if self._heard is None:
            heard = pubsub_of(client, ignore_subscribe_messages=True)
            heard.subscribe(CHANNEL)
            self._heard = heard
        if self._heard.get_message(timeout=seconds) is None:
            return
        # One word is enough, however often it was said meanwhile.
        while self._heard.get_message(timeout=0) is not None:
            pass
