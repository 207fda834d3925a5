"""Whoever is measured: one granian worker on one core, with the load on another, for us and for every control alike."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.granian_server import ROOT, GranianServer, free_port, until

SERVER_CORE, LOAD_CORE = 0, 1
RUNTIME = ROOT / ".venv" / "bin"
"""The packages that people run, without those of the tests, some of which others import where they find them."""
BINARIES = RUNTIME if (RUNTIME / "granian").exists() else Path(sys.executable).parent


@contextmanager
def on_one_core(
    target: str, environment: dict[str, str], *, threads: int = 1, granian: Path | None = None
) -> Iterator[int]:
    """Yield the port of one granian worker that serves an application on one core.

    `granian` is that of another environment, with other packages in it, where the application is not ours.
    """
    with server_on_one_core(target, environment, threads=threads, granian=granian) as server:
        yield server.port


@contextmanager
def server_on_one_core(
    target: str, environment: dict[str, str], *, threads: int = 1, granian: Path | None = None
) -> Iterator[GranianServer]:
    """Yield the server itself, once it takes connections, and end it afterwards."""
    server = GranianServer(Path(environment.get("INSTANCE_PATH", "/tmp")), free_port(), environment)
    server.process = started(target, environment, server.port, threads=threads, granian=granian)
    try:
        until(lambda: is_open(server.port), f"{target} did not start")
        yield server
    finally:
        server.kill()


def started(
    target: str, environment: dict[str, str], port: int, *, threads: int = 1, granian: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start one worker and return at once; whoever called it ends it, with the session that it has of its own."""
    binary = granian or BINARIES / "granian"
    options = ["--interface", "wsgi", "--no-ws", "--blocking-threads", str(threads), "--workers", "1"]
    command = ["taskset", "-c", str(SERVER_CORE), str(binary), *options, "--port", str(port), target]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
    )


def worker_of(process: subprocess.Popen[bytes]) -> int:
    """Return the process that answers requests: granian's only child, or the one with the most memory."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return max(map(int, children), key=resident) if children else process.pid


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds (RSS)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return what a server and its workers have had of the processor so far, whatever else ran meanwhile."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ticks = 0
    for pid in (process.pid, *children):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def is_open(port: int) -> bool:
    """Return whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetched(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[dict[str, str], bytes]:
    """Return the headers, by their names in lower case, and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()
