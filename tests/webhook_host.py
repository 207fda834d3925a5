"""A site's own server that events are sent to, and what it has got; with an application that may call this machine."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from standardwebhooks import Webhook

from service import create_app
from service.domain.events import EventType
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.http_host import Asked

EVERYTHING = [event.value for event in EventType]
HERE = (ipaddress.ip_network("127.0.0.0/8"),)


@contextmanager
def calling_app(url: str, redis_url: str, folder: Path, **settings: Any) -> Iterator[Flask]:
    """Yield a migrated application that may call this machine; its outbox should be its own."""
    app = create_app(settings_for(url, redis_url, folder / "instance", **({"outgoing_allow": HERE} | settings)))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def listen(site: SiteDriver, url: str, *events: str) -> dict[str, Any]:
    """Let events of a site be sent somewhere, all of them unless some are named; returns the webhook."""
    said = {"url": url, "events": list(events) or EVERYTHING}
    answer = site.client.post("/v1/webhooks", json=said, headers=site.bearer)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def heard(asked: Asked, secret: str) -> list[dict[str, Any]]:
    """Return what was sent, each checked against its signature."""
    told = []
    for _, headers, body in asked:
        verified = Webhook(secret).verify(body, headers)
        assert verified == json.loads(body)
        told.append(verified)
    return told


def deliveries(site: SiteDriver, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """Return the log of a webhook, the latest event first."""
    address = f"/v1/webhooks/{webhook['id']}/deliveries"
    answer = site.client.get(address, query_string=query, headers=site.bearer)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["deliveries"])
