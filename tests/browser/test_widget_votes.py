"""Votes and reports in the widget: one of each per reader, told to whom it concerns, and the focus where it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import PATIENCE
from tests.browser.reader import Reader
from tests.browser.watch import Watch

REASONS = {"Advertising": "spam", "Insult or threat": "abuse", "Off topic": "off_topic", "Something else": "other"}
QUESTION = "What is wrong with this comment?"
THANKS = "Thank you. A moderator will look at it."


@pytest.fixture
def neighbour(chromium: Browser, reader: Reader) -> Iterator[Reader]:
    """Return a second reader of the same article, in another browser behind the same address."""
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE)
    watch = Watch(reader.desk.service_url, (reader.host.origin,))
    yield Reader(reader.desk, reader.host, context, watch)
    context.close()
    assert watch.findings == []


def vote_on(reader: Reader, name: str) -> Locator:
    return reader.comment(name).locator("button.votes")


def panel_below(reader: Reader, name: str) -> Locator:
    """Press Report below a comment, and return the panel that opens."""
    reader.comment(name).locator("button.report").click()
    panel = reader.comment(name).locator("form.panel")
    expect(panel.get_by_role("group", name=QUESTION)).to_be_visible()
    expect(panel.get_by_label("Advertising")).to_be_focused()
    expect(panel.get_by_label("Advertising")).to_be_checked()
    return panel


def file_of(reader: Reader, comment_id: str) -> dict[str, Any]:
    """Return what moderators see of a comment."""
    response = reader.desk.api.get(f"/v1/moderation/comments/{comment_id}")
    assert response.ok, response.text()
    found: dict[str, Any] = response.json()
    return found


def votes_of(reader: Reader) -> dict[str, int]:
    return {comment["author"]["name"]: comment["votes"] for comment in reader.desk.page()["comments"]}


def test_a_vote_is_counted_remembered_and_taken_back_with_the_focus_on_its_button(reader: Reader) -> None:
    sent = reader.desk.published(name="Aoife")
    reader.desk.published(name="Ines")
    page = reader.open()
    vote = vote_on(reader, "Aoife")
    expect(vote).to_have_text("Vote")
    expect(vote).to_have_attribute("aria-pressed", "false")
    vote.click()
    expect(vote).to_have_text("1 vote")
    expect(vote).to_have_attribute("aria-pressed", "true")
    expect(vote).to_be_focused()
    expect(vote_on(reader, "Ines")).to_have_text("Vote")
    assert votes_of(reader) == {"Aoife": 1, "Ines": 0}
    (memory,) = reader.remembered().values()
    assert memory["votes"] == {sent["id"]: 1}

    page.reload()
    expect(vote).to_have_text("1 vote")
    expect(vote).to_have_attribute("aria-pressed", "true")
    expect(vote_on(reader, "Ines")).to_have_attribute("aria-pressed", "false")
    vote.press("Enter")
    expect(vote).to_have_text("Vote")
    expect(vote).to_have_attribute("aria-pressed", "false")
    expect(vote).to_be_focused()
    assert votes_of(reader) == {"Aoife": 0, "Ines": 0}
    page.reload()
    expect(vote).to_have_attribute("aria-pressed", "false")


def test_two_readers_of_one_network_are_one_voter(reader: Reader, neighbour: Reader) -> None:
    reader.desk.published(name="Aoife")
    reader.open()
    neighbour.open()
    for each in (reader, neighbour):
        vote_on(each, "Aoife").click()
        expect(vote_on(each, "Aoife")).to_have_text("1 vote")
        expect(vote_on(each, "Aoife")).to_have_attribute("aria-pressed", "true")
    assert votes_of(reader) == {"Aoife": 1}


def test_a_vote_beyond_the_limit_is_refused_beside_the_comment_and_not_shown_as_given(reader: Reader) -> None:
    for name in ("Aoife", "Ines"):
        reader.desk.published(name=name)
    reader.desk.site.change(limits="vote=1/60")
    reader.open()
    vote_on(reader, "Aoife").click()
    expect(vote_on(reader, "Aoife")).to_have_text("1 vote")
    vote_on(reader, "Ines").click()
    told = reader.comment("Ines").get_by_role("alert")
    expect(told).to_contain_text("try again in")
    expect(vote_on(reader, "Ines")).to_have_attribute("aria-pressed", "false")
    expect(vote_on(reader, "Ines")).to_be_focused()
    expect(reader.page.get_by_role("alert")).to_have_count(1)
    assert votes_of(reader) == {"Aoife": 1, "Ines": 0}

    reader.desk.site.change(limits="off")
    vote_on(reader, "Ines").click()
    expect(vote_on(reader, "Ines")).to_have_attribute("aria-pressed", "true")
    expect(told).to_have_count(0)


def test_what_has_most_votes_stands_first_in_that_order(reader: Reader) -> None:
    for name in ("Aoife", "Ines", "Tomás"):
        reader.desk.published(name=name)
    page = reader.open()
    names = page.locator(".comment h3")
    expect(names).to_have_text(["Aoife", "Ines", "Tomás"])
    vote_on(reader, "Ines").click()
    expect(vote_on(reader, "Ines")).to_have_text("1 vote")
    expect(names).to_have_text(["Aoife", "Ines", "Tomás"])  # nothing moves under the reader
    page.get_by_role("button", name="Most votes first").click()
    expect(names.first).to_have_text("Ines")
    expect(vote_on(reader, "Ines")).to_have_attribute("aria-pressed", "true")


def test_each_reason_reaches_the_moderators(reader: Reader) -> None:
    sent = {label: reader.desk.published(name=label) for label in REASONS}
    page = reader.open()
    for label, reason in REASONS.items():
        panel = panel_below(reader, label)
        panel.get_by_label(label).check()
        panel.get_by_label("Details").fill(f"Because of <b>{label}</b>")
        panel.get_by_role("button", name="Report").click()
        thanks = reader.comment(label).locator(".notice")
        expect(thanks).to_have_text(THANKS)
        expect(thanks).to_be_focused()
        expect(reader.comment(label).get_by_role("button", name="Report")).to_have_count(0)
        flags = file_of(reader, sent[label]["id"])["flags"]
        assert flags["reasons"] == {reason: 1}
        assert flags["latest"][0]["detail"] == f"Because of <b>{label}</b>"
    expect(page.locator(".panel")).to_have_count(0)


def test_a_report_may_be_called_off_and_made_without_details(reader: Reader) -> None:
    sent = reader.desk.published(name="Aoife")
    reader.open()
    opener = reader.comment("Aoife").locator("button.report")
    panel = panel_below(reader, "Aoife")
    reader.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(opener).to_be_focused()
    panel = panel_below(reader, "Aoife")
    panel.get_by_role("button", name="Cancel").click()
    expect(panel).to_have_count(0)
    expect(opener).to_be_focused()
    assert file_of(reader, sent["id"])["flags"]["count"] == 0
    # Pressed twice, there is still one panel.
    panel_below(reader, "Aoife")
    panel = panel_below(reader, "Aoife")
    expect(panel).to_have_count(1)
    reader.page.keyboard.press("Enter")
    expect(reader.comment("Aoife").locator(".notice")).to_be_focused()
    assert [flag["detail"] for flag in file_of(reader, sent["id"])["flags"]["latest"]] == [None]


def test_a_report_that_is_refused_keeps_the_panel_and_says_so_in_it(reader: Reader) -> None:
    for name in ("Aoife", "Ines"):
        reader.desk.published(name=name)
    reader.desk.site.change(limits="flag=1/60")
    page = reader.open()
    panel_below(reader, "Aoife").get_by_role("button", name="Report").click()
    expect(reader.comment("Aoife").locator(".notice")).to_be_focused()
    panel = panel_below(reader, "Ines")
    panel.get_by_label("Details").fill("Sold me a barrier")
    panel.get_by_role("button", name="Report").click()
    expect(panel.get_by_role("alert")).to_contain_text("try again in")
    expect(panel.get_by_label("Details")).to_have_value("Sold me a barrier")
    # A network that is gone is told in its place as well, and once.
    page.route("**/flags", lambda route: route.abort())
    panel.get_by_role("button", name="Report").click()
    expect(panel.get_by_role("alert")).to_have_text("The comments cannot be reached just now.")
    page.unroute("**/flags")
    reader.watch.complaints = [text for text in reader.watch.complaints if "ERR_FAILED" not in text]
    reader.desk.site.change(limits="off")
    panel.get_by_role("button", name="Report").click()
    expect(reader.comment("Ines").locator(".notice")).to_be_focused()


def test_nobody_votes_on_their_own_comment_or_reports_it(reader: Reader) -> None:
    page = reader.open()
    reader.send(name="Nora Lind", body="Mine")
    own = reader.comment("Nora Lind")
    expect(own.locator(".standing")).to_have_text("Awaiting review")
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "approve")
    page.reload()
    expect(own.get_by_role("button", name="Withdraw")).to_be_visible()
    expect(own.locator("button.votes, button.report")).to_have_count(0)
    # The number of votes by others is still theirs to see.
    vote = reader.desk.api.post(f"/v1/comments/{waiting['id']}/votes", data={"value": 1})
    assert vote.ok, vote.text()
    page.reload()
    expect(own.locator("span.votes")).to_have_text("1 vote")


def test_a_comment_reported_often_enough_returns_to_the_queue_and_stays_on_the_page(reader: Reader) -> None:
    sent = reader.desk.published(name="Aoife", body="Buy a barrier")
    reader.desk.site.change(flag_threshold=1)
    page = reader.open()
    assert reader.desk.queue() == []
    panel_below(reader, "Aoife").get_by_role("button", name="Report").click()
    expect(reader.comment("Aoife").locator(".notice")).to_have_text(THANKS)
    (waiting,) = reader.desk.queue()
    assert waiting["id"] == sent["id"]
    assert "flagged" in [signal["name"] for signal in waiting["signals"]]
    page.reload()
    expect(reader.comment("Aoife").locator(".body")).to_have_text("Buy a barrier")
