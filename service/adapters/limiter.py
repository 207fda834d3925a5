"""Limits counted in Redis, all of them in one round trip; in this process alone while Redis is away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import redis

from service import metrics
from service.adapters.redis_client import Script
from service.adapters.redis_link import RedisAway, RedisKey, RedisLink, redis_key, renew_after_fork
from service.domain.flood import CALM_AFTER, CALM_AFTER_MS, Flood, attempted, calm_in, flood_at
from service.domain.limits import (
    Charge,
    Counter,
    Limit,
    Proof,
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
# KEYS: one for each charge; the flood of the site if its attempts are counted; the marker of the idempotency key if
#       there is one.
# ARGV: the time in ms or 0 for the server's own clock, which all machines share; the proof that came; the expiry of the
#       marker in ms or 0; the quota of the flood or 0, its window, the expiry of its key, and how long it has to be
#       quieter before the level sinks, all three in ms; then for each charge its quota, its window in ms, the expiry of
#       its key in ms, and 1 if it is soft.
# Returns: 0 if all were spent, 1 if one refused, 2 if the marker stood, 3 if a proof was missing; the time in ms; the
#       level of the flood and when it was last deserved, in ms; and for each charge the counts of its current and
#       previous window.
IN_PROGRESS = 2
SPEND = Script("""
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local proof, threshold = tonumber(ARGV[2]), tonumber(ARGV[4])
local charges = (#ARGV - 7) / 4
local floods = threshold > 0 and 1 or 0
local marker = KEYS[charges + floods + 1]
local refused, price, level, deserved = false, 0, 0, 0
local kept_values = charges + floods > 0 and redis.call('MGET', unpack(KEYS, 1, charges + floods)) or {}

-- The index of the present window, and what was counted in it and in the one before.
local function counter(kept, window)
  local index = (now - now % window) / window
  if kept then
    local kept_index, current, previous = string.match(kept, '^(%d+) (%d+) (%d+)')
    kept_index = tonumber(kept_index)
    if kept_index == index then
      return index, tonumber(current), tonumber(previous)
    elseif kept_index == index - 1 then
      return index, 0, tonumber(current)
    end
  end
  return index, 0, 0
end

if floods == 1 then
  local kept, window = kept_values[charges + 1], tonumber(ARGV[5])
  local index, current, previous = counter(kept, window)
  if kept then
    local kept_level, kept_deserved = string.match(kept, ' (%d) (%d+)$')
    level, deserved = tonumber(kept_level), tonumber(kept_deserved)
  end
  -- How it stands before the attempt may let the level sink; the attempt itself may let it rise.
  for attempt = 0, 1 do
    local used = (current + attempt) * window + previous * (window - now % window)
    local reached = used > 2 * threshold * window and 2 or used > threshold * window and 1 or 0
    if reached >= level or now - deserved >= tonumber(ARGV[7]) then
      level, deserved = reached, now
    end
  end
  local said = string.format('%.0f %.0f %.0f %d %.0f', index, current + 1, previous, level, deserved)
  redis.call('SET', KEYS[charges + 1], said, 'PX', ARGV[6])
  price = level
end

local answer = {0, now, level, deserved}
for i = 1, charges do
  local quota, window = tonumber(ARGV[4 * i + 4]), tonumber(ARGV[4 * i + 5])
  local _, current, previous = counter(kept_values[i], window)
  if current * window + previous * (window - now % window) > (quota - 1) * window then
    if ARGV[4 * i + 7] == '1' then
      price = math.max(price, 1)
    else
      refused = true
    end
  end
  answer[2 * i + 3], answer[2 * i + 4] = current, previous
end

if marker and redis.call('EXISTS', marker) == 1 then
  answer[1] = 2
elseif refused then
  answer[1] = 1
elseif proof < price or proof < 0 then
  answer[1] = 3
else
  for i = 1, charges do
    local window = tonumber(ARGV[4 * i + 5])
    local index = (now - now % window) / window
    local kept = string.format('%.0f %.0f %.0f', index, answer[2 * i + 3] + 1, answer[2 * i + 4])
    redis.call('SET', KEYS[i], kept, 'PX', ARGV[4 * i + 6])
  end
  if marker then
    redis.call('SET', marker, 1, 'PX', ARGV[3])
  end
end
return answer
""")
LOOK = "return {redis.call('GET', KEYS[1]), redis.call('TIME')}"
"""Of a flood, what is kept, and the time of the very server that keeps it."""


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
        self,
        site: str,
        charges: Sequence[Charge],
        *,
        now: datetime,
        idempotency_key: str | None = None,
        proof: int = Proof.NONE,
        flood: Limit | None = None,
    ) -> Verdict:
        """Accept and count all `charges`, or refuse and count none; one round trip, or none if there is nothing to ask.

        With an `idempotency_key` (an opaque hash) an accepted request is also marked as in progress for 10 s; while
        the mark stands, the same key is refused with `in_progress`. `now` is used only while Redis is away: the clock
        of Redis is the one that all machines share. No counter may be charged twice at once.

        `proof` is what the request brings against soft limits and the flood. With `flood`, the limit from which on a
        site is under flood, this is counted as an attempt, whatever comes of it.
        """
        if not charges and idempotency_key is None and flood is None and proof != Proof.BAD:
            return Verdict(allowed=True)
        asked = Asked(
            charges=charges,
            counters=[_counter_key(site, charge) for charge in charges],
            marker=None if idempotency_key is None else _marker_key(site, idempotency_key),
            proof=proof,
            flood=flood,
            flood_key=None if flood is None else _flood_key(site, flood),
        )
        try:
            verdict = self._link.call(lambda client: spend_in_redis(client, asked))
        except RedisAway:
            verdict = replace(self._in_process.spend(asked, _milliseconds(now)), is_alone=True)
        if verdict.refused_by is not None:
            metrics.limited.labels(verdict.refused_by.name).inc()
        return verdict

    def flood_level(self, site: str, flood: Limit) -> int | None:
        """Return the level of the site's flood as it stands now, without counting an attempt; None without Redis."""
        key = _flood_key(site, flood)

        try:
            kept, (seconds, microseconds) = self._link.call(lambda client: client.eval(LOOK, 1, key.name))
        except RedisAway:
            return None
        now_ms = int(seconds) * 1000 + int(microseconds) // 1000
        return flood_at(None if kept is None else _read_flood(kept), flood, now_ms).level

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


def _flood_key(site: str, flood: Limit) -> RedisKey:
    # It has to remember as long as the level may stand, and its counter like any other.
    expires = CALM_AFTER + timedelta(seconds=2 * flood.window)
    return redis_key(site, "flood", str(flood.window), expires=expires)


def _read_flood(kept: bytes) -> Flood:
    index, current, previous, level, deserved_ms = map(int, kept.split())
    return Flood(Counter(index, current, previous), level, deserved_ms)


def _marker_key(site: str, idempotency_key: str) -> RedisKey:
    return redis_key(site, "in-progress", idempotency_key, expires=IN_PROGRESS_EXPIRES)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Asked:
    """One spend with the keys of everything it touches."""

    charges: Sequence[Charge]
    counters: Sequence[RedisKey]
    marker: RedisKey | None = None
    proof: int = Proof.NONE
    flood: Limit | None = None
    flood_key: RedisKey | None = None

    def judged(self, found: Sequence[Counter], flood: Flood | None, now_ms: int, *, in_progress: bool) -> Verdict:
        """Return what follows from the counters as they stood, and from the flood as it stands after this attempt."""
        level = flood.level if flood else 0
        if in_progress:
            return judge_in_progress(self.charges, found, now_ms, flood_level=level)
        calm = calm_in(flood, now_ms) if flood else 0
        return judge(self.charges, found, now_ms, proof=self.proof, flood_level=level, calm_in=calm)


def spend_in_redis(client: redis.Redis, asked: Asked, now_ms: int = 0) -> Verdict:
    """Run the script once; `now_ms` stands in for the clock of Redis unless it is 0."""
    keys = [key.name for key in asked.counters]
    arguments: list[int] = [now_ms, int(asked.proof), 0, 0, 0, 0, CALM_AFTER_MS]
    if asked.flood is not None and asked.flood_key is not None:
        keys.append(asked.flood_key.name)
        arguments[3:6] = asked.flood.quota, asked.flood.window * 1000, asked.flood_key.expires_ms
    if asked.marker is not None:
        keys.append(asked.marker.name)
        arguments[2] = asked.marker.expires_ms
    for charge, key in zip(asked.charges, asked.counters, strict=True):
        arguments += (charge.limit.quota, charge.limit.window * 1000, key.expires_ms, int(charge.soft))
    answer = SPEND.run(client, keys, arguments)
    happened, now_ms, level, deserved_ms, *counts = answer
    found = [
        Counter(now_ms // (charge.limit.window * 1000), current, previous)
        for charge, current, previous in zip(asked.charges, counts[::2], counts[1::2], strict=True)
    ]
    flood = None if asked.flood is None else Flood(Counter(0), level, deserved_ms)
    return asked.judged(found, flood, now_ms, in_progress=happened == IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Counter | Flood | None  # None for a marker, which only has to be there
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

    def spend(self, asked: Asked, now_ms: int) -> Verdict:
        """Do what the script does, with the clock of the caller."""
        with self._lock:
            flood = self._attempt(asked, now_ms)
            pairs = zip(asked.counters, asked.charges, strict=True)
            found = [self._counter(key, charge, now_ms) for key, charge in pairs]
            in_progress = asked.marker is not None and self._is_marked(asked.marker, now_ms)
            verdict = asked.judged(found, flood, now_ms, in_progress=in_progress)
            if verdict.allowed:
                for key, counter in zip(asked.counters, found, strict=True):
                    self._keep(key, spent(counter), now_ms)
                if asked.marker is not None:
                    self._keep(asked.marker, None, now_ms)
            return verdict

    def _attempt(self, asked: Asked, now_ms: int) -> Flood | None:
        if asked.flood is None or asked.flood_key is None:
            return None
        kept = self._kept.get(asked.flood_key.name)
        before = kept.value if kept else None
        flood = attempted(before if isinstance(before, Flood) else None, asked.flood, now_ms)
        self._keep(asked.flood_key, flood, now_ms)
        return flood

    def release(self, marker: RedisKey) -> None:
        with self._lock:
            self._kept.pop(marker.name, None)

    def _counter(self, key: RedisKey, charge: Charge, now_ms: int) -> Counter:
        kept = self._kept.get(key.name)
        value = kept.value if kept else None
        return counter_at(value if isinstance(value, Counter) else None, charge.limit, now_ms)

    def _is_marked(self, marker: RedisKey, now_ms: int) -> bool:
        kept = self._kept.get(marker.name)
        return kept is not None and now_ms < kept.expires_at_ms

    def _keep(self, key: RedisKey, value: Counter | Flood | None, now_ms: int) -> None:
        self._kept[key.name] = _Kept(value, now_ms + key.expires_ms)
        self._kept.move_to_end(key.name)
        while len(self._kept) > self._most_kept or next(iter(self._kept.values())).expires_at_ms <= now_ms:
            self._kept.popitem(last=False)
