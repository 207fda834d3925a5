"""Reads and writes of webhooks: where a site's events are sent, and how that has gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update

from service.domain.events import EventType
from service.domain.webhooks import Webhook
from service.extensions import db
from service.store.models import WebhookRow
from service.store.prepared import run

_COLUMNS = (
    WebhookRow.id,
    WebhookRow.site_id,
    WebhookRow.url,
    WebhookRow.description,
    WebhookRow.events,
    WebhookRow.secret_sealed,
    WebhookRow.earlier_secret_sealed,
    WebhookRow.earlier_until,
    WebhookRow.disabled_at,
    WebhookRow.disabled_reason,
    WebhookRow.failures,
    WebhookRow.failing_since,
    WebhookRow.created_at,
)


_BY_ID = select(*_COLUMNS).where(WebhookRow.id == bindparam("the_id"))
"""Made once, since it is asked with every delivery."""


def webhooks_of(site_id: UUID) -> list[Webhook]:
    """Return the webhooks of a site, the first made first."""
    rows = db.session.execute(select(*_COLUMNS).where(WebhookRow.site_id == site_id).order_by(WebhookRow.id))
    return [_webhook(row) for row in rows]


def find_webhook(webhook_id: UUID, *, site_id: UUID | None = None, hold: bool = False) -> Webhook | None:
    """Return a webhook, of the site where one is named, or None; `hold` keeps others from changing it."""
    if site_id is None and not hold:
        found = run(_BY_ID, {"the_id": webhook_id})
        return _webhook(found[0]) if found else None
    wanted = select(*_COLUMNS).where(WebhookRow.id == webhook_id)
    if site_id is not None:
        wanted = wanted.where(WebhookRow.site_id == site_id)
    row = db.session.execute(wanted.with_for_update() if hold else wanted).one_or_none()
    return None if row is None else _webhook(row)


def listening(site_id: UUID) -> list[Webhook]:
    """Return the webhooks of a site that are switched on."""
    return [webhook for webhook in webhooks_of(site_id) if webhook.is_enabled]


def wanted_types(site_id: UUID) -> set[EventType]:
    """Return the types of events that some webhook of the site listens to."""
    return {event for webhook in listening(site_id) for event in webhook.events}


def count_webhooks(site_id: UUID) -> int:
    """Return how many webhooks a site has."""
    return db.session.scalar(select(func.count()).where(WebhookRow.site_id == site_id)) or 0


def add_webhook(webhook: Webhook) -> None:
    """Store a new webhook."""
    db.session.execute(insert(WebhookRow).values(**asdict(webhook) | {"events": _words(webhook.events)}))


def change_webhook(webhook_id: UUID, **columns: Any) -> None:
    """Change columns of a webhook; `events` are types."""
    if "events" in columns:
        columns["events"] = _words(columns["events"])
    db.session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )


def remove_webhook(webhook_id: UUID) -> None:
    """Forget a webhook and its secrets; what was sent to it goes with the log of deliveries."""
    db.session.execute(
        delete(WebhookRow).where(WebhookRow.id == webhook_id).execution_options(synchronize_session=False)
    )


def sealed_secrets() -> list[tuple[UUID, bytes, bytes | None]]:
    """Return the secrets of all webhooks, by webhook."""
    rows = db.session.execute(select(WebhookRow.id, WebhookRow.secret_sealed, WebhookRow.earlier_secret_sealed))
    return [(row.id, row.secret_sealed, row.earlier_secret_sealed) for row in rows]


def _webhook(row: Sequence[Any]) -> Webhook:
    values = dict(zip((column.key for column in _COLUMNS), row, strict=True))
    values["events"] = tuple(EventType(word) for word in values["events"].split())
    return Webhook(**values)


def _words(events: Sequence[EventType]) -> str:
    return " ".join(event.value for event in events)
