"""The thread in the widget: its order, its branches, its pages, and links to single comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import Reader

TALL = "A line.\n\n" * 60  # more than a screen shows
NOBODY = "0192f3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b"  # the id of no comment


def data_requests(page: Page) -> list[str]:
    """Return the list to which every request for comments will be added."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/comments?" in request.url else None)
    return asked


def publish(reader: Reader, *names: str) -> list[dict[str, Any]]:
    """Publish a comment under each name, in this order."""
    return [reader.desk.published(name=name, body=f"{name} says so.") for name in names]


def vote(reader: Reader, comment_id: str, value: int, *addresses: str) -> None:
    """Have readers at these addresses vote, or take their votes back."""
    for address in addresses:
        answer = reader.desk.site.vote(comment_id, value, address=address, headers={"Origin": reader.host.origin})
        assert answer.status_code == 200, answer.text


def test_comments_stand_depth_first_under_a_strict_policy_and_without_cookies(reader: Reader) -> None:
    first = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Three")
    reader.desk.published(name="Tomás", body="Two", parent_id=first["id"])
    page = reader.open()
    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    expect(page.locator(".comment .body")).to_have_text(["One", "Two", "Three"])
    expect(reader.comment("Tomás").locator(".answers")).to_have_text("in reply to Aoife")
    assert reader.remembered() == {}


def test_a_reader_orders_the_comments_and_is_told_which_order_it_is(reader: Reader) -> None:
    _, liked, _ = publish(reader, "Aoife", "Bo", "Chidi")
    reader.desk.published(name="Dara", body="To Bo", parent_id=liked["id"])
    vote(reader, liked["id"], 1, "192.0.2.1", "192.0.2.2")
    page = reader.open(attributes='data-sort="newest"')
    names, current = page.locator(".comment h3"), page.locator(".sort [aria-current=true]")
    expect(names).to_have_text(["Chidi", "Bo", "Dara", "Aoife"])
    expect(current).to_have_text("Newest first")
    order = page.get_by_role("navigation", name="Order of comments")
    order.get_by_role("button", name="Most votes first").click()
    expect(names).to_have_text(["Bo", "Dara", "Aoife", "Chidi"])
    expect(current).to_have_text("Most votes first")
    expect(reader.comment("Bo").locator(".votes")).to_have_text("2 votes")
    order.get_by_role("button", name="Oldest first").press("Enter")
    expect(names).to_have_text(["Aoife", "Bo", "Dara", "Chidi"])
    expect(current).to_have_text("Oldest first")
    expect(current).to_be_focused()


def test_more_comments_come_below_and_the_focus_goes_to_the_first_of_them(reader: Reader) -> None:
    publish(reader, *"ABCDE")
    page = reader.open(attributes='data-page-size="2"')
    names, more = page.locator(".comment h3"), page.get_by_role("button", name="More comments")
    expect(names).to_have_text(["A", "B"])
    more.press("Enter")
    expect(names).to_have_text(["A", "B", "C", "D"])
    expect(page.locator(".comment").nth(2)).to_be_focused()
    more.click()
    expect(names).to_have_text(["A", "B", "C", "D", "E"])
    expect(page.locator(".comment").last).to_be_focused()
    expect(more).to_be_hidden()
    expect(page.get_by_role("heading", name="5 comments")).to_be_visible()


def test_a_comment_that_falls_to_a_later_page_is_not_shown_twice(reader: Reader) -> None:
    liked, second, _ = publish(reader, "Aoife", "Bo", "Chidi")
    vote(reader, liked["id"], 1, "192.0.2.1", "192.0.2.2")
    vote(reader, second["id"], 1, "192.0.2.1")
    page = reader.open(attributes='data-page-size="2" data-sort="top"')
    names = page.locator(".comment h3")
    expect(names).to_have_text(["Aoife", "Bo"])
    vote(reader, second["id"], 0, "192.0.2.1")
    page.get_by_role("button", name="More comments").click()
    expect(names).to_have_text(["Aoife", "Bo", "Chidi"])
    expect(reader.comment("Chidi")).to_be_focused()


def test_branches_fold_and_unfold_by_keyboard(reader: Reader) -> None:
    top = reader.desk.published(name="Aoife", body="One")
    below = reader.desk.published(name="Bo", body="Two", parent_id=top["id"])
    reader.desk.published(name="Chidi", body="Three", parent_id=below["id"])
    reader.desk.published(name="Dara", body="Four")
    page = reader.open()
    outer, inner = reader.comment("Aoife").locator(".fold"), reader.comment("Bo").locator(".fold")
    expect(page.locator(".fold")).to_have_count(2)
    expect(outer).to_have_attribute("aria-expanded", "true")
    inner.press("Enter")
    expect(inner).to_have_text("Show 1 reply")
    expect(inner).to_have_attribute("aria-expanded", "false")
    expect(reader.comment("Chidi")).to_be_hidden()
    outer.press("Space")
    expect(outer).to_have_text("Show 2 replies")
    expect(outer).to_be_focused()
    expect(page.locator(".comment:visible h3")).to_have_text(["Aoife", "Dara"])
    outer.press("Enter")
    expect(outer).to_have_text("Hide replies")
    # A branch that was folded within it has stayed folded.
    expect(page.locator(".comment:visible h3")).to_have_text(["Aoife", "Bo", "Dara"])
    inner.press("Enter")
    expect(page.locator(".comment:visible h3")).to_have_text(["Aoife", "Bo", "Chidi", "Dara"])


def test_a_press_on_a_permalink_marks_the_comment_and_brings_it_into_view(reader: Reader) -> None:
    first = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Bo", body=TALL)
    last = reader.desk.published(name="Chidi", body="Three", parent_id=first["id"])
    page = reader.open()
    reader.comment("Bo").locator(".permalink").click()
    expect(page.locator(".target h3")).to_have_text("Bo")
    reader.comment("Chidi").get_by_role("link", name="Aoife").click()
    expect(page.locator(".target h3")).to_have_text("Aoife")
    expect(reader.comment("Aoife")).to_be_focused()
    expect(reader.comment("Aoife")).to_be_in_viewport()
    assert page.url == f"{reader.desk.site.article}#comment-{first['id']}"
    # The same link once more, from somewhere else on the page.
    page.locator("#end").scroll_into_view_if_needed()
    expect(reader.comment("Aoife")).not_to_be_in_viewport()
    page.locator(f".permalink[href$='{last['id']}']").press("Enter")
    page.locator("#end").scroll_into_view_if_needed()
    page.locator(f".permalink[href$='{last['id']}']").press("Enter")
    expect(page.locator(".target h3")).to_have_text("Chidi")
    expect(reader.comment("Chidi")).to_be_focused()
    expect(reader.comment("Chidi")).to_be_in_viewport()


def test_an_address_with_a_comment_leads_there(reader: Reader) -> None:
    reader.desk.published(name="Aoife", body=TALL)
    (wanted,) = publish(reader, "Bo")
    asked = data_requests(reader.page)
    page = reader.open(fragment=f"#comment-{wanted['id']}")
    expect(page.locator(".target h3")).to_have_text("Bo")
    expect(reader.comment("Bo")).to_be_focused()
    expect(reader.comment("Bo")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Back to the first comments")).to_be_hidden()
    assert len(asked) == 1


def test_an_address_with_a_comment_of_a_later_page_asks_once_and_leads_back(reader: Reader) -> None:
    *_, wanted = publish(reader, *"ABCDE")
    asked = data_requests(reader.page)
    page = reader.open(fragment=f"#comment-{wanted['id']}", attributes='data-page-size="2"')
    names = page.locator(".comment h3")
    expect(page.locator(".target h3")).to_have_text("E")
    expect(reader.comment("E")).to_be_focused()
    assert len(asked) == 1
    back = page.get_by_role("button", name="Back to the first comments")
    back.click()
    expect(names).to_have_text(["A", "B"])
    expect(page.locator(".comment").first).to_be_focused()
    expect(back).to_be_hidden()


def test_an_address_with_a_later_comment_leads_there_in_any_order(reader: Reader) -> None:
    wanted, *_ = publish(reader, *"ABCDE")
    attributes = 'data-page-size="2" data-sort="newest"'
    page = reader.open(fragment=f"#comment-{wanted['id']}", attributes=attributes)
    expect(page.locator(".target h3")).to_have_text("A")
    expect(page.locator(".sort [aria-current=true]")).to_have_text("Oldest first")


def test_an_address_with_an_unknown_comment_shows_the_thread_as_ever(reader: Reader) -> None:
    publish(reader, *"ABC")
    page = reader.open(fragment=f"#comment-{NOBODY}", attributes='data-page-size="2"')
    expect(page.locator(".comment h3")).to_have_text(["A", "B"])
    expect(page.locator(".target, .told")).to_have_count(0)
    page.get_by_role("button", name="More comments").click()
    expect(page.locator(".comment h3")).to_have_text(["A", "B", "C"])


def test_a_link_to_a_comment_in_a_folded_branch_unfolds_it(reader: Reader) -> None:
    (top,) = publish(reader, "Aoife")
    below = reader.desk.published(name="Bo", body="Two", parent_id=top["id"])
    page = reader.open()
    reader.comment("Aoife").locator(".fold").click()
    expect(reader.comment("Bo")).to_be_hidden()
    page.evaluate("id => { location.hash = `comment-${id}` }", below["id"])
    expect(page.locator(".target h3")).to_have_text("Bo")
    expect(reader.comment("Bo")).to_be_focused()
    expect(reader.comment("Aoife").locator(".fold")).to_have_attribute("aria-expanded", "true")


def test_a_removed_comment_leaves_its_place_and_its_replies(reader: Reader) -> None:
    gone, _ = publish(reader, "Aoife", "Bo")
    reader.desk.published(name="Chidi", body="To Aoife", parent_id=gone["id"])
    assert reader.desk.api.delete(f"/v1/receipts/{gone['receipt']['token']}").ok
    page = reader.open()
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()
    stone = page.locator(".comment").first
    expect(stone.locator(".tombstone")).to_have_text("This comment was removed.")
    expect(stone.locator("h3, .body, .reply, .votes, .report")).to_have_count(0)
    expect(page.locator(".comment h3")).to_have_text(["Chidi", "Bo"])
    stone.get_by_role("button", name="Hide replies").click()
    expect(reader.comment("Chidi")).to_be_hidden()


@pytest.mark.parametrize("is_empty", [False, True], ids=["with-comments", "without"])
def test_a_closed_article_says_so_and_takes_no_replies(reader: Reader, *, is_empty: bool) -> None:
    if not is_empty:
        publish(reader, "Aoife")
    reader.desk.register(open=False)
    page = reader.open()
    expect(page.get_by_text("This article is closed to new replies.")).to_be_visible()
    expect(page.locator(".comment")).to_have_count(0 if is_empty else 1)
    expect(page.locator("form, textarea, .reply")).to_have_count(0)
    # A vote is no reply.
    expect(page.locator(".votes")).to_have_count(0 if is_empty else 1)


def test_an_article_without_comments_invites_the_first(reader: Reader) -> None:
    page = reader.open()
    expect(page.get_by_role("heading", name="Comments", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody has written here yet. Yours could be the first word.")).to_be_visible()
    expect(page.locator(".sort, .pages button").and_(page.locator(":visible"))).to_have_count(0)
    expect(page.get_by_role("textbox", name="Comment *")).to_be_visible()


def test_dates_are_the_readers_own_and_pictures_come_once_they_are_in_view(reader: Reader) -> None:
    changed = reader.desk.published(name="Aoife", body=TALL)
    revised = reader.desk.api.patch(f"/v1/receipts/{changed['receipt']['token']}", data={"body": f"Edited. {TALL}"})
    assert revised.ok, revised.text()
    reader.desk.decide(changed["id"], "approve", revision=2)
    publish(reader, "Bo")
    pictures: list[str] = []
    reader.page.on("request", lambda request: pictures.append(request.url) if "/avatars/" in request.url else None)
    reader.open(language="en-GB")
    above, below = reader.comment("Aoife"), reader.comment("Bo")
    first, last = reader.desk.page()["comments"]
    expect(above.locator(".permalink time")).to_have_text(_in_berlin(first["published_at"]))
    expect(above.locator(".edited")).to_have_text(f"edited {_in_berlin(first['edited_at'])}")
    expect(above.locator(".avatar")).to_have_js_property("complete", value=True)
    assert len(pictures) == 1
    # Out of view there is the day, and no picture yet.
    expect(below.locator("time")).to_have_text(last["published_at"][:10])
    assert below.locator(".avatar").get_attribute("src") is None
    below.scroll_into_view_if_needed()
    expect(below.locator("time")).to_have_text(_in_berlin(last["published_at"]))
    expect(below.locator(".avatar")).to_have_js_property("naturalWidth", 64)
    expect(below.locator(".edited")).to_have_count(0)
    assert len(pictures) == 2


def _in_berlin(moment: str) -> str:
    """Return a moment as somebody from Britain writes it in Berlin."""
    there = datetime.fromisoformat(moment).astimezone(ZoneInfo("Europe/Berlin"))
    return f"{there.day} {there:%b %Y, %H:%M}".replace(" Sep ", " Sept ")
