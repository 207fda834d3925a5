"""Connections to PostgreSQL that wait no longer than people do, and leave a server alone that does not answer.

libpq bounds how long a connection may take to open, and nothing after that: a server that is frozen, or whose machine
is, holds whoever has asked it for as long as it stays so. And where every request waits two seconds to find out that
there is no server, as many requests as there are threads wait at any time, and readers of kept pages behind them.
"""

from __future__ import annotations

import math
import select
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

T = TypeVar("T")

PING_SECONDS = 1.5  # an answer takes a fraction of a millisecond; with this, people are told within two seconds
HEARD_LATELY = 0.25  # seconds since an answer for which a server is taken to be there
ANSWER_SECONDS = 6.0  # longer than a statement may run at the server, which then says so itself
LEFT_ALONE_FOR = 1.0  # seconds after a failure; one request finds out again then, and the others do not wait for it

_here = threading.local()


class Silence(psycopg.OperationalError):
    """The server has not answered in time, and its connection was given up."""


class LeftAlone(psycopg.OperationalError):
    """The server was away a moment ago, and somebody else is going to see whether it is back."""


@contextmanager
def bounded(*, hurried: bool = False) -> Iterator[None]:
    """Let no statement of the block wait for longer than one may take; `unbounded` lifts that again.

    A `hurried` block gets a connection without asking whether the server is there, where something else has just been
    heard of it; its first statement has to be answered as fast as that question.
    """
    before, _here.is_bounded = _is_bounded(), True
    _here.is_hurried = hurried
    try:
        yield
    finally:
        _here.is_bounded, _here.is_hurried = before, False


@contextmanager
def nothing_written() -> Iterator[None]:
    """Let a transaction end within the block without taking back what it has prepared, since it has only read."""
    _here.has_only_read = True
    try:
        yield
    finally:
        _here.has_only_read = False


def unbounded() -> None:
    """Let the statements of the present block take as long as they need."""
    _here.is_bounded = False


def _is_bounded() -> bool:
    return getattr(_here, "is_bounded", False)


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer does not come in time; raises Silence then."""

    breaker: Breaker
    is_unproven = False
    """True for one that was not asked whether its server is there, until something is heard of it."""

    def wait(self, gen: Any, *args: Any, **others: Any) -> Any:
        """Do what libpq's own waiting does, within a bound."""
        if not _is_bounded():
            return super().wait(gen, *args, **others)
        # The pool asks in autocommit whether a connection is alive; nothing else here does anything in that mode.
        seconds = PING_SECONDS if self.is_unproven or self.autocommit else ANSWER_SECONDS
        now = time.monotonic()
        answer = super().wait(self._within(gen, now + seconds), *args, **others)
        self.breaker.heard_at, self.is_unproven = now, False
        return answer

    def rollback(self) -> None:
        """End the transaction, undoing what it wrote."""
        # psycopg forgets every statement that it has prepared when it sees a ROLLBACK.
        if getattr(_here, "has_only_read", False):
            super().commit()
        else:
            super().rollback()

    def _within(self, gen: Generator[Any, Any, T], deadline: float) -> Generator[Any, Any, T]:
        # psycopg comes by ten times a second with a zero while nothing has happened.
        try:
            wanted = next(gen)
            while True:
                happened = yield wanted
                if not happened and time.monotonic() > deadline:
                    self.pgconn.finish()
                    # Whoever wants a new connection in place of this one would wait for the same silence.
                    self.breaker.went_away()
                    raise Silence
                wanted = gen.send(happened)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _has_something_to_say(connection: PatientConnection) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class Breaker:
    """Who may try to connect: everybody, until it fails; then one at a time, once a second, until it works."""

    def __init__(self) -> None:
        self.heard_at = -math.inf
        """When something was asked that has been answered since, on the monotonic clock."""
        self._lock = threading.Lock()
        self._is_away = False
        self._next_try = 0.0

    def went_away(self) -> None:
        """Have everybody leave the server alone for a while."""
        with self._lock:
            self._is_away, self._next_try = True, time.monotonic() + LEFT_ALONE_FOR

    def connect(self, *args: Any, **parameters: Any) -> PatientConnection:
        """Return a new connection; raises psycopg.OperationalError, and LeftAlone at once after that."""
        with self._lock:
            if self._is_away:
                if time.monotonic() < self._next_try:
                    raise LeftAlone
                self._next_try = math.inf  # until this one knows
        try:
            connection: PatientConnection = PatientConnection.connect(*args, **parameters)
        except BaseException:
            self.went_away()
            raise
        with self._lock:
            self._is_away = False
        connection.breaker = self
        return connection


def bound_waiting(engine: Engine) -> None:
    """Have the engine's connections opened and waited for within bounds, and found alive before they are used."""
    breaker = Breaker()
    dialect: Any = engine.dialect

    @event.listens_for(engine, "checkout")
    def _find_alive(connection: PatientConnection, record: Any, _proxy: Any) -> None:
        if getattr(_here, "is_hurried", False) and time.monotonic() - breaker.heard_at < HEARD_LATELY:
            # What a server says unasked is that it ends the connection.
            if not _has_something_to_say(connection):
                connection.is_unproven = True
                return
        elif record.info.pop("is_new", False):
            return
        try:
            dialect.do_ping(connection)
        except psycopg.Error as fault:
            raise InvalidatePoolError from fault

    @event.listens_for(engine, "connect")
    def _note_new(_connection: PatientConnection, record: Any) -> None:
        record.info["is_new"] = True

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> PatientConnection:
        return breaker.connect(*args, **parameters)
