"""`/desk/log` and `/desk/stats` in a browser: charts above tables, and downloads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import PHONE, assert_accessible, overflow_of
from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down
from tests.browser.watch import Watch


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator at the desk of a site where something was decided."""
    desk.published(body="Kept.")
    desk.site.decide(desk.site.submitted(name="מירה")["id"], "reject", reason="Off the subject.")
    desk.site.decide(desk.site.submitted()["id"], "spam", headers=desk.site.another_token(name="Noor"))
    noor = sit_down(chromium, desk, watch, accept_downloads=True)
    yield noor
    noor.page.context.close()
    assert watch.findings == []


def test_charts_are_drawn_above_the_tables_that_they_are_made_of(noor: DeskReader, desk: Desk) -> None:
    page = noor.open_page("stats")
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
    assert_accessible(page, "all hours as a table")


def test_the_log_is_read_and_downloaded(noor: DeskReader, desk: Desk) -> None:
    page = noor.open_page("log")
    page.get_by_label("Action").fill("spam")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    for name, ending in (("CSV", "csv"), ("JSON Lines", "jsonl")):
        with page.expect_download() as started:
            page.get_by_role("link", name=name).click()
        assert started.value.suggested_filename == f"log-{desk.site.slug}.{ending}"
        assert "spam" in Path(started.value.path()).read_text()


def test_charts_follow_the_width_of_the_page(noor: DeskReader, desk: Desk) -> None:
    page = noor.open_page("stats")
    expect(page.locator(".chart canvas")).to_have_count(4)
    page.set_viewport_size(PHONE)
    page.wait_for_function("[...document.querySelectorAll('.chart .uplot')].every(plot => plot.clientWidth <= 390)")
    assert overflow_of(page) <= 0
