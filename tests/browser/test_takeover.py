"""The widget takes over what the server drew: nothing is drawn again, nothing moves, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.accessibility import PHONE
from tests.browser.article_host import ArticleHost
from tests.browser.chromium import PATIENCE
from tests.browser.desk import Desk

DESKTOP: ViewportSize = {"width": 1000, "height": 900}

# An article page of the site's own origin, into which its server has put the fragment. The script waits for its cue, as
# it does on a slow line.
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>An article</title>
<style>body { font: 1rem/1.5 sans-serif; margin: 1rem auto; max-width: 40rem }</style>
<h1>An article</h1>
<!-- fragment -->
<p id="end">The end of the page</p>
<script>
  window.shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value }))
    .observe({ type: "layout-shift", buffered: true });
  window.begin = () => {
    const script = document.createElement("script");
    script.src = "SERVICE/embed.js";
    script.dataset.site = "SITE";
    document.body.append(script);
  };
</script>"""

BOXES = """
() => Object.fromEntries([...document.querySelector("#postbag").shadowRoot.querySelectorAll(
  ".comment, .comment header, .avatar, .meta, .comment .body, .thread > header, h2, textarea, #reply-name, #reply-email"
  )].map((element, at) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [`${at} ${element.className || element.tagName}`, [x, y, width, height].map(Math.round).join(" ")];
  }))
"""
DRAWN = """document.querySelector("#postbag").shadowRoot.querySelectorAll(
  ".comment, .comment article, .comment .body")"""
MARK = f"() => {{ for (const node of {DRAWN}) node.wasDrawnByTheServer = true }}"
STILL_MARKED = f"() => [...{DRAWN}].every(node => node.wasDrawnByTheServer)"


@dataclass
class Article:
    """A page that the site's own server has put together, open in a browser."""

    page: Page
    address: str

    def begin(self) -> None:
        """Let the script come, and wait until it has taken over."""
        self.page.evaluate("begin()")
        expect(self.page.locator(".save")).to_be_visible()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def article(
    request: pytest.FixtureRequest, chromium: Browser, desk: Desk, article_host: ArticleHost
) -> Iterator[Article]:
    """Return an article with a thread, as its server sends it."""
    desk.site.change(origins=[article_host.origin])
    desk.site.article = f"{article_host.origin}/{desk.site.slug}"
    first = desk.published(name="Aoife Brennan", body="Who pays for *waiting*?", url="https://example.org/")
    second = desk.published(name="Tomás", body="We do.\n\n> always\n\n- one\n- two", parent_id=first["id"])
    desk.published(name="Ines", body="Indeed.", parent_id=second["id"])
    desk.published(name="לאה", body="שלום")
    asked: dict[str, Any] = {"site": desk.site.slug, "article": desk.site.article, "fragment": "1"}
    fragment = desk.api.get("/comments", params=asked).text()
    page_of_the_site = PAGE.replace("<!-- fragment -->", fragment)
    html = page_of_the_site.replace("SERVICE", desk.service_url).replace("SITE", desk.site.slug)
    article_host.serve(f"/{desk.site.slug}", html)
    context = chromium.new_context(viewport=request.param, timezone_id="Asia/Tokyo")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(desk.site.article)
    yield Article(page, desk.site.article)
    context.close()


def test_what_the_server_drew_stands_as_it_stood(article: Article) -> None:
    page = article.page
    expect(page.locator(".comment")).to_have_count(4)
    before = page.evaluate(BOXES)
    page.evaluate(MARK)
    article.begin()
    assert page.evaluate(STILL_MARKED), "a comment was drawn again"
    after = page.evaluate(BOXES)
    assert {name: box for name, box in after.items() if before.get(name) != box} == {}
    assert page.evaluate("window.shift") <= 0.02


def test_what_was_taken_over_is_alive(article: Article) -> None:
    page = article.page
    article.begin()
    # Written for the reader's own zone, which needs no name.
    expect(page.locator("time").first).not_to_contain_text("UTC")
    expect(page.get_by_role("button", name="Report")).to_have_count(4)
    page.get_by_role("button", name="Reply to Tomás").click()
    expect(page.get_by_role("heading", name="Reply to Tomás")).to_be_visible()
    page.locator(".permalink").last.click()
    expect(page.locator(".target")).to_contain_text("שלום")
    assert page.url.split("#comment-")[0] == article.address


def test_somebody_who_writes_already_goes_on_writing(article: Article) -> None:
    page = article.page
    page.locator("#reply-name").fill("Nora")
    page.locator("#reply-body").fill("Half a sent")
    article.begin()
    expect(page.locator("#reply-body")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("ence")
    expect(page.locator("#reply-body")).to_have_value("Half a sentence")
    expect(page.locator("#reply-name")).to_have_value("Nora")


def test_a_service_that_goes_down_in_between_takes_nothing_away(article: Article) -> None:
    page = article.page
    page.route("**/v1/comments?*", lambda route: route.abort())
    page.evaluate("begin()")
    with page.expect_event("requestfailed", predicate=lambda request: "/v1/comments" in request.url):
        pass
    expect(page.locator(".comment")).to_have_count(4)
    expect(page.locator("#reply-body")).to_be_visible()
