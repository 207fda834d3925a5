"""Moderators are written to as they chose, and decide by links on one revision, as themselves, while they may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.actions import lateness, moderator_letters
from service.domain.letters import digest_begins
from service.domain.permissions import Role
from service.extensions import db
from service.store import mail_choices, moderators
from service.store.models import CommentRow, MembershipRow, ModeratorRow, OutboxRow
from service.store.session import reading, writing
from service.store.sites import find_site
from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.mailbox import Mailbox, Received
from tests.mailed import ON_BOTH, letters_of, links_in, one_click

NOW = datetime.now(UTC)


@pytest.fixture
def site(mailing_site: SiteDriver) -> SiteDriver:
    return mailing_site


def who_wants(site: SiteDriver, choice: str, role: str = "moderator", name: str = "Noor") -> DeskBrowser:
    """Make a moderator who has chosen these letters at the desk."""
    noor = signed_in(site, role=role, name=name)
    answer = noor.post("/desk/account/mail", **{f"mail-{site.slug}": choice})
    assert answer.status_code == 303, answer.text
    return noor


def of_site(site: SiteDriver, letters: list[Received]) -> list[Received]:
    """Leave out what other tests' moderators get."""
    return [one for one in letters if f"Site {site.slug}" in str(one.message["Subject"])]


def held(site: SiteDriver, mailbox: Mailbox) -> Received:
    [letter] = of_site(site, letters_of(site.app, mailbox))
    return letter


def way(letter: Received, action: str) -> str:
    [link] = [link for link in links_in(letter, "decide") if f".{action}." in link]
    return link


def press(site: SiteDriver, link: str, **fields: str) -> TestResponse:
    return site.app.test_client().post(link, data=fields)


def test_nobody_is_written_to_unless_they_chose(site: SiteDriver, mailbox: Mailbox) -> None:
    noor = signed_in(site)
    assert "Only when the queue is late" in noor.get("/desk/account").text
    site.submitted()
    assert of_site(site, letters_of(site.app, mailbox)) == []


@ON_BOTH
def test_each_reply_that_waits_is_told_at_once(site: SiteDriver, mailbox: Mailbox) -> None:
    noor = who_wants(site, "at_once")
    site.submitted(
        name="May",
        email="may@example.org",
        url="https://may.example/",
        body="See [that *one*](https://quarry.example/?a=1&b=2) now.",
        article_title="The quarry",
    )
    letter = held(site, mailbox)
    text, html = letter.part("plain"), letter.part("html")
    assert letter.to == [noor.email]
    assert str(letter.message["Subject"]) == f"A reply waits on Site {site.slug}: The quarry"
    assert "May (https://may.example/) wrote:" in text
    assert "> See that one now." in text
    assert "> https://quarry.example/?a=1&b=2" in text
    shown = site.app.test_client().get(way(letter, "approve")).text
    assert "https://quarry.example/?a=1&amp;b=2" in shown
    assert "https://may.example/" in shown
    assert "may@example.org" not in shown
    assert "may@example.org" not in text + html
    assert len(links_in(letter, "decide")) == 2
    assert any(link.startswith("/desk/comments/") for link in links_in(letter))


def test_a_link_approves_as_the_moderator_and_only_when_pressed(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once", name="Noor")
    sent = site.submitted(body="What about the quarry?")
    link = way(held(site, mailbox), "approve")
    page = site.app.test_client().get(link)
    assert "What about the quarry?" in page.text
    assert "You decide as Noor" in page.text
    assert (page.headers["Referrer-Policy"], page.headers["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert site.receipt(sent)["status"] == "pending"
    assert "Approved" in press(site, link).text
    assert site.receipt(sent)["status"] == "approved"
    [decision] = site.opened(sent["id"])["decisions"]
    assert decision["moderator"] == "Noor"
    again = press(site, link)
    assert (again.status_code, "Nothing was decided" in again.text) == (409, True)
    assert "not what it was" in site.app.test_client().get(link).text


def test_a_link_rejects_with_a_reason_that_the_author_reads(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once")
    sent = site.submitted()
    link = way(held(site, mailbox), "reject")
    refused = press(site, link, reason="x" * 501)
    assert refused.status_code == 422
    assert "x" * 501 in refused.text
    assert "Rejected" in press(site, link, reason="Please name the source.").text
    assert site.receipt(sent)["reason"] == "Please name the source."


def test_a_link_is_good_for_one_revision_alone(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once")
    sent = site.submitted(body="A first text.")
    first = way(held(site, mailbox), "approve")
    site.revise(sent, "Another text altogether.")
    answer = press(site, first)
    assert answer.status_code == 409
    assert site.receipt(sent)["status"] == "pending"
    second = held(site, mailbox)
    assert "Another text" in second.part("plain")
    press(site, way(second, "approve"))
    assert site.receipt(sent)["status"] == "approved"


def test_who_has_the_role_no_more_decides_nothing(site: SiteDriver, mailbox: Mailbox) -> None:
    noor = who_wants(site, "at_once")
    sent = site.submitted()
    link = way(held(site, mailbox), "approve")
    with site.app.app_context(), writing():
        [who] = db.session.scalars(
            select(MembershipRow.moderator_id).where(MembershipRow.site_id == find_site(site.slug).id)
        )
        moderators.set_role(who, find_site(site.slug).id, Role.VIEWER, now=NOW)
    assert press(site, link).status_code == 403
    with site.app.app_context(), writing():
        moderators.remove_member(who, find_site(site.slug).id)
    for answer in (press(site, link), site.app.test_client().get(link)):
        assert answer.status_code == 403
        assert "Nothing was decided" in answer.text
    assert site.receipt(sent)["status"] == "pending"
    site.submitted()
    assert [one for one in letters_of(site.app, mailbox) if one.to == [noor.email]] == []


def test_a_link_that_was_changed_decides_nothing(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once")
    sent = site.submitted()
    link = way(held(site, mailbox), "reject")
    assert press(site, link.replace(".reject.", ".approve.")).status_code == 404
    assert site.receipt(sent)["status"] == "pending"


def test_what_was_decided_before_the_letter_left_is_not_told(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once")
    site.published()
    assert of_site(site, letters_of(site.app, mailbox)) == []


def test_a_viewer_is_told_but_offered_no_decision(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once", role="viewer")
    site.submitted()
    assert links_in(held(site, mailbox), "decide") == []


@ON_BOTH
def test_a_flood_does_not_flood_mailboxes(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "at_once")
    for number in range(33):
        site.submitted(body=f"Number {number} of many.")
    assert len(of_site(site, letters_of(site.app, mailbox))) == 30


@ON_BOTH
def test_one_click_ends_them(site: SiteDriver, mailbox: Mailbox) -> None:
    noor = who_wants(site, "at_once")
    site.submitted()
    letter = held(site, mailbox)
    [link] = links_in(letter, "quiet")
    assert "<button" in site.app.test_client().get(link).text
    assert "will come" in one_click(site, letter).text
    assert "already" in one_click(site, letter).text
    assert 'value="none" selected' in noor.get("/desk/account").text
    site.submitted()
    assert of_site(site, letters_of(site.app, mailbox)) == []


@ON_BOTH
def test_a_digest_comes_once_a_day_where_anything_waits(site: SiteDriver, mailbox: Mailbox) -> None:
    noor = who_wants(site, "digest")
    sent = site.submitted(name="May", body="What about the quarry?")
    site.submitted()
    tomorrow = NOW + timedelta(days=1)

    def looked(now: datetime) -> list[Received]:
        with site.app.app_context():
            moderator_letters.look_for_digests(now=now)
            # Due then, and sent now.
            with writing():
                db.session.execute(update(OutboxRow).values(due_at=NOW - timedelta(days=1)))
        return of_site(site, letters_of(site.app, mailbox))

    assert looked(NOW) == []  # The day had begun when it was chosen.
    [letter] = looked(tomorrow)
    assert letter.to == [noor.email]
    assert str(letter.message["Subject"]) == f"2 replies wait on Site {site.slug}"
    assert "> What about the quarry?" in letter.part("plain")
    assert links_in(letter, "decide") == []
    assert looked(tomorrow) == []
    site.approve(sent["id"])
    for waiting in site.queue()["comments"]:
        site.approve(waiting["id"])
    assert looked(tomorrow + timedelta(days=1)) == []


@pytest.mark.parametrize(("hour", "begun"), [(6, "2026-11-30T06:00"), (5, "2026-11-29T06:00")])
def test_the_day_of_a_digest_begins_at_six(hour: int, begun: str) -> None:
    assert digest_begins(datetime(2026, 11, 30, hour, tzinfo=UTC)) == datetime.fromisoformat(f"{begun}:00+00:00")


@ON_BOTH
def test_a_late_queue_is_told_once(site: SiteDriver, mailbox: Mailbox) -> None:
    who_wants(site, "late")
    site.change(late_after_minutes=5)
    site.submitted()
    assert of_site(site, letters_of(site.app, mailbox)) == []
    with site.app.app_context():
        with writing():
            there = find_site(site.slug).id
            long_ago = NOW - timedelta(hours=1)
            db.session.execute(update(CommentRow).where(CommentRow.site_id == there).values(queued_at=long_ago))
        lateness.look(now=datetime.now(UTC))
        lateness.look(now=datetime.now(UTC))
    letter = held(site, mailbox)
    assert str(letter.message["Subject"]).startswith("Late: 1 reply waits")


def test_only_choices_of_one_s_own_sites_are_taken(site: SiteDriver, own_app: Flask) -> None:
    other = make_site(own_app)
    noor = signed_in(site)
    assert noor.post("/desk/account/mail", **{f"mail-{site.slug}": "often"}).status_code == 422
    assert noor.post("/desk/account/mail", **{f"mail-{other.slug}": "at_once"}).status_code == 303
    with own_app.app_context(), reading():
        [mine] = db.session.scalars(select(ModeratorRow.id).order_by(ModeratorRow.id.desc()).limit(1))
        assert [one.choice.value for one in mail_choices.choices_of(mine)] == ["none"]
