"""Thousands of values as one parameter: on PostgreSQL a list is sent as the text of an array.

The driver writes a list value by value in Python, which takes longer than the statement that gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Integer, LargeBinary, String, Uuid

from service.extensions import Base, db
from service.store.types import UtcDateTime


def as_list(kind: Any, values: Iterable[Any]) -> str:
    """Return values of a column's type as PostgreSQL reads an array of them; None is NULL."""
    write = _written_as(kind)
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def unnested(model: type[Base], names: Sequence[str]) -> str:
    """Return what makes rows of one parameter a column, each that of `as_list`."""
    dialect, table = db.session.connection().dialect, model.__table__
    return f"unnest({', '.join(f'%s::{table.c[name].type.compile(dialect)}[]' for name in names)})"


def columns_of(model: type[Base], names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the parameters for `unnested`."""
    table = model.__table__
    return tuple(as_list(table.c[name].type, [row[name] for row in rows]) for name in names)


def add_to_numbers(model: type[Base], added: Mapping[UUID, Mapping[str, int]], names: Sequence[str]) -> None:
    """Add to the columns `names` of rows by their ids, in one statement of PostgreSQL; their rows are held already."""
    ours, sums = model.__tablename__, ", ".join(f'"{name}" = ours."{name}" + more."{name}"' for name in names)
    called = ", ".join(f'"{name}"' for name in ("id", *names))
    rows = [{"id": row_id, **dict.fromkeys(names, 0), **change} for row_id, change in added.items()]
    db.session.connection().exec_driver_sql(
        f'UPDATE "{ours}" AS ours SET {sums} FROM {unnested(model, ["id", *names])} AS more ({called})'  # noqa: S608 - our own names
        " WHERE ours.id = more.id",
        columns_of(model, ["id", *names], rows),
    )


def _written_as(kind: Any) -> Callable[[Any], str]:
    for known, write in _WRITTEN:
        if isinstance(kind, known):
            return write
    raise TypeError(f"nobody has said how a {kind} is written in a list")


def _quoted(value: str) -> str:
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (Uuid, lambda value: value.hex),
    (UtcDateTime, lambda value: value.isoformat()),
    (LargeBinary, lambda value: f'"\\\\x{value.hex()}"'),
    (Boolean, lambda value: "t" if value else "f"),
    (Integer, str),
    (String, _quoted),
)
