"""What has to be done from time to time: forget what may no longer be kept, and move addresses to a new key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import known_readers, opinions, retention, webhooks
from service.actions.accounts import email_hashes, totp_context
from service.actions.known_readers import reader_hashes
from service.actions.rules import reseal_rules
from service.actions.toolbox import tools
from service.adapters.keyring import CannotUnseal
from service.domain.emails import email_lookup_form
from service.domain.errors import StoreUnavailable
from service.domain.retention import Kept
from service.store import authors, moderators
from service.store import session as database
from service.store.authors import SealedAddress
from service.store.session import reading, writing

__all__ = ["CannotUnseal", "Forgotten", "Readiness", "apply_retention", "readiness", "reseal_emails"]

BATCH = 500  # addresses re-sealed in one transaction: short enough that submissions do not notice


@dataclass(frozen=True)
class Forgotten:
    """How much was dropped; `client_keys` are those of comments, votes and flags together.

    `sketches` are the numbers by which copies of a text are known, `jobs` what waited in the outbox or was given up,
    `texts` those of rejected comments and of spam, `emails` addresses that nobody has proven, `entries` those of logs.
    """

    client_keys: int
    answers: int
    sketches: int = 0
    jobs: int = 0
    deliveries: int = 0
    """Events that were sent to webhooks, or could not be."""
    texts: int = 0
    emails: int = 0
    entries: int = 0
    letters: int = 0
    """Wishes for letters that nobody confirmed, what subscribers were told, and counts of letters by address."""


def apply_retention(*, now: datetime, batch: int = retention.BATCH) -> Forgotten:
    """Forget at once what each site keeps no longer, and what belongs to no site; what is counted stays counted.

    A vote is nothing but its client key, so it goes with it. Jobs go as well, whether they wait or were given up: what
    nobody has asked by then helps nobody, and what is for Akismet has a client's address in it, sealed.
    """
    removed = retention.apply_now(now=now, batch=batch)
    return Forgotten(
        client_keys=removed[Kept.CLIENT_KEYS],
        answers=removed[retention.ANSWERS],
        sketches=removed[retention.SKETCHES],
        jobs=removed[retention.JOBS],
        deliveries=removed[retention.DELIVERIES],
        texts=removed[Kept.REJECTED] + removed[Kept.SPAM],
        emails=removed[Kept.UNPROVEN_EMAILS],
        entries=removed[Kept.LOG],
        letters=removed[retention.LETTERS],
    )


def reseal_emails() -> int:
    """Seal every address that is under an older key with the current one; returns how many were moved.

    Those of moderators and in rules are among them; the secrets of second factors, hooks, webhooks and Akismet are
    moved along.

    Run it after a new SECRET_KEY with the old one in SECRET_KEY_FALLBACKS; afterwards the old one can go. It can be
    stopped and run again. Raises CannotUnseal where an address was sealed with a key that is not configured.
    """
    moved = _reseal_accounts() + reseal_rules()
    opinions.reseal_secrets()
    webhooks.reseal_secrets()
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
