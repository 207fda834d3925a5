"""A site's webhooks: set, changed, tried, and what was sent to them seen and sent again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from service.actions.events import settle_tells
from service.actions.paging import delivery_cursor, delivery_position, scope_of
from service.actions.record import record
from service.actions.toolbox import tools
from service.adapters.hook import new_hook_secret
from service.adapters.webhook import Attempt, send_event
from service.domain.errors import Invalid, NotFound
from service.domain.events import check_types, sample
from service.domain.life import Actor
from service.domain.log import LogKind
from service.domain.permissions import Caller
from service.domain.webhooks import (
    BOTH_SECRETS_FOR,
    DESCRIPTION_MAX,
    MOST_WEBHOOKS,
    Delivery,
    Webhook,
    check_webhook_url,
)
from service.domain.writing import Faults, check_line
from service.store import delivery_log, sites, webhooks
from service.store.deliveries import Sending
from service.store.ids import new_id
from service.store.session import after_commit, reading, writing

MOST_COUNTED = 1_000  # of what waits or was given up, for one endpoint; more is told as "at least"
SENT_AGAIN_TOGETHER = 1_000  # deliveries in one transaction
REMOVED_TOGETHER = 5_000

__all__ = [
    "Attempt",
    "Delivery",
    "DeliveryPage",
    "Listed",
    "Made",
    "Sending",
    "Webhook",
    "add_webhook",
    "change_webhook",
    "read_deliveries",
    "read_webhook",
    "read_webhooks",
    "remove_webhook",
    "reseal_secrets",
    "resend",
    "resend_given_up",
    "rotate_secret",
    "try_webhook",
]


@dataclass(frozen=True)
class Listed:
    """A webhook, and how much waits for it and was given up, each counted up to MOST_COUNTED."""

    webhook: Webhook
    waiting: int
    given_up: int


@dataclass(frozen=True)
class Made:
    """A webhook with its new secret, which is told once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True)
class DeliveryPage:
    """A page of what was sent to a webhook, the latest event first."""

    deliveries: Sequence[Sending]
    next_cursor: str | None


def read_webhooks(caller: Caller) -> list[Listed]:
    """Return the webhooks of the caller's site, the first made first."""
    with reading():
        found = webhooks.webhooks_of(caller.site_id)
        counts = delivery_log.count_deliveries([webhook.id for webhook in found], most=MOST_COUNTED)
    return [Listed(webhook, *counts[webhook.id]) for webhook in found]


def read_webhook(caller: Caller, webhook_id: UUID) -> Listed:
    """Return one webhook of the caller's site; raises NotFound."""
    with reading():
        webhook = _found(caller, webhook_id)
        return Listed(webhook, *delivery_log.count_deliveries([webhook_id], most=MOST_COUNTED)[webhook_id])


def add_webhook(caller: Caller, url: str, chosen: Iterable[object], *, description: str = "", now: datetime) -> Made:
    """Send these events of the caller's site to an endpoint from now on, and return the secret they are signed with.

    Raises Invalid for every value at fault: an address that could not be called, no events, too many webhooks.
    """
    checked = _checked({"url": url, "events": chosen, "description": description})
    secret, webhook_id = new_hook_secret(), new_id(now)
    webhook = Webhook(
        id=webhook_id,
        site_id=caller.site_id,
        secret_sealed=tools().keyring.seal(secret, context=webhook_id.bytes),
        earlier_secret_sealed=None,
        earlier_until=None,
        disabled_at=None,
        disabled_reason="",
        failures=0,
        failing_since=None,
        created_at=now,
        **checked,
    )
    with writing():
        sites.hold_site(caller.site_id)
        if webhooks.count_webhooks(caller.site_id) >= MOST_WEBHOOKS:
            raise Invalid("url", "too_many", f"A site has at most {MOST_WEBHOOKS} webhooks; remove one first.")
        webhooks.add_webhook(webhook)
        settle_tells(caller.site_id, now=now)
        details = {"events": [None, [event.value for event in webhook.events]]}
        _log(caller.actor, webhook, "create", details, now)
    return Made(webhook, secret)


def change_webhook(caller: Caller, webhook_id: UUID, said: Mapping[str, Any], *, now: datetime) -> Webhook:
    """Change what is given of `url`, `events`, `description` and `enabled`, and return the webhook.

    While one is switched off nothing is collected for it; what waited goes out when it is switched on again. Raises
    NotFound, and Invalid for every value at fault.
    """
    checked = _checked({name: value for name, value in said.items() if name != "enabled"})
    with writing():
        sites.hold_site(caller.site_id)
        before = _found(caller, webhook_id, hold=True)
        after = replace(before, **checked)
        if "enabled" in said and said["enabled"] != before.is_enabled:
            after = _switched(after, is_on=said["enabled"], now=now)
        if after == before:
            return before
        columns = _columns(before, after)
        if after.is_enabled and not before.is_enabled:
            columns["resting_until"] = None
        webhooks.change_webhook(webhook_id, **columns)
        settle_tells(caller.site_id, now=now)
        was, told = _settings(before), _settings(after)
        details = {name: [was[name], value] for name, value in told.items() if was[name] != value}
        action = "change"
        if set(details) == {"enabled"}:
            action = "enable" if after.is_enabled else "disable"
        _log(caller.actor, before, action, details, now)
        after_commit(tools().wakeups.wake)
    return after


def rotate_secret(caller: Caller, webhook_id: UUID, *, now: datetime) -> Made:
    """Make a new secret and return it; for a day requests carry the signature of the one before as well.

    Of an even earlier one they do no longer. Raises NotFound.
    """
    secret = new_hook_secret()
    with writing():
        sites.hold_site(caller.site_id)
        before = _found(caller, webhook_id, hold=True)
        after = replace(
            before,
            secret_sealed=tools().keyring.seal(secret, context=webhook_id.bytes),
            earlier_secret_sealed=before.secret_sealed,
            earlier_until=now + BOTH_SECRETS_FOR,
        )
        webhooks.change_webhook(webhook_id, **_columns(before, after))
        _log(caller.actor, before, "rotate", {"secret": ["an earlier one", "a new one"]}, now)
    return Made(after, secret)


def remove_webhook(caller: Caller, webhook_id: UUID, *, now: datetime) -> None:
    """Send nothing to a webhook any more, and forget it, its secrets and what was sent; raises NotFound."""
    with writing():
        sites.hold_site(caller.site_id)
        before = _found(caller, webhook_id, hold=True)
        webhooks.remove_webhook(webhook_id)
        settle_tells(caller.site_id, now=now)
        _log(caller.actor, before, "remove", {"events": [[event.value for event in before.events], None]}, now)
    removed = REMOVED_TOGETHER
    while removed == REMOVED_TOGETHER:
        # In parts, since there may be a month of them; what is left by whoever is stopped here goes with its age.
        with writing():
            removed = delivery_log.drop_of_webhook(webhook_id, limit=REMOVED_TOGETHER)


def try_webhook(caller: Caller, webhook_id: UUID, *, now: datetime) -> Attempt:
    """Send an event about no reader's words, marked as a test, and return what came back; nothing is kept.

    Raises NotFound.
    """
    with reading():
        webhook, site = _found(caller, webhook_id), sites.get_site(caller.site_id)
    secret = tools().keyring.unseal(webhook.secret_sealed, context=webhook.id.bytes)
    allowed = tools().allowed_networks
    return send_event(webhook.url, [secret], str(new_id(now)), sample(site, now), allowed=allowed, now=now)


def read_deliveries(
    caller: Caller, webhook_id: UUID, *, status: Delivery | None = None, cursor: str | None = None, limit: int = 50
) -> DeliveryPage:
    """Return a page of what was sent to a webhook within thirty days, or waits for it, the latest event first.

    Raises NotFound, and Invalid for a cursor of another list.
    """
    scope = scope_of("deliveries", webhook_id, status)
    before = delivery_position(scope, cursor)
    with reading():
        _found(caller, webhook_id)
        found = delivery_log.list_deliveries(webhook_id, status=status, before=before, limit=limit + 1)
    page = found[:limit]
    return DeliveryPage(page, delivery_cursor(scope, page[-1].event_id) if len(found) > limit else None)


def resend(caller: Caller, webhook_id: UUID, event_id: UUID, *, now: datetime) -> Sending:
    """Let an event be sent to a webhook once more, with all its attempts and the same id; raises NotFound."""
    with writing():
        _found(caller, webhook_id)
        sending = delivery_log.send_again(webhook_id, event_id, now=now)
        if sending is None:
            raise NotFound("Nothing of this id was sent to this webhook within thirty days.")
        after_commit(tools().wakeups.wake)
    return sending


def resend_given_up(caller: Caller, webhook_id: UUID, *, now: datetime) -> int:
    """Let everything that was given up be sent to a webhook once more; returns how much it is. Raises NotFound."""
    total, moved = 0, SENT_AGAIN_TOGETHER
    while moved == SENT_AGAIN_TOGETHER:
        with writing():
            _found(caller, webhook_id)
            moved = delivery_log.send_given_up_again(webhook_id, limit=SENT_AGAIN_TOGETHER, now=now)
            after_commit(tools().wakeups.wake)
        total += moved
    return total


def reseal_secrets() -> None:
    """Seal every secret that is under an older key with the current one; raises CannotUnseal."""
    keyring = tools().keyring
    with writing():
        for webhook_id, secret, earlier in webhooks.sealed_secrets():
            stale = {"secret_sealed": secret, "earlier_secret_sealed": earlier}
            moved = {
                name: keyring.seal(keyring.unseal(sealed, context=webhook_id.bytes), context=webhook_id.bytes)
                for name, sealed in stale.items()
                if sealed is not None and not keyring.is_current(sealed)
            }
            if moved:
                webhooks.change_webhook(webhook_id, **moved)


def _found(caller: Caller, webhook_id: UUID, *, hold: bool = False) -> Webhook:
    webhook = webhooks.find_webhook(webhook_id, site_id=caller.site_id, hold=hold)
    if webhook is None:
        raise NotFound("This site has no such webhook.")
    return webhook


def _checked(said: Mapping[str, Any]) -> dict[str, Any]:
    checks = {
        "url": lambda value: check_webhook_url("url", value, allowed=tools().allowed_networks),
        "events": lambda value: check_types("events", value),
        "description": lambda value: check_line("description", value, most=DESCRIPTION_MAX),
    }
    faults = Faults()
    checked = {name: faults.gather(partial(checks[name], value), None) for name, value in said.items()}
    faults.raise_if_any()
    return checked


def _switched(webhook: Webhook, *, is_on: bool, now: datetime) -> Webhook:
    if is_on:
        return replace(webhook, disabled_at=None, disabled_reason="", failures=0, failing_since=None)
    return replace(webhook, disabled_at=now, disabled_reason="Somebody switched it off.")


def _columns(before: Webhook, after: Webhook) -> dict[str, Any]:
    return {name: value for name, value in vars(after).items() if value != getattr(before, name)}


def _settings(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "events": [event.value for event in webhook.events],
        "description": webhook.description,
        "enabled": webhook.is_enabled,
    }


def _log(actor: Actor, webhook: Webhook, action: str, details: Mapping[str, Any], now: datetime) -> None:
    record(webhook.site_id, LogKind.WEBHOOK, action, actor=actor, subject=webhook.url, details=details, now=now)
