"""One transaction for each thing people do, on either database; the faults of a database in one error.

A write transaction takes SQLite's one write lock at its start (`BEGIN IMMEDIATE`): a transaction that reads first and
asks for the lock later is refused by SQLite when another has written in between, however long it would wait.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from service.config import Settings
from service.domain.errors import StoreUnavailable
from service.extensions import REPLICA, WRITES_ON, db
from service.store.connecting import bound_waiting, bounded, nothing_written, unbounded
from service.store.dialect import is_postgresql
from service.store.here import here

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2  # to reach PostgreSQL; readers behind a dead database are told so within this time
STATEMENT_MILLISECONDS = 5_000  # no statement of ours takes a second; one that does is stuck
LOCK_MILLISECONDS = 1_000  # two moderators on one comment wait milliseconds; longer means somebody hangs
POOL_SIZE = 10
POOL_WAIT_SECONDS = 2
SILENCE_MILLISECONDS = 5_000  # a server whose machine is gone says nothing at all; the kernel gives up after this
NEVER_BY_ITSELF = 1_000_000_000  # times that psycopg sends a statement before it prepares it unasked
SQLITE_BUSY_MILLISECONDS = 5_000  # SQLite has one writer at a time; the others wait in line this long


def engine_options(settings: Settings) -> dict[str, Any]:
    """Return the engine options for the database of the settings."""
    options: dict[str, Any] = {
        # Parameters are people's words and addresses; they must not stand in an error that is logged.
        "hide_parameters": True,
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_SIZE,
        "pool_timeout": POOL_WAIT_SECONDS,
    }
    if settings.uses_sqlite:
        return options | {"connect_args": {"timeout": SQLITE_BUSY_MILLISECONDS / 1000}}
    return options | {
        "connect_args": {
            "connect_timeout": CONNECT_SECONDS,
            # Only what asks for it is prepared: lists that people narrow are planned for what they ask.
            "prepare_threshold": NEVER_BY_ITSELF,
            "tcp_user_timeout": SILENCE_MILLISECONDS,
            # What is copied is written in it (`bulk.py`), whatever the environment says of other programs.
            "client_encoding": "UTF8",
            "application_name": "postbag",
            "options": f"-c statement_timeout={STATEMENT_MILLISECONDS} -c lock_timeout={LOCK_MILLISECONDS}",
        },
    }


def prepare_engine(engine: Engine) -> None:
    """Teach an SQLite engine real transactions, foreign keys and waiting, and a PostgreSQL one not to wait for ever."""
    if engine.dialect.name != "sqlite":
        bound_waiting(engine)
        return

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: ConnectionPoolEntry) -> None:
        # The driver's own idea of when a transaction begins is switched off; `begin` below says it.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        # An acknowledged submission is on the disk, also when the power fails.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        for_writing = connection.get_execution_options().get("for_writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if for_writing else "BEGIN")


@contextmanager
def writing(*, hurried: bool = False) -> Iterator[None]:
    """Run a block in one write transaction: committed at its end, undone when it raises.

    A `hurried` one begins with a statement that takes no time, and does not ask beforehand whether the database is
    there. Raises StoreUnavailable where the database is away, too slow or locked for too long.
    """
    with faults_told(hurried=hurried), _in_line():
        # What was read before belongs to another snapshot; the block reads again what it decides on.
        session = db.session()
        if session.in_transaction():
            session.rollback()
        follow: dict[Callable[[], None], None] = {}
        # A session takes longer to begin and to end a transaction than two statements that go past it, so it joins this
        # one only if it is needed.
        with db.engine.connect().execution_options(for_writing=True) as connection, connection.begin():
            here.connection, here.follow, session.info[WRITES_ON] = connection, follow, connection
            try:
                yield
                _leave(session.commit)
            except BaseException:
                _leave(session.rollback)
                raise
            finally:
                here.connection = None
                del session.info[WRITES_ON]
    for act in follow:
        act()


def leave_to_the_other() -> None:
    """Forget all connections after a fork, and close none: they are those of the process that was forked."""
    db.engine.dispose(close=False)
    db.session.registry.clear()


def _leave(end: Callable[[], None]) -> None:
    """Let the session leave the transaction that it has joined, which ends by itself."""
    if db.session().in_transaction():
        end()


def after_commit(act: Callable[[], None]) -> None:
    """Have something done when the transaction of this block is committed, once however often it is asked for.

    Nothing is done where the block raises. It must not fail, since what was committed cannot be undone.
    """
    here.follow[act] = None


class _Line:
    """A lock whose waiters get it in the order in which they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Event] = deque()

    def wait(self, seconds: float) -> bool:
        """Take the lock, waiting that long for it at most; False where it was not to be had."""
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(seconds):
            return True
        with self._guard:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def leave(self) -> None:
        """Give the lock to whoever has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_held = False


_lines: WeakKeyDictionary[Engine, _Line] = WeakKeyDictionary()


@contextmanager
def _in_line() -> Iterator[None]:
    """Let the writers of this process to an SQLite file pass one by one, first come, first served.

    SQLite itself lets everybody who waits ask again now and then, and whoever asks at the right moment wins: under load
    some never would. PostgreSQL needs no line.
    """
    if is_postgresql():
        yield
        return
    line = _lines.setdefault(db.engine, _Line())
    if not line.wait(SQLITE_BUSY_MILLISECONDS / 1000):
        raise StoreUnavailable
    try:
        yield
    finally:
        line.leave()


@contextmanager
def reading() -> Iterator[None]:
    """Run a block that only reads; the snapshot and its connection are given back at the end.

    Raises StoreUnavailable where the database is away or too slow.
    """
    with faults_told():
        try:
            yield
        finally:
            with nothing_written():
                db.session.rollback()


@contextmanager
def faults_told(*, hurried: bool = False) -> Iterator[None]:
    """Tell every way in which a database can be away as StoreUnavailable."""
    try:
        with bounded(hurried=hurried):
            yield
    except (OperationalError, PoolTimeout) as fault:
        log.warning("database unavailable: %s", type(getattr(fault, "orig", None) or fault).__name__)
        raise StoreUnavailable from fault
    except DBAPIError as fault:
        if not (fault.connection_invalidated or _has_no_such_table(fault)):
            raise
        log.warning("database unavailable: %s", type(fault.orig).__name__)
        raise StoreUnavailable from fault


def _has_no_such_table(fault: DBAPIError) -> bool:
    """True where PostgreSQL has not been migrated yet; SQLite says the same with an OperationalError."""
    return isinstance(fault.orig, UndefinedTable)


def take_time() -> None:
    """Let the statements of this transaction take as long as they need: counting ten million rows takes a while."""
    unbounded()
    if db.engine.dialect.name == "postgresql":
        db.session.connection().exec_driver_sql("SET LOCAL statement_timeout = 0")


def settle_later() -> None:
    """Let this transaction be on the disk with the next one that waits for it: it has to be one that would be repeated.

    A crash of PostgreSQL itself within a second undoes it, and nothing that came before.
    """
    # A copy is told how far it has to have come by what has reached the disk (`replica.position`).
    if is_postgresql() and REPLICA not in db.engines:
        db.session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")


def ping() -> None:
    """Pass when the database answers and has its tables; raises StoreUnavailable otherwise."""
    with reading():
        db.session.connection().exec_driver_sql("SELECT 1 FROM sites LIMIT 1")
