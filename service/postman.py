"""Hands letters to the mail server, in threads of the worker's process.

A server that hangs keeps these threads waiting and nobody else: scoring, learning and webhooks go on beside them.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import structlog
from flask import Flask

from service.actions import mailing
from service.actions.letters import can_be_sent
from service.domain.errors import StoreUnavailable

AT_ONCE = 2  # letters; so that one which takes its time does not hold up all others
LOOK_EVERY = 2.0  # seconds, where nobody says that there is something to send
PATIENCE = 5.0  # seconds that a worker which ends waits for letters on their way; they go out again otherwise

log = structlog.get_logger(__name__)


class Postman:
    """The threads of one worker; where no server takes our mail there are none."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._news = threading.Condition()
        self._stopping = threading.Event()
        # Daemons, since a server that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._work, name=f"postman-{number}", daemon=True) for number in range(AT_ONCE)
        ]
        with app.app_context():
            self._has_server = can_be_sent()

    def start(self) -> None:
        """Begin to send what is due."""
        if self._has_server:
            for thread in self._threads:
                thread.start()

    def wake(self) -> None:
        """Look whether there is something to send."""
        with self._news:
            self._news.notify_all()

    def stop(self) -> None:
        """Begin nothing more, and return when what is on its way is there, or has taken too long."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(PATIENCE)

    def send_all(self) -> int:
        """Send everything that is due, in this thread, and return how much that was; raises StoreUnavailable."""
        done = 0
        while self._has_server and (sent := self._send_next()) is not None:
            done += sent
        return done

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._send_next() is not None:
                    continue
            except StoreUnavailable:
                pass  # The worker says so, once.
            except Exception as fault:  # noqa: BLE001 - one fault must not end what sends everything else
                _tell(fault)
            with self._news:
                if not self._stopping.is_set():
                    self._news.wait(LOOK_EVERY)

    def _send_next(self) -> bool | None:
        with self._app.app_context():
            return mailing.send_next(now=datetime.now(UTC))


def _tell(fault: Exception) -> None:
    # Without its message, which may quote what people wrote.
    log.error("postman_failed", error=type(fault).__name__)
