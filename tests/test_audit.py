"""`audit verify` on logs that somebody has had their hands in, each in another way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, select, text, update

from service.actions import audit, erase
from service.domain.errors import UnknownSite
from service.domain.life import AUTHOR, COMMAND
from service.domain.log import LogEntry, LogKind, entry_hash
from service.extensions import db
from service.store import log
from service.store.ids import new_id
from service.store.log import ENTRY_COLUMNS, entry_from_row
from service.store.models import CommentRow, LogHeadRow, LogRow, SiteRow
from service.store.session import writing
from service.store.sites import find_site, list_sites
from tests.driver import SiteDriver

LENGTH = 12


@pytest.fixture
def logged(free_site: SiteDriver) -> SiteDriver:
    """Return a site whose log is LENGTH entries long."""
    free_site.published()
    with free_site.app.app_context(), writing():
        site_id, now = find_site(free_site.slug).id, datetime.now(UTC)
        number = db.session.execute(select(LogHeadRow.number).where(LogHeadRow.site_id == site_id)).scalar_one()
        log.add_entries(
            [
                LogEntry(new_id(now), site_id, LogKind.SITE, "change", COMMAND, now, details={"name": ["ä", place]})
                for place in range(LENGTH - number)
            ]
        )
    return free_site


def verified(app: Flask, slug: str | None = None) -> Result:
    """Run the command; a walk that takes several batches, with the fault at the edge of one, has to say the same."""
    result = app.test_cli_runner().invoke(args=["audit", "verify", *(["--site", slug] if slug else [])])
    with app.app_context(), suppress(UnknownSite):
        assert list(audit.verify(slug, batch=5)) == list(audit.verify(slug))
    return result


def tamper(site: SiteDriver, *statements: Any) -> None:
    """Do what somebody with the database's password can."""
    with site.app.app_context(), writing():
        for statement in statements:
            db.session.execute(statement)


def one(site: SiteDriver, number: int) -> Any:
    """Return the condition that finds one entry of the site."""
    mine = select(SiteRow.id).where(SiteRow.slug == site.slug).scalar_subquery()
    return (LogRow.site_id == mine) & (LogRow.number == number)


def of_head(site: SiteDriver) -> Any:
    return LogHeadRow.site_id == select(SiteRow.id).where(SiteRow.slug == site.slug).scalar_subquery()


def change(site: SiteDriver, at: int, **values: Any) -> Any:
    return update(LogRow).where(one(site, at)).values(**values).execution_options(synchronize_session=False)


def test_whole_logs_are_said_to_be_whole_with_the_hash_they_end_with(logged: SiteDriver) -> None:
    with logged.app.app_context():
        ends_with = db.session.execute(select(LogHeadRow.hash).where(of_head(logged))).scalar_one()
    result = verified(logged.app, logged.slug)
    assert (result.exit_code, result.output) == (
        0,
        f"{logged.slug}: {LENGTH} entries, whole, ends with {ends_with.hex()}\n",
    )


def test_a_site_that_is_not_there_is_told_so(app: Flask) -> None:
    result = verified(app, "nobody")
    assert result.exit_code == 1
    assert "There is no site of this name." in result.output


def test_all_sites_are_walked_and_one_broken_log_is_enough(logged: SiteDriver) -> None:
    tamper(logged, change(logged, 3, action="kept"))
    result = verified(logged.app)
    assert result.exit_code == 1
    with logged.app.app_context():
        slugs = [site.slug for site in list_sites()]
    lines = result.output.splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(slugs)
    assert [line for line in lines if line.startswith(f"{logged.slug}: broken at entry 3, which was changed")]


CHANGES: dict[str, Any] = {
    "the action": {"action": "kept"},
    "the kind": {"kind": "token"},
    "a kind that is none": {"kind": "gossip"},
    "who did it": {"actor_name": "Somebody else"},
    "when": {"created_at": datetime(2020, 1, 1, tzinfo=UTC)},
    "the details": {"details": {"name": ["ä", "b"]}},
    "the reason": {"reason": "Because."},
    "the time waited": {"waited": 1.5},
    "the hash": {"hash": bytes(32)},
    "the hash before": {"previous_hash": bytes(32)},
}


@pytest.mark.parametrize("number", [1, 5, 6, LENGTH])
@pytest.mark.parametrize("values", CHANGES.values(), ids=CHANGES.keys())
def test_an_entry_that_was_changed_is_named(logged: SiteDriver, number: int, values: dict[str, Any]) -> None:
    if number == 1 and "previous_hash" in values:
        values = {"previous_hash": b"1" * 32}
    tamper(logged, change(logged, number, **values))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert result.output.startswith(f"{logged.slug}: broken at entry {number}, which was changed: ")


# PostgreSQL takes nothing but JSON there.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_details_that_are_no_json_any_more_are_a_change(logged: SiteDriver) -> None:
    broken = text(
        "UPDATE log SET details = '{' WHERE number = 7 AND site_id = (SELECT id FROM sites WHERE slug = :slug)"
    )
    tamper(logged, broken.bindparams(slug=logged.slug))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert "broken at entry 7, which was changed: it holds what no entry can hold" in result.output
    tamper(logged, change(logged, 7, details=None))


def test_an_entry_that_was_changed_and_hashed_again_shows_at_the_next(logged: SiteDriver) -> None:
    with logged.app.app_context():
        link = entry_from_row(db.session.execute(select(*ENTRY_COLUMNS).where(one(logged, 6))).one())
    forged = LogEntry(**{**link.entry.__dict__, "action": "kept"})
    hashed = entry_hash(forged, number=6, previous_hash=link.previous_hash)
    tamper(logged, change(logged, 6, action="kept", hash=hashed))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert "broken at entry 7, which was changed: it follows on another entry than 6" in result.output


@pytest.mark.parametrize("numbers", [(1,), (5,), (6, 7, 8), (LENGTH,)])
def test_an_entry_that_was_taken_out_is_missed(logged: SiteDriver, numbers: tuple[int, ...]) -> None:
    tamper(logged, *(delete(LogRow).where(one(logged, number)) for number in numbers))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert result.output.startswith(f"{logged.slug}: broken at entry {numbers[0]}, which is missing: ")


def test_a_log_that_was_emptied_is_missed(logged: SiteDriver) -> None:
    tamper(logged, *(delete(LogRow).where(one(logged, number)) for number in range(1, LENGTH + 1)))
    assert (
        "broken at entry 1, which is missing: the log was 12 entries long" in verified(logged.app, logged.slug).output
    )


def test_entries_that_changed_places_are_told_from_changed_ones(logged: SiteDriver) -> None:
    tamper(logged, change(logged, 5, number=99), change(logged, 6, number=5), change(logged, 99, number=6))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert result.output.startswith(f"{logged.slug}: broken at entry 5, which stood elsewhere: ")


def test_a_gap_that_was_closed_is_told_as_well(logged: SiteDriver) -> None:
    tamper(logged, delete(LogRow).where(one(logged, 8)))
    tamper(logged, *(change(logged, number, number=number - 1) for number in range(9, LENGTH + 1)))
    assert "broken at entry 8, which stood elsewhere: " in verified(logged.app, logged.slug).output


def test_an_entry_before_the_first_is_told(logged: SiteDriver) -> None:
    tamper(logged, change(logged, LENGTH, number=0))
    assert "broken at entry 1, which stood elsewhere: " in verified(logged.app, logged.slug).output


def head_values(values: dict[str, Any]) -> Callable[[SiteDriver], Any]:
    return lambda site: update(LogHeadRow).where(of_head(site)).values(**values)


@pytest.mark.parametrize(
    "statement",
    [
        head_values({"hash": bytes(32)}),
        head_values({"number": LENGTH - 1}),
        lambda site: delete(LogHeadRow).where(of_head(site)),
    ],
    ids=["another hash", "a lower number", "gone"],
)
def test_a_head_that_does_not_fit_is_told(logged: SiteDriver, statement: Callable[[SiteDriver], Any]) -> None:
    tamper(logged, statement(logged).execution_options(synchronize_session=False))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 1
    assert result.output.startswith(f"{logged.slug}: broken at entry {LENGTH}, where the head does not fit: ")


def test_a_log_cut_short_with_its_head_shows_by_the_hash_that_was_kept(logged: SiteDriver) -> None:
    kept = verified(logged.app, logged.slug).output
    with logged.app.app_context():
        link = entry_from_row(db.session.execute(select(*ENTRY_COLUMNS).where(one(logged, LENGTH - 1))).one())
    shorter = head_values({"number": link.number, "hash": link.hash})(logged)
    tamper(logged, delete(LogRow).where(one(logged, LENGTH)), shorter.execution_options(synchronize_session=False))
    result = verified(logged.app, logged.slug)
    assert result.exit_code == 0
    assert result.output != kept


def test_what_is_written_during_the_walk_is_walked_as_well(logged: SiteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    with logged.app.app_context():
        verdicts = audit.verify(logged.slug)
        logged.change(max_depth=1)
        (verdict,) = verdicts
    assert (verdict.broken, verdict.entries) == (None, LENGTH + 1)


def test_words_are_taken_out_by_an_erasure_alone(logged: SiteDriver) -> None:
    sent = logged.submitted()
    logged.decide(sent["id"], "reject", reason="We know her.", note="Again.")
    decided = LENGTH + 1
    assert verified(logged.app, logged.slug).exit_code == 0
    with logged.app.app_context(), writing():
        author_id = db.session.execute(
            select(CommentRow.author_id).where(CommentRow.id == UUID(sent["id"]))
        ).scalar_one()
    with logged.app.app_context():
        erase.erase_everything(author_id, find_site(logged.slug), actor=AUTHOR, now=datetime.now(UTC))
    assert verified(logged.app, logged.slug).exit_code == 0
    for values in ({"action": "approve"}, {"note": "Somebody else."}, {"hash": bytes(32)}, {"actor_name": "Nobody"}):
        with logged.app.app_context(), writing():
            query = select(*ENTRY_COLUMNS).where(one(logged, decided))
            before = db.session.execute(query).one()._mapping
            kept = {name: before[name] for name in values}
        tamper(logged, change(logged, decided, **values))
        # Of its own hash the next entry tells.
        at = decided + ("hash" in values)
        assert f"broken at entry {at}" in verified(logged.app, logged.slug).output
        tamper(logged, change(logged, decided, **kept))
    # Whoever takes words out of another entry has to forge the entry that names them, too.
    tamper(logged, change(logged, 1, reason=None, details=None, action="reject"))
    assert "broken at entry 1" in verified(logged.app, logged.slug).output
