"""Statements that go past SQLAlchemy: the same values, the same errors, and prepared once at PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, literal, select
from sqlalchemy.exc import IntegrityError

from service.extensions import db
from service.store import articles
from service.store.ids import new_id
from service.store.models import ArticleRow, SiteRow
from service.store.prepared import run
from service.store.session import reading, writing
from tests.driver import SiteDriver

NAMES = ("id", "site_id", "key", "url", "title", "open", "count", "created_at", "opened_at")
ADD = insert(ArticleRow).values({name: bindparam(name, type_=getattr(ArticleRow, name).type) for name in NAMES})
FIND = select(*articles.ARTICLE_COLUMNS, literal("beside").label("beside")).where(ArticleRow.id == bindparam("wanted"))
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def row(site: SiteDriver) -> Iterator[dict[str, object]]:
    """Return an article of a new site, with everything that a driver could spell otherwise, in a context."""
    with site.app.app_context():
        with reading():
            site_id = db.session.scalars(select(SiteRow.id).where(SiteRow.slug == site.slug)).one()
        yield {
            "id": new_id(AT),
            "site_id": site_id,
            "key": "it's 100% :that \N{GREEK SMALL LETTER OMEGA} \\",
            "url": None,
            "title": "",
            "open": True,
            "count": 3,
            "created_at": AT,
            "opened_at": None,
        }


def test_values_come_back_as_sqlalchemy_brings_them(row: dict[str, object]) -> None:
    with writing():
        assert run(ADD, row) == []
        [found] = run(FIND, {"wanted": row["id"]})
        same = db.session.execute(select(*articles.ARTICLE_COLUMNS).where(ArticleRow.id == row["id"])).one()
    assert found == (*same, "beside")
    assert isinstance(found[0], UUID)
    assert found[5] is True
    assert (found[7], found[7].tzinfo) == (AT, UTC)


def test_what_is_not_there_is_no_row(row: dict[str, object]) -> None:
    with reading():
        assert run(FIND, {"wanted": row["id"]}) == []


def test_errors_are_those_of_sqlalchemy_and_quote_no_values(row: dict[str, object]) -> None:
    with writing():
        run(ADD, row)
    with pytest.raises(IntegrityError) as raised, writing():
        run(ADD, row)
    assert "100%" not in str(raised.value)
    with reading():
        assert len(run(FIND, {"wanted": row["id"]})) == 1, "the transaction was undone, and the connection is good"


def test_a_list_of_values_is_refused_since_each_length_is_another_statement(row: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="lengths"), reading():
        run(select(ArticleRow.id).where(ArticleRow.id.in_([UUID(int=1)])), {})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_plans_a_statement_once_for_all_that_read(app: Flask, row: dict[str, object]) -> None:
    """A read ends without ROLLBACK, after which psycopg would prepare everything anew."""
    told = "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, 'beside') > 0"
    with app.app_context():
        db.engine.dispose()  # so that there is one connection, whatever other tests have needed
        for _ in range(3):
            with reading():
                run(FIND, {"wanted": row["id"]})
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql(told).scalar_one() == 1
