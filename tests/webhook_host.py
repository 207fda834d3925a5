"""A site's own server that events are sent to, and what it has got; with an application that may call this machine."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from standardwebhooks import Webhook

from service import create_app
from service.domain.events import EventType
from service.extensions import db
from service.worker import Worker
from tests.commands import empty_postgres
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.http_host import Asked, saying, serving

EVERYTHING = [event.value for event in EventType]
FINE = saying(b"thanks")
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


@contextmanager
def calling_app_on(kind: str, request: pytest.FixtureRequest, redis_url: str, folder: Path) -> Iterator[Flask]:
    """Yield the same on a database of its own, of the kind "sqlite" or "postgresql"."""
    if kind == "sqlite":
        with calling_app(f"sqlite:///{folder / 'own.sqlite'}", redis_url, folder) as app:
            yield app
    else:
        with (
            empty_postgres(request.getfixturevalue("postgres_url")) as url,
            calling_app(url, redis_url, folder) as app,
        ):
            yield app


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


class Ear:
    """A server that listens to everything of a site."""

    def __init__(self, site: SiteDriver, asked: Asked, secret: str, is_spoken_to: threading.Event) -> None:
        self._site, self._asked, self._secret, self._read = site, asked, secret, 0
        self.is_spoken_to = is_spoken_to

    def hears(self) -> list[dict[str, Any]]:
        """Let the worker send what is due, and return what has come since the last time."""
        Worker(self._site.app).drain()
        return self.heard()

    def heard(self) -> list[dict[str, Any]]:
        """Return what has come since the last time by itself."""
        told = heard(self._asked, self._secret)
        new, self._read = told[self._read :], len(told)
        return new

    def types(self) -> list[str]:
        """Return the types of what has come since the last time."""
        return [told["type"].removeprefix("comment.") for told in self.hears()]


@contextmanager
def listening(site: SiteDriver, *events: str) -> Iterator[Ear]:
    """Yield an ear for these events of a site, for all unless some are named."""
    is_spoken_to = threading.Event()

    def take(handler: BaseHTTPRequestHandler) -> None:
        FINE(handler)
        is_spoken_to.set()

    with serving(take) as asked:
        webhook = listen(site, f"{asked.url}/postbag", *events)
        yield Ear(site, asked, webhook["secret"], is_spoken_to)


def deliveries(site: SiteDriver, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """Return the log of a webhook, the latest event first."""
    address = f"/v1/webhooks/{webhook['id']}/deliveries"
    answer = site.client.get(address, query_string=query, headers=site.bearer)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["deliveries"])
