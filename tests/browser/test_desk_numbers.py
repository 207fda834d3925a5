"""`/desk/log` and `/desk/stats` in a browser: charts above tables, downloads, phones, and people who see badly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk
from tests.browser.watch import Watch
from tests.desk_driver import desk_cookie

PHONE = {"width": 360, "height": 740}


@pytest.fixture(params=["light", "dark"])
def person(request: pytest.FixtureRequest, chromium: Browser, desk: Desk, watch: Watch) -> Iterator[Page]:
    """Return the page of a moderator who is signed in, on a site where something was decided."""
    desk.published(body="Kept.")
    desk.site.decide(desk.site.submitted(name="מירה")["id"], "reject", reason="Off the subject.")
    desk.site.decide(desk.site.submitted()["id"], "spam", headers=desk.site.another_token(name="Noor"))
    context = chromium.new_context(color_scheme=request.param, accept_downloads=True)
    context.set_default_timeout(10_000)
    context.add_cookies([{"name": "postbag", "value": desk_cookie(desk.site), "url": desk.service_url}])
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


def test_charts_are_drawn_above_the_tables_that_they_are_made_of(person: Page, desk: Desk) -> None:
    page = opened(person, desk, "/desk/stats")
    expect(page.locator(".chart canvas")).to_have_count(4)
    assert page.locator(".chart canvas").first.bounding_box()["width"] > 300  # type: ignore[index]
    # Something was drawn: a canvas that was not is all of one colour.
    drawn = """canvas => new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
    for canvas in page.locator(".chart canvas").all():
        assert canvas.evaluate(drawn) > 4
    expect(page.locator("#by-moderator tbody tr")).to_have_count(2)
    page.get_by_text("As a table").click()
    assert page.locator("#hours tbody tr").count() in {168, 169}
    assert faults_of(page) == []


def test_the_log_is_read_and_downloaded(person: Page, desk: Desk) -> None:
    page = opened(person, desk, "/desk/log")
    page.get_by_label("Action").fill("spam")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    for name, ending in (("CSV", "csv"), ("JSON Lines", "jsonl")):
        with page.expect_download() as started:
            page.get_by_role("link", name=name).click()
        assert started.value.suggested_filename == f"log-{desk.site.slug}.{ending}"
        assert "spam" in Path(started.value.path()).read_text()
    assert faults_of(page) == []


@pytest.mark.parametrize("where", ["/desk/log", "/desk/stats"])
def test_nothing_is_wider_than_a_phone(person: Page, desk: Desk, where: str) -> None:
    person.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page = opened(person, desk, where)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_charts_follow_the_width_of_the_page(person: Page, desk: Desk) -> None:
    page = opened(person, desk, "/desk/stats")
    expect(page.locator(".chart canvas")).to_have_count(4)
    person.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.wait_for_function("[...document.querySelectorAll('.chart .uplot')].every(plot => plot.clientWidth <= 360)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
