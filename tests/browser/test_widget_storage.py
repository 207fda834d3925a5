"""The widget where a browser keeps nothing: storage that is blocked, full or broken, and cookies that are blocked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Request, expect

from tests.browser.reader import Reader

# What browsers do in their private modes, and what a reader may set.
WAYS = {
    "blocked": """Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("The user said no.", "SecurityError") } });""",
    "full": """Storage.prototype.setItem = () => { throw new DOMException("No room.", "QuotaExceededError") };""",
    "absent": """Object.defineProperty(window, "localStorage", { value: null });""",
    "broken": """for (const key of ["postbag me", `postbag SITE ${location.href}`])
      localStorage.setItem(key, "{half");""",
}


@pytest.mark.parametrize("way", WAYS)
def test_everything_works_and_is_remembered_until_the_page_goes(reader: Reader, way: str) -> None:
    desk = reader.desk
    desk.published(name="Aoife")
    reader.page.add_init_script(WAYS[way].replace("SITE", desk.site.slug))
    page = reader.open()
    page.get_by_label("Save my name and email in this browser").check()
    page.locator("#reply-body").fill("For all of you")
    page.get_by_role("button", name="Reply to Aoife").click()
    page.locator("#reply-body").fill("For Aoife")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#reply-body")).to_have_value("For all of you")
    page.get_by_role("button", name="Reply to Aoife").click()
    expect(page.locator("#reply-body")).to_have_value("For Aoife")
    reader.send(body="For Aoife, at last")

    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    expect(mine.locator(".standing")).to_have_text("Awaiting review")
    mine.get_by_role("button", name="Revise").click()
    reader.send(body="Second thought")
    expect(mine.locator("article > .body")).to_have_text("Second thought")
    vote = reader.comment("Aoife").locator(".votes")
    vote.click()
    expect(vote).to_have_attribute("aria-pressed", "true")
    # The receipt is kept in memory, so that the reply can still be taken back.
    mine.get_by_role("button", name="Withdraw").click()
    mine.locator(".panel [type=submit]").click()
    expect(mine).to_have_count(0)
    assert desk.queue() == []


def test_what_was_kept_before_the_storage_was_full_is_still_known(reader: Reader) -> None:
    page = reader.open()
    reader.send(body="One")
    own = reader.comment("Nora Lind")
    expect(own).to_be_focused()
    reader.context.add_init_script(WAYS["full"])
    page.reload()
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    reader.send(name="Mo", body="Two")
    expect(page.locator(".comment .standing")).to_have_count(2)
    own.get_by_role("button", name="Withdraw").click()
    own.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(own).to_have_count(0)
    expect(reader.comment("Mo")).to_be_visible()


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
