"""Reading from a copy of the database that follows it: never older than what was announced, or not at all.

The copy is a streaming standby of PostgreSQL. Within `reading_replica` the session reads there and nowhere else. The
standby says how far it has come in the same transaction, so it may be any of several behind one address.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Cast, ColumnElement, case, cast, func, literal_column, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import StoreUnavailable
from service.extensions import READS_REPLICA, REPLICA, db
from service.store.connecting import bounded, nothing_written
from service.store.session import reading

log = logging.getLogger(__name__)


class NotToBeHad(Exception):
    """The copy cannot be read from at this moment; the database itself can."""


class Behind(NotToBeHad):
    """The copy has not come far enough, or follows nobody."""


def is_set() -> bool:
    """True where there is a copy to read from."""
    return REPLICA in db.engines


def position() -> int:
    """Return how far the database itself has come; whatever is committed by now lies before it.

    Raises StoreUnavailable.
    """
    # What is committed has been flushed, unless somebody has set it so that a commit need not wait for the disk. What
    # was inserted beside that, by reading alone, may take a quarter of a minute to be flushed and reach a standby.
    waits = func.current_setting("synchronous_commit") != "off"
    reached = case((waits, func.pg_current_wal_flush_lsn()), else_=func.pg_current_wal_insert_lsn())
    try:
        with reading():
            return db.session.execute(select(_bytes(reached))).scalar_one()
    except DBAPIError as fault:
        # It is asked after a commit, where nothing may fail; a role may lack the right to know.
        log.warning("position unknown: %s", type(fault.orig).__name__)
        raise StoreUnavailable from fault


@contextmanager
def reading_replica(*, at_least: int) -> Iterator[None]:
    """Run a block that only reads, on a copy that has come at least so far.

    Raises Behind before the block is entered where it has not, and NotToBeHad where it is away or refuses, before the
    block or in it.
    """
    session = db.session()
    # A read of before would go on at the database itself.
    session.rollback()
    session.info[READS_REPLICA] = True
    try:
        with bounded():
            # Null where it is no standby: one that was promoted beside the primary would go its own way unnoticed.
            reached = session.execute(select(_bytes(func.pg_last_wal_replay_lsn()))).scalar_one()
            if reached is None or reached < at_least:
                raise Behind
            yield
    except (DBAPIError, PoolTimeout) as fault:
        # Whatever it is: a standby cancels what is in the way of what it replays, and lacks the tables that a migration
        # has just made.
        log.warning("replica unavailable: %s", type(getattr(fault, "orig", None) or fault).__name__)
        raise NotToBeHad from fault
    finally:
        with nothing_written():
            session.rollback()
        del session.info[READS_REPLICA]


def _bytes(position: ColumnElement[Any]) -> Cast[int]:
    return cast(func.pg_wal_lsn_diff(position, literal_column("'0/0'")), BigInteger)
