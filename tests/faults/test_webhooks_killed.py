"""The worker killed while it sends events to an endpoint that fails every third time: each gets there, in its order."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from service.extensions import db
from service.store.models import DeliveryRow, OutboxRow
from service.store.session import reading, writing
from tests.driver import make_site
from tests.faults.lasting import IS_LONG, lasting
from tests.granian_server import beside, until
from tests.http_host import Asked, serving
from tests.servers import running_postgres, running_redis
from tests.webhook_host import HERE, listen
from tests.worker_process import running_worker

REPLIES = lasting(60, 5_000)
"""Each is two events: that it came, and that it is held."""
EVENTS = 2 * REPLIES
KILLS = lasting(3, 20)
FAILS_EVERY = 3


class Endpoint:
    """What the events are sent to; it knows what it has taken, in the order in which it did."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.asked = 0
        self.taken: list[tuple[str, str, str]] = []
        self.first_seen: dict[str, int] = {}

    def has_taken(self, events: int) -> bool:
        """True once so many events have got here."""
        return len(self.first_seen) >= events

    def answer(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        """Refuse every third request, and take the others."""
        event_id = handler.headers["webhook-id"]
        # Several come at once, so the last one need not be this one.
        told = json.loads(next(body for _, headers, body in reversed(asked) if headers["webhook-id"] == event_id))
        event = (event_id, told["type"], told["data"]["comment"]["id"])
        with self._guard:
            self.asked += 1
            fails = self.asked % FAILS_EVERY == 0
            if not fails:
                self.taken.append(event)
                self.first_seen.setdefault(event[0], len(self.first_seen))
        handler.send_response(500 if fails else 200)
        handler.end_headers()


def left(app: Flask) -> int:
    """Return how much is not delivered: events not handed on yet, and deliveries that wait or were given up."""
    with app.app_context(), reading():
        events = db.session.scalar(select(func.count()).where(OutboxRow.kind == "event")) or 0
        undone = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.status != "delivered")
        return events + (db.session.scalar(undone) or 0)


def let_wait_no_longer(app: Flask) -> None:
    """Let pauses and the claims of the killed be over, as time would."""
    with app.app_context(), writing():
        now = datetime.now(UTC)
        db.session.execute(update(DeliveryRow).where(DeliveryRow.due_at > now).values(due_at=now))
        db.session.execute(update(OutboxRow).where(OutboxRow.kind == "event").values(due_at=now))


@pytest.mark.parametrize("kind", lasting(["sqlite"], ["sqlite", "postgresql"]))
def test_every_event_gets_there_in_its_order_however_often_the_worker_is_killed(tmp_path: Path, kind: str) -> None:
    instance = tmp_path / "instance"
    endpoint = Endpoint()
    with ExitStack() as stack:
        settings = {"REDIS_URL": stack.enter_context(running_redis()).url, "OUTGOING_ALLOW": "127.0.0.0/8"}
        if kind == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(running_postgres()).url
        app = stack.enter_context(beside(instance, settings.get("DATABASE_URL"), outgoing_allow=HERE))
        asked = stack.enter_context(serving(lambda handler: endpoint.answer(handler, asked)))
        site = make_site(app, limits="off")
        webhook = listen(site, asked.url, "comment.submitted", "comment.held")
        sent = [site.submitted()["id"] for _ in range(REPLIES)]
        begun = time.monotonic()
        for number in range(1, KILLS + 1):
            with running_worker(instance, number, **settings) as worker:
                share = EVENTS * number // (KILLS + 2)
                until(partial(endpoint.has_taken, share), f"nothing goes on after {number - 1} kills", within=300)
                worker.kill()
            if not IS_LONG:
                let_wait_no_longer(app)
        with running_worker(instance, KILLS + 1, **settings):
            while left(app):
                if not IS_LONG:
                    let_wait_no_longer(app)
                assert time.monotonic() - begun < 3_000, f"{left(app)} events are left"
                time.sleep(0.2)
        took = time.monotonic() - begun
        ids = Counter(event_id for event_id, _, _ in endpoint.taken)
        again = sum(ids.values()) - len(ids)
        print(
            f"{kind}: {len(ids)} events in {took:.0f} s, {endpoint.asked} requests, {KILLS} kills, {again} sent twice"
        )
        told = {(event_type, comment_id): event_id for event_id, event_type, comment_id in endpoint.taken}
        assert set(told) == {(event, one) for one in sent for event in ("comment.submitted", "comment.held")}
        assert len(set(endpoint.taken)) == len(ids) == EVENTS, "what comes twice has the same id, and says the same"
        for one in sent:
            first, second = (endpoint.first_seen[told[event, one]] for event in ("comment.submitted", "comment.held"))
            assert first < second, "a comment is told of in its order"
        state = site.client.get(f"/v1/webhooks/{webhook['id']}", headers=site.bearer).get_json()
        assert (state["waiting"], state["given_up"], state["enabled"]) == (0, 0, True)
