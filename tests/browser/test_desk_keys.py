"""The queue by keyboard: one key, one action; what was decided is undone as it was done."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down, status_of
from tests.browser.watch import Watch
from tests.desk_driver import decisions_logged, reasons_for

MANY = 1_000 if os.environ.get("EVERYTHING") else 250  # decisions of one moderator in a row
AT_ONCE = 10  # keys of somebody who decides without waiting
UNSENT = "Object.keys(sessionStorage).filter(key => key.startsWith('postbag-outbox:')).length"


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator at the desk; nothing may have been amiss at the end."""
    reasons_for(desk.site, "Off topic", "Insults")
    noor = sit_down(chromium, desk, watch)
    yield noor
    noor.page.context.close()
    assert watch.findings == []


def waiting(desk: Desk, number: int, **fields: str) -> list[str]:
    """Let so many comments wait, and return their ids."""
    return [desk.site.submitted(**fields)["id"] for _ in range(number)]


def test_each_action_is_one_key_and_the_item_leaves_at_once(noor: DeskReader, desk: Desk) -> None:
    ids = waiting(desk, 5)
    noor.open()
    expect(noor.item(ids[0])).to_have_attribute("aria-current", "true")
    noor.press("j", "k", "a")
    expect(noor.item(ids[0])).to_have_count(0)
    noor.press("s")
    noor.press("r", "2")
    noor.press("r", "0")
    noor.page.keyboard.type("Please stay with the pumps.")
    noor.press("Enter")
    expect(noor.item(ids[4])).to_have_attribute("aria-current", "true")
    expect(noor.page.locator('[data-total="pending"]')).to_have_text("1")
    noor.press("r", "Enter")
    expect(noor.page.locator("#empty")).to_be_visible()
    noor.until(lambda: not desk.queue())
    opened = [desk.site.opened(comment_id) for comment_id in ids]
    assert [one["status"] for one in opened] == ["approved", "spam", "rejected", "rejected", "rejected"]
    told = [one["reason"] for one in opened[2:]]
    assert told == ["Insults, in words for the author.", "Please stay with the pumps.", None]


def test_undo_puts_back_what_was_decided_last(noor: DeskReader, desk: Desk) -> None:
    first, second, third = waiting(desk, 3)
    noor.open()
    noor.press("a", "s")
    noor.until(lambda: status_of(desk, second) == "spam")
    noor.press("u")
    expect(noor.item(second)).to_have_attribute("aria-current", "true")
    noor.until(lambda: status_of(desk, second) == "pending")
    noor.press("u")
    expect(noor.item(first)).to_have_attribute("aria-current", "true")
    assert noor.items.evaluate_all("lis => lis.map(li => li.dataset.id)") == [first, second, third]
    # What has come back is decided again, under the version that it has now.
    noor.press("a")
    noor.until(lambda: status_of(desk, first) == "approved")
    said = noor.page.locator("#said")
    noor.press("u")
    expect(said).to_have_text("Taken back.")
    noor.press("u")
    expect(said).to_have_text("There is nothing to take back.")


def test_a_deletion_waits_and_can_be_taken_back_until_it_is_sent(noor: DeskReader, desk: Desk) -> None:
    first, second = waiting(desk, 2)
    noor.page.clock.install()
    noor.open()
    noor.press("d")
    expect(noor.item(first)).to_have_count(0)
    noor.press("u")
    expect(noor.item(first)).to_have_attribute("aria-current", "true")
    noor.page.clock.run_for(6_000)
    assert status_of(desk, first) == "pending"
    noor.press("j", "d")
    noor.page.clock.run_for(6_000)
    noor.until(lambda: status_of(desk, second) == "deleted")


def test_whoever_leaves_the_page_has_decided(noor: DeskReader, desk: Desk) -> None:
    first, second = waiting(desk, 2)
    noor.open()
    noor.press("d", "a")
    noor.page.goto(f"{desk.service_url}/docs")
    noor.until(lambda: [status_of(desk, one) for one in (first, second)] == ["deleted", "approved"])
    noor.open()
    expect(noor.page.locator("#empty")).to_be_visible()


def test_several_are_selected_and_decided_together(noor: DeskReader, desk: Desk) -> None:
    ids = waiting(desk, 6, name="Ada", email="ada@example.org") + waiting(desk, 2)
    noor.open()
    noor.press("x", "j", "j", "Shift+X")
    expect(noor.page.locator("#chosen")).to_have_text("3 selected")
    noor.press("r", "1")
    noor.until(lambda: [status_of(desk, one) for one in ids[:3]] == ["rejected"] * 3)
    noor.press("*", "1")
    expect(noor.page.locator("#chosen")).to_have_text("3 selected")
    noor.press("s")
    noor.until(lambda: [status_of(desk, one) for one in ids[3:6]] == ["spam"] * 3)
    expect(noor.items).to_have_count(2)
    noor.press("u")
    expect(noor.items).to_have_count(5)
    noor.until(lambda: [status_of(desk, one) for one in ids[3:6]] == ["pending"] * 3)
    noor.press("*", "3")
    noor.page.locator(".bulk").get_by_role("button", name="Approve").click()
    noor.until(lambda: not desk.queue())


def test_of_a_batch_that_is_undone_what_has_changed_since_stays(noor: DeskReader, desk: Desk) -> None:
    first, second = waiting(desk, 2)
    noor.open()
    noor.press("*", "4", "s")
    noor.until(lambda: status_of(desk, second) == "spam")
    seen = desk.site.opened(first)
    desk.decide(first, "restore", version=seen["version"])
    noor.press("u")
    expect(noor.item(second)).to_be_visible()
    expect(noor.page.locator("#said")).to_contain_text("1 could not be: Mira decided “restore”")
    assert status_of(desk, first) == "approved"


def test_a_note_is_kept_by_keyboard_and_seen_beside_the_comment(noor: DeskReader, desk: Desk) -> None:
    waiting(desk, 1)
    noor.open()
    noor.press("n")
    noor.page.keyboard.type("Wrote to her once.")
    noor.press("Control+Enter")
    expect(noor.current.locator(".notes")).to_contain_text("Wrote to her once.")
    expect(noor.page.locator(".panel")).to_have_count(0)


def test_keys_explain_themselves_and_can_be_switched_off(noor: DeskReader, desk: Desk) -> None:
    (only,) = waiting(desk, 1)
    noor.open()
    noor.press("?")
    expect(noor.page.get_by_role("dialog")).to_contain_text("Reject, then 1–9 for a reason")
    noor.page.get_by_label("Single keys work in this browser").uncheck()
    noor.press("Escape", "a")
    noor.open()
    noor.press("a")
    expect(noor.item(only)).to_be_visible()
    noor.page.get_by_role("button", name="Approve", exact=True).click()
    noor.until(lambda: status_of(desk, only) == "approved")


def test_words_in_a_field_decide_nothing(noor: DeskReader, desk: Desk) -> None:
    waiting(desk, 2)
    noor.open()
    noor.press("/")
    noor.page.keyboard.type("a sad story")
    expect(noor.items).to_have_count(2)
    expect(noor.page.locator("#q")).to_have_value("a sad story")


def test_many_decisions_in_a_row_lose_no_key(noor: DeskReader, desk: Desk) -> None:
    ids = waiting(desk, MANY)
    noor.page.context.set_default_timeout(60_000)
    noor.open()
    keys = ["a", "s", "a", "r", "a"]
    for start in range(0, MANY, AT_ONCE):
        # Nobody decides on what is not there yet; the list is refilled while there is something left in it.
        noor.page.wait_for_selector(f"#items > .item:nth-child({AT_ONCE})", state="attached")
        for number in range(start, start + AT_ONCE):
            key = keys[number % len(keys)]
            noor.press(key, *(["1"] if key == "r" else []))
    # The browser keeps what is not answered yet, and so the server has its answers to itself meanwhile.
    noor.until(lambda: not noor.page.evaluate(UNSENT), limit=60)
    assert desk.queue() == []
    logged = decisions_logged(desk.site)
    assert len(logged) == MANY
    assert {comment_id for _, comment_id, _ in logged} == set(ids)
    assert {moderator for _, _, moderator in logged} == {"Noor"}
    assert [sum(action == one for action, _, _ in logged) for one in ("approve", "spam", "reject")] == [
        MANY * 3 // 5,
        MANY // 5,
        MANY // 5,
    ]
