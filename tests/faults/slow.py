"""Clients that open connections and say little, and the check that nobody else notices."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

from tests.driver import SiteDriver
from tests.faults.lasting import lasting
from tests.granian_server import GranianServer

DRIPPING = lasting(30, 200)
READS = lasting(20, 500)
NOTICED = 4.0  # seconds; a read takes milliseconds, and the machine may be busy
BODY = b"POST /v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
HEAD = b"GET /v1/comments?site=x HTTP/1.1\r\nHost: x\r\nX-Slow: "


def connections_to_spare(wanted: int) -> int:
    """Return how many connections this process may hold, of as many as are wanted; raises the bound it can raise."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - 1000)


@contextmanager
def held(server: GranianServer, connections: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Yield that many connections on which nothing but this is sent."""
    with ExitStack() as stack:
        opened = []
        for _ in range(connections):
            opened.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.port))))
            if sent:
                opened[-1].sendall(sent)
        yield opened


@contextmanager
def dripping(connections: list[socket.socket]) -> Iterator[None]:
    """Send a byte a second on each connection within the block."""
    stop = Event()

    def drip() -> None:
        while True:
            for connection in connections:
                connection.send(b"x")
            if stop.wait(1):
                return

    thread = Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def assert_unnoticed(server: GranianServer, site: SiteDriver) -> None:
    """Fail unless readers and writers on connections of their own are answered as ever."""
    for _ in range(READS):
        began = time.monotonic()
        assert server.ask("GET", f"/v1/comments?site={site.slug}&article={site.article}").status == 200
        assert time.monotonic() - began < NOTICED
    sent = server.ask("POST", "/v1/comments", body=site.reply(), headers={"Origin": site.origin})
    assert sent.status == 202
