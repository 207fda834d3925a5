"""What is logged: one JSON object a line, with the request's number, and nothing that people typed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask

from service import create_app
from service.extensions import db
from tests.conftest import settings_for

SECRET = "what-somebody-typed-7c21"


class FailingStore(Exception):
    """A fault whose message quotes what it was given, as those of drivers do."""


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the service's handler writes; standard error itself belongs to pytest here."""
    stream = StringIO()
    handlers = [handler for handler in logging.getLogger().handlers if getattr(handler, "is_postbag", False)]
    assert len(handlers) == 1
    (handler,) = handlers
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before or handler.stream)


@pytest.fixture
def failing_app(redis_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application with views that fall over their input."""
    app = create_app(settings_for(f"sqlite:///{tmp_path / 'x.sqlite3'}", redis_url, tmp_path))

    @app.get("/v1/fail")
    def fail() -> str:
        try:
            int(SECRET)
        except ValueError as fault:
            raise FailingStore(f"INSERT failed: {SECRET}") from fault
        return "it was a number"

    @app.get("/fail")
    def fail_page() -> str:
        raise FailingStore(SECRET)

    @app.get("/v1/log")
    def log_something() -> str:
        logging.getLogger("a.library").warning("A line\nwith a break and \x00 and %s", "an argument")
        return "logged"

    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_fault_is_a_500_problem_that_says_nothing_of_it(failing_app: Flask, written: StringIO) -> None:
    response = failing_app.test_client().get(f"/v1/fail?q={SECRET}", headers={"X-Request-Id": SECRET})
    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert response.get_json()["code"] == "internal_error"
    number = response.headers["X-Request-Id"]
    assert SECRET not in response.text + str(response.headers) + written.getvalue()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    fault, request = lines
    assert (fault["event"], fault["level"], fault["fault"]) == ("fault", "error", "FailingStore")
    assert fault["causes"] == ["ValueError"]
    assert any("test_logs" in frame and "in fail" in frame for frame in fault["frames"])
    assert fault["request_id"] == request["request_id"] == number
    assert (request["event"], request["status"], request["route"]) == ("request", 500, "/v1/fail")


def test_a_fault_of_a_page_is_a_page_with_the_request_s_number(failing_app: Flask, written: StringIO) -> None:
    response = failing_app.test_client().get("/fail")
    assert response.status_code == 500
    assert response.content_type.startswith("text/html")
    assert response.headers["X-Request-Id"] in response.text
    assert SECRET not in response.text + written.getvalue()


def test_a_line_of_a_library_is_json_too_whatever_it_says(failing_app: Flask, written: StringIO) -> None:
    assert failing_app.test_client().get("/v1/log").status_code == 200
    said, request = [json.loads(line) for line in written.getvalue().splitlines()]
    assert said["event"] == "A line\nwith a break and \x00 and an argument"
    assert (said["level"], said["logger"]) == ("warning", "a.library")
    assert said["timestamp"].endswith("Z")
    assert said["request_id"] == request["request_id"]


def test_a_line_outside_of_a_request_carries_the_number_of_none(failing_app: Flask, written: StringIO) -> None:
    failing_app.test_client().get("/v1/log")
    logging.getLogger("a.library").warning("Afterwards")
    assert "request_id" not in json.loads(written.getvalue().splitlines()[-1])


def test_a_number_given_by_anybody_is_not_taken_over(failing_app: Flask) -> None:
    response = failing_app.test_client().get("/healthz", headers={"X-Request-Id": "chosen-by-me"})
    assert response.headers["X-Request-Id"] != "chosen-by-me"


def test_looking_after_the_service_is_not_logged(failing_app: Flask, written: StringIO) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        failing_app.test_client().get(path)
    assert "postbag.request" not in written.getvalue()
