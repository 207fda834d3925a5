"""One line of JSON for every request, and its number: no address, no query, no path with a secret in it.

What stands in a line is the route's pattern (`/receipts/<token>`), never the path that was asked for.
"""

from __future__ import annotations

import re
import time
import traceback
from uuid import uuid4

import structlog
from flask import Flask, Response, g

from service import metrics
from service.web.parsing import the_request

log = structlog.get_logger("postbag.request")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ENVIRON_KEY = "postbag.request_id"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"operations.healthz", "operations.readyz", "operations.metrics"})


def observe(app: Flask, *, behind_proxy: bool) -> None:
    """Number, time, count and log every request of the application."""

    @app.before_request
    def begin() -> None:
        asked = the_request()
        given = asked.headers.get("X-Request-Id", "") if behind_proxy else ""
        # A trusted proxy's number ties its log to ours; anybody else's could be made to look like one.
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        asked.environ[ENVIRON_KEY] = request_id
        # From here on every line that this thread logs carries the number, whoever writes it.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        asked = the_request()
        route = str(asked.url_rule) if asked.url_rule else "unknown"
        # A method can be any word, and every word would be kept as a label for as long as the process lives.
        method = asked.method if asked.method in METHODS else "other"
        response.headers["X-Request-Id"] = asked.environ.get(ENVIRON_KEY, "")
        metrics.requests.labels(method, route, str(response.status_code)).inc()
        metrics.request_seconds.labels(method, route).observe(seconds)
        if asked.endpoint not in QUIET:
            log.info(
                "request",
                method=method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
            )
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request_id")


def log_fault(fault: BaseException) -> None:
    """Log an unexpected fault with where it happened, but without its message, which may quote what people typed."""
    frames = [
        f"{frame.filename.rsplit('/service/', 1)[-1]}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(fault.__traceback__)
    ]
    causes: list[str] = []
    cause = fault.__cause__ or fault.__context__
    while cause is not None and len(causes) < 5:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    log.error(
        "fault",
        fault=type(fault).__name__,
        causes=causes,
        frames=frames[-12:],
    )
