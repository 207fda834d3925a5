"""What has to be done from time to time: forget what may no longer be kept, and move addresses to a new key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import known_readers, opinions
from service.actions.accounts import email_hashes, totp_context
from service.actions.idempotent import ANSWER_LIFE
from service.actions.known_readers import reader_hashes
from service.actions.rules import reseal_rules
from service.actions.screen import ALIKE_WINDOW
from service.actions.toolbox import tools
from service.adapters.keyring import CannotUnseal
from service.domain.comment import CLIENT_KEY_LIFE
from service.domain.emails import email_lookup_form
from service.domain.errors import StoreUnavailable
from service.store import authors, comments, flags, idempotency, moderators, outbox, sketches, votes
from service.store import session as database
from service.store.authors import SealedAddress
from service.store.session import reading, writing

__all__ = ["CannotUnseal", "Forgotten", "Readiness", "apply_retention", "readiness", "reseal_emails"]

BATCH = 500  # addresses re-sealed in one transaction: short enough that submissions do not notice
FORGET_BATCH = 5_000  # rows forgotten in one transaction, which has to end well before a statement's time is up

STALE = ("score", "opinion", "report", "learn")
"""Jobs that are forgotten by their age; what a lost `learn` would have told, the next decision tells as well."""


@dataclass(frozen=True)
class Forgotten:
    """How much was dropped; `client_keys` are those of comments, votes and flags together.

    `sketches` are the numbers by which copies of a text are known, `jobs` what waited in the outbox or was given up.
    """

    client_keys: int
    answers: int
    sketches: int = 0
    jobs: int = 0


def apply_retention(*, now: datetime, batch: int = FORGET_BATCH) -> Forgotten:
    """Drop client keys older than 30 days and the expired answers to Idempotency-Keys; what is counted stays counted.

    A vote is nothing but its client key, so it goes with it. Jobs go as well, whether they wait or were given up: what
    nobody has asked by then helps nobody, and what is for Akismet has a client's address in it, sealed.
    """
    before = now - CLIENT_KEY_LIFE
    return Forgotten(
        client_keys=_in_batches(lambda: comments.drop_client_keys(before=before, limit=batch), batch)
        + _in_batches(lambda: votes.drop_votes(before=before, limit=batch), batch)
        + _in_batches(lambda: flags.drop_client_keys(before=before, limit=batch), batch),
        answers=_in_batches(lambda: idempotency.drop_answers(before=now - ANSWER_LIFE, limit=batch), batch),
        sketches=_in_batches(lambda: sketches.drop_sketches(before=now - ALIKE_WINDOW, limit=batch), batch),
        jobs=_in_batches(lambda: outbox.drop_jobs(STALE, before=before, limit=batch), batch),
    )


def _in_batches(drop: Callable[[], int], batch: int) -> int:
    total = 0
    while True:
        with writing():
            dropped = drop()
        total += dropped
        if dropped < batch:
            return total


def reseal_emails() -> int:
    """Seal every address that is under an older key with the current one; returns how many were moved.

    Those of moderators and in rules are among them; the secrets of second factors, hooks and Akismet are moved along.

    Run it after a new SECRET_KEY with the old one in SECRET_KEY_FALLBACKS; afterwards the old one can go. It can be
    stopped and run again. Raises CannotUnseal where an address was sealed with a key that is not configured.
    """
    moved = _reseal_accounts() + reseal_rules()
    opinions.reseal_secrets()
    known_readers.reseal_keys()
    last: UUID | None = None
    while True:
        with reading():
            batch = authors.sealed_addresses_after(last, limit=BATCH)
        if not batch:
            return moved
        last = batch[-1].author_id
        stale = [address for address in batch if _is_stale(address)]
        if not stale:
            continue
        with writing():
            for address in stale:
                _reseal_author(address)
                moved += 1


def _is_stale(address: SealedAddress) -> bool:
    sealed = (address.email_sealed, address.subject_sealed)
    return any(one and not tools().keyring.is_current(one) for one in sealed)


def _reseal_author(author: SealedAddress) -> None:
    keyring, context, site = tools().keyring, author.site_id.bytes, str(author.site_id)
    email = keyring.unseal(author.email_sealed, context=context) if author.email_sealed else ""
    sealed = keyring.seal(email, context=context) if email else b""
    address_hash = keyring.lookup_hash("email", site, email_lookup_form(email)) if email else None
    if author.subject_sealed is None:
        assert address_hash is not None, "an author without an address or a name at the site is under no key"
        authors.reseal(author, email_hash=address_hash, email_sealed=sealed)
        return
    subject = keyring.unseal(author.subject_sealed, context=context)
    authors.reseal(
        author,
        email_hash=reader_hashes(author.site_id, subject)[0],
        email_sealed=sealed,
        address_hash=address_hash,
        subject_sealed=keyring.seal(subject, context=context),
    )


def _reseal_accounts() -> int:
    keyring = tools().keyring
    moved = 0
    with writing():
        for moderator_id, email_sealed, totp_sealed in moderators.sealed_accounts():
            context = moderator_id.bytes
            if not keyring.is_current(email_sealed):
                email = keyring.unseal(email_sealed, context=context)
                moderators.change_account(
                    moderator_id,
                    email_sealed=keyring.seal(email, context=context),
                    email_hash=email_hashes(email)[0],
                )
                moved += 1
            if totp_sealed is not None and not keyring.is_current(totp_sealed):
                secret = keyring.unseal(totp_sealed, context=totp_context(moderator_id))
                sealed = keyring.seal(secret, context=totp_context(moderator_id))
                moderators.change_account(moderator_id, totp_sealed=sealed)
    return moved


@dataclass(frozen=True)
class Readiness:
    """Which stores answer; the service is ready without Redis, which holds only what may vanish."""

    database: bool
    redis: bool

    @property
    def is_ready(self) -> bool:
        """True where requests can be served."""
        return self.database


def readiness() -> Readiness:
    """Ask both stores; never raises."""
    try:
        database.ping()
        has_database = True
    except StoreUnavailable:
        has_database = False
    return Readiness(has_database, tools().redis.ping())
