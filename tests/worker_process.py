"""`flask --app wsgi worker` as a process, for what only that shows: signals, deaths, several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.granian_server import ROOT, STOP_LIMIT, environment_for, until


@dataclass
class WorkerProcess:
    """A worker on the instance of an application of this process."""

    instance: Path
    number: int
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        flask = str(Path(sys.executable).with_name("flask"))
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [flask, "--app", "wsgi", "worker", *self.arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log_file(self) -> Path:
        return self.instance / f"worker-{self.number}.log"

    def log(self) -> str:
        """Return everything it wrote."""
        return self.log_file.read_text()

    def has_said(self, what: str) -> bool:
        """True where an event of this name stands in its log; the test fails where it has ended before."""
        if what in self.log():
            return True
        assert self.process.poll() is None, self.log()
        return False

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_LIMIT)

    def kill(self) -> None:
        """End it without any warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_LIMIT)


@contextmanager
def running_worker(instance: Path, number: int = 1, *arguments: str, **settings: str) -> Iterator[WorkerProcess]:
    """Yield a worker that has begun to look for work, and end it afterwards; the database must be migrated."""
    worker = WorkerProcess(instance, number, environment_for(instance, **settings), arguments)
    try:
        until(lambda: worker.has_said("worker_started"), "the worker did not start", within=60)
        yield worker
    finally:
        worker.kill()
