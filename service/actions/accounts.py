"""People get an account at the desk, keep it, and end their sessions."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions.toolbox import tools
from service.adapters.keyring import token_hash
from service.adapters.passwords import hash_password, is_password
from service.adapters.qr import draw_qr
from service.domain import totp
from service.domain.accounts import RECOVERY_CODES, SIGN_IN_BY_ACCOUNT, check_password
from service.domain.comment import NAME_MAX
from service.domain.emails import email_lookup_form, parse_email
from service.domain.errors import Invalid, RateLimited
from service.domain.limits import Charge
from service.domain.sessions import session_is_alive
from service.domain.writing import Faults, check_line
from service.store import moderators
from service.store.ids import new_id
from service.store.moderators import Account, SessionBrief
from service.store.session import reading, writing

SETTING_UP = b"second factor being set up"


@dataclass(frozen=True)
class AccountView:
    """An account as its owner sees it."""

    name: str
    email: str
    has_second_factor: bool
    recovery_codes_left: int
    sessions: Sequence[SessionBrief]


def totp_context(moderator_id: UUID) -> bytes:
    """Return what the secret of a second factor is bound to when it is sealed: not what the address is bound to."""
    return b"totp" + moderator_id.bytes


def email_hashes(email: str) -> tuple[bytes, ...]:
    """Return the hashes by which the account of an address is found, by the current key first."""
    return tools().keyring.lookup_hashes("moderator", email_lookup_form(email))


def check_new_account(name: str, email: str, password: str) -> tuple[str, str, str]:
    """Return name, address and password as they are kept; raises Invalid with every field that cannot be."""
    faults = Faults()
    kept_name = faults.gather(lambda: check_account_name(name), "")
    kept_email = faults.gather(lambda: parse_email(email), "")
    kept_password = faults.gather(lambda: check_password(password), "")
    faults.raise_if_any()
    return kept_name, kept_email, kept_password


def check_account_name(name: str) -> str:
    """Return the name that colleagues read in the log; raises Invalid for none, or one too long."""
    line = check_line("name", name, most=NAME_MAX)
    if not line:
        raise Invalid("name", "required", "Colleagues read your name beside what you decide: please fill it in.")
    return line


def store_account(name: str, email: str, password_hash: str, *, now: datetime) -> UUID:
    """Store a checked account inside the caller's transaction and return its id; raises Invalid for a known address."""
    moderator_id = new_id(now)
    is_new = moderators.find_account(email_hashes(email)) is None and moderators.add_moderator(
        moderator_id,
        name=name,
        email_hash=email_hashes(email)[0],
        email_sealed=tools().keyring.seal(email, context=moderator_id.bytes),
        password_hash=password_hash,
        now=now,
    )
    if not is_new:
        raise Invalid(
            "email", "taken", "There is an account of this address: sign in with it, then open the link again."
        )
    return moderator_id


def read_account(moderator_id: UUID, *, now: datetime) -> AccountView:
    """Return an account that exists, with its sessions that are still good."""
    with reading():
        account = moderators.get_account(moderator_id)
        sessions = [
            session
            for session in moderators.sessions_of(moderator_id)
            if session_is_alive(created_at=session.created_at, last_seen_at=session.last_seen_at, now=now)
        ]
        codes = moderators.count_recovery_codes(moderator_id)
    email = tools().keyring.unseal(account.email_sealed, context=moderator_id.bytes)
    return AccountView(account.name, email, account.totp_sealed is not None, codes, sessions)


def rename(moderator_id: UUID, name: str) -> None:
    """Change the name that colleagues read; what the log has stays as it was."""
    checked = check_account_name(name)
    with writing():
        moderators.change_account(moderator_id, name=checked)


def change_password(moderator_id: UUID, old: str, new: str, *, session_id: UUID, now: datetime) -> None:
    """Change a password and end every other session.

    Raises Invalid where the old one is wrong or the new one weak, and RateLimited for too many tries.
    """
    faults = Faults()
    faults.gather(lambda: _check_is_password(moderator_id, old, "old_password", now), None)
    faults.gather(lambda: check_password(new, field="new_password"), "")
    faults.raise_if_any()
    hashed = hash_password(new)
    with writing():
        moderators.change_account(moderator_id, password_hash=hashed)
        moderators.end_sessions(moderator_id, except_for=session_id)


def _check_is_password(moderator_id: UUID, password: str, field: str, now: datetime) -> None:
    # Whoever sits before a session that somebody left open guesses no faster than before the sign-in form.
    verdict = tools().limiter.spend("desk", [Charge(SIGN_IN_BY_ACCOUNT, moderator_id.hex)], now=now)
    if not verdict.allowed:
        raise RateLimited(verdict)
    with reading():
        account = moderators.get_account(moderator_id)
    if not is_password(account.password_hash, password):
        raise Invalid(field, "wrong_password", "This is not your present password.")


@dataclass(frozen=True)
class SecondFactorOffer:
    """A second factor that is not in force yet; `sealed` comes back with the code that proves it was set up."""

    sealed: str
    secret: str
    uri: str
    """What the QR code says; an app on the same device opens it."""
    qr_svg: str


def offer_second_factor(moderator_id: UUID) -> SecondFactorOffer:
    """Return a new secret to be put into an app; nothing is in force until a code proves that it was."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    return _offer(moderator_id, secret)


def _offer(moderator_id: UUID, secret: bytes) -> SecondFactorOffer:
    keyring = tools().keyring
    with reading():
        account = moderators.get_account(moderator_id)
    email = keyring.unseal(account.email_sealed, context=moderator_id.bytes)
    uri = totp.provisioning_uri(secret, account=email)
    sealed = base64.urlsafe_b64encode(keyring.seal(secret.hex(), context=SETTING_UP + moderator_id.bytes)).decode()
    return SecondFactorOffer(sealed, totp.secret_text(secret), uri, draw_qr(uri))


class WrongCode(Invalid):
    """The code does not prove the offer, which is carried along to be shown once more."""

    def __init__(self, offer: SecondFactorOffer) -> None:
        self.offer = offer
        super().__init__("code", "wrong_code", "This code is not right. Wait for the next one, and look at your clock.")


def turn_on_second_factor(moderator_id: UUID, sealed: str, code: str, *, now: datetime) -> list[str]:
    """Put an offered second factor into force and return ten recovery codes, which are not shown again.

    Raises WrongCode, and Invalid where the offer is not one of this account's, or where a second factor is in force:
    without the password nobody puts another one in its place.
    """
    keyring = tools().keyring
    with reading():
        if moderators.get_account(moderator_id).totp_sealed is not None:
            raise Invalid("password", "already_on", "Turn the present second factor off first.")
    try:
        opened = keyring.unseal(base64.urlsafe_b64decode(sealed), context=SETTING_UP + moderator_id.bytes)
    except Exception as fault:
        raise Invalid(
            "code", "offer_unknown", "Please begin again: this page was opened in an earlier session."
        ) from fault
    secret = bytes.fromhex(opened)
    step = totp.matching_step(secret, code, now=now, after=None)
    if step is None:
        raise WrongCode(_offer(moderator_id, secret))
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    with writing():
        moderators.change_account(
            moderator_id, totp_sealed=keyring.seal(secret.hex(), context=totp_context(moderator_id)), totp_step=step
        )
        moderators.replace_recovery_codes(moderator_id, [recovery_hash(code) for code in codes])
    return codes


def turn_off_second_factor(moderator_id: UUID, password: str, *, now: datetime) -> None:
    """Take the second factor out of force; raises Invalid where the password is wrong, RateLimited for many tries."""
    _check_is_password(moderator_id, password, "password", now)
    forget_second_factor(moderator_id)


def forget_second_factor(moderator_id: UUID) -> None:
    """Take the second factor and its recovery codes out of force."""
    with writing():
        moderators.change_account(moderator_id, totp_sealed=None, totp_step=None)
        moderators.replace_recovery_codes(moderator_id, [])


def second_factor_is_right(account: Account, code: str, *, now: datetime) -> bool:
    """Use up a code of the app or a recovery code, inside the caller's transaction; False where it is neither."""
    if account.totp_sealed is None:
        return True
    secret = bytes.fromhex(tools().keyring.unseal(account.totp_sealed, context=totp_context(account.id)))
    step = totp.matching_step(secret, code, now=now, after=account.totp_step)
    if step is not None:
        return moderators.use_totp_step(account.id, step)
    return moderators.use_recovery_code(account.id, recovery_hash(code))


def new_recovery_code() -> str:
    """Return a code of 80 random bits in four groups: `k3pd-7qzw-m2xa-9c5t`."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def recovery_hash(code: str) -> bytes:
    """Return the hash under which a recovery code is kept, however it was typed."""
    return token_hash("".join(letter for letter in code.lower() if letter.isalnum()))


def end_session(moderator_id: UUID, session_id: UUID) -> None:
    """End one of one's own sessions."""
    with writing():
        moderators.end_session(session_id, moderator_id=moderator_id)


def end_other_sessions(moderator_id: UUID, session_id: UUID) -> None:
    """End all of one's sessions but this one."""
    with writing():
        moderators.end_sessions(moderator_id, except_for=session_id)
