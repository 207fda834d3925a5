"""Somebody who is signed in at the desk: their account, their browser, and the CSRF token of their session.

noor = signed_in(site)                           a moderator in a browser of her own
noor.get("/desk")                                a page
noor.post("/desk/decisions", action="approve")   a form of hers
noor.api("PUT", "/v1/moderation/...")            what the desk's script calls
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.actions.desk_sessions import csrf_tokens
from service.actions.invitations import create_moderator
from service.domain.permissions import Role
from tests.driver import SiteDriver

PASSWORD = "three words and more"
_numbers = itertools.count(1)


def new_network() -> str:
    """Return a client address that nobody else has, since tries to sign in are limited by network."""
    return f"2001:db8:{next(_numbers):x}::1"


def new_moderator(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> str:
    """Make an account with a role on the site and return the address it signs in with."""
    email = f"moderator{next(_numbers)}-{datetime.now(UTC):%H%M%S%f}@example.org"
    with site.app.app_context():
        create_moderator(site.slug, name=name, email=email, password=PASSWORD, role=Role(role), now=datetime.now(UTC))
    return email


def signed_in(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> DeskBrowser:
    """Make an account with a role on the site and sign in with it."""
    browser = DeskBrowser(site.app, new_moderator(site, role, name))
    answer = browser.sign_in()
    assert answer.status_code == 303, answer.text
    return browser


@dataclass
class DeskBrowser:
    """A browser before the desk, with cookies of its own."""

    app: Flask
    email: str
    address: str = field(default_factory=new_network)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @property
    def cookie(self) -> str:
        """The value of the session's cookie; empty while nobody is signed in."""
        found = self.client.get_cookie("postbag")
        return "" if found is None else found.value

    @property
    def csrf(self) -> str:
        """The token that the session's pages carry."""
        with self.app.app_context():
            return csrf_tokens(self.cookie)[0]

    def sign_in(self, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Send the sign-in form."""
        return self._post("/desk/sign-in", {"email": self.email, "password": password} | fields)

    def get(self, address: str, **query: str) -> TestResponse:
        """Open a page."""
        return self.client.get(address, query_string=query or None, environ_base={"REMOTE_ADDR": self.address})

    def post(self, address: str, **fields: Any) -> TestResponse:
        """Send a form of a page of the session."""
        return self._post(address, {"csrf": self.csrf} | fields)

    def api(self, method: str, address: str, **options: Any) -> TestResponse:
        """Call the API as the desk's script does."""
        headers = {"X-CSRF-Token": self.csrf} | options.pop("headers", {})
        return self.client.open(address, method=method, headers=headers, **options)

    def _post(self, address: str, fields: dict[str, Any]) -> TestResponse:
        return self.client.post(address, data=fields, environ_base={"REMOTE_ADDR": self.address})
