"""The Flask extensions, unbound; `create_app` binds them."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The base of every model; constraints get names, so that a migration can speak of them on either database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class LateMigrate:
    """Stands where Flask-Migrate looks for itself, and brings it when somebody looks.

    With it comes Alembic, which takes 6 MB and a tenth of the start of a process that will never migrate.
    """

    def init_app(self, app: Flask, directory: str) -> None:
        """Let the functions and the commands of Flask-Migrate find the application's migrations."""
        self._directory = directory
        app.extensions["migrate"] = self
        app.cli.add_command(LateCommands(name="db", help="Perform database migrations."))

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        app = current_app._get_current_object()  # type: ignore[attr-defined]
        Migrate().init_app(app, db, directory=self._directory)
        return getattr(app.extensions["migrate"], name)


class LateCommands(click.Command):
    """`flask db`, which is there when it is asked for."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        from flask_migrate.cli import db as commands

        made: click.Context = commands.make_context(*arguments, **options)
        return made


REPLICA = "replica"
"""The name of the engine of a copy of the database, where there is one."""
READS_REPLICA = "reads_replica"
"""Set in the session's `info` while it reads from there (`service.store.replica`)."""
WRITES_ON = "writes_on"
"""Under which the session's `info` has the connection of a write transaction, which it joins."""


class RoutedSession(Session):
    """A session that works on the database, in the write transaction that is open, or for a block on its copy."""

    def get_bind(self, *args: Any, **others: Any) -> Any:
        """Return the engine or the connection to be used now."""
        if self.info.get(READS_REPLICA):
            return self._db.engines[REPLICA]
        return self.info.get(WRITES_ON) or super().get_bind(*args, **others)


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": RoutedSession})
migrate = LateMigrate()
