"""How Alembic reaches the database: through the application's own engine, on PostgreSQL and SQLite alike."""

from __future__ import annotations

import logging
import time

from alembic import context
from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.extensions import db

LOCK_MILLISECONDS = 400
"""A migration that cannot get its lock gives up, since everybody else queues behind it. It is less than a statement of
the service waits for a lock (`service.store.session`), so that nobody is refused meanwhile."""
TRIES = 30
PAUSE_SECONDS = 1.0  # between two tries, in which those who queued get their turn

log = logging.getLogger("alembic.env")


def run() -> None:
    """Run the migrations that are asked for, each in a transaction of its own, and again where a lock was not free."""
    for attempt in range(1, TRIES + 1):
        try:
            _run()
        except OperationalError as fault:
            if not isinstance(fault.orig, LockNotAvailable) or attempt == TRIES:
                raise
            log.warning("somebody holds what has to be locked; trying again (%d of %d)", attempt, TRIES)
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _run() -> None:
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = {LOCK_MILLISECONDS}"))
            connection.execute(text("SET statement_timeout = 0"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
            compare_server_default=True,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        finally:
            if connection.dialect.name == "postgresql":
                # It goes back to those that this process answers requests with, whose statements wait for longer.
                connection.rollback()
                connection.execute(text("RESET lock_timeout"))
                connection.execute(text("RESET statement_timeout"))
                connection.commit()


run()
