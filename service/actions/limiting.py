"""Which limits an act spends, and what happens when one is used up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from service import metrics
from service.actions import flood
from service.actions.toolbox import tools
from service.adapters.altcha_proof import Checked, Outcome
from service.domain.addresses import client_network, neighbourhood
from service.domain.errors import ChallengeRequired, PostbagError, RateLimited, RequestInProgress
from service.domain.limit_settings import DEFAULT_LIMITS, FLOOD, SOFT
from service.domain.limits import Charge, Proof, Verdict
from service.domain.permissions import Caller
from service.domain.site import Site

PROBLEMS = {
    Outcome.OK: "This proof of work was for a lower price than is asked for by now.",
    Outcome.EXPIRED: "This proof of work has expired: a challenge is good for ten minutes.",
    Outcome.USED: "This proof of work was used before: each is good for one reply.",
    Outcome.WRONG: "This is not the solution of a challenge for this site.",
    Outcome.MALFORMED: "This proof of work is not what ALTCHA v2 writes, which is base64 of JSON.",
}


def client_key(site: Site, address: str | None) -> bytes:
    """Return the keyed hash under which a site knows a reader's network; it says nothing about another site."""
    return client_keys(site, address)[0]


def client_keys(site: Site, address: str | None) -> tuple[bytes, ...]:
    """Return the hashes of a reader's network by every key, the current first, to find what they did under an older."""
    return tools().keyring.lookup_hashes("client", str(site.id), client_network(address))


def charges(site: Site, *spent: tuple[str, bytes]) -> list[Charge]:
    """Return the charges for the named limits, less those that are switched off; `-soft` ones ask for proof."""
    limits = site.limits_in_force
    return [Charge(limits[name], subject.hex(), soft=name.endswith(SOFT)) for name, subject in spent if name in limits]


def caller_charge(caller: Caller) -> tuple[str, bytes]:
    """Return what a call of a token or a moderator spends; each has a counter of their own."""
    return ("token" if caller.kind == "token" else "moderator"), caller.id.bytes


def reader_charges(site: Site, address: str | None, client: bytes) -> list[tuple[str, bytes]]:
    """Return what a reply of somebody unknown spends for where it comes from, soft limits among it."""
    hard = hard_charges(site, address, client)
    return [*hard, *((f"{name}{SOFT}", subject) for name, subject in hard if name != "client")]


def hard_charges(site: Site, address: str | None, client: bytes) -> list[tuple[str, bytes]]:
    """Return those of them that refuse and do not ask for a proof of work, which only a browser can do.

    `client` is the `client_key` of the address.
    """
    network = tools().keyring.lookup_hash("network", str(site.id), neighbourhood(address))
    return [("client", client), ("client-hour", client), ("network", network)]


def spend(site: Site, spent: Sequence[Charge], *, now: datetime, idempotency_key: bytes | None = None) -> Verdict:
    """Spend all charges in one round trip; raises RateLimited or RequestInProgress, and then nothing was spent."""
    key = None if idempotency_key is None else idempotency_key.hex()
    verdict = tools().limiter.spend(site.slug, spent, now=now, idempotency_key=key)
    _refuse_unless_allowed(verdict)
    return verdict


def spend_as_reader(
    site: Site, spent: Sequence[Charge], *, now: datetime, idempotency_key: bytes | None, proof: Checked | None
) -> Verdict:
    """Spend what the reply of somebody unknown costs, in one round trip, against soft limits and the site's flood too.

    A `proof` that does not hold is refused whatever was asked. Raises ChallengeRequired, RateLimited or
    RequestInProgress; nothing was spent then, and a proof that is good may be sent again.
    """
    verdict = tools().limiter.spend(
        site.slug,
        spent,
        now=now,
        idempotency_key=None if idempotency_key is None else idempotency_key.hex(),
        proof=_worth(proof),
        flood=site.limits_in_force.get(FLOOD),
    )
    flood.notice(site, verdict, now=now)
    if verdict.asks_for:
        metrics.challenged.inc()
        challenge = tools().proof.challenge(site.slug, price=verdict.asks_for, now=now)
        raise ChallengeRequired(verdict, challenge=challenge, problem=_problem(proof))
    _refuse_unless_allowed(verdict)
    return verdict


def check_proof(solution: str, site: Site, *, now: datetime) -> Checked | None:
    """Return what a solved challenge is worth, which is used by this; None where there is none."""
    if not solution:
        return None
    checked = tools().proof.check(solution, site.slug, now=now)
    metrics.proofs.labels(checked.outcome.value).inc()
    return checked


def give_back_proof(proof: Checked | None, site: Site) -> None:
    """Let a proof be sent again, because its reply was not accepted."""
    if proof is not None:
        tools().proof.give_back(proof, site.slug)


def _worth(proof: Checked | None) -> int:
    if proof is None:
        return Proof.NONE
    return proof.price if proof.outcome is Outcome.OK else Proof.BAD


def _problem(proof: Checked | None) -> str:
    return "" if proof is None else PROBLEMS[proof.outcome]


def _refuse_unless_allowed(verdict: Verdict) -> None:
    if verdict.in_progress:
        raise RequestInProgress
    if not verdict.allowed:
        raise RateLimited(verdict)


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
