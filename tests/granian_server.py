"""A real granian process for what only that shows: signals, several workers, sockets, and everything it logs.

with running_granian(instance) as server:
    server.ask("GET", "/readyz").json      an answer
    server.log()                           what it wrote on stdout and stderr
    server.kill()                          SIGKILL for granian and all its workers; `start` begins anew
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from service import create_app
from service.extensions import db
from tests.conftest import settings_for

ROOT = Path(__file__).parent.parent
START_LIMIT = 60.0  # seconds; a start takes two, but a loaded machine may need far longer
STOP_LIMIT = 20.0  # seconds until a server that does not stop is killed
ANSWER_LIMIT = 30.0  # seconds
LOOK_EVERY = 0.02  # seconds
SECRET = "a-secret-that-only-the-tests-know-long-enough"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class GranianServer:
    """A server on a port of its own; `environment` is all that it inherits besides PATH."""

    instance: Path
    port: int
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.instance / "server.log"

    def log(self) -> str:
        """Return everything written so far, by all starts."""
        return self.log_file.read_text()

    def start(self) -> None:
        """Start the process and wait until it serves."""
        command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1"]
        arguments = ["--port", str(self.port), "--no-ws", "--blocking-threads", "8", *self.options, "wsgi:app"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self.serves, f"granian did not start:\n{self.log()[-3000:]}", within=START_LIMIT)

    def serves(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"granian ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Ask the server to end, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End granian and all its workers without any warning."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_LIMIT)

    def ask(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request on a connection of its own; a body that is not bytes is sent as JSON."""
        given = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_LIMIT)
        try:
            connection.request(method, path, body=body, headers=given)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        except http.client.HTTPException as fault:
            raise ConnectionError(type(fault).__name__) from fault
        finally:
            connection.close()


def until(is_so: Callable[[], bool], otherwise: str, *, within: float = ANSWER_LIMIT) -> float:
    """Wait until a condition holds and return the seconds that took; the test fails when it does not come true."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > within:
            raise AssertionError(f"{otherwise} (waited {within} s)")
        time.sleep(LOOK_EVERY)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def environment_for(instance: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a server: nothing of the tests' own but what a process needs to run at all."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    return kept | {"INSTANCE_PATH": str(instance), "SECRET_KEY": SECRET} | settings


@contextmanager
def beside(instance: Path, database_url: str | None = None, **settings: Any) -> Iterator[Flask]:
    """Yield a migrated application of this process on the database of a server, for making sites and looking in."""
    instance.mkdir(parents=True, exist_ok=True)
    url = database_url or f"sqlite:///{instance / 'postbag.sqlite3'}"
    app = create_app(settings_for(url, "redis://localhost:1", instance, secret_key=SECRET, **settings))
    try:
        with app.app_context():
            upgrade()
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


@contextmanager
def running_granian(instance: Path, *options: str, **settings: str) -> Iterator[GranianServer]:
    """Yield a server that answers, and end it and all its workers afterwards; the database must be migrated."""
    server = GranianServer(instance, free_port(), environment_for(instance, **settings), options)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.kill()
