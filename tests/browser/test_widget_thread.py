"""The thread in the widget: its order, its branches, its pages, and links to single comments."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_comments_stand_depth_first_under_a_strict_policy_and_without_cookies(reader: Reader) -> None:
    first = reader.desk.published(name="Aoife", body="One")
    reader.desk.published(name="Ines", body="Three")
    reader.desk.published(name="Tomás", body="Two", parent_id=first["id"])
    page = reader.open()
    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    expect(page.locator(".comment .body")).to_have_text(["One", "Two", "Three"])
    expect(reader.comment("Tomás").locator(".answers")).to_have_text("in reply to Aoife")
    assert reader.remembered() == {}
