"""`/desk/site` and `/desk/articles` in a browser: people who see badly, phones, and forms as browsers send them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk
from tests.browser.watch import Watch
from tests.desk_driver import desk_cookie

PHONE = {"width": 360, "height": 740}
PAGES = ["/desk/site", "/desk/articles"]


@pytest.fixture(params=["light", "dark"])
def admin(request: pytest.FixtureRequest, chromium: Browser, desk: Desk, watch: Watch) -> Iterator[Page]:
    """Return the page of an admin who is signed in, on a site with an article of a long name."""
    desk.published(article=f"{desk.site.origin}/{'a-very-long-name-' * 12}", article_title="מאמר על הנמל")
    context = chromium.new_context(color_scheme=request.param)
    context.set_default_timeout(10_000)
    context.add_cookies([{"name": "postbag", "value": desk_cookie(desk.site, "admin"), "url": desk.service_url}])
    yield watch.over(context)
    context.close()
    assert watch.findings == []


def opened(page: Page, desk: Desk, where: str) -> Page:
    page.goto(f"{desk.service_url}{where}?site={desk.site.slug}")
    return page


def faults_of(page: Page) -> list[str]:
    """Return the rules of WCAG 2.2 AA that a page breaks."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found.response["violations"]]


@pytest.mark.parametrize("where", PAGES)
def test_everybody_can_read_it_and_nothing_is_wider_than_a_phone(admin: Page, desk: Desk, where: str) -> None:
    page = opened(admin, desk, where)
    assert faults_of(page) == []
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert faults_of(page) == []


def test_settings_are_saved_and_a_refusal_stands_beside_its_field(admin: Page, desk: Desk) -> None:
    page = opened(admin, desk, "/desk/site")
    page.get_by_label("Levels of replies below a comment").fill("21")
    page.get_by_label("Name", exact=True).fill("The Harbour Gazette")
    page.get_by_role("button", name="Save the settings").click()
    field = page.get_by_label("Levels of replies below a comment")
    expect(field).to_have_value("21")
    expect(field).to_have_accessible_description(
        "The depth of replies is from 0 to 20. 0: no replies to replies; 20 are the most."
    )
    assert faults_of(page) == []
    field.fill("2")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_role("status")).to_have_text("The settings are saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("The Harbour Gazette")
    # Two lines of origins come from the form as a browser sends them, and mean what they meant.
    page.get_by_label("Origins of its pages").fill(f"{desk.site.origin}\nhttps://other.example")
    page.get_by_role("button", name="Save the settings").click()
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_label("Origins of its pages")).to_have_value(f"{desk.site.origin}\nhttps://other.example")


def test_reasons_are_written_and_moved(admin: Page, desk: Desk) -> None:
    page = opened(admin, desk, "/desk/site")
    new = page.get_by_role("form", name="Add a reason")
    new.get_by_label("Title").fill("Too long")
    new.get_by_label("What the author reads").fill("Please be brief.")
    new.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("The reason is added.")
    page.get_by_role("button", name="Move Too long up").click()
    expect(page.get_by_role("status")).to_have_text("The reason is moved.")
    page.get_by_role("button", name="Remove Too long").click()
    expect(page.get_by_role("button", name="Remove Too long")).to_have_count(0)


def test_an_article_is_closed_and_opened(admin: Page, desk: Desk) -> None:
    page = opened(admin, desk, "/desk/articles")
    page.get_by_label("Title or address").fill("הנמל")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Close מאמר").click()
    expect(page.get_by_role("status")).to_contain_text("takes no more replies")
    page.get_by_role("button", name="Open מאמר").click()
    expect(page.get_by_role("status")).to_contain_text("takes replies again")
