"""The thread in the widget: its order, its branches, its pages, and links to single comments."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import Reader

SHORT_PAGES = 'data-page-size="2"'


def bodies(page: Page) -> list[str]:
    """Return what is written in the comments that are shown, from top to bottom."""
    return page.locator("li.comment:visible .body").all_inner_texts()


@pytest.fixture
def five(reader: Reader) -> list[dict[str, Any]]:
    """Return five comments on the article itself, One to Five, oldest first."""
    return [reader.desk.published(name=word, body=f"{word}.") for word in ("One", "Two", "Three", "Four", "Five")]


def test_comments_stand_depth_first_under_a_strict_policy_and_without_cookies(reader: Reader) -> None:
    first = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Three")
    reader.desk.published(name="Tomás", body="Two", parent_id=first["id"])
    page = reader.open()
    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    expect(page.locator(".comment .body")).to_have_text(["One", "Two", "Three"])
    expect(reader.comment("Tomás").locator(".answers")).to_have_text("in reply to Aoife")
    assert reader.remembered() == {}


def test_a_reader_chooses_the_order(reader: Reader) -> None:
    desk = reader.desk
    old = desk.published(name="Old", body="Old")
    desk.published(name="Loved", body="Loved")
    desk.published(name="New", body="New")
    desk.published(name="Answer", body="Answer", parent_id=old["id"])
    page = reader.open()
    reader.comment("Loved").get_by_role("button", name="Vote").click()
    expect(reader.comment("Loved").locator(".votes")).to_have_text("1 vote")
    orders = page.get_by_role("navigation", name="Order of comments")
    current = page.locator(".sort [aria-current=true]")
    for order, shown in {
        "Newest first": ["New", "Loved", "Old", "Answer"],
        "Most votes first": ["Loved", "Old", "Answer", "New"],
        "Oldest first": ["Old", "Answer", "Loved", "New"],
    }.items():
        orders.get_by_role("button", name=order).click()
        expect(current).to_have_text(order)
        expect(page.locator(".comment .body")).to_have_text(shown)
        expect(orders.get_by_role("button", name=order)).to_be_focused()


def test_more_comments_come_below_and_the_focus_moves_to_the_first_of_them(
    reader: Reader, five: list[dict[str, Any]]
) -> None:
    page = reader.open(attributes=SHORT_PAGES)
    more = page.get_by_role("button", name="More comments")
    expect(page.locator(".comment")).to_have_count(2)
    more.click()
    expect(page.locator(".comment")).to_have_count(4)
    expect(reader.comment("Three")).to_be_focused()
    page.keyboard.press("Tab")
    expect(reader.comment("Three").locator(".permalink")).to_be_focused()
    more.click()
    expect(reader.comment("Five")).to_be_focused()
    expect(more).to_be_hidden()
    assert bodies(page) == ["One.", "Two.", "Three.", "Four.", "Five."]


def test_the_focus_is_not_lost_where_there_is_nothing_more_after_all(reader: Reader, five: list[dict[str, Any]]) -> None:
    page = reader.open(attributes=SHORT_PAGES)
    for gone in five[2:]:
        reader.desk.decide(gone["id"], "delete")
    page.get_by_role("button", name="More comments").click()
    expect(page.get_by_role("heading", name="2 comments")).to_be_focused()
    expect(page.get_by_role("button", name="More comments")).to_be_hidden()


def test_branches_are_folded_and_unfolded_from_the_keyboard(reader: Reader) -> None:
    desk = reader.desk
    top = desk.published(name="Top")
    middle = desk.published(name="Middle", parent_id=top["id"])
    desk.published(name="Low", parent_id=middle["id"])
    desk.published(name="Aside")
    page = reader.open()
    shown = page.locator("li.comment:visible h3")

    inner, outer = reader.comment("Middle").locator(".fold"), reader.comment("Top").locator(".fold")
    expect(reader.comment("Aside").locator(".fold")).to_have_count(0)
    for fold in (inner, outer):
        expect(fold).to_have_attribute("aria-expanded", "true")
        fold.focus()
        page.keyboard.press("Enter")
        expect(fold).to_have_attribute("aria-expanded", "false")
        expect(fold).to_be_focused()
    expect(shown).to_have_text(["Top", "Aside"])
    expect(outer).to_have_text("Show 2 replies")
    page.keyboard.press("Space")
    # What was folded within stays folded.
    expect(shown).to_have_text(["Top", "Middle", "Aside"])
    expect(outer).to_have_text("Hide replies")
    expect(inner).to_have_text("Show 1 reply")
    inner.click()
    expect(shown).to_have_text(["Top", "Middle", "Low", "Aside"])


def test_a_link_to_a_comment_brings_it_into_view_and_marks_it(reader: Reader) -> None:
    desk = reader.desk
    long = "\n\n".join(["Many lines."] * 30)
    first = desk.published(name="Aoife", body=long)
    last = desk.published(name="Ines", body=long, parent_id=first["id"])
    page = reader.open(fragment=f"#comment-{last['id']}")
    expect(reader.comment("Ines")).to_be_focused()
    expect(reader.comment("Ines")).to_contain_class("target")
    expect(reader.comment("Ines")).to_be_in_viewport()
    expect(page.locator(".target")).to_have_count(1)

    reader.comment("Ines").locator(".answers a").click()
    expect(reader.comment("Aoife")).to_be_focused()
    assert page.url.endswith(f"#comment-{first['id']}")
    page.go_back()
    expect(reader.comment("Ines")).to_be_focused()
    # The same link once more: the address stays, the comment is shown all the same.
    page.evaluate("scrollTo(0, 0)")
    reader.comment("Ines").locator(".permalink").click()
    expect(reader.comment("Ines")).to_be_focused()
    expect(page.locator(".target")).to_have_count(1)


def test_a_link_into_a_folded_branch_opens_it(reader: Reader) -> None:
    first = reader.desk.published(name="Aoife")
    answer = reader.desk.published(name="Ines", parent_id=first["id"])
    page = reader.open()
    reader.comment("Aoife").locator(".fold").click()
    expect(reader.comment("Ines")).to_be_hidden()
    page.evaluate(f"location.hash = 'comment-{answer['id']}'")
    expect(reader.comment("Ines")).to_be_focused()
    expect(reader.comment("Aoife").locator(".fold")).to_have_attribute("aria-expanded", "true")


def test_a_link_to_a_comment_on_a_later_page_opens_at_that_page(reader: Reader, five: list[dict[str, Any]]) -> None:
    page = reader.open(attributes=SHORT_PAGES, fragment=f"#comment-{five[2]['id']}")
    expect(reader.comment("Three")).to_be_focused()
    expect(reader.comment("Three")).to_contain_class("target")
    expect(reader.comment("One")).to_have_count(0)
    page.get_by_role("button", name="More comments").click()
    expect(reader.comment("Five")).to_be_focused()

    page.get_by_role("button", name="Back to the first comments").click()
    expect(reader.comment("One")).to_be_focused()
    expect(page.get_by_role("button", name="Back to the first comments")).to_be_hidden()
    # These are the first ones, not new ones.
    expect(page.locator(".new")).to_have_count(0)


def test_a_link_within_the_page_finds_a_comment_on_a_later_page_whatever_the_order(
    reader: Reader, five: list[dict[str, Any]]
) -> None:
    page = reader.open(attributes=f'{SHORT_PAGES} data-sort="newest"')
    expect(page.locator(".comment .body")).to_have_text(["Five.", "Four."])
    page.evaluate(f"location.hash = 'comment-{five[2]['id']}'")
    expect(reader.comment("Three")).to_be_focused()
    expect(reader.comment("Three")).to_contain_class("target")
    expect(page.locator(".sort [aria-current=true]")).to_have_text("Oldest first")


@pytest.mark.parametrize("name", ["00000000-0000-7000-8000-000000000000", "no-such-thing"])
def test_a_link_to_a_comment_that_is_not_there_shows_the_thread_as_ever(reader: Reader, name: str) -> None:
    reader.desk.published(name="Aoife")
    page = reader.open(fragment=f"#comment-{name}")
    expect(reader.comment("Aoife")).to_be_visible()
    expect(page.locator(".target")).to_have_count(0)
    expect(page.locator(".fault")).to_have_count(0)


def test_what_was_removed_leaves_a_tombstone_above_its_replies_and_nothing_elsewhere(reader: Reader) -> None:
    desk = reader.desk
    top = desk.published(name="Top")
    desk.published(name="Answer", parent_id=top["id"])
    gone = desk.published(name="Gone")
    for removed in (top, gone):
        desk.decide(removed["id"], "delete")
    page = reader.open()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.locator(".tombstone")).to_have_text("This comment was removed.")
    expect(page.locator(".comment")).to_have_count(2)
    expect(page.get_by_text("Gone")).to_have_count(0)
    page.locator(".fold").click()
    expect(reader.comment("Answer")).to_be_hidden()


def test_an_article_without_comments_says_so_and_takes_the_first(reader: Reader) -> None:
    page = reader.open()
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("heading", name="Leave a reply")).to_be_visible()


def test_a_closed_article_is_read_and_not_answered(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    reader.desk.register(open=False)
    page = reader.open()
    with page.expect_response("**/avatars/**"):
        expect(page.get_by_text("This article is closed to new replies.")).to_be_visible()
    expect(reader.comment("Aoife").get_by_role("button", name="Reply")).to_have_count(0)
    expect(page.locator(".reply-form")).to_have_count(0)
