"""Events are carried to webhooks: taken in their order, sent, and what came of it kept for whoever runs the endpoint.

Each is sent at least once and always under the same id: what was on its way when a worker was killed is sent again when
its claim is over. The call itself is made outside of any transaction.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from service.actions.events import settle_tells
from service.actions.record import record
from service.actions.toolbox import tools
from service.adapters.keyring import CannotUnseal
from service.adapters.webhook import Attempt, send_event
from service.domain.events import EventType, comment_data, gone_data, payload, site_data
from service.domain.life import SERVICE
from service.domain.log import LogKind
from service.domain.webhooks import (
    GONE,
    MOST_ATTEMPTS,
    Delivery,
    Webhook,
    pause_after,
    reason_to_disable,
    rest_after,
)
from service.store import deliveries, sites, webhooks
from service.store.deliveries import Sending
from service.store.session import reading, writing

CLAIM_LASTS = timedelta(seconds=30)
"""Longer than any call takes, and short enough that what a killed worker was sending is not missed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parcel:
    """An event that this worker has to send to an endpoint, with everything that is said of it."""

    sending: Sending
    webhook: Webhook
    payload: dict[str, Any]


def ready(*, now: datetime) -> list[tuple[UUID, int]]:
    """Return the endpoints that something is due for, who has waited longest first, with their failures in a row."""
    with reading():
        return deliveries.ready(now=now)


def take(webhook_id: UUID, *, now: datetime) -> Parcel | None:
    """Return what is to be sent to an endpoint next, or None; nobody else gets it before CLAIM_LASTS is over."""
    with writing():
        return _take(webhook_id, now)


def send(parcel: Parcel, *, now: datetime) -> Attempt:
    """Send it and return what came back; never raises."""
    webhook, keyring = parcel.webhook, tools().keyring
    sealed = [webhook.secret_sealed]
    if webhook.earlier_secret_sealed is not None and webhook.two_secrets_until(now) is not None:
        sealed.append(webhook.earlier_secret_sealed)
    try:
        secrets = [keyring.unseal(one, context=webhook.id.bytes) for one in sealed]
        event_id = str(parcel.sending.event_id)
        return send_event(webhook.url, secrets, event_id, parcel.payload, allowed=tools().allowed_networks, now=now)
    except CannotUnseal:
        return Attempt(0.0, problem="The secret of this webhook cannot be read any more; make a new one.")
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with one event must not keep the others
        return _failed(webhook, fault)


def _failed(webhook: Webhook, fault: Exception) -> Attempt:
    # Of the fault only its kind is fit for the log: messages quote what people wrote.
    log.error("webhook_not_sent", webhook=str(webhook.id), error=type(fault).__name__)
    return Attempt(0.0, problem="Something is wrong with the service itself.")


def settle(parcel: Parcel, attempt: Attempt, *, now: datetime, go_on: bool) -> Parcel | None:
    """Store what came of an attempt; with `go_on`, return what is to be sent to the same endpoint next, if anything.

    After a failure nothing is taken: the endpoint may have to rest, or is switched off.
    """
    sending, reason = parcel.sending, None
    with writing():
        if attempt.problem is None:
            deliveries.settle(sending, Delivery.DELIVERED, _told(sending, attempt, now), due_at=None, now=now)
            deliveries.note_success(sending.webhook_id)
            return _take(sending.webhook_id, now) if go_on else None
        is_last = sending.attempts >= MOST_ATTEMPTS or attempt.status == GONE
        pause = pause_after(sending.attempts, random.random())  # noqa: S311
        deliveries.settle(
            sending,
            Delivery.GIVEN_UP if is_last else Delivery.WAITING,
            _told(sending, attempt, now),
            due_at=None if is_last else now + pause,
            now=now,
        )
        webhook = webhooks.find_webhook(sending.webhook_id, hold=True)
        if webhook is not None:
            failed = replace(webhook, failures=webhook.failures + 1, failing_since=webhook.failing_since or now)
            webhooks.change_webhook(
                failed.id,
                failures=failed.failures,
                failing_since=failed.failing_since,
                resting_until=now + rest_after(failed.failures),
            )
            reason = reason_to_disable(failed, status=attempt.status, now=now) if failed.is_enabled else None
    say = log.error if is_last else log.warning
    what = "webhook_given_up" if is_last else "webhook_put_off"
    say(what, webhook=str(sending.webhook_id), delivery=str(sending.event_id), status=attempt.status)
    if reason is not None:
        _switch_off(parcel.webhook, reason, now)
    return None


def _take(webhook_id: UUID, now: datetime) -> Parcel | None:
    webhook = webhooks.find_webhook(webhook_id)
    if webhook is None or not webhook.is_enabled:
        return None
    sending = deliveries.claim(webhook_id, until=now + CLAIM_LASTS, now=now)
    return None if sending is None else Parcel(sending, webhook, _payload(sending, webhook.site_id))


def _payload(sending: Sending, site_id: UUID) -> dict[str, Any]:
    """Return what is said of an event: what was so then, and the words as they are stored now.

    So what was taken back since is told without them.
    """
    site, event = sites.get_site(site_id), sending.event(site_id)
    if event.comment_id is None:
        return payload(event, site_data(event, site))
    named = "published_revision" if event.type is EventType.PUBLISHED else "revision"
    found = deliveries.what_it_is_about(event.comment_id, event.facts[named], site_id=site_id)
    return payload(event, gone_data(event, site) if found is None else comment_data(event, site, *found))


def _told(sending: Sending, attempt: Attempt, now: datetime) -> dict[str, Any]:
    return {
        "attempt": sending.attempts,
        "at": now.isoformat(),
        "status": attempt.status,
        "seconds": round(attempt.seconds, 3),
        "answer": attempt.said,
        "problem": attempt.problem,
    }


def _switch_off(webhook: Webhook, reason: str, now: datetime) -> None:
    with writing():
        # The site before the webhook, as whoever changes one does.
        site = sites.hold_site(webhook.site_id)
        there = webhooks.find_webhook(webhook.id, hold=True)
        if there is None or not there.is_enabled:
            return
        webhooks.change_webhook(webhook.id, disabled_at=now, disabled_reason=reason)
        settle_tells(site.id, now=now)
        details = {"enabled": [True, False], "why": [None, reason]}
        record(site.id, LogKind.WEBHOOK, "disable", actor=SERVICE, subject=there.url, details=details, now=now)
    log.error("webhook_switched_off", webhook=str(webhook.id), site=site.slug)
