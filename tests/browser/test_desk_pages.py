"""The desk's pages for people who see, hear and type differently: without scripts, by axe-core, narrow, dark, light."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import NARROW, PHONE, assert_accessible, overflow_of
from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down, status_of
from tests.browser.test_manners import HOSTILE_BODIES, LONG_WORD
from tests.browser.watch import Watch
from tests.desk_driver import reasons_for

MOST_BYTES = 150_000  # that opening the desk may move
HEBREW = "השכונה כולה נבנתה סביב המשאבות האלה, ואף אחד לא שאל אותנו."


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return an admin at the desk; nothing may have been amiss at the end."""
    reasons_for(desk.site, "Off topic", "Insults")
    noor = sit_down(chromium, desk, watch, role="admin")
    yield noor
    noor.page.context.close()
    assert watch.findings == []


@pytest.fixture
def plain(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator whose browser runs no scripts."""
    reasons_for(desk.site, "Off topic", "Insults")
    plain = sit_down(chromium, desk, watch, java_script_enabled=False)
    yield plain
    plain.page.context.close()
    assert watch.findings == []


def fill(desk: Desk) -> None:
    """Let something of everything wait that an item may hold."""
    first = desk.published(name="Aoife", body="Who *pays* for `waiting`?")
    desk.submitted(name="נועה לוי", body=HEBREW, parent_id=first["id"])
    desk.submitted(
        name="Best Prices", url="https://example.org/", body="https://a.example https://b.example www.c.example"
    )
    edited = desk.published(name="Ines", body="The pumps were installed in 1931.")
    desk.site.revise(edited, "The pumps were installed in 1934.")
    flagged = desk.published(name="Gregor", body="- one\n- two\n\n```\ncode\n```")
    desk.site.flagged(flagged["id"], "abuse", "abuse", "spam")
    waiting = desk.site.queue(sort="oldest")["comments"]
    desk.api.post(f"/v1/moderation/comments/{waiting[0]['id']}/notes", data={"text": "Seen before.", "about": "author"})


def test_everything_needed_to_decide_stands_in_the_item(noor: DeskReader, desk: Desk) -> None:
    fill(desk)
    page = noor.open(sort="oldest")
    hebrew, links, edit, reported = (noor.items.nth(number) for number in range(4))
    expect(hebrew).to_contain_text("First time here")
    expect(hebrew.locator(".parent")).to_contain_text("Answers Aoife")
    expect(hebrew.locator(".notes")).to_contain_text("Seen before.")
    assert hebrew.locator(".body p").last.evaluate("p => getComputedStyle(p).direction") == "rtl"
    expect(links.locator(".why mark")).to_have_text(["https://a.example", "https://b.example", "www.c.example"])
    expect(edit.locator("del")).to_contain_text("1931")
    expect(edit.locator("ins")).to_contain_text("1934")
    expect(reported).to_contain_text("Reported: 2 × abuse, 1 × spam")
    expect(page.locator('[data-total="pending"]')).to_have_text("4")


def test_filters_and_search_narrow_the_queue(noor: DeskReader, desk: Desk) -> None:
    fill(desk)
    page = noor.open()
    for label, names in (("With links", ["Best Prices"]), ("Reported by readers", ["Gregor"]), ("Edited", ["Ines"])):
        noor.open()
        page.get_by_text("Filters", exact=True).click()
        page.get_by_label(label).check()
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".item .by")).to_have_text(names)
    page.get_by_role("link", name="Show everything").first.click()
    page.locator("#q").fill("נועה")
    page.locator("#q").press("Enter")
    expect(page.locator(".item .by")).to_have_text(["נועה לוי"])
    page.locator("#q").fill("nothing like it")
    page.locator("#q").press("Enter")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    noor.open(article="no url and no id\u0007")
    expect(page.locator("#article")).to_have_value(re.compile("no url and no id"))


def test_axe_finds_nothing_in_any_light_nor_on_a_phone(noor: DeskReader, desk: Desk) -> None:
    fill(desk)
    page = noor.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        noor.open()
        expect(noor.items).to_have_count(4)
        assert_accessible(page, f"queue, {scheme}")
        noor.press("x", "j", "x", "r")
        assert_accessible(page, f"selected, {scheme}")
        noor.press("Escape", "n")
        assert_accessible(page, f"note, {scheme}")
        noor.press("Escape", "?")
        assert_accessible(page, f"help, {scheme}")
        noor.press("Escape")
        page.goto(page.locator(".when a").last.evaluate("link => link.href"))
        assert_accessible(page, f"comment, {scheme}")
    page.set_viewport_size(PHONE)
    noor.open(flagged="true")
    assert_accessible(page, "phone")


def test_nothing_runs_off_a_phone(noor: DeskReader, desk: Desk) -> None:
    for body in HOSTILE_BODIES:
        desk.submitted(name=LONG_WORD[:100], body=body)
    page = noor.page
    page.set_viewport_size(NARROW)
    noor.open()
    assert overflow_of(page) <= 0
    noor.items.first.get_by_role("button", name="Reject").click()
    assert overflow_of(page) <= 0
    page.goto(page.locator(".when a").first.evaluate("link => link.href"))
    assert overflow_of(page) <= 0


def test_a_phone_decides_by_finger(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    noor.page.set_viewport_size(PHONE)
    noor.open()
    noor.item(second).get_by_role("button", name="Reject").click()
    noor.page.get_by_role("button", name="Insults").click()
    noor.until(lambda: status_of(desk, second) == "rejected")
    noor.item(first).get_by_role("button", name="Approve").click()
    noor.until(lambda: status_of(desk, first) == "approved")
    noor.page.get_by_role("button", name="Undo").click()
    noor.until(lambda: status_of(desk, first) == "pending")


def test_opening_the_desk_moves_little(noor: DeskReader, desk: Desk) -> None:
    for number in range(60):
        desk.submitted(
            body=f"{number}: " + "The pumps were never meant to run by day, whatever the council says. " * 12
        )
    page = noor.open()
    expect(noor.items).to_have_count(50)
    moved = page.evaluate(
        """() => ["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
          .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert 10_000 < moved <= MOST_BYTES


def decide_form(page: Page, **words: str) -> None:
    """Fill in the words of the form that decides."""
    for name, value in words.items():
        control = page.locator(f"#decide [name={name}]")
        if name == "reason_id":
            control.select_option(label=value)
        else:
            control.fill(value)


def test_without_scripts_plain_forms_decide_and_take_back(plain: DeskReader, desk: Desk) -> None:
    first, second, third = (desk.site.submitted()["id"] for _ in range(3))
    page = plain.open(sort="newest")
    plain.item(first).get_by_role("button", name="Approve").click()
    expect(page.locator(".done")).to_contain_text("Approved.")
    assert "sort=newest" in page.url
    assert status_of(desk, first) == "approved"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".done")).to_contain_text("Taken back.")
    assert status_of(desk, first) == "pending"

    plain.item(second).get_by_role("checkbox").check()
    plain.item(third).get_by_role("checkbox").check()
    decide_form(page, reason_id="Insults")
    page.locator(".bulk").get_by_role("button", name="Reject").click()
    expect(page.locator(".done")).to_contain_text("Rejected: 2 comments.")
    assert desk.site.opened(third)["reason"] == "Insults, in words for the author."


def test_without_scripts_a_refusal_says_why_and_keeps_what_was_typed(plain: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    page = plain.open()
    decide_form(page, reason="Please stay with the pumps.")
    desk.decide(first, "spam")
    for one in (first, second):
        plain.item(one).get_by_role("checkbox").check()
    page.locator(".bulk").get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("1 not done:")
    expect(page.get_by_role("alert")).to_contain_text("Mira decided “spam”")
    expect(page.locator(".done")).to_contain_text("Rejected.")
    assert status_of(desk, second) == "rejected"
    plain.open(status="rejected")
    plain.item(second).get_by_role("button", name="Restore").click()
    assert status_of(desk, second) == "approved"
    plain.open(status="spam")
    page.locator(".bulk").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the comments that you want to decide on.")


def test_without_scripts_enter_in_the_reason_decides_nothing(plain: DeskReader, desk: Desk) -> None:
    first = desk.site.submitted()["id"]
    page = plain.open()
    page.locator("#reason").fill("Not yet")
    page.locator("#reason").press("Enter")
    expect(plain.item(first)).to_be_visible()
    assert status_of(desk, first) == "pending"


def test_without_scripts_one_comment_has_its_own_page(plain: DeskReader, desk: Desk) -> None:
    fill(desk)
    page = plain.open(edited="true")
    page.locator(".when a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting: a comment by Ines")
    expect(page.get_by_text("Revision 1 (readers see this)")).to_be_visible()
    page.locator("#note-text").fill("Asked her for the source.")
    page.get_by_role("radio", name="Its author").check()
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#notes .notes")).to_contain_text("Asked her for the source.")
    decide_form(page, note="Checked in the archive.")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".done")).to_contain_text("Approved.")
    expect(page.locator(".events").last).to_contain_text("Checked in the archive.")


def test_without_scripts_a_long_queue_has_pages(plain: DeskReader, desk: Desk) -> None:
    ids = [desk.site.submitted()["id"] for _ in range(52)]
    page = plain.open()
    page.get_by_role("link", name="Further comments").click()
    expect(plain.items).to_have_count(2)
    expect(plain.item(ids[-1])).to_be_visible()
    page.get_by_role("link", name="Back to the first").click()
    expect(plain.items).to_have_count(50)


def test_a_viewer_sees_and_cannot_decide(chromium: Browser, desk: Desk, watch: Watch) -> None:
    desk.site.submitted()
    viewer = sit_down(chromium, desk, watch, role="viewer", name="Vera")
    viewer.open()
    expect(viewer.items).to_have_count(1)
    expect(viewer.page.locator(".item button, .item input")).to_have_count(0)
    viewer.press("a", "n", "x")
    expect(viewer.items).to_have_count(1)
    viewer.page.context.close()
    assert watch.findings == []
