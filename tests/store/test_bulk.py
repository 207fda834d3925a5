"""Thousands of rows at once come back as they were, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    select,
)
from sqlalchemy.exc import IntegrityError, StatementError

from service.extensions import db
from service.store.bulk import AT_ONCE, add_many
from service.store.session import reading, writing
from service.store.types import UtcDateTime

KINDS: dict[str, Any] = {
    "uuid": Uuid(),
    "time": UtcDateTime(),
    "octets": LargeBinary(),
    "truth": Boolean(),
    "json": JSON(none_as_null=True),
    "long": BigInteger(),
    "int": Integer(),
    "float": Float(),
    "short": String(16),
    "text": Text(),
}
VALUES: dict[str, list[Any]] = {
    "uuid": [UUID(int=1), UUID(int=2**128 - 1), None],
    "time": [
        datetime(2019, 5, 4, 3, 2, 1, 7, UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2019, 5, 4, 3, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        None,
    ],
    "octets": [b"", b"\\", b"\x00\xff", b"\n\t\\N", None],
    "truth": [True, False, None],
    "json": [[[0, 3], [5, 9]], {"a": "\\ \n é \u2028"}, [], 0, None],
    "long": [0, -1, 2**63 - 1, -(2**63), None],
    "int": [0, -1, 2**31 - 1, -(2**31), None],
    "float": [0.0, -0.5, 1e300, 1 / 3, None],
    "short": ["", "é" * 16, "\\N", None],
    "text": ["", "\\N", "\\.", "\\", "\\\\n", "a\tb\nc\r\nd", "\x01\x7f", "Ünïcödé 🎉", "'\"", " ", "x" * 70_000, None],
}
STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


class Odd:
    """A table with a column of every kind."""

    __table__ = Table("odd", MetaData(), Column("seq", Integer, primary_key=True), *map(Column, KINDS, KINDS.values()))


@pytest.fixture
def odd(app: Flask) -> Iterator[type[Any]]:
    with app.app_context():
        Odd.__table__.drop(db.engine, checkfirst=True)
        Odd.__table__.create(db.engine)
        yield Odd
        db.session.remove()
        Odd.__table__.drop(db.engine)


def come_back(odd: type[Any], values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is there of rows that were added; what one does not name is NULL."""
    rows = [{"seq": seq, **dict.fromkeys(KINDS), **row} for seq, row in enumerate(values)]
    with writing():
        db.session.execute(odd.__table__.delete())
        add_many(odd, rows)
    with reading():
        return [dict(row) for row in db.session.execute(select(odd.__table__).order_by("seq")).mappings()]


def test_values_of_every_kind(odd: type[Any]) -> None:
    values = [{kind: value} for kind, some in VALUES.items() for value in some]
    found = come_back(odd, values)
    assert [{kind: row[kind]} for row, [kind] in zip(found, values, strict=True)] == values


def test_many_whose_values_are_partly_the_same(odd: type[Any]) -> None:
    values = [{"text": "same", "int": n, "short": None if n == AT_ONCE else "one"} for n in range(2 * AT_ONCE + 1)]
    found = come_back(odd, values)
    assert [{name: row[name] for name in ("text", "int", "short")} for row in found] == values


def test_none_is_no_fault(odd: type[Any]) -> None:
    assert come_back(odd, []) == []


@given(st.lists(st.tuples(st.one_of(st.none(), STORABLE), st.one_of(st.none(), st.binary()))))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_and_any_octets(odd: type[Any], values: list[tuple[str | None, bytes | None]]) -> None:
    found = come_back(odd, [{"text": text, "octets": octets} for text, octets in values])
    assert [(row["text"], row["octets"]) for row in found] == values


def test_a_time_needs_a_zone(odd: type[Any]) -> None:
    with pytest.raises((ValueError, StatementError), match="a time needs a zone"):
        come_back(odd, [{"time": datetime(2019, 5, 4)}])  # noqa: DTZ001 - that is what is refused
    assert come_back(odd, [{"int": 1}])[0]["int"] == 1


def test_the_same_row_twice_is_told_as_sqlalchemy_does(odd: type[Any]) -> None:
    with pytest.raises(IntegrityError), writing():
        add_many(odd, [{"seq": 1}, {"seq": 1}])
    with reading():
        assert db.session.execute(select(odd.__table__)).all() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_environment_of_other_programs_changes_nothing(
    odd: type[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    db.engine.dispose()
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        assert other.execute("SHOW client_encoding").fetchone() == ("LATIN1",)
    [row] = come_back(odd, [{"text": "Ünïcödé 🎉"}])
    assert row["text"] == "Ünïcödé 🎉"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_kind_that_nobody_has_thought_of_is_not_guessed(app: Flask) -> None:
    class Priced:
        __table__ = Table("priced", MetaData(), Column("price", Numeric))

    priced: Any = Priced
    with app.app_context(), pytest.raises(TypeError, match="NUMERIC"), writing():
        add_many(priced, [{"price": 1}])
