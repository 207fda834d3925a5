"""How Alembic reaches the database: through the application's own engine, on PostgreSQL and SQLite alike."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from service.extensions import db

LOCK_SECONDS = 5
"""A migration that cannot get its lock gives up, rather than make every reader queue behind it."""


def run() -> None:
    """Run the migrations that are asked for, each in a transaction of its own."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
            connection.execute(text("SET statement_timeout = 0"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
