"""Carries events to webhooks, several at once, in threads of the worker's process.

Whoever waits for a slow endpoint waits alone: scoring and learning go on in the worker's own thread, an endpoint that
has just failed has one thread at most, and one that fails again and again is left alone for a while.
"""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import structlog
from flask import Flask

from service.actions import deliveries
from service.domain.errors import StoreUnavailable

AT_ONCE = 8  # calls; they wait for others, so their number costs connections to the database rather than time
AT_ONCE_TO_ONE = 4  # calls to one endpoint, while it takes what it is sent
IN_A_ROW = 50  # deliveries to one endpoint until others may have the thread
LOOK_EVERY = 0.5  # seconds, where nobody says that there is something to send

log = structlog.get_logger(__name__)


class Courier:
    """The threads of one worker; `wake` and `stop` may be called from any of them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier")
        self._on_the_way = Counter[UUID]()
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._dispatcher = threading.Thread(target=self._dispatch, name="courier")
        self._done = 0

    def start(self) -> None:
        """Begin to carry what is due."""
        self._dispatcher.start()

    def wake(self) -> None:
        """Look whether there is something to send."""
        self._news.set()

    def stop(self) -> None:
        """Begin nothing more, and return when what is on its way has been answered, which takes seconds at most."""
        self._stopping.set()
        self._news.set()
        if self._dispatcher.is_alive():
            self._dispatcher.join()
        self._threads.shutdown()

    def deliver_all(self) -> int:
        """Carry everything that is due, and return how much that was; raises StoreUnavailable."""
        before = self._done
        while True:
            self._news.clear()
            started = self._start_what_is_due()
            if not started and not self._on_the_way.total():
                return self._done - before
            self._news.wait(LOOK_EVERY)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                self._start_what_is_due()
            except StoreUnavailable:
                # The worker says so as well, once.
                self._stopping.wait(LOOK_EVERY)
            except Exception as fault:  # noqa: BLE001 - one fault must not end what carries everything else
                _tell(fault)
                self._stopping.wait(LOOK_EVERY)
            self._news.wait(LOOK_EVERY)

    def _start_what_is_due(self) -> int:
        """Have threads carry what is due, as far as there are threads; returns how many were started."""
        if self._on_the_way.total() >= AT_ONCE:
            return 0
        with self._app.app_context():
            ready = deliveries.ready(now=_now())
        started = 0
        for webhook_id, failures in ready:
            with self._guard:
                is_free = self._on_the_way.total() < AT_ONCE
                has_room = self._on_the_way[webhook_id] < (1 if failures else AT_ONCE_TO_ONE)
                if not (is_free and has_room):
                    continue
                self._on_the_way[webhook_id] += 1
            self._threads.submit(self._carry, webhook_id)
            started += 1
        return started

    def _carry(self, webhook_id: UUID) -> None:
        """Send to one endpoint what is due, until nothing is, it fails, or others have waited long enough."""
        done = 0
        try:
            with self._app.app_context():
                parcel = deliveries.take(webhook_id, now=_now())
            while parcel is not None:
                # A context for each, so that no connection to the database waits along with the call.
                with self._app.app_context():
                    attempt = deliveries.send(parcel, now=_now())
                    done += 1
                    go_on = done < IN_A_ROW and not self._stopping.is_set()
                    parcel = deliveries.settle(parcel, attempt, now=_now(), go_on=go_on)
        except StoreUnavailable:
            pass  # It is sent again when the claim is over.
        except Exception as fault:  # noqa: BLE001 - likewise
            _tell(fault)
        finally:
            with self._guard:
                self._on_the_way[webhook_id] -= 1
                self._done += done
            self._news.set()


def _tell(fault: Exception) -> None:
    # Without its message, which may quote what people wrote.
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    log.error("courier_failed", error=type(fault).__name__, frames=frames[-6:])


def _now() -> datetime:
    return datetime.now(UTC)
