"""A reader without scripts reads, replies, follows the receipt, revises and withdraws; a moderator decides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.desk import Desk, token_of

WAITS = "Thank you. Your reply awaits review."
TYPED = "\n\n  Two lines down\n\nand *on*."


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def write(page: Page, **fields: str) -> None:
    given = {"body": "The pumps are the thing.", "name": "Nora Lind", "email": "nora@example.org"} | fields
    for field, value in given.items():
        page.locator(f"#reply-{field}").fill(value)


def send(page: Page, **fields: str) -> None:
    write(page, **fields)
    page.get_by_role("button", name="Send for review").click()


def open_and_send(page: Page, desk: Desk, **fields: str) -> None:
    page.goto(desk.thread)
    send(page, **fields)


def test_a_reply_is_sent_reviewed_and_read(page: Page, desk: Desk) -> None:
    page.goto(desk.thread)
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    send(page, body="Hello *there*", url="example.org")
    expect(page).to_have_title(WAITS)
    expect(page.locator(".body em")).to_have_text("there")

    page.goto(desk.thread)
    expect(page.locator(".comment")).to_have_count(0)
    (waiting,) = desk.queue()
    desk.decide(waiting["id"], "approve")
    page.reload()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.locator(".body")).to_have_text("Hello there")
    expect(page.get_by_role("link", name="Nora Lind", exact=True)).to_have_attribute("href", "https://example.org/")


def test_a_reply_to_a_reply_says_whom_it_answers_and_stands_below_it(page: Page, desk: Desk) -> None:
    asked = desk.published(name="Aoife Brennan", body="Who pays for waiting?")
    page.goto(desk.thread)
    page.get_by_role("link", name="Reply to Aoife Brennan").click()
    assert page.url.endswith("#reply")
    expect(page.locator("#reply-heading")).to_have_text("Reply to Aoife Brennan")
    expect(page.locator(".replying blockquote")).to_have_text("Who pays for waiting?")
    expect(page.locator("#reply-heading")).to_be_in_viewport()
    send(page, body="We do.")
    (waiting,) = desk.queue()
    desk.decide(waiting["id"], "approve")

    page.goto(desk.thread)
    answer = page.locator(".comment.depth-1")
    expect(answer.locator(".body")).to_have_text("We do.")
    answer.get_by_role("link", name="Aoife Brennan").click()
    expect(page.locator(f"#comment-{asked['id']}:target")).to_be_visible()


def test_the_receipt_follows_the_reply_through_every_state(page: Page, desk: Desk) -> None:
    headline = page.get_by_role("heading", level=1)
    open_and_send(page, desk)
    receipt = page.url
    (waiting,) = desk.queue()

    page.get_by_text("Revise your reply").click()
    page.locator("#revise-body").fill("Second thought.")
    page.get_by_role("button", name="Send the changes for review").click()
    expect(page.get_by_role("status")).to_have_text("Your changes were sent for review.")
    expect(page.locator(".body")).to_have_text("Second thought.")

    revised = page.url
    desk.decide(waiting["id"], "approve", revision=2)
    page.goto(revised)
    expect(headline).to_have_text("Your reply is published.")
    expect(page.get_by_role("status")).to_have_count(0)
    page.get_by_role("link", name="See it under the article").click()
    expect(page.locator(f"#comment-{waiting['id']}:target .body")).to_have_text("Second thought.")

    page.goto(receipt)
    page.get_by_text("Revise your reply").click()
    page.locator("#revise-body").fill("Third thought.")
    page.get_by_role("button", name="Send the changes for review").click()
    expect(headline).to_have_text("Your edit waits for review; the earlier text stays published.")
    desk.decide(waiting["id"], "reject", revision=3, reason="Please keep to the pumps.")
    page.goto(receipt)
    expect(headline).to_have_text("Your edit was not published; the earlier text stays.")
    expect(page.get_by_text("Please keep to the pumps.")).to_be_visible()
    page.goto(desk.thread)
    expect(page.locator(".body")).to_have_text("Second thought.")

    page.goto(receipt)
    page.get_by_text("Withdraw your reply").click()
    page.get_by_role("button", name="Withdraw it for good").click()
    expect(headline).to_have_text("Your reply was removed.")
    page.goto(desk.thread)
    expect(page.locator(".comment")).to_have_count(0)


@pytest.mark.parametrize(
    ("action", "reason", "sentence"),
    [
        pytest.param("reject", {"reason": "Keep to the subject."}, "Keep to the subject.", id="rejected"),
        pytest.param("reject", {}, "The moderator gave no further reason.", id="rejected without a reason"),
        pytest.param("spam", {}, "It was taken for advertising.", id="spam"),
    ],
)
def test_a_reply_that_was_turned_down_says_why(
    page: Page, desk: Desk, action: str, reason: dict[str, Any], sentence: str
) -> None:
    open_and_send(page, desk)
    (waiting,) = desk.queue()
    desk.decide(waiting["id"], action, **reason)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your reply was not published.")
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_text("Revise your reply")).to_have_count(0)


def test_every_mistake_stands_beside_its_field_and_nothing_typed_is_lost(page: Page, desk: Desk) -> None:
    open_and_send(page, desk, name="nora@example.org", email="nora@", url="ftp://x", body=TYPED)
    assert page.url == f"{desk.service_url}/v1/comments"
    expect(page.locator("#reply-faults")).to_be_focused()
    for field in ("name", "email", "url"):
        control = page.locator(f"#reply-{field}")
        expect(control).to_have_attribute("aria-invalid", "true")
        described = (control.get_attribute("aria-describedby") or "").split()
        assert f"reply-{field}-fault" in described
        expect(page.locator(f"#reply-{field}-fault")).to_be_visible()
    expect(page.locator("#reply-body")).to_have_value(TYPED)
    expect(page.locator("#reply-name")).to_have_value("nora@example.org")
    expect(page.locator("#reply-email")).to_have_value("nora@")
    expect(page.locator("#reply-url")).to_have_value("ftp://x")

    page.locator("#reply-faults").get_by_role("link", name="Email").click()
    expect(page.locator("#reply-email:target")).to_be_visible()
    send(page, body=TYPED)
    expect(page).to_have_title(re.compile("Not sent yet"))
    page.locator("#reply-url").fill("")
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_title(WAITS)


def test_a_mistake_does_not_forget_whom_the_reply_answers(page: Page, desk: Desk) -> None:
    asked = desk.published(name="Aoife Brennan")
    page.goto(desk.address_of(reply_to=asked["id"]))
    send(page, email="nora@")
    expect(page.locator("#reply-heading")).to_have_text("Reply to Aoife Brennan")
    send(page)
    expect(page).to_have_title(WAITS)
    (waiting,) = desk.queue()
    desk.decide(waiting["id"], "approve")
    page.goto(desk.thread)
    expect(page.locator(f"#comment-{waiting['id']}")).to_contain_text("in reply to Aoife Brennan")


def test_a_reply_to_what_was_removed_meanwhile_is_not_lost(page: Page, desk: Desk) -> None:
    asked = desk.published()
    page.goto(desk.address_of(reply_to=asked["id"]))
    write(page, body=TYPED)
    desk.decide(asked["id"], "delete")
    page.get_by_role("button", name="Send for review").click()
    expect(page.locator("#reply-faults")).to_contain_text("The comment you wanted to answer is no longer there.")
    expect(page.locator("#reply-body")).to_have_value(TYPED)
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_title(WAITS)

    page.goto(desk.address_of(reply_to=asked["id"]))
    expect(page.get_by_text("Your reply will stand under the article itself.")).to_be_visible()


def test_an_article_that_closes_while_somebody_writes_gives_the_text_back(page: Page, desk: Desk) -> None:
    desk.published()
    page.goto(desk.thread)
    write(page, body=TYPED)
    desk.register(open=False)
    page.get_by_role("button", name="Send for review").click()
    expect(page.get_by_text("This article is closed to new replies.").first).to_be_visible()
    expect(page.locator("#kept")).to_have_value(TYPED)
    page.goto(desk.thread)
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("link", name="Reply")).to_have_count(0)


def test_a_button_pressed_twice_leads_to_the_one_receipt(page: Page, desk: Desk) -> None:
    page.goto(desk.thread)
    write(page)
    page.get_by_role("button", name="Send for review").dblclick(no_wait_after=True)
    expect(page).to_have_title(WAITS)
    (waiting,) = desk.queue()
    receipt = desk.api.get(f"/v1/receipts/{token_of(page.url)}").json()
    assert receipt["id"] == waiting["id"]


def test_going_back_and_sending_again_leads_to_the_one_receipt(page: Page, desk: Desk) -> None:
    open_and_send(page, desk)
    expect(page).to_have_title(WAITS)
    receipt = page.url
    page.go_back()
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_title(WAITS)
    assert page.url == receipt


def test_the_same_words_another_day_are_called_a_duplicate_kindly(page: Page, desk: Desk) -> None:
    desk.submitted(name="Nora Lind", email="nora@example.org", body="The pumps are the thing.")
    open_and_send(page, desk)
    expect(page.locator("#reply-faults")).to_contain_text("You have sent this already")


def test_whoever_sends_too_much_is_told_when_to_try_again(page: Page, desk: Desk) -> None:
    desk.site.change(limits="client=1/60")
    open_and_send(page, desk)
    expect(page).to_have_title(WAITS)
    open_and_send(page, desk, body=TYPED)
    expect(page.locator("#reply-faults")).to_contain_text("A moment, please")
    expect(page.locator("#reply-body")).to_have_value(TYPED)


def test_a_long_thread_has_pages_and_every_link_finds_its_comment(page: Page, desk: Desk) -> None:
    first = desk.published(body="The first word")
    for number in range(50):
        desk.published(body=f"An answer, number {number}", parent_id=first["id"])
    last = desk.published(body="The last word")

    page.goto(desk.thread)
    expect(page.locator(".comment")).to_have_count(50)
    page.get_by_role("link", name="More comments").click()
    expect(page.locator(".comment")).to_have_count(2)
    page.get_by_role("link", name=f"Reply to {page.locator('.comment h3').first.inner_text()}").click()
    expect(page.locator(".replying blockquote")).to_contain_text("An answer")

    page.goto(desk.address_of(comment=last["id"]) + f"#comment-{last['id']}")
    expect(page.locator(":target .body")).to_have_text("The last word")
    page.get_by_role("link", name="Back to the first comments").click()
    page.get_by_role("link", name="Newest first").click()
    expect(page.locator(".body").first).to_have_text("The last word")
    page.get_by_role("link", name="More comments").click()
    page.locator(".comment .meta a").first.click()
    expect(page.locator(f"#comment-{first['id']}:target .body")).to_have_text("The first word")


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        pytest.param("/comments?site=nowhere&article=x", "There is no such site", id="unknown site"),
        pytest.param("/comments?site={slug}", "This address does not lead to an article", id="no article"),
        pytest.param("/nothing", "There is no such page", id="unknown address"),
        pytest.param("/receipts/pbr_nothing", "There is no such page", id="unknown receipt"),
        pytest.param("/docs/errors/nothing", "There is no such page", id="unknown error"),
    ],
)
def test_an_address_that_leads_nowhere_says_so_in_plain_words(page: Page, desk: Desk, path: str, heading: str) -> None:
    page.goto(desk.service_url + path.format(slug=desk.site.slug))
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
