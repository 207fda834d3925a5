"""The migrations lead to the very tables that the models describe, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from service.extensions import db
from tests.commands import empty_postgres, running
from tests.driver import SiteDriver, make_site
from tests.store.ledger import discrepancies
from tests.stored import rows_stored


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an application whose database is empty and its own."""
    with ExitStack() as databases:
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
        if request.param == "postgresql":
            url = databases.enter_context(empty_postgres(request.getfixturevalue("postgres_url")))
        with running(url, redis_url, tmp_path) as app:
            yield app


UNREADABLE_ON_SQLITE = {"ix_comments_newest", "ix_comments_top"}
"""Indexes with a descending column: Alembic takes that for an expression, which it cannot compare on SQLite."""


def differences() -> list[Any]:
    """Return what the database lacks or has too much, as Alembic's autogenerate sees it."""

    def can_be_compared(_object: Any, name: str | None, _kind: str, _reflected: bool, _other: Any) -> bool:
        return name not in UNREADABLE_ON_SQLITE or db.engine.dialect.name != "sqlite"

    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": can_be_compared}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, db.metadata))


# Alembic cannot read expressions out of SQLite's indexes, and says so.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning")
def test_the_migrated_tables_are_those_of_the_models(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
        assert differences() == []


def test_going_back_leaves_nothing_and_forth_again_works(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
    make_site(empty_app, limits="off").published()
    with empty_app.app_context():
        db.session.remove()
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
    assert make_site(empty_app).submitted()["status"] == "pending"


def test_what_was_stored_before_votes_and_flags_came_is_readable_after(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
    site = make_site(empty_app, limits="off")
    sent, waiting = site.published(body="From before"), site.submitted()
    before = site.page()
    with empty_app.app_context():
        db.session.remove()
        downgrade(revision="0001")
        there = {column["name"] for column in inspect(db.engine).get_columns("comments")}
        assert there.isdisjoint({"flags", "flags_settled"})
        upgrade()
    assert site.page() == before
    opened = site.opened(sent["id"])
    assert (opened["votes"], opened["flags"]["count"], opened["flags"]["settled"]) == (0, 0, False)
    assert [item["id"] for item in site.queue()["comments"]] == [waiting["id"]]
    assert site.vote(sent["id"]).get_json()["votes"] == 1
    site.flagged(sent["id"], "spam", "spam", "spam")
    assert site.opened(sent["id"])["status"] == "pending", "a site from before has the threshold of a new one"


BELONGING = ("revisions", "signals", "sketches", "votes", "flags")
"""The tables that have rows for each comment."""


def _talk(site: SiteDriver) -> None:
    """Leave rows of every kind that belongs to a comment: answers, edits, votes, flags, sketches, notes, decisions."""
    long = "A reply of more than ten words, so that something is kept by which its copies would be found"
    first = site.published(body=long)
    answer = site.published(body="An answer", parent_id=first["id"])
    for sent in (first, answer):
        assert site.vote(sent["id"]).status_code == 200
        site.flagged(sent["id"], "spam")
    assert site.revise(answer, "An answer in other words").status_code == 200
    note = {"text": "Seen before", "about": "comment"}
    said = site.client.post(f"/v1/moderation/comments/{first['id']}/notes", json=note, headers=site.bearer)
    assert said.status_code == 201


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning")
def test_what_was_stored_before_keys_had_the_article_is_there_after_and_goes_on(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
    site = make_site(empty_app, limits="off")
    _talk(site)
    before, page = rows_stored(empty_app), site.page()
    assert {table for table, _, _ in before} >= {"comments", *BELONGING, "log", "notes"}
    with empty_app.app_context():
        db.session.remove()
        downgrade(revision="0011")
        looked = inspect(db.engine)
        assert looked.get_pk_constraint("comments")["constrained_columns"] == ["id"]
        assert [one["column_names"] for one in looked.get_unique_constraints("comments")] == [["receipt_hash"]]
        for table in BELONGING:
            assert "article_id" not in {column["name"] for column in looked.get_columns(table)}
        upgrade()
        assert differences() == []
        db.session.remove()
    # A site's own settings are younger than these keys, so going back before them has lost some.
    kept = {row for row in rows_stored(empty_app) if row[0] != "sites"}
    assert kept == {row for row in before if row[0] != "sites"}
    assert site.page() == page
    _talk(make_site(empty_app, limits="off"))
    assert discrepancies(empty_app, site.slug) == []


def test_upgrading_twice_changes_nothing(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
    site = make_site(empty_app)
    sent = site.published()
    with empty_app.app_context():
        upgrade()
    assert [comment["id"] for comment in site.page()["comments"]] == [sent["id"]]


@pytest.mark.parametrize("empty_app", ["postgresql"], indirect=True)
def test_who_has_migrated_waits_for_locks_afterwards_as_everybody_does(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            told = [
                connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ("lock_timeout", "statement_timeout")
            ]
    assert told == ["1s", "5s"]


def test_every_index_of_the_models_exists(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
        if db.engine.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE type = 'index'"
        else:
            query = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        with db.engine.connect() as connection:
            there = {name for (name,) in connection.exec_driver_sql(query)}
            wanted = {
                str(index.name)
                for table in db.metadata.tables.values()
                for index in table.indexes
                if index.name != "ix_comments_words" or db.engine.dialect.name == "postgresql"
            }
    assert wanted <= there
