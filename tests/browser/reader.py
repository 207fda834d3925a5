"""Somebody who reads an article with the widget in a browser, and writes in it.

reader.open()                               the article page, with the thread shown
reader.comment("Aoife").get_by_role(...)    one comment, by the name above it
reader.send(body="Hello")                   a reply, sent; `reader.write` only types it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.article_host import ArticleHost
from tests.browser.desk import Desk
from tests.browser.watch import Watch

SEND = "Send for review"


@dataclass
class Reader:
    """One browser on one article page of a site."""

    desk: Desk
    host: ArticleHost
    context: BrowserContext
    watch: Watch
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.watch.over(self.context)

    def embed(self, *, attributes: str = "", path: str = "", **page: Any) -> str:
        """Put the widget on a page of the site, and return its address."""
        path = path or self.desk.site.article.removeprefix(self.host.origin)
        wanted = f'data-site="{self.desk.site.slug}" {attributes}'
        return self.host.embed(path, self.desk.service_url, wanted, **page)

    def open(self, *, fragment: str = "", attributes: str = "", **page: Any) -> Page:
        """Open the article and wait until the thread is shown."""
        address = self.embed(attributes=attributes, **page)
        self.page.goto(address + fragment)
        expect(self.page.locator("#comments-heading")).to_be_visible()
        return self.page

    def comment(self, name: str) -> Locator:
        """Return the item of the one comment under this name."""
        return self.page.locator("li.comment").filter(has=self.page.locator("h3", has_text=name))

    def write(self, **changes: str) -> None:
        """Fill in the form, wherever it stands."""
        fields = {"name": "Nora Lind", "email": "nora@example.org", "body": "Hello *there*"} | changes
        for name, value in fields.items():
            field = self.page.locator(f".reply-form [name={name}]")
            if field.is_visible():
                field.fill(value)

    def send(self, **changes: str) -> None:
        """Fill in the form and send it."""
        self.write(**changes)
        self.page.get_by_role("button", name=SEND).click()

    def remembered(self) -> dict[str, Any]:
        """Return everything that the page's origin keeps in localStorage, parsed."""
        kept: dict[str, Any] = self.page.evaluate(
            "Object.fromEntries(Object.entries(localStorage).map(([key, value]) => [key, JSON.parse(value)]))"
        )
        return kept
