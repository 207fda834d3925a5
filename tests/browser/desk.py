"""A site for a browser test, and its moderator, who calls the served API over HTTP.

desk.published(body="Hello")         a reply that was sent and approved, as its receipt
desk.thread                          the address of the page that shows it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import APIRequestContext, APIResponse, Playwright

from tests.driver import SiteDriver


@contextmanager
def desk_of(site: SiteDriver, playwright: Playwright, service_url: str) -> Iterator[Desk]:
    """Yield the desk of a site, whose connection is closed at the end."""
    api = playwright.request.new_context(base_url=service_url, extra_http_headers=site.bearer)
    yield Desk(site, service_url, api)
    api.dispose()


@dataclass
class Desk:
    """One site with one article, and a token that may do everything there."""

    site: SiteDriver
    service_url: str
    api: APIRequestContext

    @property
    def thread(self) -> str:
        """The address of the thread and its form."""
        return self.address_of()

    def address_of(self, **query: str) -> str:
        """Return the address of `/comments` for the site's article, unless the query says otherwise."""
        asked = {"site": self.site.slug, "article": self.site.article} | query
        return f"{self.service_url}/comments?{urlencode(asked)}"

    def send(self, **changes: Any) -> APIResponse:
        """Send a reply from the site's own server, acceptable but for the changes."""
        return self.api.post("/v1/comments", data=self.site.reply(**changes))

    def submitted(self, **changes: Any) -> dict[str, Any]:
        """Send a reply and return its receipt; the test fails where it is refused."""
        return _answered(self.send(**changes), 202)

    def published(self, **changes: Any) -> dict[str, Any]:
        """Send a reply, approve it, and return its receipt."""
        sent = self.submitted(**changes)
        self.decide(sent["id"], "approve")
        return sent

    def decide(self, comment_id: str, action: str, revision: int = 1, **fields: Any) -> None:
        """Decide on a comment; the test fails where the decision is refused."""
        decision = {"action": action, "revision": revision, **fields}
        _answered(self.api.post(f"/v1/moderation/comments/{comment_id}/decisions", data=decision), 201)

    def approve_all(self, sent: Sequence[dict[str, Any]]) -> None:
        """Approve many comments by few calls; the test fails where one of them is refused."""
        for start in range(0, len(sent), 100):
            decisions = [
                {"comment_id": one["id"], "action": "approve", "revision": 1} for one in sent[start : start + 100]
            ]
            done = _answered(self.api.post("/v1/moderation/decisions", data={"decisions": decisions}), 200)
            assert {result["status"] for result in done["results"]} == {201}, done

    def page(self, **query: str) -> dict[str, Any]:
        """Return a page of what is published under the article, as the API gives it."""
        asked = urlencode({"site": self.site.slug, "article": self.site.article} | query)
        return _answered(self.api.get(f"/v1/comments?{asked}"), 200)

    def queue(self) -> list[dict[str, Any]]:
        """Return what waits for review."""
        waiting = _answered(self.api.get(f"/v1/moderation/comments?site={self.site.slug}"), 200)
        found: list[dict[str, Any]] = waiting["comments"]
        return found

    def register(self, **fields: Any) -> None:
        """Register the site's article, or another one, with a title, or open or closed."""
        article = {"site": self.site.slug, "key": self.site.article, **fields}
        response = self.api.put("/v1/articles", data=article)
        assert response.ok, response.text()


def token_of(receipt_url: str) -> str:
    """Return the token in the address of a receipt page."""
    return urlsplit(receipt_url).path.removeprefix("/receipts/")


def _answered(response: APIResponse, status: int) -> dict[str, Any]:
    assert response.status == status, response.text()
    body: dict[str, Any] = response.json()
    return body
