"""Many rows at once, past the ORM and past most of SQLAlchemy: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, String, Uuid, insert
from sqlalchemy.exc import IntegrityError, OperationalError

from service.extensions import Base, db
from service.store.dialect import is_postgresql
from service.store.types import UtcDateTime

AT_ONCE = 100  # rows that are written in one go: about as much as waits between two processes


def add_many(model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns, within the transaction of the session; none is no fault.

    Those that refer to each other come in the order in which they may be added one by one. Rows are asked for while
    PostgreSQL stores those before them, so that making them costs no time of its own; they may not ask it anything.
    Raises what SQLAlchemy raises for what it executes itself.
    """
    coming = iter(rows)
    some = list(islice(coming, AT_ONCE))
    if not some:
        return
    connection = db.session.connection()
    table: Any = model.__table__
    if not is_postgresql():
        while some:
            connection.execute(insert(table), some)
            some = list(islice(coming, AT_ONCE))
        return
    writes = [(name, _written_as(table.c[name].type)) for name in some[0]]
    driver: Any = connection.connection.driver_connection
    # Names of our own models, never anybody's words.
    told = ", ".join(f'"{name}"' for name, _ in writes)
    statement = f'COPY "{table.name}" ({told}) FROM STDIN'
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            while some:
                columns = [_column(list(map(itemgetter(name), some)), write) for name, write in writes]
                copy.write("\n".join(map("\t".join, zip(*columns, strict=True))) + "\n")
                some = list(islice(coming, AT_ONCE))
    except psycopg.OperationalError as fault:
        raise OperationalError(statement, None, fault) from fault
    except psycopg.IntegrityError as fault:
        raise IntegrityError(statement, None, fault) from fault


def _column(values: list[Any], write: Callable[[Any], str]) -> list[str]:
    """Return values as they are written; what is the same in all rows is written once."""
    first = values[0]
    # Most of what is the same is the very same object, for which no two values are compared.
    if first is values[-1] and values.count(first) == len(values):
        return [write(first)] * len(values)
    return list(map(write, values))


# Values are written here in COPY's text format: a driver that is asked for each value, or for each row, takes most of
# the time that an import takes.
_NULL = "\\N"


def _written_as(kind: Any) -> Callable[[Any], str]:
    """Return how a value of a column is written; None is NULL in every one of them."""
    for known, write in _WRITTEN:
        if isinstance(kind, known):
            return write
    raise TypeError(f"nobody has said how a {kind} is written")


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    # To look for one character four times is faster by far than to look once for any of the four.
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _bytes(value: bytes | None) -> str:
    return _NULL if value is None else f"\\\\x{value.hex()}"


def _uuid(value: UUID | None) -> str:
    return _NULL if value is None else f"{value.int:032x}"


@lru_cache(maxsize=256)
def _time(value: datetime | None) -> str:
    # The same moment stands in several columns of a row, and in other tables.
    if value is None:
        return _NULL
    if value.tzinfo is None:
        raise ValueError("a time needs a zone")
    return value.isoformat()


def _truth(value: bool | None) -> str:
    return _NULL if value is None else "t" if value else "f"


def _plain(value: object) -> str:
    return _NULL if value is None else str(value)


def _number(value: float | None) -> str:
    return _NULL if value is None else repr(value)


def _json(value: object) -> str:
    return _NULL if value is None else _text(json.dumps(value))


_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (Uuid, _uuid),
    (UtcDateTime, _time),
    (LargeBinary, _bytes),
    (Boolean, _truth),
    (JSON, _json),
    (Integer, _plain),
    (Float, _number),
    (String, _text),
)
