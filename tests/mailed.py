"""An application whose mail goes to a mailbox of this machine, and how tests send and read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from service import create_app
from service.extensions import db
from service.worker import Worker
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.mailbox import Mailbox, Received

HERE = "https://comments.example"
"""Where links in the letters of such an application lead."""

ON_BOTH = pytest.mark.parametrize("own_app", ["sqlite", "postgresql"], indirect=True)
"""For what depends on the database: what is counted, claimed, bundled or held. All else about letters does not."""


@contextmanager
def mailing_app(url: str, redis_url: str, folder: Path, mailbox: Mailbox, **settings: Any) -> Iterator[Flask]:
    """Yield a migrated application that sends mail; its outbox should be its own."""
    given = {"smtp": mailbox.address, "public_url": HERE} | settings
    app = create_app(settings_for(url, redis_url, folder, **given))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def letters_of(app: Flask, mailbox: Mailbox) -> list[Received]:
    """Do what the outbox holds, and return the letters that were sent by it."""
    before = len(mailbox.letters)
    Worker(app).drain()
    return mailbox.letters[before:]


def links_in(letter: Received, purpose: str = "") -> list[str]:
    """Return the links of a letter's text that lead to this service, as paths, or those for one purpose."""
    found = re.findall(rf"^{HERE}(\S+)$", letter.part("plain"), re.MULTILINE)
    return [link for link in found if f"/mail/{purpose}" in link or not purpose]


def wish(site: SiteDriver, sent: dict[str, Any], about: str, *, wanted: bool = True, lang: str = "en") -> TestResponse:
    """Ask on a receipt to be told by mail, or no more."""
    address = f"/v1/receipts/{sent['receipt']['token']}/mail?lang={lang}"
    return site.client.post(address, json={"about": about, "wanted": wanted})


def one_click(site: SiteDriver, letter: Received) -> TestResponse:
    """Do what a mailbox does whose reader wants no more of this (RFC 8058)."""
    header = str(letter.message["List-Unsubscribe"])
    # As programs read it that know nothing of encoded words.
    assert f"List-Unsubscribe: {header}\r\n".encode() in letter.raw
    assert letter.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = urlsplit(header.strip("<>"))
    return site.app.test_client().post(f"{parts.path}?{parts.query}", data={"List-Unsubscribe": "One-Click"})
