"""Nothing that somebody wrote in the widget is ever lost, and nothing is sent twice, whatever the network does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, Route, expect

from tests.browser.article_host import ArticleHost
from tests.browser.chromium import PATIENCE
from tests.browser.desk import desk_of
from tests.browser.reader import SEND, Reader
from tests.browser.watch import Watch
from tests.driver import make_site
from tests.granian_server import GranianServer, beside, running_granian

OUT_OF_REACH = "The comments cannot be reached just now."
COMMENTS = "**/v1/comments"
LONG = "10:00"  # minutes and seconds after which the widget has looked again
READABLE = {"Access-Control-Allow-Origin": "*"}


def text_of(page: Page) -> str:
    return page.locator(".reply-form [name=body]").input_value()


def type_in(page: Page, text: str) -> None:
    page.locator(".reply-form [name=body]").fill(text)


def press_send(page: Page) -> None:
    page.get_by_role("button", name=SEND).click()


def answer(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Reply to {name}").click()
    expect(page.get_by_role("heading", name=f"Reply to {name}")).to_be_visible()


def expect_told(reader: Reader, sentence: str, text: str) -> None:
    """Expect that the reader is told above the button, with the text as it was and the button ready to be pressed."""
    notice = reader.page.get_by_role("alert")
    expect(notice).to_contain_text(sentence)
    expect(notice).to_be_in_viewport()
    assert text_of(reader.page) == text
    expect(reader.page.get_by_role("button", name=SEND)).not_to_have_attribute("aria-disabled", "true")


def expect_awaiting(reader: Reader, name: str = "Nora Lind") -> None:
    expect(reader.comment(name).locator(".standing")).to_have_text("Awaiting review")


def bodies(reader: Reader) -> list[str]:
    """Return the texts that wait for review."""
    return sorted(item["body"] for item in reader.desk.queue())


def keys_of(page: Page) -> list[str]:
    """Return a list that grows by the Idempotency-Key of every reply the page sends."""
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/comments"):
            keys.append(request.headers["idempotency-key"])

    page.on("request", note)
    return keys


def store_and_lose_the_answer(route: Route) -> None:
    route.fetch()
    route.abort()


def test_a_draft_for_each_comment_survives_whatever_the_reader_does(reader: Reader) -> None:
    for name in ("Aoife", "Ines"):
        reader.desk.published(name=name)
    page = reader.open()
    elsewhere = reader.embed(path=f"/{reader.desk.site.slug}-other")
    type_in(page, "For the article")
    answer(page, "Aoife")
    assert text_of(page) == ""
    type_in(page, "For Aoife")
    answer(page, "Ines")
    type_in(page, "For Ines")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Reply to Ines")).to_be_focused()
    assert text_of(page) == "For the article"
    answer(page, "Aoife")
    assert text_of(page) == "For Aoife"
    page.reload()
    expect(page.get_by_role("heading", name="Leave a reply")).to_be_visible()
    assert text_of(page) == "For the article"
    page.goto(elsewhere)
    expect(page.get_by_role("heading", name="Leave a reply")).to_be_visible()
    assert text_of(page) == ""
    page.go_back()
    answer(page, "Ines")
    assert text_of(page) == "For Ines"

    reader.send(body="Sent to Ines")
    expect_awaiting(reader)
    answer(page, "Ines")
    assert text_of(page) == ""
    answer(page, "Aoife")
    assert text_of(page) == "For Aoife"
    page.get_by_role("button", name="Cancel").click()
    reader.send(name="Mo", body="Sent to the article")
    expect_awaiting(reader, "Mo")
    page.reload()
    expect(page.get_by_role("heading", name="Leave a reply")).to_be_visible()
    assert text_of(page) == ""
    # A draft that was emptied by hand is gone too.
    answer(page, "Aoife")
    type_in(page, "")
    assert "For" not in str(reader.remembered())


@pytest.fixture
def frail(
    chromium: Browser, playwright: Playwright, article_host: ArticleHost, redis_url: str, tmp_path: Path
) -> Iterator[tuple[Reader, GranianServer]]:
    """Return a reader whose service is a process of this test's own, which may be ended."""
    with beside(tmp_path) as app, running_granian(tmp_path, REDIS_URL=redis_url) as server:
        site = make_site(app, limits="off")
        site.change(origins=[article_host.origin])
        site.article = f"{article_host.origin}/{site.slug}"
        with desk_of(site, playwright, server.url) as desk:
            context = chromium.new_context(locale="en-GB")
            context.set_default_timeout(PATIENCE)
            yield Reader(desk, article_host, context, Watch(server.url, (article_host.origin,))), server
            context.close()


def test_a_service_that_dies_and_comes_back_gets_the_reply_once(frail: tuple[Reader, GranianServer]) -> None:
    reader, server = frail
    reader.desk.published(name="Aoife", body="Still here")
    page = reader.open()
    server.kill()
    reader.send(body="Kept")
    expect_told(reader, OUT_OF_REACH, "Kept")
    expect(reader.comment("Aoife")).to_contain_text("Still here")
    server.start()
    press_send(page)
    expect_awaiting(reader)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert bodies(reader) == ["Kept"]
    assert all("ERR_" in complaint for complaint in reader.watch.complaints)


def test_a_text_that_was_changed_is_another_request(reader: Reader) -> None:
    page = reader.open()
    keys = keys_of(page)
    page.route(COMMENTS, lambda route: route.abort())
    for text in ("One", "Two", "One"):
        reader.send(body=text)
        expect_told(reader, OUT_OF_REACH, text)
    assert keys[0] == keys[2] != keys[1]
    reader.watch.complaints.clear()
