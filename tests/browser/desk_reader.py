"""Somebody signed in at the desk, with a browser of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page

from tests.browser.desk import Desk
from tests.browser.watch import Watch
from tests.desk_driver import DeskBrowser, signed_in


@dataclass
class DeskReader:
    """Somebody signed in, before a browser's page of the desk."""

    desk: Desk
    page: Page
    who: DeskBrowser
    """The same person, in a second browser."""

    def open(self, **query: str) -> Page:
        """Open the queue."""
        self.page.goto(f"{self.desk.service_url}/desk?{urlencode({'site': self.desk.site.slug} | query)}")
        return self.page

    def open_page(self, name: str) -> Page:
        """Open another page of the desk: `log`, `stats`, `site`."""
        self.page.goto(f"{self.desk.service_url}/desk/{name}?site={self.desk.site.slug}")
        return self.page

    @property
    def items(self) -> Locator:
        """The comments that are listed."""
        return self.page.locator("#items > .item")

    @property
    def current(self) -> Locator:
        """The comment that is open."""
        return self.page.locator('.item[aria-current="true"]')

    def item(self, comment_id: str) -> Locator:
        """One comment of the list."""
        return self.page.locator(f"#item-{comment_id}")

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, what: Callable[[], bool], limit: float = 10.0) -> None:
        """Wait until this is true, seconds at most; the test fails where it never is."""
        give_up_at = time.monotonic() + limit
        while not what():
            assert time.monotonic() < give_up_at, "this never came true"
            # Not a sleep: the browser's requests are watched from here, and would wait for it.
            self.page.evaluate("new Promise(done => requestAnimationFrame(done))")

    def carry(self, cookie: str) -> None:
        """Have another cookie from now on."""
        self.page.context.add_cookies([{"name": "postbag", "value": cookie, "url": self.desk.service_url}])


def sit_down(
    browser: Browser, desk: Desk, watch: Watch, *, role: str = "moderator", name: str = "Noor", **options: Any
) -> DeskReader:
    """Give a new moderator a browser of their own; `options` are those of Browser.new_context."""
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    person = DeskReader(desk, watch.over(context), signed_in(desk.site, role, name))
    person.carry(person.who.cookie)
    return person


def status_of(desk: Desk, comment_id: str) -> str:
    """Return where a comment stands now."""
    return str(desk.site.opened(comment_id)["status"])
