"""Votes and reports in the widget: one for each reader, taken back, never on one's own words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import Reader


@pytest.fixture
def page(reader: Reader) -> Page:
    """Return an article with a comment by Aoife and an answer by Ines."""
    asked = reader.desk.published(name="Aoife")
    reader.desk.published(name="Ines", parent_id=asked["id"])
    return reader.open()


def test_a_vote_counts_once_is_remembered_and_taken_back(reader: Reader, page: Page) -> None:
    vote = reader.comment("Aoife").locator(".votes")
    expect(vote).to_have_text("Vote")
    expect(vote).to_have_attribute("aria-pressed", "false")
    vote.click()
    for _ in range(2):
        expect(vote).to_have_text("1 vote")
        expect(vote).to_have_attribute("aria-pressed", "true")
        expect(reader.comment("Ines").locator(".votes")).to_have_attribute("aria-pressed", "false")
        page.reload()
    vote.click()
    expect(vote).to_have_text("Vote")
    expect(vote).to_be_focused()
    assert [comment["votes"] for comment in reader.desk.page()["comments"]] == [0, 0]
    page.reload()
    expect(vote).to_have_attribute("aria-pressed", "false")


def test_the_same_reader_votes_once_though_the_browser_has_forgotten(reader: Reader, page: Page) -> None:
    vote = reader.comment("Aoife").locator(".votes")
    vote.click()
    expect(vote).to_have_attribute("aria-pressed", "true")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(vote).to_have_attribute("aria-pressed", "false")
    vote.click()
    expect(vote).to_have_attribute("aria-pressed", "true")
    expect(vote).to_have_text("1 vote")


def test_nobody_votes_on_or_reports_their_own_words(reader: Reader, page: Page) -> None:
    reader.send()
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    for is_published in (False, True):
        if is_published:
            (waiting,) = reader.desk.queue()
            reader.desk.decide(waiting["id"], "approve")
            page.reload()
        expect(mine.get_by_role("button", name="Withdraw")).to_be_visible()
        expect(mine.locator(".votes")).to_have_count(0)
        expect(mine.get_by_role("button", name="Report")).to_have_count(0)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        pytest.param("Advertising", "spam", id="spam"),
        pytest.param("Insult or threat", "abuse", id="abuse"),
        pytest.param("Off topic", "off_topic", id="off topic"),
        pytest.param("Something else", "other", id="other"),
    ],
)
def test_a_report_reaches_the_moderators_with_its_reason(reader: Reader, page: Page, label: str, reason: str) -> None:
    item = reader.comment("Aoife")
    item.get_by_role("button", name="Report").click()
    panel = item.locator(".panel")
    expect(panel.get_by_role("group", name="What is wrong with this comment?")).to_be_visible()
    panel.get_by_label(label).check()
    panel.get_by_label("Details").fill("It is <b>bold</b>.")
    panel.get_by_role("button", name="Report").click()
    expect(item.locator("p.panel")).to_have_text("Thank you. A moderator will look at it.")
    expect(item.locator("p.panel")).to_be_focused()
    expect(item.get_by_role("button", name="Report")).to_have_count(0)
    reported = reader.desk.page()["comments"][0]["id"]
    opened = reader.desk.api.get(f"/v1/moderation/comments/{reported}").json()
    assert opened["flags"]["reasons"] == {reason: 1}
    (flag,) = opened["flags"]["latest"]
    assert flag["detail"] == "It is <b>bold</b>."


def test_a_report_is_called_off(reader: Reader, page: Page) -> None:
    item = reader.comment("Aoife")
    report = item.get_by_role("button", name="Report").first
    cancel = item.get_by_role("button", name="Cancel")
    ways: list[Callable[[], object]] = [lambda: page.keyboard.press("Escape"), cancel.click]
    for call_off in ways:
        report.click()
        expect(item.locator(".panel input").first).to_be_focused()
        call_off()
        expect(item.locator(".panel")).to_have_count(0)
        expect(report).to_be_focused()


def test_a_refused_vote_or_report_says_why_where_it_was_tried(reader: Reader, page: Page) -> None:
    reader.desk.site.change(limits="vote=1/60,flag=1/60")
    for name in ("Aoife", "Ines"):
        item = reader.comment(name)
        item.locator(".votes").click()
        item.get_by_role("button", name="Report").click()
        item.locator(".panel [name=detail]").fill("Twice the same.")
        item.locator(".panel [type=submit]").click()
        if name == "Aoife":
            expect(item.locator("p.panel")).to_be_visible()
            expect(item.locator(".votes")).to_have_text("1 vote")
    item = reader.comment("Ines")
    expect(item.get_by_role("alert")).to_have_count(2)
    for refusal in item.get_by_role("alert").all():
        expect(refusal).to_contain_text("try again in")
    expect(item.locator(".votes")).to_have_attribute("aria-pressed", "false")
    expect(item.locator(".panel [name=detail]")).to_have_value("Twice the same.")


def test_a_report_that_is_being_written_outlives_what_happens_to_its_comment(reader: Reader, page: Page) -> None:
    item = reader.comment("Aoife")
    item.get_by_role("button", name="Report").click()
    details = item.locator(".panel [name=detail]")
    details.fill("Half a sent")
    item.locator(".votes").click()
    expect(item.locator(".votes")).to_have_text("1 vote")
    expect(item.locator(".votes")).to_be_focused()
    expect(details).to_have_value("Half a sent")
    with page.expect_response("**/votes"):
        item.locator(".votes").click(delay=0)
        details.focus()
    expect(item.locator(".votes")).to_have_text("Vote")
    expect(details).to_be_focused()
    page.keyboard.press("Escape")
    expect(item.get_by_role("button", name="Report")).to_be_focused()


def test_a_vote_on_what_was_removed_meanwhile_is_told(reader: Reader, page: Page) -> None:
    removed = reader.desk.page()["comments"][1]["id"]
    reader.desk.decide(removed, "delete")
    reader.comment("Ines").locator(".votes").click()
    expect(reader.comment("Ines").get_by_role("alert")).to_be_visible()
    expect(reader.comment("Ines").locator(".votes")).to_have_attribute("aria-pressed", "false")


def test_votes_without_a_network_are_told(reader: Reader, page: Page) -> None:
    reader.context.set_offline(True)
    vote = reader.comment("Aoife").locator(".votes")
    vote.click()
    expect(reader.comment("Aoife").get_by_role("alert")).to_have_text("The comments cannot be reached just now.")
    reader.context.set_offline(False)
    vote.click()
    expect(vote).to_have_text("1 vote")
    expect(reader.comment("Aoife").get_by_role("alert")).to_have_count(0)
    reader.watch.complaints.clear()
