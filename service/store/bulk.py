"""Many rows at once, past the ORM and past most of SQLAlchemy: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import JSON, BigInteger, Boolean, Float, Integer, LargeBinary, String, Uuid, insert
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
    statement = f'COPY "{table.name}" ({told}) FROM STDIN (FORMAT binary)'
    before_each = _count(len(writes))
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(_HEADER)
            while some:
                columns = [_column(list(map(itemgetter(name), some)), write) for name, write in writes]
                copy.write(before_each + before_each.join(map(b"".join, zip(*columns, strict=True))))
                some = list(islice(coming, AT_ONCE))
            copy.write(_TRAILER)
    except psycopg.OperationalError as fault:
        raise OperationalError(statement, None, fault) from fault
    except psycopg.IntegrityError as fault:
        raise IntegrityError(statement, None, fault) from fault


def _column(values: list[Any], write: Callable[[Any], bytes]) -> list[bytes]:
    """Return values as they are written; what is the same in all rows is written once."""
    first = values[0]
    # Most of what is the same is the very same object, for which no two values are compared.
    if first is values[-1] and values.count(first) == len(values):
        return [write(first)] * len(values)
    return list(map(write, values))


# Values are written here, in COPY's binary format (PostgreSQL, "COPY", File Formats): a driver that is asked for each
# value, or for each row, takes most of the time that an import takes, and PostgreSQL reads text far more slowly.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_16_BYTES = (16).to_bytes(4, "big")
_count = Struct(">h").pack
_length = Struct(">i").pack
_int4 = Struct(">ii").pack
_int8 = Struct(">iq").pack
_float8 = Struct(">id").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's


def _written_as(kind: Any) -> Callable[[Any], bytes]:
    """Return how a value of a column is written; None is NULL in every one of them."""
    for known, write in _WRITTEN:
        if isinstance(kind, known):
            return write
    raise TypeError(f"nobody has said how a {kind} is written")


def _text(value: str | None) -> bytes:
    if value is None:
        return _NULL
    said = value.encode()
    return _length(len(said)) + said


def _bytes(value: bytes | None) -> bytes:
    return _NULL if value is None else _length(len(value)) + value


def _uuid(value: UUID | None) -> bytes:
    return _NULL if value is None else _16_BYTES + value.bytes


@lru_cache(maxsize=256)
def _time(value: datetime | None) -> bytes:
    # The same moment stands in several columns of a row, and in other tables.
    if value is None:
        return _NULL
    if value.tzinfo is None:
        raise ValueError("a time needs a zone")
    return _int8(8, (value - _EPOCH) // timedelta(microseconds=1))


def _truth(value: bool | None) -> bytes:
    return _NULL if value is None else b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def _integer(value: int | None) -> bytes:
    return _NULL if value is None else _int4(4, value)


def _long(value: int | None) -> bytes:
    return _NULL if value is None else _int8(8, value)


def _number(value: float | None) -> bytes:
    return _NULL if value is None else _float8(8, value)


def _json(value: object) -> bytes:
    return _NULL if value is None else _text(json.dumps(value))


_WRITTEN: tuple[tuple[Any, Callable[[Any], bytes]], ...] = (
    (Uuid, _uuid),
    (UtcDateTime, _time),
    (LargeBinary, _bytes),
    (Boolean, _truth),
    (JSON, _json),
    (BigInteger, _long),
    (Integer, _integer),
    (Float, _number),
    (String, _text),
)
