"""`/desk/rules` in a browser: a rule is tried, switched on and met, in every light and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import LIGHTS, NARROW, assert_accessible, overflow_of
from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down
from tests.browser.watch import Watch


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator without scripts; nothing may have been amiss at the end."""
    noor = sit_down(chromium, desk, watch, java_script_enabled=False)
    yield noor
    noor.page.context.close()
    assert watch.findings == []


@pytest.fixture
def ada(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator with scripts, which the checks of accessibility are."""
    ada = sit_down(chromium, desk, watch)
    yield ada
    ada.page.context.close()
    assert watch.findings == []


def test_a_rule_is_tried_and_switched_on_without_scripts(noor: DeskReader, desk: Desk) -> None:
    desk.submitted(body="The casino opens at nine.", name="Eve")
    page = noor.open_page("rules")
    page.get_by_label("What it meets").fill("casino\nroulette")
    page.get_by_label("What it does").first.select_option("spam")
    page.get_by_role("button", name="Try it first").click()
    expect(page.get_by_role("status")).to_contain_text("It would have taken for spam 1 of the last")
    expect(page.locator("#trial mark").first).to_have_text("casino")
    expect(page.get_by_label("What it meets")).to_have_value("casino\nroulette")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("status")).to_have_text("The rule is switched on.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Take for spam: casino")
    page.get_by_role("button", name="Remove the rule").click()
    expect(page.get_by_role("status")).to_contain_text("The rule is removed.")


def test_axe_finds_nothing_and_nothing_runs_off_a_phone(ada: DeskReader, desk: Desk) -> None:
    desk.submitted(body=f"{'x' * 300} casino {'y' * 300}", name="נועה לוי")
    long = "a-very-long-name-" * 12
    rule = desk.site.rule("word", "hold", f"{long[:200]}\ncasino", note=long)
    page = ada.page
    for size in (None, NARROW):
        if size:
            page.set_viewport_size(size)
        for scheme in LIGHTS:
            page.emulate_media(color_scheme=scheme)
            ada.open_page("rules")
            assert_accessible(page, f"rules, {scheme}")
            page.get_by_label("What it meets").fill("casino")
            page.get_by_role("button", name="Try it first").click()
            expect(page.locator("#trial")).to_be_visible()
            assert_accessible(page, f"tried, {scheme}")
            assert overflow_of(page) <= 0
            ada.open_page(f"rules/{rule['id']}")
            assert_accessible(page, f"one rule, {scheme}")
            assert overflow_of(page) <= 0
