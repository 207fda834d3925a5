"""The widget where a browser keeps nothing: storage that is blocked, full or broken, and cookies that are blocked."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
