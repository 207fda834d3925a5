"""Transactions: begun for writing, committed once, undone by an error; and a database that is away."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event, func, select

from service import create_app
from service.actions import sites
from service.domain.errors import StoreUnavailable, UnknownSite
from service.domain.site import Policy, Site
from service.extensions import db
from service.store import sites as site_store
from service.store.models import SiteRow
from service.store.prepared import statement_sent
from service.store.session import ping, reading, writing
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.granian_server import until
from tests.servers import frozen, running_postgres

SOON = 3.5  # seconds; connecting is given up after two


@contextmanager
def statements_of(app: Flask) -> Iterator[list[str]]:
    """Yield a list that gets every statement, with COMMIT and ROLLBACK, of the application in the block."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine
    listeners: dict[str, Callable[..., Any]] = {
        "before_cursor_execute": lambda _c, _cur, statement, *_: seen.append(statement),
        "commit": lambda _c: seen.append("COMMIT"),
        "rollback": lambda _c: seen.append("ROLLBACK"),
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)

    def see(_sender: Any, *, statement: str, values: Any) -> None:
        seen.append(statement)

    try:
        with statement_sent.connected_to(see):
            yield seen
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def count_sites(app: Flask, slug: str) -> int:
    """Return how many sites of this slug are stored."""
    with app.app_context(), reading():
        return db.session.scalar(select(func.count(SiteRow.id)).where(SiteRow.slug == slug)) or 0


def test_a_submission_is_one_transaction_of_few_statements(free_site: SiteDriver, database_url: str) -> None:
    free_site.submitted()
    with statements_of(free_site.app) as seen:
        free_site.submitted()
    assert seen.count("COMMIT") == 1
    writes = [statement for statement in seen if statement.startswith(("INSERT", "UPDATE", "DELETE", "WITH"))]
    on_sqlite = database_url.startswith("sqlite")
    # PostgreSQL takes what is written together as one statement, or two where that has too many values.
    assert len(writes) <= (8 if on_sqlite else 3), writes
    assert len(seen) <= (16 if on_sqlite else 9), seen


def test_a_decision_is_one_transaction(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    free_site.queue()  # the use of the token is recorded by now
    with statements_of(free_site.app) as seen:
        free_site.approve(sent["id"])
    assert seen.count("COMMIT") == 1


def test_a_warm_page_of_fifty_takes_at_most_four_queries_however_deep(free_site: SiteDriver) -> None:
    parent = free_site.published()
    for _ in range(8):
        parent = free_site.published(parent_id=parent["id"])
    with statements_of(free_site.app) as seen:
        assert len(free_site.page()["comments"]) == 9
    queries = [statement for statement in seen if statement.startswith("SELECT")]
    assert len(queries) <= 4, queries
    assert "COMMIT" not in seen


def test_a_page_of_the_queue_takes_as_many_queries_for_many_as_for_one(free_site: SiteDriver) -> None:
    parent = free_site.published()
    free_site.submitted(parent_id=parent["id"])
    counts = []
    for _ in range(2):
        with statements_of(free_site.app) as seen:
            free_site.queue()
        counts.append(len([statement for statement in seen if statement.startswith("SELECT")]))
        for _ in range(6):
            free_site.submitted(parent_id=parent["id"])
    assert counts[0] == counts[1] <= 10


def _make_and_fail(slug: str) -> None:
    now = datetime.now(UTC)
    with writing():
        site = Site(site_store.new_site_id(now), slug, "Undone", (), Policy.ALL, None, 5, timedelta(0))
        site_store.add_site(site, now=now)
        raise UnknownSite


def test_an_error_undoes_the_whole_block(app: Flask) -> None:
    slug = f"{make_site(app).slug}-undone"
    with app.app_context(), pytest.raises(UnknownSite):
        _make_and_fail(slug)
    assert count_sites(app, slug) == 0


def test_reading_leaves_no_transaction_behind(app: Flask) -> None:
    with app.app_context():
        with reading():
            site_store.list_sites()
            assert db.session().in_transaction()
        assert not db.session().in_transaction()
        with writing():
            site_store.list_sites()
        assert not db.session().in_transaction()


@pytest.fixture
def sqlite_app(redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application on an SQLite database of this test alone."""
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'own.sqlite'}", redis_url, tmp_path / "instance"))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def test_sqlite_takes_its_write_lock_at_the_start_of_a_write_and_not_for_a_read(sqlite_app: Flask) -> None:
    site = make_site(sqlite_app, limits="off")
    with statements_of(sqlite_app) as seen:
        site.page()
    assert "BEGIN IMMEDIATE" not in seen
    with statements_of(sqlite_app) as seen:
        site.submitted()
    assert seen.count("BEGIN IMMEDIATE") == 1
    with statements_of(sqlite_app) as seen:
        site.page()
    assert "BEGIN IMMEDIATE" not in seen, "the connection in the pool has forgotten the write"


def test_sqlite_reads_while_another_writes(sqlite_app: Flask, tmp_path: Path) -> None:
    site = make_site(sqlite_app, limits="off")
    site.published()
    other = sqlite3.connect(tmp_path / "own.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert len(site.page()["comments"]) == 1
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_sqlite_keeps_foreign_keys_and_waits_for_the_disk(sqlite_app: Flask) -> None:
    with sqlite_app.app_context(), reading():
        connection = db.session.connection()
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}


def test_a_database_file_that_cannot_be_opened_is_unavailable_and_comes_back(redis_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    app = create_app(settings_for(f"sqlite:///{folder / 'own.sqlite'}", redis_url, tmp_path / "instance"))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    site = make_site(app)
    with app.app_context():
        db.engine.dispose()
    away = folder.rename(tmp_path / "away")
    for answer in (site.submit(), site.client.get("/v1/comments", query_string={"site": site.slug, "article": "x"})):
        assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert str(tmp_path) not in answer.text
    assert site.client.get("/readyz").status_code == 503
    assert site.client.get("/healthz").status_code == 200
    away.rename(folder)
    assert site.submitted()["status"] == "pending"
    with app.app_context():
        db.engine.dispose()


def test_a_server_that_does_not_listen_is_unavailable_soon(redis_url: str, tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    app = create_app(settings_for(url, redis_url, tmp_path / "instance"))
    began = time.monotonic()
    with app.app_context(), pytest.raises(StoreUnavailable):
        ping()
    assert app.test_client().get("/readyz").get_json()["database"] == "unavailable"
    assert time.monotonic() - began < SOON


def test_a_server_that_drops_connections_is_used_again_and_one_that_stops_is_unavailable_soon(
    redis_url: str, tmp_path: Path
) -> None:
    with running_postgres() as postgres:
        app = create_app(settings_for(postgres.url, redis_url, tmp_path / "instance"))
        with app.app_context():
            upgrade()
        site = make_site(app)
        sent = site.published()
        site.client.get("/v1/moderation/comments", headers=site.bearer)
        _terminate_connections(app)
        assert [c["id"] for c in site.page()["comments"]] == [sent["id"]], "lost connections are replaced"
        _terminate_connections(app)
        assert site.submit().status_code == 202
    began = time.monotonic()
    refused = site.submit()
    assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert site.client.get("/readyz").status_code == 503
    assert time.monotonic() - began < SOON
    with app.app_context():
        db.engine.dispose()


def test_a_server_that_is_frozen_is_given_up_and_left_alone_and_used_again_when_it_thaws(
    redis_url: str, tmp_path: Path
) -> None:
    with running_postgres() as postgres:
        app = create_app(settings_for(postgres.url, redis_url, tmp_path / "instance"))
        with app.app_context():
            upgrade()
        site = make_site(app)
        assert site.submit().status_code == 202
        with frozen(postgres):
            began = time.monotonic()
            # The first waits for the connection that it has; the others for none, and nobody for a new one.
            assert [site.submit().status_code for _ in range(4)] == [503] * 4
            assert time.monotonic() - began < SOON
            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(lambda _: site.app.test_client().get("/readyz").status_code, range(8))) == {503}
            assert time.monotonic() - began < 2 * SOON
        until(lambda: site.client.get("/readyz").status_code == 200, "it is left alone for ever")
        assert site.submit().status_code == 202
        with app.app_context():
            db.engine.dispose()


def _terminate_connections(app: Flask) -> None:
    """Let the server end every connection, as it does when it restarts."""
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def test_a_site_can_be_made_after_an_attempt_that_failed(app: Flask) -> None:
    site = make_site(app)
    with app.app_context():
        with pytest.raises(Exception, match="already"):
            sites.create_site(site.slug, name="Twin", origins=[], now=datetime.now(UTC))
        assert sites.create_site(f"{site.slug}x", name="Other", origins=[], now=datetime.now(UTC)).name == "Other"


def test_sixteen_writers_of_one_sqlite_file_are_all_served(app: Flask) -> None:
    site = make_site(app, limits="off")

    def write(number: int) -> set[int]:
        own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
        return {own.submit(body=f"{number} {step}").status_code for step in range(15)}

    with ThreadPoolExecutor(16) as pool:
        assert set().union(*pool.map(write, range(16))) == {202}
    assert site.queue()["totals"]["pending"] == 16 * 15
