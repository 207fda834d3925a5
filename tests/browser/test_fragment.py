"""The fragment in a page of another origin, as that origin's own server includes it, under a strict policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.chromium import PATIENCE
from tests.browser.desk import Desk

HOSTILE_NAME = "</script><img src=x onerror=alert(1)>"


class _Article(BaseHTTPRequestHandler):
    """An article page whose server asks for the fragment and puts it where the comments belong."""

    fragment = ""
    policy = ""

    def do_GET(self) -> None:
        with urlopen(self.fragment) as answer:
            included = answer.read().decode()
        page = (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>An article</title>"
            f"<h1>An article</h1>{included}<footer>The end of the page</footer></html>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library names it so
        """Say nothing."""


@pytest.fixture
def article(desk: Desk) -> Iterator[str]:
    """Return the address of an article page of an origin of its own, which the site lists."""
    service = desk.service_url
    with ThreadingHTTPServer(("127.0.0.1", 0), _Article) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        desk.site.change(origins=[origin])
        desk.site.article = f"{origin}/articles/1"
        _Article.fragment = desk.address_of(fragment="1")
        _Article.policy = f"default-src 'none'; style-src {service}; img-src {service}; form-action {service}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield desk.site.article
        server.shutdown()


@pytest.fixture(params=[False, True], ids=["without-scripts", "with-scripts"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page that must end without a complaint on its console, about the policy or anything else."""
    context = chromium.new_context(java_script_enabled=request.param)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    # The icon that a browser looks for by itself is no matter of the fragment.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))

    def note(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            complaints.append(said.text)

    page.on("console", note)
    yield page
    context.close()
    assert complaints == []


def test_an_included_thread_is_drawn_and_styled_under_a_strict_policy(page: Page, desk: Desk, article: str) -> None:
    first = desk.published(name=HOSTILE_NAME, body="Who pays for **waiting**?")
    desk.published(name="Bo", body="We do.", parent_id=first["id"])
    answers: dict[str, int] = {}
    page.on("response", lambda response: answers.update({response.url: response.status}))
    page.goto(article)
    expect(page.locator(".comment .body strong")).to_have_text("waiting")
    expect(page.get_by_role("heading", name=HOSTILE_NAME)).to_be_visible()
    expect(page.get_by_text("The end of the page")).to_be_visible()
    expect(page.locator("#postbag > p")).to_be_hidden()
    assert page.locator("#postbag .comment .avatar").first.evaluate("picture => getComputedStyle(picture).borderRadius")
    page.locator(".comment").last.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert {url: status for url, status in answers.items() if status not in {200, 204}} == {}
    ours = [url for url in answers if url.startswith(desk.service_url)]
    assert sum(url.endswith("/widget.css") for url in ours) == 1
    assert sum("/avatars/" in url for url in ours) == 2


def test_a_reply_from_an_included_form_ends_on_its_receipt(page: Page, desk: Desk, article: str) -> None:
    page.goto(article)
    page.get_by_role("textbox", name="Comment *").fill("From another origin")
    page.get_by_role("textbox", name="Name *").fill("Nora Lind")
    page.get_by_role("textbox", name="Email *").fill("nora@example.org")
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_title("Thank you. Your reply awaits review.")
    assert page.url.startswith(f"{desk.service_url}/receipts/")
    (waiting,) = desk.queue()
    assert waiting["author"]["name"] == "Nora Lind"


def test_a_link_to_answer_leads_to_the_form_on_the_page(page: Page, desk: Desk, article: str) -> None:
    desk.published(name="Aoife Brennan", body="Who pays for waiting?")
    page.goto(article)
    page.get_by_role("link", name="Reply to Aoife Brennan").click()
    expect(page.locator("#reply-heading")).to_have_text("Reply to Aoife Brennan")
    assert page.url.startswith(f"{desk.service_url}/comments?")
