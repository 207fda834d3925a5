"""Readers are written to about what they asked for: a decision, answers, a discussion; and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from service.actions import outbox, upkeep
from service.domain.site import Policy
from service.extensions import db
from service.store.models import ArticleRow, CommentRow, OutboxRow, SubscriptionRow
from service.store.session import reading, writing
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.mailbox import Mailbox, Received
from tests.mailed import ON_BOTH, letters_of, links_in, one_click, wish
from tests.refusals import refused, refused_fields

MAY = "may.reader@example.org"


@pytest.fixture
def site(mailing_site: SiteDriver) -> SiteDriver:
    return mailing_site


def subscribed(site: SiteDriver, mailbox: Mailbox, about: str, **fields: Any) -> dict[str, Any]:
    """Publish a comment of May's, and have her told, with the link in the letter opened."""
    sent = site.published(name="May", email=MAY, **fields)
    assert wish(site, sent, about).status_code == 200
    [asked] = letters_of(site.app, mailbox)
    [link] = links_in(asked, "confirm")
    assert site.client.post(link).status_code == 200
    return sent


def pass_time(site: SiteDriver) -> None:
    """Let the letters that wait until then be due."""
    with site.app.app_context(), writing():
        db.session.execute(update(OutboxRow).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))


def state(site: SiteDriver, sent: dict[str, Any]) -> dict[str, str]:
    return dict(site.receipt(sent)["mail"])


# The decision


@pytest.mark.parametrize(
    ("action", "said"),
    [("approve", "Your reply is published."), ("reject", "> Please name the source."), ("spam", "advertising")],
)
def test_an_author_who_asked_is_told_the_decision_once(
    site: SiteDriver, mailbox: Mailbox, action: str, said: str
) -> None:
    sent = site.submitted(email=MAY)
    answer = wish(site, sent, "decision").get_json()
    assert answer["mail"] == {"decision": "on", "answers": "off", "article": "off"}
    assert letters_of(site.app, mailbox) == []
    site.decide(sent["id"], action, reason="Please name the source." if action == "reject" else "")
    [letter] = letters_of(site.app, mailbox)
    assert letter.to == [MAY]
    assert said in letter.part("plain")
    assert letter.message["List-Unsubscribe"] is None
    [receipt] = [link for link in links_in(letter) if link.startswith("/receipts/")]
    assert site.client.get(receipt).status_code == 200
    site.decide(sent["id"], "spam" if action == "reject" else "reject")
    assert letters_of(site.app, mailbox) == []


def test_nobody_is_written_to_who_did_not_ask(site: SiteDriver, mailbox: Mailbox) -> None:
    first, second = site.published(), site.submitted()
    site.published(parent_id=first["id"])
    site.decide(second["id"], "reject", reason="No.")
    assert letters_of(site.app, mailbox) == []


def test_the_letter_is_in_the_language_in_which_its_author_asked(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY)
    wish(site, sent, "decision", lang="ar")
    site.approve(sent["id"])
    [letter] = letters_of(site.app, mailbox)
    assert letter.message["Content-Language"] == "ar"
    assert 'dir="rtl"' in letter.part("html")
    assert all("lang=ar" in link for link in links_in(letter))


def test_what_was_taken_back_before_the_letter_left_is_not_told(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY)
    wish(site, sent, "decision")
    decided = site.decide(sent["id"], "reject").get_json()
    undone = site.client.post(f"/v1/moderation/batches/{decided['decision']['batch_id']}/undo", headers=site.bearer)
    assert undone.status_code in {200, 201}, undone.text
    assert letters_of(site.app, mailbox) == []
    site.approve(sent["id"])
    [letter] = letters_of(site.app, mailbox)
    assert "Your reply is published." in letter.part("plain")


def test_an_author_who_withdraws_hears_nothing_of_it(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY)
    wish(site, sent, "decision")
    site.withdraw(sent)
    assert letters_of(site.app, mailbox) == []


def test_of_what_the_screening_called_spam_its_author_is_told_nothing(site: SiteDriver, mailbox: Mailbox) -> None:
    site.rule("word", "spam", "quarryland")
    sent = site.submitted(email=MAY, body="Come to quarryland today.")
    assert state(site, sent)["decision"] == "off"
    wish(site, sent, "decision")
    assert letters_of(site.app, mailbox) == []


# Answers and discussions


@ON_BOTH
def test_letters_begin_only_when_the_link_in_the_first_was_confirmed(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.published(email=MAY, name="May")
    assert wish(site, sent, "answers").get_json()["mail"]["answers"] == "waiting"
    [asked] = letters_of(site.app, mailbox)
    assert asked.to == [MAY]
    site.published(parent_id=sent["id"])
    assert letters_of(site.app, mailbox) == []
    [link] = links_in(asked, "confirm")
    page = site.client.get(link)
    assert "<button" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert state(site, sent)["answers"] == "waiting"
    assert "From now on" in site.client.post(link).text
    assert state(site, sent)["answers"] == "on"
    assert "already" in site.client.post(link).text
    site.published(parent_id=sent["id"], name="Bo", body="What about the *quarry*?")
    [letter] = letters_of(site.app, mailbox)
    assert str(letter.message["Subject"]).startswith("Bo answered you")
    assert "> What about the quarry?" in letter.part("plain")


@ON_BOTH
def test_of_an_answer_only_what_is_published_is_told_and_once(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = subscribed(site, mailbox, "answers")
    waiting = site.submitted(parent_id=sent["id"])
    site.published()  # No answer to May.
    site.published(parent_id=sent["id"], email=MAY, name="May")  # Her own.
    assert letters_of(site.app, mailbox) == []
    decided = site.approve(waiting["id"]).get_json()
    assert len(letters_of(site.app, mailbox)) == 1
    site.client.post(f"/v1/moderation/batches/{decided['decision']['batch_id']}/undo", headers=site.bearer)
    site.approve(waiting["id"])
    pass_time(site)
    assert letters_of(site.app, mailbox) == []


def test_an_answer_that_is_gone_before_the_letter_leaves_is_not_told(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = subscribed(site, mailbox, "answers")
    site.withdraw(site.published(parent_id=sent["id"]))
    assert letters_of(site.app, mailbox) == []
    site.published(parent_id=sent["id"])
    assert len(letters_of(site.app, mailbox)) == 1


@ON_BOTH
def test_many_comments_come_in_few_letters(site: SiteDriver, mailbox: Mailbox) -> None:
    subscribed(site, mailbox, "article")
    site.published(body="The first one of today.")
    [first] = letters_of(site.app, mailbox)
    assert str(first.message["Subject"]).startswith("1 new comment")
    for number in range(12):
        site.published(body=f"Further one, number {number}.")
        assert letters_of(site.app, mailbox) == []
    pass_time(site)
    [second] = letters_of(site.app, mailbox)
    assert str(second.message["Subject"]).startswith("12 new comments")
    assert "And 2 more." in second.part("plain")
    assert "The first one" not in second.part("plain")


def test_an_answer_in_a_followed_discussion_is_told_in_one_letter(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = subscribed(site, mailbox, "article")
    wish(site, sent, "answers")
    [asked] = letters_of(site.app, mailbox)
    site.client.post(links_in(asked, "confirm")[0])
    site.published(parent_id=sent["id"], name="Bo")
    [letter] = letters_of(site.app, mailbox)
    assert str(letter.message["Subject"]).startswith("Bo answered you")


@ON_BOTH
def test_one_click_ends_it_without_signing_in_and_again_is_harmless(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = subscribed(site, mailbox, "answers")
    site.published(parent_id=sent["id"])
    [letter] = letters_of(site.app, mailbox)
    [link] = links_in(letter, "stop")
    assert "<button" in site.client.get(link).text
    assert state(site, sent)["answers"] == "on"
    assert "No more" in one_click(site, letter).text
    assert state(site, sent)["answers"] == "off"
    again = one_click(site, letter)
    assert (again.status_code, "already" in again.text) == (200, True)
    assert "already" in site.client.get(link).text
    site.published(parent_id=sent["id"])
    pass_time(site)
    assert letters_of(site.app, mailbox) == []


def test_a_link_that_was_changed_or_is_too_old_says_so(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.published(email=MAY)
    wish(site, sent, "answers")
    [asked] = letters_of(site.app, mailbox)
    [link] = links_in(asked, "confirm")
    for bad in (link.replace("?", "0?"), link.replace("/confirm/", "/stop/"), "/mail/confirm/x", "/mail/stop/%00"):
        for answer in (site.client.get(bad), site.client.post(bad)):
            assert answer.status_code == 404
            assert "does not work any more" in answer.text
    assert state(site, sent)["answers"] == "waiting"
    wish(site, sent, "answers", wanted=False)
    assert site.client.post(link).status_code == 404


# What must not be possible


@ON_BOTH
def test_nobody_can_fill_another_s_mailbox(site: SiteDriver, mailbox: Mailbox, own_app: Flask) -> None:
    victim = "victim@example.org"
    codes = []
    for number in range(9):
        own = make_site(own_app, limits="off")
        sent = own.published(email=victim if number % 2 else "Victim@example.org")
        answer = wish(own, sent, ("answers", "article")[number % 2])
        codes.append(answer.status_code)
    assert codes == [200] * 6 + [403] * 3
    assert "tomorrow" in answer.get_json()["detail"]
    assert len(letters_of(own_app, mailbox)) == 6


def test_a_nasty_name_smuggles_nothing(site: SiteDriver, mailbox: Mailbox) -> None:
    title = "Cheap\r\nBcc: everybody@example.org\r\n\r\n<script>alert(1)</script>\u202e"
    with site.app.app_context():
        sent = subscribed(site, mailbox, "answers")
        nasty = site.submitted(parent_id=sent["id"], name="<b>Eve</b>", body="A *nice* text.")
        # Nobody can send such words; what is stored may have come by other ways.
        with writing():
            db.session.execute(update(ArticleRow).where(ArticleRow.key == site.article).values(title=title))
            db.session.execute(
                update(CommentRow)
                .where(CommentRow.author_name == "<b>Eve</b>")
                .values(author_name="<b>Eve</b>\r\nTo: x@example.org")
            )
    site.approve(nasty["id"])
    [letter] = letters_of(site.app, mailbox)
    assert letter.to == [MAY]
    assert letter.message["Bcc"] is None
    assert letter.message.get_all("To") == [MAY]
    assert "\n" not in str(letter.message["Subject"])
    assert "<script" not in letter.part("html")
    assert "<b>" not in letter.part("html")


def test_no_address_or_word_of_a_reader_waits_in_the_outbox(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY, name="Maybelline", body="The quarry question.")
    wish(site, sent, "decision")
    wish(site, sent, "answers")
    site.approve(sent["id"])
    with site.app.app_context(), reading():
        kept = [str(row) for row in db.session.execute(select(OutboxRow.payload, OutboxRow.kind))]
        asked = db.session.scalars(select(SubscriptionRow.receipt_sealed)).all()
    assert any("'letter'" in row for row in kept)
    for word in (MAY, "may.reader", "Maybelline", "quarry", sent["receipt"]["token"]):
        assert not any(word in row for row in kept)
    assert not any(sent["receipt"]["token"].encode() in sealed for sealed in asked)


@ON_SQLITE_ALONE
def test_without_a_mail_server_nothing_is_offered(app: Flask) -> None:
    site = make_site(app, limits="off")
    sent = site.submitted()
    assert site.receipt(sent)["mail"] is None
    refused(wish(site, sent, "decision"), 403, "forbidden")
    assert 'id="mail"' not in site.client.get(f"/receipts/{sent['receipt']['token']}").text


def test_only_what_there_is_can_be_asked_for(site: SiteDriver) -> None:
    sent = site.published()
    assert refused_fields(wish(site, sent, "everything")) == {"about": "not_a_choice"}
    refused(wish(site, sent, "decision"), 403, "forbidden")
    rejected = site.submitted()
    site.decide(rejected["id"], "reject")
    assert state(site, rejected) == {}
    refused(wish(site, rejected, "answers"), 403, "forbidden")


def test_the_receipt_s_page_offers_letters_and_ends_them(site: SiteDriver) -> None:
    sent = site.submitted()
    page = f"/receipts/{sent['receipt']['token']}"
    assert "Mail me the decision" in site.client.get(page).text
    done = site.client.post(page, data={"action": "mail", "about": "decision"})
    assert done.status_code == 303
    assert "We will mail you the decision." in site.client.get(page).text
    site.client.post(page, data={"action": "no_mail", "about": "decision"})
    assert "Mail me the decision" in site.client.get(page).text
    assert site.client.post(page, data={"action": "mail", "about": "x"}).status_code == 422


@ON_BOTH
def test_what_nobody_confirmed_is_forgotten(site: SiteDriver) -> None:
    sent = site.published()
    wish(site, sent, "answers")
    with site.app.app_context():
        assert upkeep.apply_retention(now=datetime.now(UTC) + timedelta(days=6)).letters >= 1  # The day's counts.
    assert state(site, sent)["answers"] == "waiting"
    with site.app.app_context():
        upkeep.apply_retention(now=datetime.now(UTC) + timedelta(days=8))
    assert state(site, sent)["answers"] == "off"


def test_a_letter_that_no_server_will_take_is_given_up_at_once(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY)
    wish(site, sent, "decision")
    mailbox.answer = lambda recipient: "550 No such mailbox"
    try:
        site.approve(sent["id"])
        assert letters_of(site.app, mailbox) == []
        with site.app.app_context(), reading():
            failed = db.session.execute(select(OutboxRow.attempts, OutboxRow.last_error, OutboxRow.failed_at)).all()
        assert [(row.attempts, row.last_error) for row in failed if row.failed_at] == [
            (1, "127.0.0.1 does not take the letter: status 550.")
        ]
    finally:
        mailbox.answer = lambda recipient: "250 OK"
        with site.app.app_context():
            outbox.forget(None)


@ON_BOTH
def test_a_letter_that_is_tried_again_is_the_same_letter(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=MAY)
    wish(site, sent, "decision")
    mailbox.answer = lambda recipient: "451 Later, please"
    site.approve(sent["id"])
    assert letters_of(site.app, mailbox) == []
    mailbox.answer = lambda recipient: "250 OK"
    with site.app.app_context(), reading():
        [job] = db.session.scalars(select(OutboxRow.id).where(OutboxRow.kind == "letter"))
    pass_time(site)
    [letter] = letters_of(site.app, mailbox)
    assert letter.message["Message-ID"] == f"<{job}@localhost>"


def test_a_site_that_publishes_at_once_tells_at_once(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = subscribed(site, mailbox, "answers")
    site.change(policy=Policy.NONE)
    site.submitted(parent_id=sent["id"], name="Bo")
    letters: list[Received] = letters_of(site.app, mailbox)
    assert len(letters) == 1
