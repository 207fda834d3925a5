"""Which limits an act spends, and what happens when one is used up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from service.actions.toolbox import tools
from service.domain.addresses import client_network
from service.domain.errors import PostbagError, RateLimited, RequestInProgress
from service.domain.limit_settings import DEFAULT_LIMITS, limits_for
from service.domain.limits import Charge, Verdict
from service.domain.permissions import Caller
from service.domain.site import Site


def client_key(site: Site, address: str | None) -> bytes:
    """Return the keyed hash under which a site knows a reader's network; it says nothing about another site."""
    return client_keys(site, address)[0]


def client_keys(site: Site, address: str | None) -> tuple[bytes, ...]:
    """Return the hashes of a reader's network by every key, the current first, to find what they did under an older."""
    return tools().keyring.lookup_hashes("client", str(site.id), client_network(address))


def charges(site: Site, *spent: tuple[str, bytes]) -> list[Charge]:
    """Return the charges for the named limits, less those that the site has switched off."""
    limits = limits_for(site.limits)
    return [Charge(limits[name], subject.hex()) for name, subject in spent if name in limits]


def caller_charge(caller: Caller) -> tuple[str, bytes]:
    """Return what a call of a token or a moderator spends; each has a counter of their own."""
    return ("token" if caller.kind == "token" else "moderator"), caller.id.bytes


def spend(site: Site, spent: Sequence[Charge], *, now: datetime, idempotency_key: bytes | None = None) -> Verdict:
    """Spend all charges in one round trip; raises RateLimited or RequestInProgress, and then nothing was spent."""
    key = None if idempotency_key is None else idempotency_key.hex()
    verdict = tools().limiter.spend(site.slug, spent, now=now, idempotency_key=key)
    if verdict.in_progress:
        raise RequestInProgress
    if not verdict.allowed:
        raise RateLimited(verdict)
    return verdict


@contextmanager
def told(verdict: Verdict) -> Iterator[None]:
    """Let a refusal within the block tell what is left of the limits that were spent before it."""
    try:
        yield
    except PostbagError as fault:
        fault.verdict = verdict
        raise


def spend_preview(address: str | None, *, now: datetime) -> Verdict:
    """Spend one preview, which concerns no site in particular; raises RateLimited."""
    key = tools().keyring.lookup_hash("client", "preview", client_network(address))
    verdict = tools().limiter.spend("", [Charge(DEFAULT_LIMITS["preview"], key.hex())], now=now)
    if not verdict.allowed:
        raise RateLimited(verdict)
    return verdict
