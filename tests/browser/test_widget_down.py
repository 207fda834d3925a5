"""A service that goes down and comes back, before readers, while they read, and while they write; and sick proxies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.article_host import ArticleHost
from tests.browser.chromium import PATIENCE
from tests.browser.desk import desk_of
from tests.browser.reader import SEND, Reader
from tests.browser.watch import Watch
from tests.driver import make_site
from tests.granian_server import GranianServer, beside, running_granian

OUT_OF_REACH = "The comments cannot be reached just now."
A_WHILE = 45_000  # milliseconds; longer than the pause before the widget tries again for the first time
TYPED = "Two lines\n\n  and *more*."


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GranianServer, Any]]:
    """Return a server that these tests may stop, and an application on its database."""
    instance = tmp_path_factory.mktemp("mortal")
    with beside(instance) as app, running_granian(instance) as server:
        yield server, app


@pytest.fixture
def server(mortal: tuple[GranianServer, Any]) -> Iterator[GranianServer]:
    """Return the server, which runs at the beginning and at the end."""
    server, _ = mortal
    yield server
    assert server.process is not None
    if server.process.poll() is not None:
        server.start()


@pytest.fixture
def patient(
    chromium: Browser,
    playwright: Playwright,
    article_host: ArticleHost,
    mortal: tuple[GranianServer, Any],
    server: GranianServer,
) -> Iterator[Reader]:
    """Return a reader of a site on that server, whose page's clock the test turns."""
    site = make_site(mortal[1], limits="off")
    site.change(origins=[article_host.origin])
    site.article = f"{article_host.origin}/{site.slug}"
    with chromium.new_context() as context, desk_of(site, playwright, server.url) as desk:
        context.set_default_timeout(PATIENCE)
        reader = Reader(desk, article_host, context, Watch(server.url, (article_host.origin,)))
        reader.page.clock.install()
        yield reader
        faults = [fault for fault in reader.watch.findings if "ERR_CONNECTION" not in fault]
    assert faults == []


def test_who_comes_while_the_service_is_down_is_told_quietly_and_served_as_soon_as_it_is_back(
    patient: Reader, server: GranianServer
) -> None:
    page = patient.page
    patient.desk.published(name="Aoife")
    address = patient.embed()
    page.goto(address)
    expect(patient.comment("Aoife")).to_be_visible()
    server.stop()
    # The script itself is in the browser's cache, or it would not be there at all.
    page.evaluate("Postbag.mount(document.querySelector('#postbag'))")
    again = page.get_by_role("button", name="Try again")
    expect(page.get_by_text(OUT_OF_REACH)).to_be_visible()
    with page.expect_event("requestfailed"):
        again.click()
    expect(again).to_be_focused()
    expect(page.locator("#end")).to_be_visible()
    server.start()
    again.click()
    expect(patient.comment("Aoife")).to_be_visible()
    expect(page.locator("#comments-heading")).to_be_focused()

    server.stop()
    page.evaluate("Postbag.mount(document.querySelector('#postbag'))")
    expect(page.get_by_text(OUT_OF_REACH)).to_be_visible()
    server.start()
    page.clock.fast_forward(A_WHILE)
    expect(patient.comment("Aoife")).to_be_visible()


def test_what_is_shown_stays_and_what_is_written_is_kept_while_the_service_is_down(
    patient: Reader, server: GranianServer
) -> None:
    patient.desk.published(name="Aoife")
    page = patient.open()
    expect(patient.comment("Aoife")).to_be_visible()
    server.stop()
    with page.expect_event("requestfailed"):
        page.clock.fast_forward(A_WHILE)
    expect(patient.comment("Aoife")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    patient.send(body=TYPED)
    expect(page.locator(".reply-form [role=alert]")).to_have_text(OUT_OF_REACH)
    expect(page.locator("#reply-body")).to_have_value(TYPED)
    patient.comment("Aoife").locator(".votes").click()
    expect(patient.comment("Aoife").get_by_role("alert")).to_have_text(OUT_OF_REACH)

    server.start()
    page.get_by_role("button", name=SEND).click()
    expect(patient.comment("Nora Lind")).to_be_focused()
    expect(page.locator(".reply-form [role=alert]")).to_have_count(0)
    assert len(patient.desk.queue()) == 1
    patient.desk.published(name="Ines")
    # However long it took: whoever comes back to the tab learns soon.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(A_WHILE)
    expect(page.get_by_role("button", name="1 new reply")).to_be_visible()


PROXIES = {
    "a page of a proxy": {"status": 502, "content_type": "text/html", "body": "<h1>Bad gateway</h1>"},
    "a page that says all is well": {
        "status": 200,
        "content_type": "text/html",
        "body": "<h1>Sign in to the Wi-Fi</h1>",
    },
    "half an answer": {"status": 200, "content_type": "application/json", "body": '{"article": {"key"'},
    "JSON of somebody else": {"status": 503, "content_type": "application/json", "body": '{"error": "overloaded"}'},
    "a fault of the service": {
        "status": 500,
        "content_type": "application/problem+json",
        "body": '{"code": "internal_error", "status": 500, "detail": "A fault of the service."}',
    },
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_an_answer_that_is_none_is_a_service_out_of_reach_until_it_is_back(reader: Reader, proxy: str) -> None:
    answer: dict[str, Any] = PROXIES[proxy]
    reader.desk.published(name="Aoife")
    page = reader.page
    page.clock.install()
    page.route(
        "**/v1/**", lambda route: route.fulfill(**answer, headers={"Access-Control-Allow-Origin": reader.host.origin})
    )
    page.goto(reader.embed())
    expect(page.get_by_text(OUT_OF_REACH)).to_be_visible()
    page.unroute("**/v1/**")
    page.clock.fast_forward(A_WHILE)
    expect(reader.comment("Aoife")).to_be_visible()
    assert all("Failed to load resource" in complaint for complaint in reader.watch.complaints)
    reader.watch.complaints.clear()
