"""What has to be done from time to time: forget what may no longer be kept, and move addresses to a new key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import opinions, webhooks
from service.actions.accounts import email_hashes, totp_context
from service.actions.idempotent import ANSWER_LIFE
from service.actions.rules import reseal_rules
from service.actions.screen import ALIKE_WINDOW
from service.actions.toolbox import tools
from service.adapters.keyring import CannotUnseal
from service.domain.comment import CLIENT_KEY_LIFE
from service.domain.emails import email_lookup_form
from service.domain.errors import StoreUnavailable
from service.domain.letters import NEWS_LIFE, UNCONFIRMED_LIFE
from service.domain.webhooks import KEPT_FOR
from service.store import (
    authors,
    comments,
    deliveries,
    flags,
    idempotency,
    moderators,
    outbox,
    sketches,
    subscriptions,
    votes,
)
from service.store import session as database
from service.store.session import reading, writing

__all__ = ["CannotUnseal", "Forgotten", "Readiness", "apply_retention", "readiness", "reseal_emails"]

BATCH = 500  # addresses re-sealed in one transaction: short enough that submissions do not notice
FORGET_BATCH = 5_000  # rows forgotten in one transaction, which has to end well before a statement's time is up

STALE = ("score", "opinion", "report", "learn", "event", "letter")
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
    deliveries: int = 0
    """Events that were sent to webhooks, or could not be."""
    letters: int = 0
    """Wishes for letters that nobody confirmed, what subscribers were told, and counts of letters by address."""


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
        deliveries=_in_batches(lambda: deliveries.drop_deliveries(before=now - KEPT_FOR, limit=batch), batch),
        letters=_in_batches(lambda: subscriptions.drop_unconfirmed(before=now - UNCONFIRMED_LIFE, limit=batch), batch)
        + _in_batches(lambda: subscriptions.drop_news(before=now - NEWS_LIFE, limit=batch), batch)
        + _in_batches(lambda: subscriptions.drop_unasked(before=now.date()), batch),
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

    Those of moderators and in rules are among them; the secrets of second factors, hooks, webhooks and Akismet are
    moved along.

    Run it after a new SECRET_KEY with the old one in SECRET_KEY_FALLBACKS; afterwards the old one can go. It can be
    stopped and run again. Raises CannotUnseal where an address was sealed with a key that is not configured.
    """
    moved = _reseal_accounts() + reseal_rules()
    opinions.reseal_secrets()
    webhooks.reseal_secrets()
    last: UUID | None = None
    keyring = tools().keyring
    while True:
        with reading():
            batch = authors.sealed_addresses_after(last, limit=BATCH)
        if not batch:
            return moved
        last = batch[-1].author_id
        stale = [address for address in batch if not keyring.is_current(address.email_sealed)]
        if not stale:
            continue
        with writing():
            for address in stale:
                context = address.site_id.bytes
                email = keyring.unseal(address.email_sealed, context=context)
                authors.reseal(
                    address,
                    email_hash=keyring.lookup_hash("email", str(address.site_id), email_lookup_form(email)),
                    email_sealed=keyring.seal(email, context=context),
                )
                moved += 1


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
