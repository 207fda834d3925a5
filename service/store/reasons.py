"""Reads and writes of a site's canned reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from service.domain.reasons import Reason
from service.extensions import db
from service.store.ids import new_id
from service.store.models import ReasonRow

REASON_COLUMNS = (ReasonRow.id, ReasonRow.title, ReasonRow.text, ReasonRow.position)


def reasons_of(site_id: UUID) -> list[Reason]:
    """Return a site's canned reasons in their order."""
    rows = db.session.execute(
        select(*REASON_COLUMNS).where(ReasonRow.site_id == site_id).order_by(ReasonRow.position, ReasonRow.id)
    )
    return [Reason(*row) for row in rows]


def find_reasons(site_id: UUID, reason_ids: Iterable[UUID]) -> list[Reason]:
    """Return those of the reasons that are of this site."""
    rows = db.session.execute(
        select(*REASON_COLUMNS).where(ReasonRow.site_id == site_id, ReasonRow.id.in_(list(reason_ids)))
    )
    return [Reason(*row) for row in rows]


def add_reasons(site_id: UUID, said: Sequence[tuple[str, str]], *, first: int, now: datetime) -> list[Reason]:
    """Store reasons of these titles and texts, the first of them at position `first`, and return them."""
    reasons = [Reason(new_id(now), title, text, first + place) for place, (title, text) in enumerate(said)]
    db.session.execute(
        insert(ReasonRow),
        [
            {
                "id": r.id,
                "site_id": site_id,
                "position": r.position,
                "title": r.title,
                "text": r.text,
                "created_at": now,
            }
            for r in reasons
        ],
    )
    return reasons


def restore_reason(site_id: UUID, reason: Reason, other_id: UUID, created_at: datetime) -> UUID:
    """Store a reason under its own id, or under the other one where that is taken, and return which it is."""
    is_taken = db.session.scalar(select(ReasonRow.id).where(ReasonRow.id == reason.id)) is not None
    reason_id = other_id if is_taken else reason.id
    values = {"title": reason.title, "text": reason.text, "position": reason.position, "created_at": created_at}
    db.session.execute(insert(ReasonRow).values(id=reason_id, site_id=site_id, **values))
    return reason_id


def save_reasons(reasons: Iterable[Reason]) -> None:
    """Store title, text and position of reasons that exist."""
    for reason in reasons:
        db.session.execute(
            update(ReasonRow)
            .where(ReasonRow.id == reason.id)
            .values(title=reason.title, text=reason.text, position=reason.position)
            .execution_options(synchronize_session=False)
        )


def remove_reason(reason_id: UUID) -> None:
    """Remove a reason. Decisions that named it keep its words, which the log has copied."""
    db.session.execute(delete(ReasonRow).where(ReasonRow.id == reason_id))
