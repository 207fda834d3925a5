"""Which queues have waited too long, and whether that was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from service.domain.life import Status
from service.extensions import db
from service.store.models import CommentRow, SiteRow


@dataclass(frozen=True)
class Watched:
    """A site that wants to know when its queue is late, and since when that has been told, if it is."""

    site_id: UUID
    told_at: datetime | None


def watched(event: str) -> list[Watched]:
    """Return the sites on which somebody listens to this type of event, or that still pass for late."""
    wanted = SiteRow.tells.contains(event, autoescape=True) | SiteRow.late_since.is_not(None)
    return [Watched(*row) for row in db.session.execute(select(SiteRow.id, SiteRow.late_since).where(wanted))]


def oldest_waiting(site_id: UUID) -> tuple[UUID, datetime] | None:
    """Return what has waited longest, and since when; None where nothing waits."""
    row = db.session.execute(
        select(CommentRow.id, CommentRow.queued_at)
        .where(CommentRow.site_id == site_id, CommentRow.status == Status.PENDING.value)
        .order_by(CommentRow.queued_at, CommentRow.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.id, row.queued_at)


def move(site_id: UUID, *, becomes: datetime | None) -> bool:
    """Store since when a queue is told to be late, or that it is not; False where that was done already."""
    before = SiteRow.late_since.is_(None) if becomes is not None else SiteRow.late_since.is_not(None)
    moved = db.session.execute(
        update(SiteRow)
        .where(SiteRow.id == site_id, before)
        .values(late_since=becomes)
        .returning(SiteRow.id)
        .execution_options(synchronize_session=False)
    )
    return moved.one_or_none() is not None
