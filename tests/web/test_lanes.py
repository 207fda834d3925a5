"""A rush of replies takes its places and nobody else's; what has not arrived yet takes none."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.web.lanes import OTHERS_AT_ONCE, REPLIES_AT_ONCE, Lanes
from tests.granian_server import until


class Work:
    """An application that works on each request until it is let go, and knows how many it works on."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.done = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        self.paths.append(environ["PATH_INFO"])
        assert self.done.wait(30)
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]


class Dripped(io.RawIOBase):
    """A body of which nothing comes until it is let go."""

    def __init__(self, comes: threading.Event) -> None:
        self.comes = comes

    def read(self, size: int = -1) -> bytes:
        assert self.comes.wait(30)
        return b"x" * size


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def send(work: Work) -> Iterator[Callable[..., Future[bytes]]]:
    lanes = Lanes(work)
    with ThreadPoolExecutor(20) as threads:

        def send_one(
            path: str, method: str = "POST", body: InputStream | None = None, length: int = 0
        ) -> Future[bytes]:
            environ = EnvironBuilder(path, method=method).get_environ()
            environ["CONTENT_LENGTH"] = str(length)
            if body is not None:
                environ["wsgi.input"] = body
            return threads.submit(lambda: b"".join(run_wsgi_app(lanes, environ)[0]))

        yield send_one
        work.done.set()


def test_a_rush_of_replies_leaves_places_for_everything_else(work: Work, send: Callable[..., Future[bytes]]) -> None:
    replies = [send("/v1/comments") for _ in range(REPLIES_AT_ONCE + 3)]
    until(lambda: len(work.paths) == REPLIES_AT_ONCE, "the replies did not begin")
    others = [send("/v1/comments", "GET") for _ in range(OTHERS_AT_ONCE + 3)]
    until(lambda: len(work.paths) == REPLIES_AT_ONCE + OTHERS_AT_ONCE, "the others wait for replies")
    assert not any(one.done() for one in replies + others)
    work.done.set()
    assert [one.result(30) for one in replies + others] == [b""] * len(replies + others)
    assert len(work.paths) == len(replies + others)


def test_a_body_that_does_not_come_takes_no_place(work: Work, send: Callable[..., Future[bytes]]) -> None:
    comes = threading.Event()
    slow = [send("/v1/comments", body=Dripped(comes), length=7) for _ in range(REPLIES_AT_ONCE + 3)]
    work.done.set()
    assert send("/v1/comments", body=io.BytesIO(b"whole"), length=5).result(30) == b"whole"
    assert work.paths == ["/v1/comments"]
    comes.set()
    assert [one.result(30) for one in slow] == [b"x" * 7] * len(slow)


@pytest.mark.parametrize("length", ["", "-1", "²", "9" * 30])
def test_a_length_that_is_none_is_left_to_the_application(work: Work, length: str) -> None:
    work.done.set()
    environ = EnvironBuilder("/v1/comments", method="POST", data=b"{}").get_environ()
    environ["CONTENT_LENGTH"] = length
    body, status, _ = run_wsgi_app(Lanes(work), environ)
    assert (b"".join(body), status) == (b"{}", "200 OK")
