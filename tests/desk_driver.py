"""Somebody who is signed in at the desk: their account, their browser, and the CSRF token of their session.

noor = signed_in(site)                           a moderator in a browser of her own
noor.get("/desk")                                a page
noor.post("/desk/decisions", action="approve")   a form of hers
noor.api("PUT", "/v1/moderation/...")            what the desk's script calls
desk_cookie(site, role="admin")                  what another browser needs to be signed in
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select
from werkzeug.test import TestResponse

from service.actions.accounts import email_hashes, store_account
from service.actions.desk_sessions import csrf_tokens
from service.adapters.keyring import new_token, token_hash
from service.adapters.passwords import hash_password
from service.domain.permissions import Role
from service.extensions import db
from service.store import moderators
from service.store.ids import new_id
from service.store.models import LogRow, ReasonRow, SiteRow
from service.store.session import reading, writing
from service.store.sites import find_site
from tests.driver import SiteDriver

PASSWORD = "three words and more"
_numbers = itertools.count(1)


def new_network() -> str:
    """Return a client address that nobody else has, since tries to sign in are limited by network."""
    return f"2001:db8:{next(_numbers):x}::1"


def new_moderator(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> str:
    """Make an account with a role on the site and return the address it signs in with; its password is PASSWORD."""
    now = datetime.now(UTC)
    email = f"moderator{next(_numbers)}-{now:%H%M%S%f}@example.org"
    with site.app.app_context(), writing():
        moderator_id = store_account(name, email, _hash_of_password(), now=now)
        moderators.set_role(moderator_id, find_site(site.slug).id, Role(role), now=now)
    return email


def signed_in(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> DeskBrowser:
    """Make a moderator of the site and return their browser, signed in."""
    browser = DeskBrowser(site.app, new_moderator(site, role, name))
    browser.let_in()
    return browser


def desk_cookie(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> str:
    """Make a moderator of the site who is signed in, and return the value of their cookie."""
    return signed_in(site, role, name).cookie


def reasons_for(site: SiteDriver, *titles: str) -> None:
    """Give the site canned reasons of these titles, in the place of those that it has."""
    now = datetime.now(UTC)
    with site.app.app_context(), writing():
        site_id = find_site(site.slug).id
        db.session.execute(delete(ReasonRow).where(ReasonRow.site_id == site_id))
        for position, title in enumerate(titles):
            words = {"position": position, "title": title, "text": f"{title}, in words for the author."}
            db.session.execute(insert(ReasonRow).values(id=new_id(now), site_id=site_id, created_at=now, **words))


def decisions_logged(site: SiteDriver) -> list[tuple[str, str, str]]:
    """Return (action, comment, moderator) of every decision in the site's log, in order."""
    with site.app.app_context(), reading():
        rows = db.session.execute(
            select(LogRow.action, LogRow.comment_id, LogRow.actor_name)
            .join(SiteRow, SiteRow.id == LogRow.site_id)
            .where(SiteRow.slug == site.slug, LogRow.kind == "decision")
            .order_by(LogRow.number)
        )
        return [(row.action, str(row.comment_id), row.actor_name) for row in rows]


@cache
def _hash_of_password() -> str:
    # Once for all accounts: hashing takes long on purpose.
    return hash_password(PASSWORD)


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
    def id(self) -> UUID:
        """The account's id."""
        with self.app.app_context(), reading():
            account = moderators.find_account(email_hashes(self.email))
        assert account is not None
        return account.id

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

    def let_in(self) -> None:
        """Begin a session without a word of the password, whose check takes long on purpose."""
        moderator_id, token = self.id, new_token("pbs_")
        with self.app.app_context(), writing():
            moderators.add_session(moderator_id, token_hash=token_hash(token), browser="a test", now=datetime.now(UTC))
        self.client.set_cookie("postbag", token)

    def sign_in(self, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Send the sign-in form."""
        return self._post("/desk/sign-in", {"email": self.email, "password": password} | fields)

    def sign_out(self) -> None:
        """End the session, as another tab of the same browser does."""
        assert self.post("/desk/sign-out").status_code == 303

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
