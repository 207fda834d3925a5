"""Reads and writes of a site's canned reasons."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from service.domain.reasons import Reason
from service.extensions import db
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
