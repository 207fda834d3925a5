"""A reply in the widget: sent, awaiting review in its place, decided, revised, withdrawn."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from service.domain.site import Policy
from tests.browser.reader import Reader

A_WHILE = 45_000  # milliseconds; longer than the pause before the widget looks again for the first time


def answer(reader: Reader, name: str) -> None:
    """Open the form below a comment."""
    reader.page.get_by_role("button", name=f"Reply to {name}").click()
    expect(reader.page.locator("#reply-heading")).to_have_text(f"Reply to {name}")
    expect(reader.page.locator("#reply-body")).to_be_focused()


def test_a_reply_to_the_article_awaits_review_in_its_place_also_after_a_reload(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page = reader.open()
    reader.send(url="example.org")
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    expect(page.locator("p.unseen[role=status]")).to_have_text("Thank you. Your reply awaits review.")
    expect(page.locator("#reply-body")).to_have_value("")
    for _ in range(2):
        expect(mine.locator(".standing")).to_have_text("Awaiting review")
        expect(mine.locator(".body em")).to_have_text("there")
        expect(mine.get_by_role("link", name="Nora Lind")).to_have_attribute("href", "https://example.org/")
        expect(mine.locator(".avatar")).to_have_js_property("naturalWidth", 64)
        expect(page.locator("li.comment h3")).to_have_text(["Aoife", "Nora Lind"])
        expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
        page.reload()


def test_somebody_else_does_not_see_what_awaits_review(reader: Reader) -> None:
    page = reader.open()
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_visible()
    (waiting,) = reader.desk.queue()
    assert waiting["article"]["title"] == "An article"
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    expect(page.locator("li.comment")).to_have_count(0)


def test_an_answer_stands_below_the_last_answer_to_the_same_comment(reader: Reader) -> None:
    desk = reader.desk
    asked = desk.published(name="Aoife")
    below = desk.published(name="Ines", parent_id=asked["id"])
    desk.published(name="Tomás", parent_id=below["id"])
    desk.published(name="Last")
    page = reader.open()
    answer(reader, "Aoife")
    assert reader.comment("Aoife").locator("#reply-body").count() == 1
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_focused()
    for _ in range(2):
        expect(page.locator("li.comment h3")).to_have_text(["Aoife", "Ines", "Tomás", "Nora Lind", "Last"])
        expect(reader.comment("Nora Lind")).to_contain_class("depth-1")
        expect(page.locator(".postbag > .reply-form")).to_have_count(1)
        page.reload()
    (waiting,) = desk.queue()
    desk.decide(waiting["id"], "approve")
    page.reload()
    expect(reader.comment("Nora Lind").locator(".answers")).to_have_text("in reply to Aoife")
    expect(page.locator("li.comment h3")).to_have_text(["Aoife", "Ines", "Tomás", "Nora Lind", "Last"])


def test_after_approval_a_reply_is_like_any_other_but_for_its_author(reader: Reader) -> None:
    page = reader.open()
    reader.send()
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "approve")
    page.reload()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(mine.get_by_role("button", name="Withdraw")).to_be_visible()
    expect(mine.locator(".standing")).to_have_count(0)
    expect(mine.locator(".permalink time")).to_be_visible()
    expect(mine.locator("button.votes")).to_have_count(0)
    expect(mine.get_by_role("button", name="Report")).to_have_count(0)
    answer(reader, "Nora Lind")


def test_an_approval_shows_while_the_page_is_open(reader: Reader) -> None:
    reader.page.clock.install()
    page = reader.open()
    reader.send()
    mine = reader.comment("Nora Lind")
    expect(mine.locator(".standing")).to_have_text("Awaiting review")
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "approve")
    page.clock.fast_forward(A_WHILE)
    expect(mine.locator(".standing")).to_have_count(0)
    expect(page.locator("p.unseen[role=status]")).to_have_text("Your reply is published.")
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    # Its own approval is no news to the author.
    expect(page.locator(".fresh")).to_be_hidden()

    answer(reader, "Nora Lind")
    page.get_by_role("button", name="Cancel").click()
    mine.get_by_role("button", name="Withdraw").click()
    mine.locator(".panel [type=submit]").click()
    expect(mine).to_have_count(0)
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_focused()


@pytest.mark.parametrize("is_open", [True, False], ids=["page open", "after a reload"])
def test_a_rejection_is_shown_with_its_reason_until_it_is_dismissed(reader: Reader, is_open: bool) -> None:
    reader.page.clock.install()
    page = reader.open()
    reader.send()
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "reject", reason="Keep to the <b>pumps</b>, please.")
    if is_open:
        page.clock.fast_forward(A_WHILE)
    else:
        page.reload()
    expect(mine.locator(".standing")).to_contain_text("Not published")
    expect(mine.locator(".reason")).to_have_text("Keep to the <b>pumps</b>, please.")
    expect(mine.get_by_role("button", name="Revise")).to_have_count(0)
    mine.get_by_role("button", name="Dismiss").click()
    expect(mine).to_have_count(0)
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_focused()
    page.reload()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    expect(mine).to_have_count(0)


def test_a_waiting_reply_is_revised(reader: Reader) -> None:
    page = reader.open()
    reader.send(body="First *thought*")
    mine = reader.comment("Nora Lind")
    mine.get_by_role("button", name="Revise").click()
    expect(page.locator("#reply-heading")).to_have_text("Revise")
    expect(page.locator("#reply-body")).to_have_value("First *thought*")
    expect(page.locator("#reply-body")).to_be_focused()
    # Who wrote it is not asked again.
    expect(page.locator("#reply-name")).to_be_hidden()
    reader.send(body="Second thought")
    expect(mine.locator("article > .body")).to_have_text("Second thought")
    expect(mine).to_be_focused()
    expect(mine.locator(".standing")).to_have_text("Awaiting review")
    (waiting,) = reader.desk.queue()
    assert waiting["revision"] == 2
    expect(page.locator("#reply-name")).to_be_visible()


def test_an_edit_of_a_published_reply_waits_while_the_earlier_text_stays(reader: Reader) -> None:
    page = reader.open()
    reader.send(body="First thought")
    (waiting,) = wait_for_the_queue(reader)
    reader.desk.decide(waiting["id"], "approve")
    page.reload()
    mine = reader.comment("Nora Lind")
    mine.get_by_role("button", name="Revise").click()
    reader.send(body="Second thought")
    expect(mine.locator(".standing")).to_have_text("Your edit awaits review")
    expect(mine.locator("article > .body")).to_have_text("First thought")

    reader.desk.decide(waiting["id"], "reject", revision=2, reason="The first was better.")
    page.reload()
    expect(mine.locator(".standing")).to_contain_text("Your edit was not published")
    expect(mine.locator(".reason")).to_have_text("The first was better.")
    expect(mine.locator("article > .body")).to_have_text("First thought")

    mine.get_by_role("button", name="Revise").click()
    reader.send(body="Third thought")
    expect(mine.locator(".standing")).to_have_text("Your edit awaits review")
    reader.desk.decide(waiting["id"], "approve", revision=3)
    page.reload()
    expect(mine.locator("article > .body")).to_have_text("Third thought")
    expect(mine.locator(".edited")).to_have_text(re.compile("^edited .+"))
    expect(mine.locator(".standing")).to_have_count(0)


def wait_for_the_queue(reader: Reader) -> list[dict[str, str]]:
    """Return the queue once the reader's reply stands in the thread."""
    expect(reader.comment("Nora Lind")).to_be_focused()
    return reader.desk.queue()


def test_a_withdrawal_asks_first_and_is_for_good(reader: Reader) -> None:
    page = reader.open()
    reader.send()
    mine = reader.comment("Nora Lind")
    withdraw = mine.get_by_role("button", name="Withdraw").first
    withdraw.click()
    expect(mine.locator(".panel")).to_contain_text("Delete your reply for good?")
    mine.get_by_role("button", name="Cancel").click()
    expect(mine.locator(".panel")).to_have_count(0)
    expect(withdraw).to_be_focused()
    withdraw.click()
    page.keyboard.press("Escape")
    expect(withdraw).to_be_focused()
    assert len(reader.desk.queue()) == 1

    withdraw.click()
    mine.locator(".panel [type=submit]").click()
    expect(mine).to_have_count(0)
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_focused()
    assert reader.desk.queue() == []
    page.reload()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()


def test_a_published_reply_that_was_answered_leaves_a_tombstone_when_it_is_withdrawn(reader: Reader) -> None:
    page = reader.open()
    reader.send()
    (waiting,) = wait_for_the_queue(reader)
    reader.desk.decide(waiting["id"], "approve")
    reader.desk.published(name="Aoife", parent_id=waiting["id"])
    page.reload()
    mine = reader.comment("Nora Lind")
    mine.get_by_role("button", name="Withdraw").click()
    mine.locator(".panel [type=submit]").click()
    expect(page.locator(".tombstone")).to_have_text("This comment was removed.")
    expect(page.locator("li.comment", has=page.locator(".tombstone"))).to_be_focused()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(reader.comment("Aoife")).to_be_visible()


def test_a_reply_that_is_published_at_once_says_so(reader: Reader) -> None:
    reader.desk.site.change(policy=Policy.NONE)
    # A browser that is driven fills in a form faster than people do, which would be held.
    reader.desk.site.rule("network", "trust", "127.0.0.0/8")
    page = reader.open()
    reader.send()
    expect(reader.comment("Nora Lind")).to_be_focused()
    expect(page.locator("p.unseen[role=status]")).to_have_text("Your reply is published.")
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(reader.comment("Nora Lind").locator(".standing")).to_have_count(0)


def test_every_mistake_stands_beside_its_field_and_the_focus_is_on_the_first(reader: Reader) -> None:
    page = reader.open()
    reader.send(name="nora@example.org", email="nora@", url="ftp://x", body="Words")
    expect(page.locator("#reply-name")).to_be_focused()
    for field in ("name", "email", "url"):
        control = page.locator(f"#reply-{field}")
        expect(control).to_have_attribute("aria-invalid", "true")
        assert f"reply-{field}-fault" in (control.get_attribute("aria-describedby") or "").split()
        expect(page.locator(f"#reply-{field}-fault")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.locator("#reply-body")).to_have_value("Words")
    expect(page.locator("#reply-body")).not_to_have_attribute("aria-invalid", "true")

    reader.send(name="Nora Lind", url="")
    expect(reader.comment("Nora Lind")).to_be_focused()
    expect(page.locator(".fault:not(:empty), [aria-invalid]")).to_have_count(0)
