"""How many comments a site has in each status, kept by the transactions that change it.

Each status is spread over SLOTS rows. A single row would be locked by every submission from its first change to its
commit, and all writers of a site would queue for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Transaction, func, select

from service.domain.life import Status
from service.extensions import db
from service.store.dialect import is_postgresql
from service.store.here import here
from service.store.models import SiteCounterRow
from service.store.together import add_to_or_insert

SLOTS = 16  # rows a status; twice the connections that a benchmark of submissions keeps busy


def move_site_counters(site_id: UUID, moved: Mapping[Status, int]) -> None:
    """Add to the numbers of a site's comments what moved, by status."""
    slot = _slot_of_transaction() if is_postgresql() else 0
    # Everybody takes the rows in one order, so that two opposite moves cannot wait for each other.
    for status in sorted(status for status, change in moved.items() if change):
        row = {"site_id": site_id, "status": status.value, "slot": slot}
        add_to_or_insert(SiteCounterRow, row, count=moved[status])


_slots: WeakKeyDictionary[Transaction, int] = WeakKeyDictionary()


def _slot_of_transaction() -> int:
    """Return the slot of the present transaction: with two, one might hold what another waits for, and wait for it."""
    transaction = None if here.connection is None else here.connection.get_transaction()
    assert transaction is not None, "numbers move in the transaction that changes them"
    return _slots.setdefault(transaction, secrets.randbelow(SLOTS))


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
