"""The few statements that PostgreSQL and SQLite share in words but SQLAlchemy keeps in two modules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, any_, bindparam, cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType

from service.extensions import Base, db
from service.store.here import here
from service.store.lists import as_list


def upsert(model: type[Base], values: Mapping[str, Any]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can be given `on_conflict_do_update`, for the database in use."""
    if db.engine.dialect.name == "postgresql":
        return postgresql.insert(model).values(dict(values))
    return sqlite.insert(model).values(dict(values))


def insert_or_ignore(model: type[Base], values: Mapping[str, Any]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that does nothing where a unique key is taken already."""
    return upsert(model, values).on_conflict_do_nothing()


def one_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values: on PostgreSQL they are sent as one.

    A thousand values by themselves are a thousand places in a statement, which the driver would read anew each time.
    """
    if is_postgresql():
        # Without a type of its own, it is read once, as it comes; a text that the statement makes a list of would be
        # read for every way in which the statement could be carried out.
        return column == any_(cast(bindparam(None, as_list(column.type, values), NullType()), ARRAY(column.type)))
    return column.in_(values)


def is_postgresql() -> bool:
    """True where the database in use is PostgreSQL."""
    if here.connection is not None:
        return here.connection.dialect.name == "postgresql"
    # To ask Flask-SQLAlchemy for the engine takes longer than many a statement.
    info = db.session().info
    if "is_postgresql" not in info:
        info["is_postgresql"] = db.engine.dialect.name == "postgresql"
    return bool(info["is_postgresql"])
