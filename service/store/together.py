"""Writes that return nothing, sent together: on PostgreSQL as one statement, whose parts are one another's CTEs.

A submission adds to eight tables. Each statement of its own costs the process more than the database, so what is
written within `together()` is gathered and sent at the end of the block. SQLite has no such statement and needs none:
it is in the same process, and its statements are merely kept compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Executable, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.extensions import Base, db
from service.store.dialect import is_postgresql
from service.store.prepared import run, run_for_each

MOST_VALUES = 200
"""In one statement; a longer one would not often be met again as it is."""
_GATHERED = "gathered_writes"
"""Under which the session keeps what waits for the end of the block."""


@dataclass(frozen=True)
class _Kind:
    """What a statement looks like, whatever its values: statements of one kind are compiled once.

    `added` are the columns to which values are added, in the row that `keys` name; none of them in a plain INSERT.
    """

    model: type[Base]
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    is_upsert: bool = False
    on_postgresql: bool = False

    def statement(self, prefix: str) -> Any:
        """Return the statement for one row, with a parameter for each value, named by `prefix` and column.

        Of several rows each is a statement of its own: SQLAlchemy compiles an INSERT of many rows anew every time.
        """
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
        return insert(table).values(values)


Written = tuple[_Kind, Mapping[str, Any]]


def add_rows(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns; none is no fault."""
    if rows:
        kind = _Kind(model, tuple(rows[0]))
        _write([(kind, row) for row in rows])


def add_to(model: type[Base], keys: Mapping[str, Any], **by: Any) -> None:
    """Add to the columns of one row that exists."""
    row = dict(keys) | by
    _write([(_Kind(model, tuple(row), tuple(keys), tuple(by)), row)])


def add_to_or_insert(model: type[Base], keys: Mapping[str, Any], **by: Any) -> None:
    """Add to the columns of one row, which is made with these values where it does not exist."""
    row = dict(keys) | by
    _write([(_Kind(model, tuple(row), tuple(keys), tuple(by), is_upsert=True, on_postgresql=is_postgresql()), row)])


@contextmanager
def together() -> Iterator[None]:
    """Gather what is written within the block through this module, and send it at the end in the order it came.

    Nothing within the block may read what it writes. On PostgreSQL no row may be written twice in it.
    """
    gathered: list[Written] = []
    info = db.session().info
    assert _GATHERED not in info, "one block at a time gathers"
    info[_GATHERED] = gathered
    try:
        yield
    finally:
        del info[_GATHERED]
    if gathered:
        _send(gathered)


def _write(written: Sequence[Written]) -> None:
    gathered = db.session().info.get(_GATHERED)
    if gathered is None:
        _send(written)
    else:
        gathered.extend(written)


def _send(written: Sequence[Written]) -> None:
    if not is_postgresql():
        for kind, alike in groupby(written, key=itemgetter(0)):
            run_for_each(_statement((kind,)), [_named(0, row) for _, row in alike])
        return
    for part in _parts(written):
        parameters: dict[str, Any] = {}
        for number, (_, row) in enumerate(part):
            parameters |= _named(number, row)
        run(_statement(tuple(kind for kind, _ in part)), parameters)


def _parts(written: Sequence[Written]) -> Iterator[Sequence[Written]]:
    part: list[Written] = []
    values = 0
    for one in written:
        if part and values + len(one[1]) > MOST_VALUES:
            yield part
            part, values = [], 0
        part.append(one)
        values += len(one[1])
    yield part


def _named(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    # A plain column's name would be taken for a value to be filled in by SQLAlchemy.
    return {f"w{number}_{name}": value for name, value in row.items()}


@lru_cache(maxsize=256)
def _statement(kinds: tuple[_Kind, ...]) -> Executable:
    if len(kinds) == 1:
        alone: Executable = kinds[0].statement("w0_")
        return alone
    parts = [kind.statement(f"w{number}_").cte(f"w{number}") for number, kind in enumerate(kinds)]
    return select(literal_column("1")).add_cte(*parts)
