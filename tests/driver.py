"""Somebody who uses a site over HTTP as readers, moderators and integrators do.

site = make_site(app)
sent = site.submit(body="Hello").json            a reader's reply
site.approve(sent["id"])                         a moderator's decision
site.page()["comments"]                          what readers see then
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.actions import sites
from service.domain.permissions import Scope

_numbers = itertools.count(1)


def make_site(app: Flask, *, limits: str = "default", scopes: tuple[Scope, ...] = tuple(Scope)) -> SiteDriver:
    """Make a site with one origin and a token of these scopes, and return its driver."""
    # The number tells sites of one process apart, the time those of a database that is used again.
    slug = f"s{next(_numbers)}-{datetime.now(UTC):%H%M%S%f}"
    origin = f"https://{slug}.example"
    with app.app_context():
        sites.create_site(slug, name=f"Site {slug}", origins=[origin], now=datetime.now(UTC))
        if limits != "default":
            sites.change_site(slug, limits=limits, now=datetime.now(UTC))
        token = sites.create_token(slug, name="Mira", scopes=scopes, now=datetime.now(UTC))
    return SiteDriver(app, slug, origin, token, f"{origin}/articles/1")


@dataclass
class SiteDriver:
    """A site, the address of one of its articles, and a token that may do everything there."""

    app: Flask
    slug: str
    origin: str
    token: str
    article: str
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @property
    def bearer(self) -> dict[str, str]:
        """The header that presents the token."""
        return {"Authorization": f"Bearer {self.token}"}

    def another_token(self, *scopes: Scope, name: str = "Noor") -> dict[str, str]:
        """Return the header of a second token of this site; with every scope unless some are named."""
        with self.app.app_context():
            token = sites.create_token(self.slug, name=name, scopes=scopes or tuple(Scope), now=datetime.now(UTC))
        return {"Authorization": f"Bearer {token}"}

    def change(self, **changes: Any) -> None:
        """Change the site's settings, as `flask site set` does."""
        with self.app.app_context():
            sites.change_site(self.slug, now=datetime.now(UTC), **changes)

    def reply(self, **changes: Any) -> dict[str, Any]:
        """Return an acceptable reply with some fields changed; one given as None is left out."""
        number = next(_numbers)
        fields = {
            "site": self.slug,
            "article": self.article,
            "name": f"Reader {number}",
            "email": f"reader{number}@example.org",
            "body": f"Reply number {number}.",
        }
        return {name: value for name, value in (fields | changes).items() if value is not None}

    def submit(
        self, *, headers: dict[str, str] | None = None, address: str = "192.0.2.1", **changes: Any
    ) -> TestResponse:
        """Send a reply as JSON from a page of the site."""
        return self.client.post(
            "/v1/comments",
            json=self.reply(**changes),
            headers={"Origin": self.origin} | (headers or {}),
            environ_base={"REMOTE_ADDR": address},
        )

    def submit_form(self, *, address: str = "192.0.2.1", accept: str = "text/html", **changes: Any) -> TestResponse:
        """Send a reply as a browser sends the plain HTML form."""
        return self.client.post(
            "/v1/comments",
            data=self.reply(**changes),
            headers={"Origin": self.origin, "Accept": accept},
            environ_base={"REMOTE_ADDR": address},
        )

    def submitted(self, **changes: Any) -> dict[str, Any]:
        """Send a reply and return the receipt; the test fails where it is refused."""
        response = self.submit(**changes)
        assert response.status_code in {201, 202}, response.text
        return _object(response)

    def published(self, **changes: Any) -> dict[str, Any]:
        """Send a reply, approve it, and return the receipt."""
        sent = self.submitted(**changes)
        assert self.approve(sent["id"]).status_code == 201
        return sent

    def decide(
        self, comment_id: str, action: str, *, headers: dict[str, str] | None = None, **fields: Any
    ) -> TestResponse:
        """Decide on a comment; revision 1 unless another is given."""
        return self.client.post(
            f"/v1/moderation/comments/{comment_id}/decisions",
            json={"action": action, "revision": 1} | fields,
            headers=headers or self.bearer,
        )

    def approve(self, comment_id: str, revision: int = 1) -> TestResponse:
        """Approve a revision."""
        return self.decide(comment_id, "approve", revision=revision)

    def revise(self, sent: dict[str, Any], body: str) -> TestResponse:
        """Revise a comment through its receipt."""
        return self.client.patch(f"/v1/receipts/{sent['receipt']['token']}", json={"body": body})

    def withdraw(self, sent: dict[str, Any]) -> TestResponse:
        """Withdraw a comment through its receipt."""
        return self.client.delete(f"/v1/receipts/{sent['receipt']['token']}")

    def vote(
        self,
        comment_id: str,
        value: int | None = None,
        *,
        address: str = "192.0.2.1",
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Vote as a reader of a page of the site does; without a value there is no body."""
        return self.client.post(
            f"/v1/comments/{comment_id}/votes",
            json=None if value is None else {"value": value},
            headers={"Origin": self.origin} | (headers or {}),
            environ_base={"REMOTE_ADDR": address},
        )

    def flag(
        self,
        comment_id: str,
        reason: str = "spam",
        *,
        address: str = "192.0.2.1",
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> TestResponse:
        """Flag a comment as a reader of a page of the site does."""
        return self.client.post(
            f"/v1/comments/{comment_id}/flags",
            json={"reason": reason} | fields,
            headers={"Origin": self.origin} | (headers or {}),
            environ_base={"REMOTE_ADDR": address},
        )

    def flagged(self, comment_id: str, *reasons: str) -> None:
        """Flag a comment by one reader for each reason; the test fails where one of them is not new."""
        for reason in reasons:
            number = next(_numbers)
            response = self.flag(comment_id, reason, address=f"198.18.{number // 250 % 250}.{number % 250}")
            assert response.status_code == 201, response.text

    def rule(self, kind: str, action: str, value: str, **others: Any) -> dict[str, Any]:
        """Add a rule of the screening and return it; the test fails where it is refused."""
        said = {"kind": kind, "action": action, "value": value} | others
        response = self.client.post("/v1/moderation/rules", json=said, headers=self.bearer)
        assert response.status_code == 201, response.text
        return _object(response)

    def receipt(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return what the author sees."""
        return _object(self.client.get(f"/v1/receipts/{sent['receipt']['token']}"))

    def page(self, **query: Any) -> dict[str, Any]:
        """Return a page of what is published under the article."""
        asked = {"site": self.slug, "article": self.article} | query
        return _object(self.client.get("/v1/comments", query_string=asked))

    def queue(self, **query: Any) -> dict[str, Any]:
        """Return a page of the moderation queue."""
        return _object(self.client.get("/v1/moderation/comments", query_string=query, headers=self.bearer))

    def opened(self, comment_id: str) -> dict[str, Any]:
        """Return everything known about a comment."""
        return _object(self.client.get(f"/v1/moderation/comments/{comment_id}", headers=self.bearer))


def codes(response: TestResponse) -> dict[str, str]:
    """Return the code of every field that a response finds fault with."""
    return {fault["field"]: fault["code"] for fault in _object(response).get("errors", [])}


def _object(response: TestResponse) -> dict[str, Any]:
    body = response.get_json()
    assert isinstance(body, dict), response.text
    return body
