"""Proofs of work in the widget: done without the reader doing anything, and no obstacle where they cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.article_host import strict_policy
from tests.browser.reader import SEND, Reader

ALWAYS_ASKED = {"article-soft": (1, 3600)}


@pytest.fixture
def asked(reader: Reader) -> Reader:
    """Return a reader of an article where a proof is asked of everybody by now."""
    reader.desk.site.change(limits=ALWAYS_ASKED)
    reader.desk.site.submitted(headers={"Origin": reader.host.origin})
    return reader


def begin(reader: Reader) -> None:
    """Go into the form, and wait until what writing needs is there."""
    with reader.page.expect_response("**/v1/form-token?*") as minted:
        reader.page.locator("#reply-body").focus()
    assert minted.value.ok


def sent(page: Page) -> list[dict[str, Any]]:
    """Return a list that fills with what the page sends as replies; `key` is the Idempotency-Key."""
    bodies: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/comments"):
            bodies.append({**(request.post_data_json or {}), "key": request.headers["idempotency-key"]})

    page.on("request", note)
    return bodies


def test_a_soft_limit_leads_to_an_accepted_reply_without_the_reader_doing_anything(asked: Reader) -> None:
    page = asked.page
    address = asked.embed()
    allowed = strict_policy(asked.desk.service_url) + "; worker-src blob:"
    html, _ = asked.host.page_at(address.removeprefix(asked.host.origin)) or ("", "")
    asked.host.serve(address.removeprefix(asked.host.origin), html, policy=allowed)
    workers: list[str] = []
    page.on("worker", lambda worker: workers.append(worker.url))
    page.goto(address)
    bodies = sent(page)
    begin(asked)
    asked.send()
    expect(asked.comment("Nora Lind")).to_be_focused()
    assert [bool(body.get("challenge")) for body in bodies] == [False, True]
    assert len({body["form_token"] for body in bodies}) == 1, "a refused reply has not spent its token"
    assert len({body["key"] for body in bodies}) == 1
    assert workers
    assert all(url.startswith(f"blob:{asked.host.origin}") for url in workers)
    expect(page.get_by_role("button", name=SEND)).to_be_visible()


def test_a_policy_that_forbids_workers_only_makes_it_slower(asked: Reader) -> None:
    asked.open()  # under a policy that allows the service and nothing else
    begin(asked)
    asked.send()
    expect(asked.comment("Nora Lind")).to_be_focused()
    # The browser tells the page's owner what its policy has forbidden.
    assert asked.watch.complaints
    assert all("blob" in complaint or "worker" in complaint.lower() for complaint in asked.watch.complaints)
    asked.watch.complaints.clear()


def test_whoever_waits_sees_why_and_goes_on_typing(asked: Reader) -> None:
    page = asked.open()
    begin(asked)
    # A price that takes long enough to look at what the page does meanwhile.
    page.route(
        "**/v1/comments",
        lambda route: route.continue_() if route.request.method == "GET" else dearer(route),
    )
    asked.send()
    expect(page.get_by_role("button", name="Checking…")).to_be_visible()
    expect(page.locator("p.unseen[role=status]")).to_have_text("Checking…")
    page.locator("#reply-body").press_sequentially(" and more")
    expect(page.locator("#reply-body")).to_have_value("Hello *there* and more")
    asked.watch.complaints.clear()


def dearer(route: Any) -> None:
    """Let a refusal ask for far more than it does."""
    response = route.fetch()
    problem = response.json()
    problem["challenge"]["parameters"] |= {"cost": 200_000, "keyPrefix": "000000"}
    route.fulfill(response=response, json=problem)


def test_without_what_writing_needs_a_reply_is_sent_all_the_same(reader: Reader) -> None:
    page = reader.page
    page.route("**/proof.js", lambda route: route.abort())
    reader.open()
    bodies = sent(page)
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert [body.get("form_token") for body in bodies] == [None]
    reader.watch.complaints.clear()


def test_a_second_reply_brings_a_token_of_its_own(reader: Reader) -> None:
    page = reader.open()
    bodies = sent(page)
    begin(reader)
    reader.send(body="First")
    expect(reader.comment("Nora Lind")).to_be_focused()
    begin(reader)
    reader.send(body="Second")
    expect(page.locator("li.comment")).to_have_count(2)
    tokens = [body["form_token"] for body in bodies]
    assert len(set(tokens)) == 2
    assert all(tokens)


def test_nothing_of_it_is_loaded_before_somebody_writes(reader: Reader) -> None:
    loaded: list[str] = []
    reader.page.on("request", lambda request: loaded.append(request.url))
    reader.open()
    reader.page.get_by_role("button", name=SEND).hover()
    assert not [url for url in loaded if "proof.js" in url or "form-token" in url]
