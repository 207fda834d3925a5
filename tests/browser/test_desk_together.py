"""Several at one queue, and a service that is away: nothing is decided twice, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Route, expect

from service.store.comments import add_to_score
from service.store.session import writing
from tests.browser.desk import Desk
from tests.browser.desk_reader import DeskReader, sit_down, status_of
from tests.browser.watch import Watch
from tests.desk_driver import decisions_logged

LOOKED = 10_500  # ms after which the page has asked for news


@pytest.fixture
def noor(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a moderator at the desk, for tests in which requests fail on purpose."""
    noor = sit_down(chromium, desk, watch)
    yield noor
    noor.page.context.close()
    assert [text for text in watch.findings if "Failed to load resource" not in text] == []


@pytest.fixture
def tom(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[DeskReader]:
    """Return a colleague in a browser of their own."""
    tom = sit_down(chromium, desk, watch, name="Tom")
    yield tom
    tom.page.context.close()


def claimed(desk: Desk, comment_id: str) -> str | None:
    """Return who is on a comment."""
    claim = desk.site.opened(comment_id)["claim"]
    return claim and str(claim["moderator"])


def test_others_see_who_is_on_a_comment_and_pass_it_by(noor: DeskReader, tom: DeskReader, desk: Desk) -> None:
    first, second, third = (desk.site.submitted()["id"] for _ in range(3))
    noor.open()
    noor.until(lambda: claimed(desk, first) == "Noor")
    tom.open()
    expect(tom.item(first).locator(".claim")).to_have_text("Noor is on this comment")
    expect(tom.item(second)).to_have_attribute("aria-current", "true")
    tom.until(lambda: claimed(desk, second) == "Tom")
    noor.press("j")
    # It was not told of Tom yet, and learns it as soon as it asks for the claim; what is claimed is passed by.
    expect(noor.item(second).locator(".claim")).to_have_text("Tom is on this comment")
    noor.press("j")
    expect(noor.item(third)).to_have_attribute("aria-current", "true")
    noor.press("k")
    expect(noor.item(first)).to_have_attribute("aria-current", "true")
    noor.item(second).locator(".body").click()
    noor.press("a")
    expect(noor.item(second).locator(".refusal")).to_contain_text("Tom is on this comment at this moment.")
    assert status_of(desk, second) == "pending"


def test_leaving_a_comment_ends_the_claim(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    noor.open()
    noor.until(lambda: claimed(desk, first) == "Noor")
    noor.press("j")
    noor.until(lambda: (claimed(desk, first), claimed(desk, second)) == (None, "Noor"))
    noor.page.goto("about:blank")
    noor.until(lambda: claimed(desk, second) is None)


def test_a_claim_is_renewed_as_long_as_the_comment_is_open(noor: DeskReader, desk: Desk) -> None:
    desk.site.submitted()
    noor.page.clock.install()
    with noor.page.expect_response(lambda response: response.request.method == "PUT"):
        noor.open()
        noor.page.clock.run_for(400)
    with noor.page.expect_response(lambda response: response.request.method == "PUT") as renewed:
        noor.page.clock.run_for(31_000)
    assert renewed.value.ok


def test_whoever_comes_second_reads_who_was_first_and_what_they_decided(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    noor.open()
    expect(noor.items).to_have_count(2)
    desk.decide(first, "spam")
    noor.press("a")
    refusal = noor.item(first).locator(".refusal")
    expect(refusal).to_contain_text("Mira decided “spam” on revision 1")
    expect(noor.item(first)).to_have_attribute("data-status", "spam")
    refusal.get_by_role("button", name="Next").click()
    expect(noor.item(first)).to_have_count(0)
    expect(noor.item(second)).to_have_attribute("aria-current", "true")
    assert status_of(desk, first) == "spam"


def test_news_come_by_themselves_and_move_nothing(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    noor.page.clock.install()
    noor.open()
    expect(noor.items).to_have_count(2)
    third = desk.site.submitted()["id"]
    desk.decide(second, "approve")
    noor.page.clock.run_for(LOOKED)
    expect(noor.item(second).locator(".refusal")).to_contain_text("Mira decided “approve” first.")
    expect(noor.page.locator('[data-total="approved"]')).to_have_text("1")
    noor.press("j")
    expect(noor.item(first)).to_have_attribute("aria-current", "true")
    noor.page.get_by_role("button", name="1 new").click()
    expect(noor.item(third)).to_be_visible()
    noor.press("j")
    expect(noor.item(third)).to_have_attribute("aria-current", "true")


def test_what_the_filter_moves_within_a_long_queue_is_not_taken_for_decided(noor: DeskReader, desk: Desk) -> None:
    first, second, third = (desk.site.submitted()["id"] for _ in range(3))
    for _ in range(49):
        desk.site.submitted()
    noor.page.clock.install()
    noor.open()
    expect(noor.item(first)).to_be_visible()
    with desk.site.app.app_context(), writing():
        add_to_score(UUID(second), 0.9)
    desk.decide(third, "approve")
    noor.page.clock.run_for(LOOKED)
    expect(noor.item(third).locator(".refusal")).to_contain_text("Mira decided “approve” first.")
    expect(noor.item(second)).to_have_attribute("data-status", "pending")
    expect(noor.item(second).locator(".refusal")).to_have_count(0)


def test_decisions_are_kept_while_nobody_answers_and_sent_once(noor: DeskReader, desk: Desk) -> None:
    ids = [desk.site.submitted()["id"] for _ in range(3)]
    noor.open()
    noor.page.context.set_offline(True)
    noor.press("a", "a")
    expect(noor.page.get_by_role("alert")).to_contain_text("2 decisions are kept here and will be sent again.")
    noor.page.context.set_offline(False)
    expect(noor.page.locator("#trouble")).to_be_hidden()
    noor.until(lambda: [status_of(desk, one) for one in ids] == ["approved", "approved", "pending"])
    assert len(decisions_logged(desk.site)) == 2


def test_an_answer_that_is_lost_makes_no_second_decision(noor: DeskReader, desk: Desk) -> None:
    (only,) = (desk.site.submitted()["id"] for _ in range(1))

    def carried_out_but_lost(route: Route) -> None:
        route.fetch()
        route.abort()

    noor.page.route("**/v1/moderation/decisions*", carried_out_but_lost, times=1)
    noor.open()
    noor.press("s")
    noor.page.get_by_role("button", name="Try now").click()
    expect(noor.page.locator("#trouble")).to_be_hidden()
    expect(noor.item(only)).to_have_count(0)
    assert [action for action, _, _ in decisions_logged(desk.site)] == ["spam"]
    noor.press("u")
    expect(noor.item(only)).to_be_visible()
    noor.until(lambda: status_of(desk, only) == "pending")


def test_a_store_that_is_away_is_told_and_a_reload_loses_nothing(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    away = {"status": 503, "headers": {"Retry-After": "1"}, "body": "{}", "content_type": "application/problem+json"}
    noor.page.route("**/v1/moderation/decisions*", lambda route: route.fulfill(**away))
    noor.open()
    noor.press("s")
    expect(noor.page.get_by_role("alert")).to_contain_text("One decision is kept here")
    noor.page.unroute("**/v1/moderation/decisions*")
    noor.open()
    expect(noor.item(first)).to_have_count(0)
    expect(noor.item(second)).to_have_attribute("aria-current", "true")
    noor.until(lambda: status_of(desk, first) == "spam")


def test_a_session_that_ends_keeps_the_decision_and_the_note(noor: DeskReader, desk: Desk) -> None:
    first, second = (desk.site.submitted()["id"] for _ in range(2))
    noor.open()
    noor.press("j", "n")
    noor.page.keyboard.type("Half a thou")
    noor.press("Escape", "k")
    noor.who.sign_out()
    noor.press("a")
    expect(noor.page.get_by_role("alert")).to_contain_text("You are no longer signed in.")
    assert status_of(desk, first) == "pending"
    noor.who.let_in()
    noor.carry(noor.who.cookie)
    noor.open()
    noor.until(lambda: status_of(desk, first) == "approved")
    expect(noor.item(second)).to_have_attribute("aria-current", "true")
    noor.press("n")
    expect(noor.page.locator("#note-text")).to_have_value("Half a thou")


def test_another_person_in_the_same_browser_sends_nothing_that_is_not_theirs(noor: DeskReader, tom: DeskReader) -> None:
    desk = noor.desk
    first = desk.site.submitted()["id"]
    noor.open()
    noor.who.sign_out()
    noor.press("a")
    expect(noor.page.get_by_role("alert")).to_contain_text("You are no longer signed in.")
    noor.carry(tom.who.cookie)
    noor.open()
    expect(noor.item(first)).to_have_attribute("aria-current", "true")
    noor.until(lambda: claimed(desk, first) == "Tom")
    assert status_of(desk, first) == "pending"
