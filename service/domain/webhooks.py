"""A site's webhooks: where its events are sent, how long that is tried, and when an endpoint is given up."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from service.domain.destinations import Network, check_url, may_be_called
from service.domain.errors import Invalid
from service.domain.events import EventType

MOST_WEBHOOKS = 50  # of a site: more are no site's, and each is looked at with every event
DESCRIPTION_MAX = 200  # characters
BOTH_SECRETS_FOR = timedelta(hours=24)
"""How long requests carry the signatures of the new and of the earlier secret, so that nobody has to hurry."""
MOST_ATTEMPTS = 20  # with the pauses below at least 30 hours: a server that is down for a night misses nothing
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=8)
PATIENCE = 5  # failures in a row, of whatever deliveries, after which an endpoint is left alone for a while
LONGEST_REST = timedelta(minutes=5)  # so that an endpoint which is back has everything soon after
GIVEN_UP_AFTER = timedelta(days=5)
"""An endpoint that has done nothing but fail for so long is switched off."""
GONE = 410  # the endpoint says itself that it wants nothing any more (RFC 9110, section 15.5.11)
KEPT_FOR = timedelta(days=30)
"""How long the log of deliveries is kept, and what was given up can be sent again."""


class Delivery(StrEnum):
    """What became of an event on its way to one endpoint."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class MadeAttempt:
    """One attempt to deliver an event; `status` is None where nobody answered, `problem` None where it was taken."""

    number: int
    at: datetime
    status: int | None
    seconds: float
    answer: str
    problem: str | None


@dataclass(frozen=True)
class Webhook:
    """An endpoint of a site; `failures` counts those since the last success, of which `failing_since` was the first.

    One that is switched off says in `disabled_reason` why. Secrets are sealed.
    """

    id: UUID
    site_id: UUID
    url: str
    description: str
    events: tuple[EventType, ...]
    secret_sealed: bytes
    earlier_secret_sealed: bytes | None
    earlier_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str
    failures: int
    failing_since: datetime | None
    created_at: datetime

    @property
    def is_enabled(self) -> bool:
        """True while events are collected for it and sent."""
        return self.disabled_at is None

    def two_secrets_until(self, now: datetime) -> datetime | None:
        """Return until when requests have two signatures, or None where they have one."""
        is_over = self.earlier_until is None or self.earlier_until <= now
        return None if is_over or self.earlier_secret_sealed is None else self.earlier_until


def check_webhook_url(field: str, raw: str, *, allowed: Sequence[Network]) -> str:
    """Return an address that may be called, in its one spelling; raises Invalid.

    An address written as numbers is judged here, and so is this machine's own name; where other names lead is judged
    with every call.
    """
    url = check_url(field, raw)
    host = (urlsplit(url).hostname or "").strip("[]")
    if _is_address(host):
        is_inside = not may_be_called(host, allowed=allowed)
    else:
        is_inside = host in {"localhost", "localhost.localdomain"} or host.endswith(".localhost")
        is_inside = is_inside and not may_be_called("127.0.0.1", allowed=allowed)
    if is_inside:
        sentence = "This address is not on the public internet, so it would never be called; give one that is."
        raise Invalid(field, "not_public", sentence)
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def pause_after(attempts: int, chance: float) -> timedelta:
    """Return how long a delivery rests after that many attempts: twice as long each time, half of it up to chance.

    `chance` is from 0 to 1, so that deliveries that failed together do not come back together.
    """
    longest = min(FIRST_PAUSE * (1 << min(attempts - 1, 30)), LONGEST_PAUSE)
    return longest * (0.5 + chance / 2)


def rest_after(failures: int) -> timedelta:
    """Return how long an endpoint is left alone after so many failures in a row.

    Else every event that waits would be tried at a server that is down, and use up its attempts.
    """
    if failures < PATIENCE:
        return timedelta(0)
    return min(FIRST_PAUSE * (1 << min(failures - PATIENCE, 30)), LONGEST_REST)


def reason_to_disable(webhook: Webhook, *, status: int | None, now: datetime) -> str | None:
    """Return why an endpoint that has just failed is switched off, as a sentence; None where it is not."""
    if status == GONE:
        return "It answered 410 Gone, by which it says that it wants nothing any more."
    if webhook.failing_since is not None and now - webhook.failing_since >= GIVEN_UP_AFTER:
        return f"For {GIVEN_UP_AFTER.days} days it has done nothing but fail."
    return None


def problem_with(status: int) -> str | None:
    """Return what is wrong with the status of an answer, as a sentence; None for one that takes the event."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return (
            f"The endpoint answered with a redirect ({status}), which is never followed; "
            "set the webhook to the address that it leads to."
        )
    if status == GONE:
        return "The endpoint answered 410 Gone."
    return f"The endpoint answered with status {status}; any from 200 to 299 takes the event."
