"""Writes that return nothing, sent together: on PostgreSQL as one statement, whose parts are one another's CTEs.

A submission adds to eight tables. Each statement of its own costs the process more than the database, so what is
written within `together()` is gathered and sent at the end of the block. SQLite has no such statement and needs none:
it is in the same process, and its statements are merely kept compiled.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Executable, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.extensions import Base
from service.store.dialect import is_postgresql
from service.store.prepared import run, run_for_each

MOST_VALUES = 200
"""In one statement; a longer one would not often be met again as it is."""
MOST_ROWS = 20
"""Of one INSERT, likewise."""


@dataclass(frozen=True)
class _Kind:
    """What a statement looks like, whatever its values: statements of one kind are compiled once.

    Of several `rows` of an INSERT the `columns` have one value for all, and each has its own for `own_columns`. `added`
    are the columns to which values are added, in the row that `keys` name; none of them in a plain INSERT.
    """

    model: type[Base]
    columns: tuple[str, ...]
    own_columns: tuple[str, ...] = ()
    rows: int = 1
    keys: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    is_upsert: bool = False
    on_postgresql: bool = False

    def statement(self, prefix: str) -> Any:
        """Return the statement, with a parameter for each value, named by `prefix`, number of the row and column."""
        table: Any = self.model.__table__
        values = {name: bindparam(f"{prefix}{name}", type_=table.c[name].type) for name in self.columns}
        if self.is_upsert:
            dialect = postgresql if self.on_postgresql else sqlite
            statement = dialect.insert(table).values(values)
            added = {name: table.c[name] + statement.excluded[name] for name in self.added}
            return statement.on_conflict_do_update(index_elements=self.keys, set_=added)
        if self.added:
            found = [table.c[key] == values[key] for key in self.keys]
            return update(table).where(*found).values({name: table.c[name] + values[name] for name in self.added})
        rows = [
            values | {name: bindparam(f"{prefix}{at}_{name}", type_=table.c[name].type) for name in self.own_columns}
            for at in range(self.rows)
        ]
        return insert(table).values(rows if len(rows) > 1 else rows[0])


@dataclass(frozen=True)
class _Written:
    kind: _Kind
    values: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()
    """What each row has of its own."""


class _Here(threading.local):
    gathered: list[_Written] | None = None
    """What waits for the end of the block."""


_here = _Here()


def add_rows(model: type[Base], rows: Sequence[Mapping[str, Any]], **shared: Any) -> None:
    """Insert rows, which all name the same columns, besides those that they share; none is no fault."""
    # SQLite is given one row after another, which makes one statement of however many.
    at_once = MOST_ROWS if is_postgresql() else 1
    for first in range(0, len(rows), at_once):
        part = rows[first : first + at_once]
        _write(_Written(_Kind(model, tuple(shared), tuple(part[0]), len(part)), shared, part))


def add_to(model: type[Base], keys: Mapping[str, Any], **by: Any) -> None:
    """Add to the columns of one row that exists."""
    row = dict(keys) | by
    _write(_Written(_Kind(model, tuple(row), keys=tuple(keys), added=tuple(by)), row))


def add_to_or_insert(model: type[Base], keys: Mapping[str, Any], **by: Any) -> None:
    """Add to the columns of one row, which is made with these values where it does not exist."""
    row, added = dict(keys) | by, tuple(by)
    on_postgresql = is_postgresql()
    kind = _Kind(model, tuple(row), keys=tuple(keys), added=added, is_upsert=True, on_postgresql=on_postgresql)
    _write(_Written(kind, row))


@contextmanager
def together() -> Iterator[None]:
    """Gather what is written within the block through this module, and send it at the end in the order it came.

    Nothing within the block may read what it writes. On PostgreSQL no row may be written twice in it.
    """
    assert _here.gathered is None, "one block at a time gathers"
    gathered: list[_Written] = []
    _here.gathered = gathered
    try:
        yield
    finally:
        _here.gathered = None
    if gathered:
        _send(gathered)


def _write(written: _Written) -> None:
    if _here.gathered is None:
        _send([written])
    else:
        _here.gathered.append(written)


def _send(written: Sequence[_Written]) -> None:
    if not is_postgresql():
        for kind, alike in groupby(written, key=attrgetter("kind")):
            run_for_each(_statement((kind,)), [_named(0, one) for one in alike])
        return
    for part in _parts(written):
        parameters: dict[str, Any] = {}
        for number, one in enumerate(part):
            parameters |= _named(number, one)
        run(_statement(tuple([one.kind for one in part])), parameters)


def _parts(written: Sequence[_Written]) -> Iterator[Sequence[_Written]]:
    part: list[_Written] = []
    values = 0
    for one in written:
        size = len(one.values) + len(one.rows) * len(one.kind.own_columns)
        if part and values + size > MOST_VALUES:
            yield part
            part, values = [], 0
        part.append(one)
        values += size
    yield part


def _named(number: int, written: _Written) -> dict[str, Any]:
    # A plain column's name would be taken for a value to be filled in by SQLAlchemy.
    named = {f"w{number}_{name}": value for name, value in written.values.items()}
    for at, row in enumerate(written.rows):
        named |= {f"w{number}_{at}_{name}": value for name, value in row.items()}
    return named


@lru_cache(maxsize=256)
def _statement(kinds: tuple[_Kind, ...]) -> Executable:
    if len(kinds) == 1:
        alone: Executable = kinds[0].statement("w0_")
        return alone
    parts = [kind.statement(f"w{number}_").cte(f"w{number}") for number, kind in enumerate(kinds)]
    return select(literal_column("1")).add_cte(*parts)
