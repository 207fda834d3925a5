"""A token is presented: whom it stands for, whether it may do this, and what it spends."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.actions import limiting
from service.adapters.keyring import token_hash
from service.domain.errors import Unauthenticated
from service.domain.limits import Verdict
from service.domain.permissions import Caller
from service.store import sites, tokens
from service.store.session import reading, writing

USE_PRECISION = timedelta(minutes=1)
"""How exactly the last use of a token is recorded: a busy integration must not cost a write for every read."""


def authenticate(token: str, *, now: datetime) -> Caller:
    """Return whom the token stands for; raises Unauthenticated where it is unknown or revoked."""
    with reading():
        found = tokens.find_caller(token_hash(token))
    if found is None:
        raise Unauthenticated("This token is unknown or was revoked.")
    caller, last_used_at = found
    if last_used_at is None or now - last_used_at > USE_PRECISION:
        with writing():
            tokens.record_use(caller.id, now=now)
    return caller


def spend_call(caller: Caller, *, now: datetime) -> Verdict:
    """Spend one call of the caller's own limit; raises RateLimited."""
    with reading():
        site = sites.get_site(caller.site_id)
    return limiting.spend(site, limiting.charges(site, limiting.caller_charge(caller)), now=now)
