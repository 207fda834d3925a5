"""What was sent to webhooks: read as a log, sent again, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update

from service.domain.webhooks import Delivery
from service.extensions import db
from service.store.deliveries import SENDING_COLUMNS, Sending, let_go, sending_from_columns, status_word
from service.store.ids import first_id
from service.store.models import DeliveryRow


def drop_of_webhook(webhook_id: UUID, *, limit: int) -> int:
    """Forget up to `limit` deliveries to an endpoint; returns how many."""
    some = select(DeliveryRow.event_id).where(DeliveryRow.webhook_id == webhook_id).limit(limit)
    done = db.session.execute(
        delete(DeliveryRow)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id.in_(some))
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def send_again(webhook_id: UUID, event_id: UUID, *, now: datetime) -> Sending | None:
    """Let a delivery be tried now, with all its attempts, and return it; None where there is none.

    One that is on its way at this moment stays so, as does one that waits behind an earlier event.
    """
    row = db.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.webhook_id == webhook_id,
            DeliveryRow.event_id == event_id,
            or_(DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= now),
            or_(DeliveryRow.status != Delivery.WAITING.value, DeliveryRow.due_at.is_not(None)),
        )
        .values(status=Delivery.WAITING.value, due_at=now, claimed_until=None, attempts=0)
        .returning(*SENDING_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return find_delivery(webhook_id, event_id) if row is None else sending_from_columns(row)


def send_given_up_again(webhook_id: UUID, *, limit: int, now: datetime) -> int:
    """Let up to `limit` of what was given up be tried again, the earliest first; returns how many."""
    earliest = (
        select(DeliveryRow.event_id)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.status == status_word(Delivery.GIVEN_UP))
        .order_by(DeliveryRow.event_id)
        .limit(limit)
    )
    done = db.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id.in_(earliest))
        .values(status=Delivery.WAITING.value, due_at=None, claimed_until=None, attempts=0)
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    sent = len(done.all())
    if sent:
        let_go({"to_webhook": webhook_id, "now": now})
    return sent


def find_delivery(webhook_id: UUID, event_id: UUID) -> Sending | None:
    """Return one delivery, or None."""
    row = db.session.execute(
        select(*SENDING_COLUMNS).where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id == event_id)
    ).one_or_none()
    return None if row is None else sending_from_columns(row)


def list_deliveries(
    webhook_id: UUID, *, status: Delivery | None = None, before: UUID | None = None, limit: int
) -> list[Sending]:
    """Return deliveries to an endpoint, those of the latest events first."""
    wanted = select(*SENDING_COLUMNS).where(DeliveryRow.webhook_id == webhook_id)
    if status is not None:
        wanted = wanted.where(DeliveryRow.status == status_word(status))
    if before is not None:
        wanted = wanted.where(DeliveryRow.event_id < before)
    return [
        sending_from_columns(row)
        for row in db.session.execute(wanted.order_by(DeliveryRow.event_id.desc()).limit(limit))
    ]


def count_deliveries(webhook_ids: Sequence[UUID], *, most: int) -> dict[UUID, tuple[int, int]]:
    """Return how much waits for each endpoint, and how much was given up; each is counted up to `most`."""
    which = [DeliveryRow.status == status_word(status) for status in (Delivery.WAITING, Delivery.GIVEN_UP)]
    counted = {}
    for webhook_id in webhook_ids:
        of = select(DeliveryRow.event_id).where(DeliveryRow.webhook_id == webhook_id)
        some = [of.where(condition).limit(most).subquery() for condition in which]
        waiting, given_up = (db.session.scalar(select(func.count()).select_from(one)) or 0 for one in some)
        counted[webhook_id] = (waiting, given_up)
    return counted


def drop_deliveries(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` deliveries of events that happened before a time; returns how many. It reads all of them."""
    oldest = (
        select(DeliveryRow.webhook_id, DeliveryRow.event_id).where(DeliveryRow.event_id < first_id(before)).limit(limit)
    )
    done = db.session.execute(
        delete(DeliveryRow)
        .where(tuple_(DeliveryRow.webhook_id, DeliveryRow.event_id).in_(oldest))
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
