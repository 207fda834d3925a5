"""The widget's form: preview, the count near the limit, whom the browser remembers, and drafts that stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.granian_server import until
from tests.browser.reader import Reader

PREVIEW = "Preview"
MARKUP = "Hello *there*\n\n> quoted\n\n- one\n- two\n\n<script>alert(1)</script> [a link](https://example.org/)"
BODY_MOST = 10_000


@pytest.fixture
def page(reader: Reader) -> Page:
    """Return an article with two comments, by Aoife and by Ines."""
    reader.desk.published(name="Aoife")
    reader.desk.published(name="Ines")
    return reader.open()


def test_a_preview_is_what_is_published(reader: Reader, page: Page) -> None:
    reader.write(body=MARKUP)
    page.get_by_role("button", name=PREVIEW).click()
    preview = page.get_by_role("region", name=PREVIEW)
    expect(preview).to_be_focused()
    shown = preview.inner_html()
    assert "<em>there</em>" in shown
    page.locator("#reply-body").press("End")
    page.keyboard.type(".")
    expect(preview).to_be_hidden()
    page.keyboard.press("Backspace")
    page.get_by_role("button", name="Send for review").click()
    mine = reader.comment("Nora Lind").locator("article > .body")
    expect(mine).to_be_visible()
    (waiting,) = reader.desk.queue()
    assert shown == mine.inner_html() == waiting["body_html"]


def test_a_preview_of_nothing_says_what_is_missing(reader: Reader, page: Page) -> None:
    page.get_by_role("button", name=PREVIEW).click()
    expect(page.locator("#reply-body-fault")).to_be_visible()
    expect(page.locator("#reply-body")).to_be_focused()
    expect(page.get_by_role("region", name=PREVIEW)).to_be_hidden()


def test_characters_are_counted_as_readers_do_and_only_near_the_limit(reader: Reader, page: Page) -> None:
    count = page.locator(".count")
    for written, told in {
        "x" * 8_999: "",
        "x" * 9_001: "999 characters left",
        # A family of eleven code units is one character; so is a letter with its accent.
        "👨‍👩‍👧‍👦" * 900: "",
        "e\u0301" * 9_950: "50 characters left",
        "x" * 9_999: "1 character left",
        "x" * 10_002: "-2 characters left",
    }.items():
        page.locator("#reply-body").fill(written)
        expect(count).to_have_text(told)
    reader.send(body="x" * 10_001)
    expect(page.locator("#reply-body-fault")).to_be_visible()
    expect(page.locator("#reply-body")).to_have_value("x" * 10_001)


def test_name_and_email_are_kept_only_for_whoever_wants_it(reader: Reader, page: Page) -> None:
    save = page.get_by_label("Save my name and email in this browser")
    expect(save).not_to_be_checked()
    reader.send(url="example.org")
    expect(reader.comment("Nora Lind")).to_be_focused()
    assert "nora@example.org" not in str(reader.remembered())
    page.reload()
    expect(page.locator("#reply-name")).to_have_value("")

    reader.write(url="example.org")
    save.check()
    page.reload()
    expect(save).to_be_checked()
    expect(page.locator("#reply-name")).to_have_value("Nora Lind")
    expect(page.locator("#reply-email")).to_have_value("nora@example.org")
    expect(page.locator("#reply-url")).to_have_value("example.org")
    page.locator("#reply-name").fill("Nora L.")
    page.reload()
    expect(page.locator("#reply-name")).to_have_value("Nora L.")

    save.uncheck()
    assert "nora@example.org" not in str(reader.remembered())
    page.reload()
    expect(save).not_to_be_checked()
    expect(page.locator("#reply-name")).to_have_value("")


def test_every_place_has_a_draft_of_its_own_that_outlives_page_and_form(reader: Reader, page: Page) -> None:
    body = page.locator("#reply-body")
    written = {"": "For all of you", "Aoife": "For Aoife", "Ines": "For Ines\n\n  and *others*"}

    def go_to(name: str) -> None:
        if name:
            page.get_by_role("button", name=f"Reply to {name}").click()
        elif page.get_by_role("button", name="Cancel").is_visible():
            page.get_by_role("button", name="Cancel").click()

    for name, text in written.items():
        go_to(name)
        body.fill(text)
    leaving: list[Callable[[], object]] = [
        page.reload,
        lambda: page.goto(f"{reader.host.origin}/elsewhere"),
        lambda: None,
    ]
    for leave in leaving:
        leave()
        if page.url.endswith("/elsewhere"):
            page.go_back()
        go_to("")
        for name, text in written.items():
            go_to(name)
            expect(body).to_have_value(text)
    reader.watch.complaints.clear()


def test_cancel_puts_the_form_back_and_the_focus_where_it_was(reader: Reader, page: Page) -> None:
    page.get_by_role("button", name="Reply to Aoife").click()
    page.locator("#reply-body").fill("Hm.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Reply to Aoife")).to_be_focused()
    expect(page.locator(".postbag > .reply-form")).to_have_count(1)
    expect(page.locator("#reply-heading")).to_have_text("Leave a reply")
    expect(page.locator("#reply-body")).to_have_value("")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


def test_what_was_sent_is_no_draft_any_more(reader: Reader, page: Page) -> None:
    page.locator("#reply-body").fill("For all of you")
    page.get_by_role("button", name="Reply to Aoife").click()
    reader.send(body="For Aoife")
    expect(reader.comment("Nora Lind")).to_be_focused()
    expect(page.locator("#reply-body")).to_have_value("For all of you")
    page.get_by_role("button", name="Reply to Aoife").click()
    expect(page.locator("#reply-body")).to_have_value("")


def test_two_tabs_keep_their_drafts_and_receipts_together(reader: Reader, page: Page) -> None:
    page.locator("#reply-body").fill("In the first tab")
    other = reader.watch.over(reader.context)
    other.goto(page.url)
    expect(other.locator("#reply-body")).to_have_value("In the first tab")
    other.get_by_role("button", name="Reply to Ines").click()
    other.locator("#reply-body").fill("In the second tab")
    # Browsers tell one tab of what another has kept, but not at once.
    until(lambda: "In the second tab" in str(reader.remembered()), "the first tab never hears of the second")
    reader.send(body="Sent in the first")
    expect(reader.comment("Nora Lind")).to_be_focused()
    other.reload()
    expect(other.locator("li.comment .standing")).to_have_text("Awaiting review")
    other.get_by_role("button", name="Reply to Ines").click()
    expect(other.locator("#reply-body")).to_have_value("In the second tab")
