"""A person signs in at the desk: with address and password, then with a code where they have set that up."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions.accounts import email_hashes, second_factor_is_right
from service.actions.toolbox import tools
from service.adapters.keyring import new_token, token_hash
from service.adapters.passwords import hash_password, is_outdated, is_password
from service.domain.accounts import BROWSER_MAX, SECOND_STEP_LIFE, SIGN_IN_BY_ACCOUNT, SIGN_IN_BY_NETWORK
from service.domain.addresses import client_network
from service.domain.errors import Invalid, RateLimited
from service.domain.limits import Charge
from service.store import moderators
from service.store.session import reading, writing

BETWEEN = b"between password and code"
REFUSED = "The address or the password is not right."
"""The same for an account that does not exist and for a wrong password, in words and in time."""


@dataclass(frozen=True)
class SecondStep:
    """The password was right, and a code is wanted; `sealed` comes back with it."""

    sealed: str


def sign_in(email: str, password: str, *, address: str | None, browser: str, now: datetime) -> str | SecondStep:
    """Return the cookie of a new session, or what the second step needs.

    Raises Invalid, which does not tell whether there is such an account, and RateLimited.
    """
    hashes = email_hashes(email)
    _spend(hashes[0].hex(), address, now)
    with reading():
        account = moderators.find_account(hashes)
    if not is_password(account.password_hash if account else None, password) or account is None:
        raise Invalid("password", "wrong_credentials", REFUSED)
    if is_outdated(account.password_hash):
        renewed = hash_password(password)
        with writing():
            moderators.change_account(account.id, password_hash=renewed)
    if account.totp_sealed is not None:
        said = json.dumps([account.id.hex, now.timestamp(), token_hash(account.password_hash).hex()])
        return SecondStep(base64.urlsafe_b64encode(tools().keyring.seal(said, context=BETWEEN)).decode())
    return _begin(account.id, browser, now)


def finish_sign_in(sealed: str, code: str, *, address: str | None, browser: str, now: datetime) -> str:
    """Return the cookie of a new session; raises Invalid for a wrong code or a first step too long ago, RateLimited."""
    moderator_id, password_mark = _opened(sealed, now)
    _spend(moderator_id.hex, address, now)
    with writing():
        account = moderators.get_account(moderator_id)
        # A password that was changed meanwhile makes the first step worth nothing.
        is_right = token_hash(account.password_hash).hex() == password_mark
        is_right = is_right and second_factor_is_right(account, code, now=now)
    if not is_right:
        raise Invalid("code", "wrong_code", "This code is not right, or was used before. Wait for the next one.")
    return _begin(moderator_id, browser, now)


def sign_out(moderator_id: UUID, session_id: UUID) -> None:
    """End the session."""
    with writing():
        moderators.end_session(session_id, moderator_id=moderator_id)


def _opened(sealed: str, now: datetime) -> tuple[UUID, str]:
    try:
        moderator_id, began, mark = json.loads(
            tools().keyring.unseal(base64.urlsafe_b64decode(sealed), context=BETWEEN)
        )
    except Exception as fault:
        raise Invalid("code", "begin_again", "Please begin again with your address and password.") from fault
    if now.timestamp() - began > SECOND_STEP_LIFE.total_seconds():
        raise Invalid("code", "begin_again", "That was a while ago: please begin again with your address and password.")
    return UUID(hex=moderator_id), mark


def _begin(moderator_id: UUID, browser: str, now: datetime) -> str:
    token = new_token("pbs_")
    kept = "".join(letter for letter in browser if letter.isprintable())[:BROWSER_MAX]
    with writing():
        moderators.add_session(moderator_id, token_hash=token_hash(token), browser=kept, now=now)
    return token


def _spend(account: str, address: str | None, now: datetime) -> None:
    network = tools().keyring.lookup_hash("client", "sign-in", client_network(address)).hex()
    spent = [Charge(SIGN_IN_BY_ACCOUNT, account), Charge(SIGN_IN_BY_NETWORK, network)]
    verdict = tools().limiter.spend("desk", spent, now=now)
    if not verdict.allowed:
        raise RateLimited(verdict)
