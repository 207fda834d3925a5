"""`/desk/site` and `/desk/articles` in a browser: forms as browsers send them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import LIGHTS, NARROW, assert_accessible, overflow_of
from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down
from tests.browser.watch import Watch


@pytest.fixture
def admin(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return an admin at the desk of a site with an article of a long name."""
    desk.published(article=f"{desk.site.origin}/{'a-very-long-name-' * 12}", article_title="מאמר על הנמל")
    admin = sit_down(chromium, desk, watch, role="admin")
    yield admin
    admin.page.context.close()
    assert watch.findings == []


def test_settings_are_saved_and_a_refusal_stands_beside_its_field(admin: DeskReader, desk: Desk) -> None:
    page = admin.open_page("site")
    page.get_by_label("Levels of replies below a comment").fill("21")
    page.get_by_label("Name", exact=True).fill("The Harbour Gazette")
    page.get_by_role("button", name="Save the settings").click()
    field = page.get_by_label("Levels of replies below a comment")
    expect(field).to_have_value("21")
    expect(field).to_have_accessible_description(
        "The depth of replies is from 0 to 20. 0: no replies to replies; 20 are the most."
    )
    assert_accessible(page, "refused settings")
    field.fill("2")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_role("status")).to_have_text("The settings are saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("The Harbour Gazette")
    # Two lines of origins come from the form as a browser sends them, and mean what they meant.
    page.get_by_label("Origins of its pages").fill(f"{desk.site.origin}\nhttps://other.example")
    page.get_by_role("button", name="Save the settings").click()
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_label("Origins of its pages")).to_have_value(f"{desk.site.origin}\nhttps://other.example")


def test_reasons_are_written_and_moved(admin: DeskReader, desk: Desk) -> None:
    page = admin.open_page("site")
    new = page.get_by_role("form", name="Add a reason")
    new.get_by_label("Title").fill("Too long")
    new.get_by_label("What the author reads").fill("Please be brief.")
    new.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("The reason is added.")
    page.get_by_role("button", name="Move Too long up").click()
    expect(page.get_by_role("status")).to_have_text("The reason is moved.")
    page.get_by_role("button", name="Remove Too long").click()
    expect(page.get_by_role("button", name="Remove Too long")).to_have_count(0)


def test_an_article_is_closed_and_opened(admin: DeskReader, desk: Desk) -> None:
    page = admin.open_page("articles")
    page.get_by_label("Title or address").fill("הנמל")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Close מאמר").click()
    expect(page.get_by_role("status")).to_contain_text("takes no more replies")
    page.get_by_role("button", name="Open מאמר").click()
    expect(page.get_by_role("status")).to_contain_text("takes replies again")


def test_whom_the_site_asks_is_set_and_tried_in_every_light_and_on_a_phone(admin: DeskReader, desk: Desk) -> None:
    page = admin.open_page("site")
    page.get_by_role("link", name="Change whom the site asks").click()
    page.get_by_label("Address").fill("https://")
    page.get_by_role("button", name="Ask this server").click()
    expect(page.get_by_label("Address")).to_have_accessible_description(re.compile("looks like https://example.com/"))
    assert_accessible(page, "a refused hook")
    # This address is refused before anybody is called.
    page.get_by_label("Address").fill(f"https://127.0.0.1/{'a-very-long-path-' * 12}")
    page.get_by_role("button", name="Ask this server").click()
    expect(page.get_by_role("status").locator("code")).to_contain_text("whsec_")
    for size in (None, NARROW):
        if size:
            page.set_viewport_size(size)
        for scheme in LIGHTS:
            page.emulate_media(color_scheme=scheme)
            page.get_by_role("button", name="Try it").click()
            expect(page.locator("#trial")).to_contain_text("is not on the public internet")
            page.get_by_text("What your server gets").click()
            assert_accessible(page, f"a hook that was tried, {scheme}")
            assert overflow_of(page) <= 0
    page.get_by_label("Key of the site’s account").fill("0123456789ab")
    page.get_by_role("button", name="Ask Akismet").click()
    expect(page.get_by_role("status")).to_contain_text("Akismet is asked")
    page.get_by_text("Ask Akismet no more …").click()
    page.get_by_role("button", name="Really ask Akismet no more").click()
    expect(page.get_by_role("status")).to_contain_text("the key is forgotten")


def test_a_webhook_is_added_tried_and_changed_in_every_light_and_on_a_phone(admin: DeskReader, desk: Desk) -> None:
    page = admin.open_page("site")
    page.get_by_role("link", name="Set where it is sent").click()
    page.get_by_label("Address").fill("http://localhost/")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.get_by_label("Address")).to_have_accessible_description(re.compile("not on the public internet"))
    expect(page.get_by_role("group", name="What is sent to it")).to_have_accessible_description(
        "Choose at least one event."
    )
    assert_accessible(page, "a refused webhook")
    page.get_by_label("Address").fill(f"https://nowhere.invalid/{'a-very-long-path-' * 12}")
    page.get_by_label("What it is for").fill("צ׳אט המערכת")
    page.get_by_label("comment.held").check()
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.get_by_role("status").locator("code")).to_contain_text("whsec_")
    for size in (None, NARROW):
        if size:
            page.set_viewport_size(size)
        for scheme in LIGHTS:
            page.emulate_media(color_scheme=scheme)
            page.get_by_role("button", name="Send a test").click()
            expect(page.locator("#trial")).to_contain_text("cannot be found")
            assert_accessible(page, f"a webhook that was tried, {scheme}")
            assert overflow_of(page) <= 0
    page.get_by_label("comment.flagged").check()
    page.get_by_role("button", name="Save the webhook").click()
    expect(page.get_by_role("status")).to_contain_text("The webhook is saved.")
    page.get_by_role("link", name="All webhooks").click()
    for scheme in LIGHTS:
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page, f"all webhooks, {scheme}")
        assert overflow_of(page) <= 0
    page.get_by_role("link", name="צ׳אט המערכת").click()
    page.get_by_text("Remove it …").click()
    page.get_by_role("button", name="Really remove it, with its log").click()
    expect(page.get_by_role("status")).to_have_text("The webhook is removed.")
