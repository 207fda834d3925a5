"""Statements that every submission sends, past most of SQLAlchemy: compiled once, and prepared at PostgreSQL.

What a statement costs this process is mostly SQLAlchemy's making it ready and psycopg's reading it anew; what a new one
costs PostgreSQL is mostly its planning. Here a statement of SQLAlchemy becomes text and an order of values once, and
the driver gets both, within the transaction of the session as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from blinker import Namespace
from sqlalchemy import Dialect, Executable, Float
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from service.extensions import db
from service.store.dialect import is_postgresql
from service.store.here import here

Processor = Callable[[Any], Any] | None

statement_sent = Namespace().signal("statement-sent")
"""Tells whoever listens of each statement: the text as `statement`, the values in their order as `values`."""


@dataclass(frozen=True)
class _Compiled:
    text: str
    names: tuple[str, ...]
    given: Mapping[str, Any]
    """The values that stand in the statement itself."""
    before: tuple[Processor, ...]
    after: tuple[Processor, ...]
    """One for each column that is returned."""

    def in_order(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Return all values as the driver wants them."""
        return [
            self.given[name]
            if name not in parameters
            else parameters[name]
            if ready is None
            else ready(parameters[name])
            for name, ready in zip(self.names, self.before, strict=True)
        ]


def run(statement: Executable, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute a statement that lives as long as the process, and return its rows, none where it returns none.

    Everything that differs has to be a parameter. Raises what SQLAlchemy raises in place of the driver's errors.
    """
    on_postgresql = is_postgresql()
    made = _compiled(statement, on_postgresql)
    values = made.in_order(parameters)
    connection = _connection(made, values)
    driver = connection.connection.driver_connection
    try:
        if on_postgresql:
            cursor: Any = psycopg.RawCursor(driver)
            cursor.execute(made.text, values, prepare=True)
        else:
            cursor = driver.execute(made.text, values)
        # To ask psycopg for the description would take longer than all else here.
        rows = cursor.fetchall() if made.after else []
        cursor.close()
    except connection.dialect.loaded_dbapi.Error as fault:
        raise _told(fault, made, connection) from fault
    if any(made.after):
        return [
            tuple(value if ready is None else ready(value) for value, ready in zip(row, made.after, strict=True))
            for row in rows
        ]
    return rows


def run_for_each(statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute a statement that returns nothing once for each of the parameters, on SQLite."""
    made = _compiled(statement, False)
    values = [made.in_order(row) for row in rows]
    connection = _connection(made, values)
    try:
        connection.connection.driver_connection.executemany(made.text, values).close()
    except connection.dialect.loaded_dbapi.Error as fault:
        raise _told(fault, made, connection) from fault


def _connection(made: _Compiled, values: list[Any]) -> Any:
    """Return the connection on which a statement is about to be sent."""
    if statement_sent.receivers:
        statement_sent.send(None, statement=made.text, values=values)
    return here.connection or db.session.connection()


def _told(fault: Any, made: _Compiled, connection: Any) -> Exception:
    """Return what SQLAlchemy says in place of an error of the driver."""
    is_lost = connection.dialect.is_disconnect(fault, connection.connection.driver_connection, None)
    if is_lost:
        connection.invalidate(fault)
    told: Exception = DBAPIError.instance(
        made.text,
        None,
        fault,
        connection.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=connection.dialect,
    )
    return told


@lru_cache(maxsize=512)
def _compiled(statement: Executable, on_postgresql: bool) -> _Compiled:
    dialect: Dialect = (
        # PostgreSQL's own numbered parameters, so that psycopg has nothing to replace in the text.
        postgresql.psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        if on_postgresql
        else sqlite.pysqlite.dialect(paramstyle="qmark")
    )
    to_compile: Any = statement
    compiled: Any = to_compile.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert "POSTCOMPILE" not in compiled.string, "a list of values makes another statement for each of its lengths"
    names = tuple(compiled.positiontup or ())
    kinds = {compiled.bind_names[bind]: bind.type.dialect_impl(dialect) for bind in compiled.bind_names}
    before = tuple(kinds[name].bind_processor(dialect) for name in names)
    given = {
        name: value if (ready := kinds[name].bind_processor(dialect)) is None or value is None else ready(value)
        for name, value in compiled.params.items()
    }
    columns: Any = getattr(statement, "exported_columns", ()) or ()
    after = tuple(_processor_of(column.type, dialect) for column in columns)
    return _Compiled(compiled.string, names, given, before, after)


def _processor_of(kind: Any, dialect: Dialect) -> Processor:
    if isinstance(kind, Float):
        return None  # Both drivers have floats; SQLAlchemy would ask for the type of what came back.
    processor: Processor = kind.dialect_impl(dialect).result_processor(dialect, None)
    return processor
