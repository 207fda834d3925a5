"""The Flask extensions, unbound; `create_app` binds them."""

from __future__ import annotations

from typing import Any

from flask_migrate import Migrate
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


REPLICA = "replica"
"""The name of the engine of a copy of the database, where there is one."""
READS_REPLICA = "reads_replica"
"""Set in the session's `info` while it reads from there (`service.store.replica`)."""


class RoutedSession(Session):
    """A session that works on the database, or for the length of a block on its copy."""

    def get_bind(self, *args: Any, **others: Any) -> Any:
        """Return the engine to be used now."""
        if self.info.get(READS_REPLICA):
            return self._db.engines[REPLICA]
        return super().get_bind(*args, **others)


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": RoutedSession})
migrate = Migrate()
