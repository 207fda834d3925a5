"""All that a database holds, for tests that search it for what must not be there."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import MetaData, Table, inspect, select

from service.extensions import db
from service.store.session import reading


def everything_stored(app: Flask) -> bytes:
    """Return every value of every table of the database, one after another."""
    stored = bytearray()
    with app.app_context(), reading():
        for name in inspect(db.engine).get_table_names():
            table = Table(name, MetaData(), autoload_with=db.engine)
            for row in db.session.execute(select(table)):
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        stored += bytes(value) + b"\n"
                    elif isinstance(value, UUID):
                        stored += value.bytes + value.hex.encode() + b"\n"
                    else:
                        stored += str(value).encode("utf-8", "surrogatepass") + b"\n"
    return bytes(stored)


def files_stored(directory: Path) -> bytes:
    """Return the bytes of every file below a directory, one after another."""
    return b"\n".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
