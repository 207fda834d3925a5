"""The word between processes that published pages have changed, and the pages that one process rendered for all.

Whoever changes something announces its tags (`service.domain.tags`) once it is committed. Every process listens on one
channel and forgets what carries them, within milliseconds. While it does not listen, because Redis is away, whoever
keeps pages has to doubt them soon (`is_heard`), and forgets all of them once it listens again, since it may have missed
a word.

A page that was just rendered lies in Redis for a few seconds, so that of many processes one renders it. A mark of the
site, which every change replaces, is looked at before rendering and again before laying the page down: one that was
read before a change and finished after it goes to its reader alone. Marks are random, so that none comes again when
Redis has forgotten the one before.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import redis
import structlog

from service.adapters.reached import SIGN, Reached, marked, position_in
from service.adapters.redis_client import REDIS_FAULTS, Client, Script, database_of, pubsub_of
from service.adapters.redis_link import RedisAway, RedisKey, RedisLink, redis_key, renew_after_fork

SEPARATOR = b" "
ANYTHING = b"*"  # in place of tags, where it is no longer known which
LISTEN_FOR = 0.5  # seconds; a thread that is to end notices within this time
TRY_AGAIN_AFTER = 0.5  # seconds after Redis was not to be had
CLAIM_LASTS = timedelta(seconds=1)  # longer than a page takes; a process that dies meanwhile delays its readers so long
MARK_LASTS = timedelta(minutes=1)  # longer than a page takes and lies there

log = structlog.get_logger(__name__)

Forget = Callable[[frozenset[bytes] | None], None]
"""Called with the tags that changed; with None where anything may have."""

# A page lies there behind the mark of the site as it was before it was rendered, and a line break.
# KEYS: the page, the claim to render it, the mark. ARGV: the claim's expiry in ms, a new mark, its expiry in ms.
# Returns: the page or false; the ms for which it still lies there; 1 if the caller is to render it; the mark.
ASK = Script("""
local mark = redis.call('GET', KEYS[3])
if not mark then
  mark = ARGV[2]
  redis.call('SET', KEYS[3], mark, 'PX', ARGV[3])
end
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, #mark + 1) == mark .. '\\n' then
  return {string.sub(kept, #mark + 2), redis.call('PTTL', KEYS[1]), 0, mark}
end
local claimed = redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1])
return {false, 0, claimed and 1 or 0, mark}
""")
# KEYS: as above. ARGV: the page, its expiry in ms, the mark as it was before it was rendered.
LAY_DOWN = Script("""
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[3]) == ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[3] .. '\\n' .. ARGV[1], 'PX', ARGV[2])
end
return 0
""")
# KEYS: the mark. ARGV: a new one, its expiry in ms, the channel, and what has changed. One script for both, since the
# node of a cluster that has the mark is the one to tell the others.
TELL = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('PUBLISH', ARGV[3], ARGV[4])
""")


@dataclass(frozen=True)
class Shared:
    """What other processes know of a page: its bytes, or whether the caller is the one to render it."""

    page: bytes | None
    seconds_left: float
    """For which the page is still good."""
    is_mine_to_render: bool
    mark: str
    """Stands for the site as it is now; to be given back with the page."""


class Changes:
    """Announces changes and hears of them, and shares pages; one for each application, unbound to any Flask context."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._listeners: list[Forget] = []
        self._untold: set[str] = set()
        self.reached = Reached()
        """How far a copy of the database has to have come to show all that was announced."""
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
        if self._listener is None or not self._listener.is_alive():
            self._start()
        return self._is_subscribed

    def close(self) -> None:
        """Stop listening."""
        self._stopping.set()

    def announce(self, site: str, tags: Iterable[bytes], *, position: int | None = None) -> None:
        """Tell every process, this one first, that what carries one of these tags has changed.

        `position` says how far the database had come when that was committed, or after (`service.adapters.reached`).
        """
        changed = frozenset(tags)
        self.reached.hear(position)
        self._pass_on(changed)
        try:
            self._link.call(lambda client: _tell(client, site, SEPARATOR.join(changed), position))
        except RedisAway:
            # The others hear nothing, know it, and doubt what they keep. They are told once Redis is back.
            self._untold.add(site)

    def ask(self, site: str, page: str) -> Shared | None:
        """Return what is known of a page, by a name of it that is the same everywhere; None while Redis is away."""
        keys = _keys(site, page)
        # Nothing is known to have changed where there is no mark.
        fresh = marked(secrets.token_hex(8), 0)
        arguments = (_milliseconds(CLAIM_LASTS), fresh, _milliseconds(MARK_LASTS))
        try:
            kept, left, is_mine, mark = self._link.call(lambda client: ASK.run(client, keys, arguments))
        except RedisAway:
            return None
        # A change that this mark stands for may still be on its way to whoever listens here.
        self.reached.hear(position_in(mark))
        return Shared(kept, max(left, 0) / 1000, bool(is_mine), mark.decode())

    def lay_down(self, site: str, page: str, rendered: bytes | None, *, mark: str, seconds: float) -> None:
        """Let the others have a page for so long, unless the site has changed since; None gives up the claim."""
        keys = _keys(site, page)
        arguments = (rendered or b"", max(1, int(seconds * 1000)), mark if rendered is not None else "none")
        with suppress(RedisAway):
            self._link.call(lambda client: LAY_DOWN.run(client, keys, arguments))

    def _start(self) -> None:
        with self._guard:
            if self._listener is None or not self._listener.is_alive():
                self._listener = threading.Thread(target=self._run, name="changes", daemon=True)
                self._listener.start()

    def _run(self) -> None:
        stopping = self._stopping
        while not stopping.is_set():
            try:
                # Asked shortly, since nobody else may ask while somebody finds out whether Redis is back.
                self._hear(self._link.call(_alive), stopping)
            except (RedisAway, *REDIS_FAULTS):
                pass
            except Exception as fault:  # noqa: BLE001 - a process that listens no more would not know what it misses
                log.warning("listening_failed", fault=type(fault).__name__)
            finally:
                if self._is_subscribed:
                    self._is_subscribed = False
                    self.reached.doubt()
                    # What was kept for as long as changes are heard of has to be doubted now.
                    self._pass_on(None)
            stopping.wait(TRY_AGAIN_AFTER)

    def _hear(self, client: redis.Redis, stopping: threading.Event) -> None:
        """Listen until Redis says nothing at all, or fails."""
        with pubsub_of(client) as heard:
            heard.subscribe(channel_of(client))
            is_asked = False
            while not stopping.is_set():
                message = heard.get_message(timeout=LISTEN_FOR)
                if message is None and is_asked:
                    return
                # A server whose machine is gone says nothing either; so it is asked, and a reply has to come.
                is_asked = message is None
                if message is None:
                    heard.ping()
                elif message["type"] == "subscribe":
                    # What was announced before is not known.
                    self.reached.doubt()
                    self._pass_on(None)
                    self._is_subscribed = True
                elif message["type"] == "message":
                    words = message["data"].split(SEPARATOR)
                    self.reached.hear(position_in(words[-1]))
                    tags = frozenset(word for word in words if not word.startswith(SIGN))
                    self._pass_on(None if ANYTHING in tags else tags)
                for site in list(self._untold):
                    _tell(client, site, ANYTHING, None)
                    self._untold.discard(site)

    def _pass_on(self, tags: frozenset[bytes] | None) -> None:
        for forget in self._listeners:
            forget(tags)


def _tell(client: redis.Redis, site: str, changed: bytes, position: int | None) -> None:
    key, mark = _mark(site), marked(secrets.token_hex(8), position)
    said = changed if position is None else changed + SEPARATOR + marked("", position).encode()
    TELL.run(client, [key.name], [mark, key.expires_ms, channel_of(client), said])


def channel_of(client: Client) -> str:
    """Return where changes are announced: Redis has one set of channels for all of its databases."""
    return f"postbag:changes:{database_of(client)}"


def _alive(client: redis.Redis) -> redis.Redis:
    client.ping()
    return client


def _mark(site: str) -> RedisKey:
    return redis_key(site, "changes", expires=MARK_LASTS)


def _milliseconds(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)


def _keys(site: str, page: str) -> tuple[str, str, str]:
    names = [redis_key(site, use, page, expires=CLAIM_LASTS).name for use in ("page", "rendering")]
    return names[0], names[1], _mark(site).name
