"""The worker: does what the outbox holds, as many of them at once as wanted. `flask --app wsgi worker` runs one.

What joins later needs a kind here and a function that does one job of it.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from flask import Flask

from service.actions import (
    closing,
    erase,
    events,
    findings,
    lateness,
    learning,
    moderator_letters,
    moving,
    opinions,
    outbox,
    retention,
)
from service.actions.outbox import Handler, Job
from service.actions.toolbox import tools
from service.courier import Courier
from service.domain.errors import StoreUnavailable
from service.postman import Postman

HANDLERS: Mapping[str, Handler] = {
    "score": learning.score,
    "learn": learning.learn,
    "learn_prior": learning.learn_prior,
    "opinion": opinions.ask,
    "report": opinions.report,
    "event": events.hand_on,
    erase.JOB: erase.go_on,
}
SLOW_HANDLERS: Mapping[str, Handler] = {"import": moving.carry_out, "undo_import": moving.carry_out_undo}
"""What may take minutes: a thread of its own does it, so that everything else goes on."""
LOOK_AT_QUEUES_EVERY = 15.0  # seconds; nobody counts the seconds of a queue that is late, or of an article that closes
LOOK_EVERY = 0.5
"""Seconds between two looks at the outbox where nobody says that there is something to do: a comment shall have its
score within a second also while Redis is away. A look is one query of an index."""

LOOK_FOR_OLD_EVERY = 60.0
"""Seconds between two looks for what sites have kept long enough, while there is nothing of it."""

log = structlog.get_logger(__name__)


class Worker:
    """One worker of an application; `stop` may be called from a signal handler or another thread.

    One of a process `listens` to whoever says that there is something to do; others look by themselves.
    """

    def __init__(
        self, app: Flask, handlers: Mapping[str, Handler] = HANDLERS, *, parent: int | None = None, listens: bool = True
    ) -> None:
        self._app = app
        self._handlers = handlers
        self._parent = parent
        self._listens = listens
        self._stopping = threading.Event()
        self._claimed: deque[Job] = deque()
        self._courier = Courier(app)
        self._postman = Postman(app)
        self._looked_at_queues = -math.inf
        self._looks_for_old_at = 0.0

    def stop(self) -> None:
        """End after the job that is being done."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped, or until the parent process is gone where one was given; the database may come and go."""
        log.info("worker_started", kinds=sorted(self._handlers))
        self._courier.start()
        self._postman.start()
        try:
            self._go_on()
        finally:
            self._postman.stop()
            self._courier.stop()
        log.info("worker_stopped")

    def drain(self) -> int:
        """Do everything that is due and return how much was done; raises StoreUnavailable, and goes on from there."""
        total, done = 0, 1
        while done:
            done = self._do_jobs() + self._courier.deliver_all() + self._postman.send_all()
            total += done
        return total

    def _go_on(self) -> None:
        is_away = False
        while not self._is_to_end():
            try:
                self._look_at_queues()
                self._do_jobs()
                self._courier.wake()
                self._postman.wake()
                if is_away:
                    log.info("worker_goes_on")
                is_away = False
                if self.forget():
                    continue
            except StoreUnavailable:
                if not is_away:
                    log.warning("worker_waits_for_the_database")
                is_away = True
                self._stopping.wait(LOOK_EVERY)
                continue
            if not self._listens:
                self._stopping.wait(LOOK_EVERY)
                continue
            with self._app.app_context():
                tools().wakeups.wait(LOOK_EVERY, self._stopping)

    def _look_at_queues(self) -> None:
        if time.monotonic() - self._looked_at_queues >= LOOK_AT_QUEUES_EVERY:
            with self._app.app_context():
                lateness.look(now=_now())
                closing.look(now=_now())
                moderator_letters.look_for_digests(now=_now())
            self._looked_at_queues = time.monotonic()

    def _do_jobs(self) -> int:
        done = 0
        while not self._is_to_end():
            with self._app.app_context():
                if not self._claimed:
                    claimed = outbox.claim(list(self._handlers), now=_now())
                    if not claimed:
                        return done
                    self._claimed.extend(findings.without_settled(claimed))
                    continue
                job = self._claimed[0]
                # What another one may have taken up by now is theirs.
                if job.claimed_until > _now():
                    done += outbox.carry_out(job, self._handlers, now=_now())
                    if job.kind == "event":
                        self._courier.wake()
                self._claimed.popleft()
        return done

    def forget(self) -> bool:
        """Do one batch of retention where it is time to look for one; False where there is nothing to go on with."""
        if time.monotonic() < self._looks_for_old_at:
            return False
        try:
            with self._app.app_context():
                if retention.do_some(now=_now()):
                    return True
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - a fault in one batch must not end the worker
            log.error("retention_failed", error=type(fault).__name__)  # noqa: TRY400 - messages quote what people wrote
        self._looks_for_old_at = time.monotonic() + LOOK_FOR_OLD_EVERY
        return False

    def _is_to_end(self) -> bool:
        return self._stopping.is_set() or (self._parent is not None and os.getppid() != self._parent)


def run(app: Flask, *, parent: int | None) -> None:
    """Run a worker in this process until SIGTERM or SIGINT, which let it finish its job."""
    worker, slow = Worker(app, parent=parent), Worker(app, SLOW_HANDLERS, parent=parent, listens=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    # It is not waited for: what it leaves unfinished a worker takes up again, like what a killed one does.
    threading.Thread(target=slow.run, name="slow jobs", daemon=True).start()
    worker.run()
    slow.stop()


def _now() -> datetime:
    return datetime.now(UTC)
