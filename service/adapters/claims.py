"""Who is on which comment now, in Redis: a claim is a courtesy that may vanish, a decision is safe without it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from service.adapters.redis_link import RedisAway, RedisKey, RedisLink, redis_key

CLAIM_LASTS = timedelta(seconds=60)
"""Longer than most decisions take, and short enough that whoever goes for coffee holds nobody up."""

# A claim is kept as the time when it ends, in ms, who holds it, and the name that colleagues read, which may change
# while the claim is held; with a space between them.
# KEYS: the claim. ARGV: who asks; their name; when the claim would end; its expiry in ms. Returns the claim as it is
# afterwards.
TAKE = """
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+ (%S+) ') ~= ARGV[1] then
  return held
end
local taken = ARGV[3] .. ' ' .. ARGV[1] .. ' ' .. ARGV[2]
redis.call('SET', KEYS[1], taken, 'PX', ARGV[4])
return taken
"""
# KEYS: the claim. ARGV: who asks, or "" for whoever it is. Returns the claim as it was before, or nil.
RELEASE = """
local held = redis.call('GET', KEYS[1])
if held and (ARGV[1] == '' or string.match(held, '^%d+ (%S+) ') == ARGV[1]) then
  redis.call('DEL', KEYS[1])
end
return held
"""


@dataclass(frozen=True)
class Holder:
    """Who claims a comment: the kind and id of a caller, and the name that colleagues read."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True)
class HeldClaim:
    """A claim as it stands, and when it ends by itself."""

    holder: Holder
    until: datetime


class Claims:
    """The claims of all sites; while Redis is away there are none, and everybody may take anything."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    def take(self, site: str, comment_id: UUID, holder: Holder, *, now: datetime) -> HeldClaim:
        """Claim a comment for 60 s, or renew the claim; returns the claim as it is then, which may be another's."""
        key = _claim_key(site, comment_id)
        until = now + CLAIM_LASTS
        ends = int(until.timestamp() * 1000)
        try:
            held = self._link.call(
                lambda client: client.eval(TAKE, 1, key.name, _who(holder), holder.name, ends, key.expires_ms)
            )
        except RedisAway:
            return HeldClaim(holder, until)
        return _read(held)

    def release(self, site: str, comment_id: UUID, holder: Holder | None) -> HeldClaim | None:
        """End a claim of this holder, or of anybody where None; returns it as it was, None where there was none."""
        key = _claim_key(site, comment_id)
        whose = "" if holder is None else _who(holder)
        try:
            held = self._link.call(lambda client: client.eval(RELEASE, 1, key.name, whose))
        except RedisAway:
            return None
        return None if held is None else _read(held)

    def release_all(self, site: str, comment_ids: Sequence[UUID]) -> None:
        """End every claim on these comments, whosever they are."""
        names = [_claim_key(site, comment_id).name for comment_id in comment_ids]
        if names:
            with suppress(RedisAway):
                self._link.call(lambda client: client.delete(*names))

    def held(self, site: str, comment_ids: Sequence[UUID]) -> dict[UUID, HeldClaim]:
        """Return the claims on these comments, in one round trip."""
        names = [_claim_key(site, comment_id).name for comment_id in comment_ids]
        try:
            found: list[Any] = self._link.call(lambda client: client.mget(names)) if names else []
        except RedisAway:
            return {}
        claims = zip(comment_ids, found, strict=True)
        return {comment_id: _read(claim) for comment_id, claim in claims if claim is not None}


def _claim_key(site: str, comment_id: UUID) -> RedisKey:
    return redis_key(site, "claim", comment_id.hex, expires=CLAIM_LASTS)


def _who(holder: Holder) -> str:
    return f"{holder.kind}:{holder.id.hex}"


def _read(claim: bytes) -> HeldClaim:
    ends, who, name = claim.decode().split(" ", 2)
    kind, _, holder_id = who.partition(":")
    return HeldClaim(Holder(kind, UUID(hex=holder_id), name), datetime.fromtimestamp(int(ends) / 1000, UTC))
