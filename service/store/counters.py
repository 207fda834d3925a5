"""How many comments a site has in each status, kept by the transactions that change it.

Each status is spread over SLOTS rows. A single row would be locked by every submission from its first change to its
commit, and all writers of a site would queue for it.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import func, select

from service.domain.life import Status
from service.extensions import db
from service.store.dialect import is_postgresql, upsert
from service.store.models import SiteCounterRow

SLOTS = 16  # rows a status; twice the connections that a benchmark of submissions keeps busy


def move_site_counters(site_id: UUID, *, before: Status | None, after: Status) -> None:
    """Count one comment of the site over from one status to another; `before` is None for a new comment."""
    if before is after:
        return
    slot = secrets.randbelow(SLOTS) if is_postgresql() else 0
    changes = [(after, 1)] if before is None else [(after, 1), (before, -1)]
    # Everybody takes the rows in one order, so that two opposite moves cannot wait for each other.
    for status, change in sorted(changes):
        values = {"site_id": site_id, "status": status.value, "slot": slot, "count": change}
        statement = upsert(SiteCounterRow, values)
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["site_id", "status", "slot"],
                set_={"count": SiteCounterRow.count + statement.excluded["count"]},
            )
        )


def site_totals(site_id: UUID) -> dict[str, int]:
    """Return the number of comments for every status, also those that are 0."""
    totals = dict.fromkeys((status.value for status in Status), 0)
    for status, total in db.session.execute(
        select(SiteCounterRow.status, func.sum(SiteCounterRow.count))
        .where(SiteCounterRow.site_id == site_id)
        .group_by(SiteCounterRow.status)
    ):
        totals[status] = int(total)
    return totals
