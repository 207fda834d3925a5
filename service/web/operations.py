"""What operators and their machines ask: is it alive, is it ready, what has it counted, what does it promise."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from service import metrics as metrics_of
from service.actions.outbox import backlog
from service.actions.upkeep import readiness
from service.domain.errors import StoreUnavailable
from service.web.origins import readable_by_any_page
from service.web.responses import REVALIDATED, cacheable, json_response
from service.web.times import utc_now

blueprint = Blueprint("operations", __name__)

OPENAPI_FILE = Path(__file__).parents[2] / "openapi.yaml"


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200 while the process serves requests at all; it asks nobody else."""
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 while the database answers, else 503; without Redis the service is ready, and says so."""
    ready = readiness()
    body = {
        "status": "ready" if ready.is_ready else "unavailable",
        "database": "ok" if ready.database else "unavailable",
        "redis": "ok" if ready.redis else "unavailable",
    }
    return json_response(body, 200 if ready.is_ready else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer with the counts in Prometheus' text format, of all workers where PROMETHEUS_MULTIPROC_DIR is set.

    The state of the outbox is left out while the database is away.
    """
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry)
    with suppress(StoreUnavailable):
        found = backlog(now=utc_now())
        text += metrics_of.outbox_text(due=found.due, oldest_seconds=found.oldest_seconds, given_up=found.given_up)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/openapi.yaml")
def openapi() -> Response:
    """Answer with the promise to clients: the committed file, which the suite holds against the code."""
    readable_by_any_page()
    if "openapi" not in current_app.extensions:
        current_app.extensions["openapi"] = OPENAPI_FILE.read_bytes()
    return cacheable(current_app.extensions["openapi"], "application/yaml", REVALIDATED)
