"""One moment of the database, read for as long as it takes, while everybody else goes on writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Executable, text

from service.extensions import db
from service.store.connecting import unbounded
from service.store.session import faults_told

LONGEST_PAUSE = "10min"
"""How long whoever reads may wait between two pages. A snapshot keeps PostgreSQL from tidying up, so nobody may forget
one."""


class Snapshot:
    """A connection on which every statement sees the same moment; it belongs to one reader."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.is_postgresql = connection.dialect.name == "postgresql"

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        """Return what a statement in SQL finds; raises StoreUnavailable where the database has gone."""
        return self.found(text(statement), values)

    def found(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Return what a statement of SQLAlchemy finds; raises StoreUnavailable where the database has gone."""
        with faults_told():
            unbounded()
            return list(self._connection.execute(statement, dict(values or {})).all())

    def streamed(self, statement: Executable, *, at_once: int) -> Iterator[Any]:
        """Yield what a statement finds, that many rows held at a time, however many there are."""
        with self._connection.execute(statement, execution_options={"yield_per": at_once}) as found:
            yield from found


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Yield the database as it is now; statements take as long as they need. Raises StoreUnavailable."""
    with faults_told():
        connection = db.engine.connect()
    try:
        with faults_told():
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                for setting in (
                    "statement_timeout = 0",
                    "TIME ZONE 'UTC'",
                    f"idle_in_transaction_session_timeout = '{LONGEST_PAUSE}'",
                ):
                    connection.exec_driver_sql(f"SET LOCAL {setting}")
            # The moment is that of the first read.
            connection.exec_driver_sql("SELECT 1 FROM sites LIMIT 1")
        yield Snapshot(connection)
    finally:
        connection.close()
