"""The widget in a browser that keeps nothing, and before a service that is not there when the page opens."""

from __future__ import annotations

import pytest
from playwright.sync_api import Request, expect

from tests.browser.reader import Reader

BLOCKED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The operation is insecure.", "SecurityError") },
})"""
FULL = """Storage.prototype.setItem = () => {
  throw new DOMException("The quota has been exceeded.", "QuotaExceededError")
}"""
QUIET = "The comments cannot be reached just now."
API = "**/v1/**"
LONG = "10:00"  # minutes and seconds after which the widget has looked again


@pytest.mark.parametrize("storage", [BLOCKED, FULL], ids=["blocked", "full"])
def test_everything_works_without_storage_until_the_page_is_left(reader: Reader, storage: str) -> None:
    reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Two")
    reader.context.add_init_script(storage)
    page = reader.open()
    expect(page.locator(".comment .body")).to_have_text(["One", "Two"])
    vote = reader.comment("Aoife").locator("button.votes")
    vote.click()
    expect(vote).to_have_text("1 vote")
    expect(vote).to_have_attribute("aria-pressed", "true")

    # Drafts are kept while the form moves about.
    body = page.locator(".reply-form [name=body]")
    body.fill("For the article")
    page.get_by_role("button", name="Reply to Ines").click()
    expect(body).to_have_value("")
    page.get_by_role("checkbox", name="Save my name").check()
    reader.send(body="Three")
    own = reader.comment("Nora Lind")
    expect(own).to_be_focused()
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    expect(body).to_have_value("For the article")
    expect(vote).to_have_attribute("aria-pressed", "true")

    own.get_by_role("button", name="Revise").click()
    expect(body).to_have_value("Three")
    reader.send(body="Four")
    expect(own.locator(".body").first).to_have_text("Four")
    reader.send(name="Mo", body="Five")
    expect(page.locator(".comment .standing")).to_have_count(2)
    own.get_by_role("button", name="Withdraw").click()
    own.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(own).to_have_count(0)
    assert [item["body"] for item in reader.desk.queue()] == ["Five"]
    vote.click()
    expect(vote).to_have_text("Vote")

    page.reload()
    expect(page.locator(".comment")).to_have_count(2)
    expect(body).to_have_value("")
    expect(page.locator("[name=email]")).to_have_value("")


def test_what_was_kept_before_the_storage_was_full_is_still_known(reader: Reader) -> None:
    page = reader.open()
    reader.send(body="One")
    own = reader.comment("Nora Lind")
    expect(own).to_be_focused()
    reader.context.add_init_script(FULL)
    page.reload()
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    reader.send(name="Mo", body="Two")
    expect(page.locator(".comment .standing")).to_have_count(2)
    own.get_by_role("button", name="Withdraw").click()
    own.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(own).to_have_count(0)
    expect(reader.comment("Mo")).to_be_visible()


@pytest.mark.parametrize("is_patient", [False, True], ids=["try again", "by itself"])
def test_a_service_that_is_away_at_first_leaves_one_quiet_line(reader: Reader, is_patient: bool) -> None:
    reader.desk.published(name="Aoife")
    page = reader.page
    page.clock.install()
    page.route(API, lambda route: route.abort())
    page.goto(reader.embed())
    expect(page.get_by_text(QUIET)).to_have_count(1)
    expect(page.locator("#postbag .postbag > *")).to_have_count(2)
    expect(page.locator("#end")).to_be_visible()
    button = page.get_by_role("button", name="Try again")
    # Still away: the line stays as it is, and the button can be pressed as often as one likes.
    with page.expect_event("requestfailed"):
        button.click()
    expect(button).to_be_visible()
    expect(page.get_by_text(QUIET)).to_have_count(1)
    page.unroute(API)
    if is_patient:
        page.clock.fast_forward(LONG)
    else:
        button.click()
    expect(reader.comment("Aoife")).to_be_visible()
    expect(page.get_by_text(QUIET)).to_have_count(0)
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_focused()
    # The browser's own words; the widget adds none.
    assert set(reader.watch.complaints) == {"Failed to load resource: net::ERR_FAILED"}
    reader.watch.complaints.clear()


def test_no_cookie_is_set_sent_or_needed(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    # One that another page of the service might have left behind; an article must not send it along.
    reader.context.add_cookies([{"name": "left_behind", "value": "1", "url": reader.desk.service_url}])
    asked: list[Request] = []
    reader.page.on("request", lambda request: asked.append(request))
    reader.open()
    vote = reader.comment("Aoife").locator("button.votes")
    vote.click()
    expect(vote).to_have_text("1 vote")
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_focused()
    calls = [request for request in asked if "/v1/" in request.url]
    assert len(calls) >= 4
    assert [request.url for request in calls if request.header_value("cookie")] == []
    reader.context.clear_cookies(name="left_behind")
    assert reader.context.cookies() == []
