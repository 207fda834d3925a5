"""The numbers of a site are spread over slots, of which a transaction holds one."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from service.domain.life import Status
from service.extensions import db
from service.store import counters
from service.store.models import SiteCounterRow
from service.store.session import reading, writing
from service.store.sites import find_site
from tests.driver import make_site


def test_a_transaction_that_moves_numbers_twice_holds_one_slot(app: Flask) -> None:
    # A rejected edit whose published text was reported moves them twice; with a slot of its own for each move, two
    # such transactions could wait for each other.
    with app.app_context():
        for _ in range(8):
            site_id = find_site(make_site(app).slug).id
            with writing():
                for _ in range(3):
                    counters.move_site_counters(site_id, {Status.PENDING: 1, Status.APPROVED: 2})
            with reading():
                slots = select(func.count(SiteCounterRow.slot.distinct())).where(SiteCounterRow.site_id == site_id)
                assert db.session.scalar(slots) == 1
                totals = counters.site_totals(site_id)
            assert (totals["pending"], totals["approved"]) == (3, 6)


def test_transactions_use_different_slots(app: Flask) -> None:
    with app.app_context():
        site_id = find_site(make_site(app).slug).id
        for _ in range(40):
            with writing():
                counters.move_site_counters(site_id, {Status.PENDING: 1})
        with reading():
            slots = db.session.execute(
                select(func.count(SiteCounterRow.slot.distinct())).where(SiteCounterRow.site_id == site_id)
            ).scalar_one()
        assert slots == 1 if db.engine.dialect.name == "sqlite" else slots > 1
