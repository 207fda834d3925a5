"""The word between processes that published pages have changed, and the pages that one process rendered for all.

Whoever changes something announces its tags (`service.domain.tags`) once it is committed. Every process listens on one
channel and forgets what carries them, within milliseconds. While it does not listen, because Redis is away, whoever
keeps pages has to doubt them soon (`is_heard`), and forgets all of them once it listens again, since it may have missed
a word.

A page that was just rendered lies in Redis for a few seconds, so that of many processes one renders it. A counter of
the site's changes is looked at before rendering and again before laying the page down: one that was read before a
change and finished after it goes to its reader alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
import structlog

from service.adapters.redis_link import RedisAway, RedisLink, redis_key, renew_after_fork

CHANNEL = "postbag:changes"
SEPARATOR = b" "
LISTEN_FOR = 0.5  # seconds; a thread that is to end notices within this time
TRY_AGAIN_AFTER = 0.5  # seconds after Redis was not to be had
CLAIM_LASTS = timedelta(seconds=2)  # longer than a page takes; a process that dies meanwhile delays its readers so long
CHANGES_REMEMBERED = timedelta(hours=1)

log = structlog.get_logger(__name__)

Forget = Callable[[frozenset[bytes] | None], None]
"""Called with the tags that changed; with None where anything may have."""

# A page lies there behind the counter of the site's changes as it was when it was rendered, and a line break.
# KEYS: the page, the claim to render it, the counter. ARGV: the claim's expiry in ms.
# Returns: the page or false; 1 if the caller is to render it; the counter.
ASK = """
local changes = redis.call('GET', KEYS[3]) or '0'
local kept = redis.call('GET', KEYS[1])
local since = kept and string.match(kept, '^%d+')
if since == changes then return {string.sub(kept, #since + 2), 0, changes} end
local claimed = redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1])
return {false, claimed and 1 or 0, changes}
"""
# KEYS: as above. ARGV: the page, its expiry in ms, the counter as it was before it was rendered.
LAY_DOWN = """
redis.call('DEL', KEYS[2])
if (redis.call('GET', KEYS[3]) or '0') == ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[3] .. '\\n' .. ARGV[1], 'PX', ARGV[2])
end
return 0
"""


@dataclass(frozen=True)
class Shared:
    """What other processes know of a page: its bytes, or whether the caller is the one to render it."""

    page: bytes | None
    is_mine_to_render: bool
    changes: str
    """How often the site has changed, to be given back with the page."""


class Changes:
    """Announces changes and hears of them, and shares pages; one for each application, unbound to any Flask context."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._listeners: list[Forget] = []
        self._start_anew()
        renew_after_fork(self._start_anew)

    def _start_anew(self) -> None:
        # A forked child has none of its parent's threads.
        self._guard = threading.Lock()
        self._listener: threading.Thread | None = None
        self._stopping = threading.Event()
        self._is_subscribed = False

    def listen(self, forget: Forget) -> None:
        """Have `forget` called for every announcement from now on, by a thread that the first page starts."""
        self._listeners.append(forget)

    def is_heard(self) -> bool:
        """True while every announcement reaches this process; starts listening where nobody has yet."""
        if self._listener is None:
            self._start()
        return self._is_subscribed

    def close(self) -> None:
        """Stop listening."""
        self._stopping.set()

    def announce(self, site: str, tags: Iterable[bytes]) -> None:
        """Tell every process, this one first, that what carries one of these tags has changed."""
        changed = frozenset(tags)
        self._pass_on(changed)
        counter = _counter(site)

        def tell(client: redis.Redis) -> Any:
            pipeline = client.pipeline(transaction=False)
            pipeline.incr(counter.name)
            pipeline.pexpire(counter.name, counter.expires_ms)
            pipeline.publish(CHANNEL, SEPARATOR.join(changed))
            return pipeline.execute()

        # Without Redis the others hear nothing, and know it: they doubt what they keep.
        with suppress(RedisAway):
            self._link.call(tell)

    def ask(self, site: str, page: str) -> Shared | None:
        """Return what is known of a page, by a name of it that is the same everywhere; None while Redis is away."""
        keys = _keys(site, page)
        try:
            kept, is_mine, changes = self._link.call(
                lambda client: client.eval(ASK, 3, *keys, int(CLAIM_LASTS.total_seconds() * 1000))
            )
        except RedisAway:
            return None
        return Shared(kept, bool(is_mine), changes.decode())

    def lay_down(self, site: str, page: str, rendered: bytes | None, *, changes: str, seconds: float) -> None:
        """Let the others have a page for so long, unless the site has changed since; None gives up the claim."""
        keys = _keys(site, page)
        arguments = (rendered or b"", max(1, int(seconds * 1000)), changes if rendered is not None else "none")
        with suppress(RedisAway):
            self._link.call(lambda client: client.eval(LAY_DOWN, 3, *keys, *arguments))

    def _start(self) -> None:
        with self._guard:
            if self._listener is None:
                self._listener = threading.Thread(target=self._run, name="changes", daemon=True)
                self._listener.start()

    def _run(self) -> None:
        stopping = self._stopping
        while not stopping.is_set():
            with suppress(RedisAway, redis.RedisError):
                # Asked shortly, since nobody else may ask while somebody finds out whether Redis is back.
                client = self._link.call(_alive)
                self._hear(client, stopping)
            self._is_subscribed = False
            stopping.wait(TRY_AGAIN_AFTER)

    def _hear(self, client: redis.Redis, stopping: threading.Event) -> None:
        with client.pubsub() as heard:  # type: ignore[no-untyped-call]
            heard.subscribe(CHANNEL)
            while not stopping.is_set():
                message = heard.get_message(timeout=LISTEN_FOR)
                if message is None:
                    # A server whose machine is gone says nothing either; it is asked, and a reply has to come.
                    heard.ping()
                elif message["type"] == "subscribe":
                    # What was announced before is not known.
                    self._pass_on(None)
                    self._is_subscribed = True
                elif message["type"] == "message":
                    self._pass_on(frozenset(message["data"].split(SEPARATOR)))

    def _pass_on(self, tags: frozenset[bytes] | None) -> None:
        for forget in self._listeners:
            forget(tags)


def _alive(client: redis.Redis) -> redis.Redis:
    client.ping()
    return client


def _counter(site: str) -> Any:
    return redis_key(site, "changes", expires=CHANGES_REMEMBERED)


def _keys(site: str, page: str) -> tuple[str, str, str]:
    names = [redis_key(site, use, page, expires=CLAIM_LASTS).name for use in ("page", "rendering")]
    return names[0], names[1], _counter(site).name
