"""What a migration does to a table that is in use, so that the version that is running does not notice.

A column is added with `op.add_column`, nullable or with a constant default: neither database writes the rows that are
there again. Everything that reads a whole table stands here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

PARTS = sa.text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table) ORDER BY 1",
)
IS_INVALID = sa.text(
    "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)",
)


def create_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """Make an index while the table is written to; what an attempt that failed has left is made anew.

    On PostgreSQL that ends the transaction of the migration, so it belongs at its end, or into one of its own. A table
    that was divided (docs/scaling.md) gets one made of those of its parts, which takes no time once they are there.
    """
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, columns, **options)
        return
    parts = _parts(table)
    with _outside_of_a_transaction():
        for number, part in enumerate(parts):
            _create_concurrently(f"{name}_{number}", part, columns, **options)
        if not parts:
            _create_concurrently(name, table, columns, **options)
    if parts:
        op.create_index(name, table, columns, if_not_exists=True, **options)


def drop_index(name: str, table: str) -> None:
    """Remove an index while the table is in use."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    if _parts(table):
        # Of a table in parts PostgreSQL only does it at once.
        op.drop_index(name, table, if_exists=True)
        return
    with _outside_of_a_transaction():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)


def _parts(table: str) -> list[str]:
    return list(op.get_bind().execute(PARTS, {"table": table}).scalars())


def _create_concurrently(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    if op.get_bind().execute(IS_INVALID, {"name": name}).scalar_one_or_none():
        op.drop_index(name, table, postgresql_concurrently=True)
    op.create_index(name, table, columns, if_not_exists=True, postgresql_concurrently=True, **options)


@contextmanager
def _outside_of_a_transaction() -> Iterator[None]:
    with op.get_context().autocommit_block():
        # It waits for every transaction that is older, and nobody waits for it.
        before = op.get_bind().execute(sa.text("SHOW lock_timeout")).scalar_one()
        op.execute("SET lock_timeout = 0")
        try:
            yield
        finally:
            op.execute(f"SET lock_timeout = '{before}'")
