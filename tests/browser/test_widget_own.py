"""The reader's own replies in the widget: where they stand, what was decided, revising and withdrawing them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.reader import SEND, Reader
from tests.granian_server import until

ASKED = "Delete your reply for good?"
LONG = "10:00"  # minutes and seconds after which the widget has looked again


def body_of(page: Page) -> Locator:
    return page.locator(".reply-form [name=body]")


def button(item: Locator, name: str) -> Locator:
    return item.get_by_role("button", name=name, exact=True)


def sent(reader: Reader, **changes: str) -> str:
    """Send a reply in the open page, and return its id."""
    reader.send(**changes)
    item = reader.comment(changes.get("name", "Nora Lind"))
    expect(item).to_be_focused()
    return str(item.get_attribute("id")).removeprefix("comment-")


def tokens(reader: Reader) -> dict[str, str]:
    """Return the receipts that the browser remembers for the article, by comment."""
    kept = reader.remembered().get(f"postbag {reader.desk.site.slug} {reader.desk.site.article}", {})
    receipts: dict[str, str] = kept.get("receipts", {})
    return receipts


def test_a_reply_awaits_review_until_it_is_a_comment_like_any_other(reader: Reader) -> None:
    page = reader.open()
    own_id = sent(reader, body="One")
    page.reload()
    own = reader.comment("Nora Lind")
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    expect(own.locator(".body")).to_have_text("One")
    assert own.locator(".permalink").count() == 0
    for name in ("Revise", "Withdraw"):
        expect(button(own, name)).to_be_visible()
    for name in ("Vote", "Report", "Dismiss"):
        expect(button(own, name)).to_have_count(0)

    reader.desk.decide(own_id, "approve")
    page.reload()
    expect(button(own, "Revise")).to_be_visible()
    expect(own.locator(".standing")).to_have_count(0)
    expect(own.locator(".permalink")).to_be_visible()
    expect(button(own, "Withdraw")).to_be_visible()
    expect(own.get_by_role("button", name="Reply to Nora Lind")).to_be_visible()
    for name in ("Vote", "Report", "Dismiss"):
        expect(button(own, name)).to_have_count(0)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()


def test_a_decision_is_told_while_the_page_is_open(reader: Reader) -> None:
    reader.page.clock.install()
    page = reader.open()
    own_id = sent(reader)
    own = reader.comment("Nora Lind")
    body_of(page).fill("Half a")
    reader.desk.decide(own_id, "approve")
    page.clock.fast_forward(LONG)
    expect(page.get_by_role("status").filter(has_text="published")).to_have_text("Your reply is published.")
    expect(own.locator(".standing")).to_have_count(0)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    # Nothing has moved, and the text that is being written is as it was.
    expect(body_of(page)).to_have_value("Half a")
    own.get_by_role("button", name="Reply to Nora Lind").click()
    reader.send(name="Mo", body="To myself")
    expect(reader.comment("Mo").locator(".answers")).to_have_text("in reply to Nora Lind")
    assert [item["parent_id"] for item in reader.desk.queue()] == [own_id]
    button(own, "Withdraw").click()
    own.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(own.locator("article")).to_have_count(0)
    expect(page.get_by_role("heading", name="1 comment")).to_have_count(0)


@pytest.mark.parametrize("action", ["reject", "spam"])
def test_a_reply_that_is_not_published_says_why_and_can_be_dismissed(reader: Reader, action: str) -> None:
    page = reader.open()
    own_id = sent(reader)
    reason: dict[str, Any] = {"reason": "Please stay with <the> topic"} if action == "reject" else {}
    reader.desk.decide(own_id, action, **reason)
    page.reload()
    own = reader.comment("Nora Lind")
    expect(own.locator(".standing")).to_contain_text("Not published")
    expect(own.locator(".reason")).to_have_text(list(reason.values()))
    expect(button(own, "Revise")).to_have_count(0)
    button(own, "Dismiss").click()
    expect(own).to_have_count(0)
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_focused()
    assert tokens(reader) == {}
    page.reload()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()


def test_a_reply_is_revised_in_its_place_and_the_edit_is_reviewed(reader: Reader) -> None:
    page = reader.open()
    own_id = sent(reader, body="One *typo*")
    own = reader.comment("Nora Lind")
    body_of(page).fill("A draft for the article")
    button(own, "Revise").click()
    form = own.locator(".reply-form")
    expect(form.get_by_role("heading", name="Revise")).to_be_visible()
    expect(body_of(page)).to_have_value("One *typo*")
    expect(body_of(page)).to_be_focused()
    expect(page.locator(".reply-form").get_by_role("textbox")).to_have_count(1)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    # An edit that is wrong, or left alone, loses nothing.
    body_of(page).fill(" ")
    page.get_by_role("button", name=SEND).click()
    expect(form.locator(".field-body .fault")).to_contain_text("Please write something")
    button(form, "Cancel").click()
    expect(button(own, "Revise")).to_be_focused()
    expect(body_of(page)).to_have_value("A draft for the article")
    button(own, "Revise").click()
    body_of(page).fill("Two")
    page.get_by_role("button", name=SEND).click()
    expect(own.locator(".body").first).to_have_text("Two")
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    expect(own).to_be_focused()
    expect(body_of(page)).to_have_value("A draft for the article")
    assert [(item["id"], item["revision"]) for item in reader.desk.queue()] == [(own_id, 2)]

    reader.desk.decide(own_id, "approve", revision=2)
    page.reload()
    button(own, "Revise").click()
    expect(body_of(page)).to_have_value("Two")
    body_of(page).fill("Three")
    page.get_by_role("button", name=SEND).click()
    expect(own.locator(".standing")).to_have_text("Your edit awaits review")
    expect(own.locator(".body").first).to_have_text("Two")
    reader.desk.decide(own_id, "reject", revision=3, reason="Two was better")
    page.reload()
    expect(own.locator(".standing")).to_contain_text("Your edit was not published")
    expect(own.locator(".reason")).to_have_text("Two was better")
    expect(own.locator(".body")).to_have_text("Two")
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()


def test_an_edit_that_comes_too_late_is_refused_in_words_and_kept(reader: Reader) -> None:
    window = timedelta(seconds=3)
    reader.desk.site.change(revise_window=window)
    page = reader.open()
    sent(reader)
    began = datetime.now(UTC)
    own = reader.comment("Nora Lind")
    button(own, "Revise").click()
    body_of(page).fill("Too late")
    until(lambda: datetime.now(UTC) > began + window, "the time stands still")
    page.get_by_role("button", name=SEND).click()
    expect(own.get_by_role("alert")).to_contain_text("The time to revise this comment ended at")
    expect(body_of(page)).to_have_value("Too late")
    page.reload()
    expect(button(own, "Withdraw")).to_be_visible()
    expect(button(own, "Revise")).to_have_count(0)


def test_withdrawing_asks_first_and_leaves_a_tombstone_only_where_there_are_replies(reader: Reader) -> None:
    page = reader.open()
    answered = sent(reader, body="Answered")
    alone = sent(reader, name="Nora again", body="Alone")
    for own_id in (answered, alone):
        reader.desk.decide(own_id, "approve")
    reader.desk.published(name="Mo", body="Below", parent_id=answered)
    page.reload()
    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    item = page.locator(f"#comment-{alone}")
    opener = button(item, "Withdraw").first
    opener.click()
    expect(item.get_by_text(ASKED)).to_be_visible()
    expect(item.locator(".panel").get_by_role("button", name="Withdraw")).to_be_focused()
    page.keyboard.press("Escape")
    expect(item.get_by_text(ASKED)).to_have_count(0)
    expect(opener).to_be_focused()
    opener.click()
    button(item, "Cancel").click()
    expect(item.get_by_text(ASKED)).to_have_count(0)
    expect(opener).to_be_focused()

    # A service that is away: told, and asked again.
    page.route("**/v1/receipts/*", lambda route: route.abort())
    opener.click()
    item.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(item.get_by_role("alert")).to_have_text("The comments cannot be reached just now.")
    assert reader.watch.complaints.pop() == "Failed to load resource: net::ERR_FAILED"
    page.unroute("**/v1/receipts/*")
    item.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(item).to_have_count(0)
    expect(page.get_by_role("heading", name="2 comments")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="removed")).to_have_text("This comment was removed.")

    item = page.locator(f"#comment-{answered}")
    button(item, "Withdraw").click()
    item.locator(".panel").get_by_role("button", name="Withdraw").click()
    expect(item.locator(".tombstone")).to_have_text("This comment was removed.")
    expect(item).to_be_focused()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(reader.comment("Mo")).to_be_visible()
    assert tokens(reader) == {}
    page.reload()
    expect(page.locator(".comment")).to_have_count(2)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()


def test_a_receipt_that_no_longer_exists_is_forgotten_and_one_out_of_reach_is_not(reader: Reader) -> None:
    page = reader.open()
    sent(reader)
    kept = tokens(reader)
    page.route("**/v1/receipts/*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.reload()
    expect(page.get_by_text("Leave a reply")).to_be_visible()
    assert tokens(reader) == kept
    reader.watch.complaints.clear()
    page.unroute("**/v1/receipts/*")

    forged = (
        "change => Object.entries(localStorage).forEach(([key, kept]) => (localStorage[key] = kept.replace(...change)))"
    )
    (token,) = kept.values()
    page.evaluate(forged, [token, "A" * len(token)])
    with page.expect_response("**/v1/receipts/*") as answer:
        page.reload()
    assert answer.value.status == 404
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    page.wait_for_function("!Object.values(localStorage).some(kept => kept.includes('AAAA'))")
    assert tokens(reader) == {}


def test_two_tabs_keep_each_others_receipts(reader: Reader) -> None:
    first = reader.open()
    second: Any = reader.context.new_page()
    second.goto(first.url)
    expect(second.locator("#comments-heading")).to_be_visible()
    one = sent(reader, name="First tab", body="One")
    reader.page = second
    two = sent(reader, name="Second tab", body="Two")
    reader.page = first
    three = sent(reader, name="First again", body="Three")
    assert set(tokens(reader)) == {one, two, three}
    first.reload()
    expect(first.locator(".comment .standing")).to_have_text(["Awaiting review"] * 3)
