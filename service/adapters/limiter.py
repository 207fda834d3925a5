"""Limits counted in Redis, all of them in one round trip; in this process alone while Redis is away."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from redis.exceptions import NoScriptError

from service import metrics
from service.adapters.redis_link import RedisAway, RedisKey, RedisLink, redis_key, renew_after_fork
from service.domain.limits import (
    Charge,
    Counter,
    Verdict,
    counter_at,
    judge,
    judge_in_progress,
    spent,
)

IN_PROGRESS_EXPIRES = timedelta(seconds=10)  # far longer than a submission takes, so a killed process blocks no retry
MOST_KEPT = 100_000  # counters and markers in process; the one unchanged for longest makes room

# The script says what service.domain.limits says, in the numbers of Lua, and no more than it must: it decides and
# spends, and returns the counters as they stood before, from which the domain works out everything else.
# KEYS: one for each charge, then the marker of the idempotency key if there is one.
# ARGV: the time in ms or 0 for the server's own clock, which all machines share; the expiry of the marker in ms or 0;
#       then for each charge its quota, its window in ms and the expiry of its key in ms.
# Returns: 0 if all were spent, 1 if one refused, 2 if the marker stood; the time in ms; and for each charge the counts
#       of its current and previous window.
IN_PROGRESS = 2
SCRIPT = """
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local charges = (#ARGV - 2) / 3
local marker = KEYS[charges + 1]
local happened = 0
local answer = {happened, now}
local counters = charges > 0 and redis.call('MGET', unpack(KEYS, 1, charges)) or {}
for i = 1, charges do
  local quota, window = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local elapsed = now % window
  local index = (now - elapsed) / window
  local current, previous = 0, 0
  if counters[i] then
    local kept_index, kept_current, kept_previous = string.match(counters[i], '^(%d+) (%d+) (%d+)$')
    kept_index = tonumber(kept_index)
    if kept_index == index then
      current, previous = tonumber(kept_current), tonumber(kept_previous)
    elseif kept_index == index - 1 then
      previous = tonumber(kept_current)
    end
  end
  if current * window + previous * (window - elapsed) > (quota - 1) * window then
    happened = 1
  end
  answer[2 * i + 1], answer[2 * i + 2] = current, previous
end
if marker and redis.call('EXISTS', marker) == 1 then
  happened = 2
end
if happened == 0 then
  for i = 1, charges do
    local window = tonumber(ARGV[3 * i + 1])
    local index = (now - now % window) / window
    local kept = string.format('%.0f %.0f %.0f', index, answer[2 * i + 1] + 1, answer[2 * i + 2])
    redis.call('SET', KEYS[i], kept, 'PX', ARGV[3 * i + 2])
  end
  if marker then
    redis.call('SET', marker, 1, 'PX', ARGV[2])
  end
end
answer[1] = happened
return answer
"""
SCRIPT_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class Limiter:
    """Spends limits, all or none, and marks submissions that are being carried out.

    While Redis is away the same arithmetic goes on in this process, with counters of its own: each process then
    accepts up to the quota, and what was spent before is forgotten. The marker is a courtesy too, which spares most
    of the double work; that an idempotency key makes one row is the promise of the database.
    """

    def __init__(self, link: RedisLink, *, most_kept: int = MOST_KEPT) -> None:
        self._link = link
        self._in_process = _InProcess(most_kept)

    def spend(
        self, site: str, charges: Sequence[Charge], *, now: datetime, idempotency_key: str | None = None
    ) -> Verdict:
        """Accept and count all `charges`, or refuse and count none; one round trip, or none if there is nothing to ask.

        With an `idempotency_key` (an opaque hash) an accepted request is also marked as in progress for 10 s; while
        the mark stands, the same key is refused with `in_progress`. `now` is used only while Redis is away: the clock
        of Redis is the one that all machines share. No counter may be charged twice at once.
        """
        if not charges and idempotency_key is None:
            return Verdict(allowed=True)
        counters = [_counter_key(site, charge) for charge in charges]
        marker = None if idempotency_key is None else _marker_key(site, idempotency_key)
        try:
            verdict = self._link.call(lambda client: spend_in_redis(client, charges, counters, marker))
        except RedisAway:
            verdict = self._in_process.spend(charges, counters, marker, _milliseconds(now))
        if verdict.refused_by is not None:
            metrics.limited.labels(verdict.refused_by.name).inc()
        return verdict

    def release(self, site: str, idempotency_key: str) -> None:
        """Take the in-progress mark away, so that a request that failed may be sent again at once.

        Should Redis be away, the mark that it holds goes by itself within 10 s.
        """
        marker = _marker_key(site, idempotency_key)
        self._in_process.release(marker)
        try:
            self._link.call(lambda client: client.delete(marker.name))
        except RedisAway:
            return


def _counter_key(site: str, charge: Charge) -> RedisKey:
    # A counter counts for its own window and the next. The window is in the name: should a site change it, the numbers
    # of the old windows mean nothing.
    limit = charge.limit
    return redis_key(
        site, "limit", limit.name, str(limit.window), charge.subject, expires=timedelta(seconds=2 * limit.window)
    )


def _marker_key(site: str, idempotency_key: str) -> RedisKey:
    return redis_key(site, "in-progress", idempotency_key, expires=IN_PROGRESS_EXPIRES)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def spend_in_redis(
    client: redis.Redis,
    charges: Sequence[Charge],
    counters: Sequence[RedisKey],
    marker: RedisKey | None,
    now_ms: int = 0,
) -> Verdict:
    """Run the script once; `now_ms` stands in for the clock of Redis unless it is 0."""
    keys = [key.name for key in counters]
    arguments: list[int] = [now_ms, 0]
    for charge, key in zip(charges, counters, strict=True):
        arguments += (charge.limit.quota, charge.limit.window * 1000, key.expires_ms)
    if marker is not None:
        keys.append(marker.name)
        arguments[1] = marker.expires_ms
    try:
        answer = client.evalsha(SCRIPT_SHA, len(keys), *keys, *arguments)
    except NoScriptError:  # a fresh server; EVAL teaches it the script
        answer = client.eval(SCRIPT, len(keys), *keys, *arguments)
    happened, now_ms, *counts = answer
    found = [
        Counter(now_ms // (charge.limit.window * 1000), current, previous)
        for charge, current, previous in zip(charges, counts[::2], counts[1::2], strict=True)
    ]
    return judge_in_progress(charges, found, now_ms) if happened == IN_PROGRESS else judge(charges, found, now_ms)


@dataclass(frozen=True, slots=True)
class _Kept:
    counter: Counter | None  # None for a marker, which only has to be there
    expires_at_ms: int


class _InProcess:
    """The same counters and markers in the memory of this process, bounded in number."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by the time of the last change
        self._renew_lock()
        renew_after_fork(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def spend(
        self, charges: Sequence[Charge], counters: Sequence[RedisKey], marker: RedisKey | None, now_ms: int
    ) -> Verdict:
        """Do what the script does, with the clock of the caller."""
        with self._lock:
            found = [self._counter(key, charge, now_ms) for key, charge in zip(counters, charges, strict=True)]
            if marker is not None and self._is_marked(marker, now_ms):
                return judge_in_progress(charges, found, now_ms)
            verdict = judge(charges, found, now_ms)
            if verdict.allowed:
                for key, counter in zip(counters, found, strict=True):
                    self._keep(key, spent(counter), now_ms)
                if marker is not None:
                    self._keep(marker, None, now_ms)
            return verdict

    def release(self, marker: RedisKey) -> None:
        with self._lock:
            self._kept.pop(marker.name, None)

    def _counter(self, key: RedisKey, charge: Charge, now_ms: int) -> Counter:
        kept = self._kept.get(key.name)
        return counter_at(kept.counter if kept else None, charge.limit, now_ms)

    def _is_marked(self, marker: RedisKey, now_ms: int) -> bool:
        kept = self._kept.get(marker.name)
        return kept is not None and now_ms < kept.expires_at_ms

    def _keep(self, key: RedisKey, counter: Counter | None, now_ms: int) -> None:
        self._kept[key.name] = _Kept(counter, now_ms + key.expires_ms)
        self._kept.move_to_end(key.name)
        while len(self._kept) > self._most_kept or next(iter(self._kept.values())).expires_at_ms <= now_ms:
            self._kept.popitem(last=False)
