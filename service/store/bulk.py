"""Many rows at once, past the ORM and past most of SQLAlchemy: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from service.extensions import Base, db
from service.store.dialect import is_postgresql


def add_many(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns, within the transaction of the session; none is no fault.

    Those that refer to each other come in the order in which they may be added one by one.
    """
    if not rows:
        return
    connection = db.session.connection()
    if not is_postgresql():
        connection.execute(insert(model.__table__), list(rows))  # type: ignore[arg-type]
        return
    names = tuple(rows[0])
    table: Any = model.__table__
    ready = [table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for name in names]
    driver: Any = connection.connection.driver_connection
    # Names of our own models, never anybody's words.
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(
                [
                    row[name] if process is None else process(row[name])
                    for name, process in zip(names, ready, strict=True)
                ]
            )
