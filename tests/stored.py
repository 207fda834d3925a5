"""All that a database holds, for tests that search it for what must not be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import inspect, literal_column, select, table

from service.extensions import db
from service.store.session import reading


def everything_stored(app: Flask) -> bytes:
    """Return every value of every table of the database, one after another."""
    stored = bytearray()
    with app.app_context(), reading():
        for name in inspect(db.engine).get_table_names():
            # Not by reflection: SQLAlchemy cannot read an index of SQLite's over an expression, and warns of it.
            rows: Any = db.session.execute(select(literal_column("*")).select_from(table(name)))
            for row in rows:
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        stored += bytes(value) + b"\n"
                    elif isinstance(value, UUID):
                        stored += value.bytes + value.hex.encode() + b"\n"
                    else:
                        stored += str(value).encode("utf-8", "surrogatepass") + b"\n"
    return bytes(stored)


LAST_USES = {"last_seen_at", "last_used_at"}
"""Columns that say when a session or a token was last presented: also one that was refused has been."""


def rows_stored(app: Flask) -> set[tuple[str, UUID | None, str]]:
    """Return (table, site, row) of every row of the database, but for last uses; no site where the row names none."""
    stored = set()
    with app.app_context(), reading():
        for own in db.metadata.sorted_tables:
            columns = [column for column in own.c if column.name not in LAST_USES]
            for row in db.session.execute(select(*columns)).mappings():
                site_id = row["id"] if own.name == "sites" else row.get("site_id")
                stored.add((own.name, site_id, repr(dict(row))))
    return stored


def files_stored(directory: Path) -> bytes:
    """Return the bytes of every file below a directory, one after another."""
    return b"\n".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
