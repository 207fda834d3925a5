"""What goes to PostgreSQL as the text of an array comes back as it was, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Integer, LargeBinary, Text, Uuid, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from service.extensions import db
from service.store.dialect import one_of
from service.store.lists import as_list
from service.store.models import AuthorRow
from service.store.session import reading
from service.store.types import UtcDateTime
from tests.store.plans import plans_of

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
ODD = ["", "NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", "\n", "\t", "é", "'", "{a,{b}}", "\\x41", None]
STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def come_back(app: Flask, kind: Any, values: list[Any]) -> list[Any]:
    with app.app_context(), reading():
        return list(db.session.execute(select(cast(literal(as_list(kind, values), Text), ARRAY(kind)))).scalar_one())


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Text(), ODD),
        (LargeBinary(), [b"", b"\\", b"\x00\xff", b'"', None]),
        (Uuid(), [UUID(int=1), UUID(int=2**128 - 1), None]),
        (Boolean(), [True, False, None]),
        (Integer(), [0, -1, 2**31 - 1, None]),
        (UtcDateTime(), [datetime(2019, 5, 4, 3, 2, 1, 7, UTC), datetime(1, 1, 1, tzinfo=UTC), None]),
        (Text(), []),
    ],
)
def test_values_of_every_kind(app: Flask, kind: Any, values: list[Any]) -> None:
    assert come_back(app, kind, values) == values


@ON_POSTGRESQL
@given(st.lists(st.one_of(st.none(), STORABLE)))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text(app: Flask, values: list[Any]) -> None:
    assert come_back(app, Text(), values) == values


def test_a_kind_that_nobody_has_thought_of_is_not_guessed() -> None:
    with pytest.raises(TypeError, match="JSON"):
        as_list(db.JSON(), [{}])


@ON_POSTGRESQL
def test_a_list_is_read_once_for_a_statement(app: Flask) -> None:
    # As a text that becomes a list in the statement, it would be read anew for every plan that is thought of.
    ids = [UUID(int=n) for n in range(3)]
    with plans_of(app, "FROM authors") as sent, app.app_context(), reading():
        db.session.execute(select(AuthorRow.id).where(one_of(AuthorRow.id, ids))).all()
    assert [one.statement.casefold().count("as uuid[]") for one in sent] == [1]
    assert "::" not in sent[0].statement
