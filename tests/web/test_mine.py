"""An author proves an address, sees what they wrote, takes it along and erases it: by letters that really came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service import create_app
from service.actions import mine
from service.actions.signed_links import BadLink
from service.domain.site import Policy
from service.extensions import db
from service.store.models import AuthorRow, OutboxRow, SubscriptionRow
from service.store.session import reading, writing
from service.store.sites import find_site
from service.worker import Worker
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.mailbox import Mailbox
from tests.mailed import wish
from tests.refusals import refused
from tests.store.ledger import discrepancies

ANN = "ann@example.org"
pytestmark = ON_SQLITE_ALONE


@pytest.fixture(scope="module")
def mailing(
    app: Flask, database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox
) -> Iterator[Flask]:
    """Return an application beside the shared one, on the same database, that sends mail."""
    folder = tmp_path_factory.mktemp("instance")
    mailing = create_app(settings_for(database_url, redis_url, folder, smtp=mailbox.address))
    yield mailing
    with mailing.app_context():
        db.engine.dispose()


@pytest.fixture
def site(mailing: Flask) -> SiteDriver:
    return make_site(mailing, limits="off")


def letter_link(site: SiteDriver, mailbox: Mailbox, *, to: str = ANN) -> str:
    """Have the worker send what is due, and return the path of the link in the letter that came."""
    Worker(site.app).drain()
    letter = mailbox.next()
    assert letter.to == [to]
    found = re.search(r"^http://127\.0\.0\.1:8000(/mail/\S+)$", letter.part("plain"), re.MULTILINE)
    assert found is not None
    assert found[1] in letter.part("html")
    return found[1]


def asked(site: SiteDriver, sent: dict[str, Any], what: str, **others: Any) -> TestResponse:
    return site.client.post(f"/receipts/{sent['receipt']['token']}", data={"action": what}, **others)


def proven(site: SiteDriver, mailbox: Mailbox, sent: dict[str, Any]) -> str:
    """Prove the address in the letter, as the site's client, and return the author's token."""
    assert asked(site, sent, "prove").status_code == 303
    answer = site.client.post(letter_link(site, mailbox))
    assert answer.status_code == 200, answer.text
    cookie = site.client.get_cookie(f"postbag_author_{site.slug}")
    assert cookie is not None
    return cookie.value


def mine_link(site: SiteDriver, mailbox: Mailbox, sent: dict[str, Any]) -> str:
    assert asked(site, sent, "mine").status_code == 303
    return letter_link(site, mailbox)


# Proving an address


def test_only_who_has_proven_the_address_is_trusted(site: SiteDriver, mailbox: Mailbox) -> None:
    site.change(policy=Policy.FIRST)
    sent = [site.published(email=ANN) for _ in range(3)][-1]
    assert site.submitted(email=ANN)["status"] == "pending"
    stranger = SiteDriver(site.app, site.slug, site.origin, site.token, site.article)
    proven(site, mailbox, sent)
    # A form without scripts brings the cookie along, and is published; the stranger's is not, with the same address.
    site.rule("network", "trust", "198.51.100.0/24")
    for driver, status in ((site, "approved"), (stranger, "pending")):
        location = driver.submit_form(email=ANN).headers["Location"]
        receipt = driver.client.get(f"/v1{location}").get_json()
        assert receipt["status"] == status
    assert stranger.submitted(email=ANN)["status"] == "pending"
    # What had come before the proof stays as it was, and so does its receipt.
    site.revise(sent, "Another text by whoever has that receipt.")
    assert site.receipt(sent)["status"] == "pending"


def test_the_letter_s_link_vouches_for_the_reply_that_it_shows(site: SiteDriver, mailbox: Mailbox) -> None:
    site.change(policy=Policy.FIRST, trusted_after=1)
    site.published(email=ANN)
    sent, other = site.submitted(email=ANN, body="About *marzipan*."), site.submitted(email=ANN)
    assert wish(site, sent, "decision").status_code == 200
    asked(site, sent, "prove")
    link = letter_link(site, mailbox)
    page = site.client.get(link).text
    assert "<em>marzipan</em>" in page
    assert re.search(r'<input[^>]* name="mine" value="1" checked>', page)
    assert site.receipt(sent)["status"] == "pending"
    told = site.client.post(link, data={"mine": "1"}).text
    assert "this reply counts as yours" in told
    assert f'#comment-{sent["id"]}">See it under the article</a>' in told
    assert (site.receipt(sent)["status"], site.receipt(other)["status"]) == ("approved", "pending")
    # What came of it is told as any publication is.
    Worker(site.app).drain()
    assert "Your reply is published." in mailbox.next().part("plain")
    # The other one goes the way of its receipt.
    assert "Yes, I wrote it" in site.client.get(f"/receipts/{other['receipt']['token']}").text


@pytest.mark.parametrize(
    "seen", [None, "", "2", "0", "-1", "x", "9" * 30], ids=lambda seen: "not ticked" if seen is None else repr(seen)
)
def test_a_reply_that_its_author_has_not_seen_so_is_not_vouched_for(
    site: SiteDriver, mailbox: Mailbox, seen: str | None
) -> None:
    site.change(policy=Policy.NONE, trusted_after=1)
    site.rule("word", "hold", "nougat")
    sent = site.submitted(email=ANN, body="About nougat.")
    asked(site, sent, "prove")
    told = site.client.post(letter_link(site, mailbox), data={} if seen is None else {"mine": seen})
    assert "Your earlier replies stay as they were." in told.text
    assert site.receipt(sent)["address_proven"] is False


def test_a_reply_that_changed_meanwhile_or_was_decided_is_not_vouched_for(site: SiteDriver, mailbox: Mailbox) -> None:
    site.change(policy=Policy.FIRST, trusted_after=1)
    site.published(email=ANN)
    revised, rejected = site.submitted(email=ANN), site.submitted(email=ANN)
    asked(site, revised, "prove")
    link = letter_link(site, mailbox)
    site.client.get(link)
    site.revise(revised, "Something else by whoever has the receipt.")
    assert "stay as they were" in site.client.post(link, data={"mine": "1"}).text
    assert site.receipt(revised)["status"] == "pending"
    asked(site, rejected, "prove")
    link = letter_link(site, mailbox)
    site.decide(rejected["id"], "reject")
    assert "<article" not in site.client.get(link).text
    assert "stay as they were" in site.client.post(link, data={"mine": "1"}).text
    assert site.receipt(rejected)["status"] == "rejected"


def test_what_waits_for_more_is_told_so(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    asked(site, sent, "prove")
    told = site.client.post(letter_link(site, mailbox), data={"mine": "1"}).text
    assert "this reply counts as yours. A person will read it" in told
    assert "See it under" not in told
    assert (site.receipt(sent)["status"], site.receipt(sent)["address_proven"]) == ("pending", True)


def test_a_program_proves_and_sends_the_token_along(site: SiteDriver, mailbox: Mailbox) -> None:
    site.change(policy=Policy.FIRST, trusted_after=1)
    sent = site.published(email=ANN)
    answer = site.client.post(f"/v1/receipts/{sent['receipt']['token']}/prove")
    assert (answer.status_code, answer.data) == (202, b"")
    path = letter_link(site, mailbox).replace("/mail/prove/", "/v1/proofs/")
    token = site.client.post(path).get_json()["author_token"]
    assert site.submitted(email=ANN, author_token=token)["status"] == "approved"
    assert "used already" in refused(site.client.post(path), 403, "forbidden")["detail"]
    refused(site.client.post("/v1/proofs/nonsense"), 404, "not_found")


def test_what_follows_links_by_itself_proves_nothing(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    asked(site, sent, "prove")
    link = letter_link(site, mailbox)
    for _ in range(2):
        page = site.client.get(link)
        assert page.status_code == 200
        assert "<button" in page.text
        assert "Set-Cookie" not in page.headers
    site.client.head(link)
    assert site.opened(sent["id"])["author"]["proven"] is False
    cookie = site.client.post(link).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_link_is_good_once(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    asked(site, sent, "prove")
    link = letter_link(site, mailbox)
    site.client.post(link)
    again = SiteDriver(site.app, site.slug, site.origin, site.token, site.article)
    for answer in (again.client.post(link), again.client.get(link)):
        assert answer.status_code == 200
        assert "used already" in answer.text
        assert "Set-Cookie" not in answer.headers
    # Another letter is for another browser.
    proven(again, mailbox, sent)


def test_links_that_were_changed_or_are_too_old_are_refused_kindly(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    asked(site, sent, "prove")
    link = letter_link(site, mailbox)
    token = link.rpartition("/")[2]
    for wrong in (f"{link}0", link[:-1], link.replace("prove", "mine"), "/mail/prove/x", "/mail/mine/%ff"):
        for answer in (site.client.get(wrong), site.client.post(wrong, data={"confirm": "yes"})):
            assert answer.status_code == 404
            assert "Nothing was changed" in answer.text
    with site.app.app_context():
        mine.look_at_proof(token, now=datetime.now(UTC) + mine.PROVE_LIFE - timedelta(minutes=1))
        with pytest.raises(BadLink):
            mine.look_at_proof(token, now=datetime.now(UTC) + mine.PROVE_LIFE)
    assert site.opened(sent["id"])["author"]["proven"] is False


def test_the_letter_shows_the_reply_and_nothing_in_the_outbox_does(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN, name="Ann Q", body="About *marzipan*.")
    asked(site, sent, "prove", headers={"Accept-Language": "de"})
    with site.app.app_context():
        [kept] = db.session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "letter")).all()
        db.session.rollback()
    assert "ann" not in json.dumps(kept).lower()
    Worker(site.app).drain()
    letter = mailbox.next()
    assert "Ist das Ihre Adresse?" in str(letter.message["Subject"])
    assert "> About *marzipan*." in letter.part("plain")
    assert "Ann Q" in letter.part("html")


def test_an_address_gets_a_few_letters_a_day(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email="often@example.org")
    answers = [asked(site, sent, "prove").status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    refusal = asked(site, sent, "mine")
    assert refusal.status_code == 429
    assert 'role="alert"' in refusal.text
    # Whoever withdraws it in the meantime is written to without the words.
    site.withdraw(sent)
    Worker(site.app).drain()
    for _ in range(5):
        assert "Reply number" not in mailbox.next().part("plain")


def test_nothing_is_offered_where_no_mail_is_sent(app: Flask) -> None:
    site = make_site(app)
    sent = site.submitted()
    page = site.client.get(f"/receipts/{sent['receipt']['token']}")
    assert "Everything I wrote here" not in page.text
    assert site.client.get("/mine", query_string={"site": site.slug}).status_code == 404
    refused(site.client.post(f"/v1/receipts/{sent['receipt']['token']}/prove"), 404, "not_found")
    assert "withdraw" in page.text


# Everything I wrote here


def test_the_page_and_the_files_have_everything_and_nothing_of_others(site: SiteDriver, mailbox: Mailbox) -> None:
    kept = site.published(email=ANN, name="Ann Q", body="About *marzipan*.")
    site.revise(kept, "About <b>nougat</b>.")
    other = site.published(email="other@example.org", body="By somebody else.", parent_id=kept["id"])
    turned_down = site.submitted(email=ANN, body="Not wanted.")
    site.decide(turned_down["id"], "reject", reason="Off the subject.", note="A private note.")
    token = turned_down["receipt"]["token"]
    site.client.post(f"/v1/receipts/{token}/appeal", json={"text": "Please look again."})
    site.client.post(f"/v1/moderation/comments/{kept['id']}/notes", json={"text": "A secret."}, headers=site.bearer)
    path = f"/v1/receipts/{kept['receipt']['token']}/mail"
    assert site.client.post(path, json={"about": "article", "wanted": True}).status_code == 200
    letter_link(site, mailbox)
    link = mine_link(site, mailbox, kept)
    page, file = site.client.get(link).text, site.client.get(f"{link}/html")
    for text in (page, file.text):
        assert "<em>marzipan</em>" in text
        assert "nougat" in text
        assert "Please look again." in text
        assert ANN in text
        assert "By somebody else." not in text
        assert "private note" not in text
        assert "secret" not in text
        assert "<script" not in text
    assert "attachment" in file.headers["Content-Disposition"]
    answer = site.client.get(f"{link}/json")
    assert "attachment" in answer.headers["Content-Disposition"]
    told = answer.get_json()
    assert told["author"]["email"] == ANN
    [subscribed] = told["subscriptions"]
    assert (subscribed["about"], subscribed["article"]) == ("article", site.article)
    assert [one["id"] for one in told["comments"]] == [turned_down["id"], kept["id"]]
    first = told["comments"][1]
    assert [text["body"] for text in first["revisions"]] == ["About *marzipan*.", "About <b>nougat</b>."]
    assert told["comments"][0]["appeal"] == "Please look again."
    assert [made["reason"] for made in told["comments"][0]["decisions"]] == ["Off the subject."]
    assert "secret" not in answer.text
    assert other["id"] not in answer.text
    again = site.client.get(link.replace("/mail/mine/", "/v1/mine/")).get_json()
    assert again["comments"] == told["comments"]


def test_what_was_quietly_called_spam_is_told_as_on_its_receipt(site: SiteDriver, mailbox: Mailbox) -> None:
    site.rule("word", "spam", "casino")
    sent = site.submitted(email=ANN, body="A casino.")
    link = mine_link(site, mailbox, sent)
    [told] = site.client.get(f"{link}/json").get_json()["comments"]
    assert (told["status"], told["decisions"]) == ("pending", [])


def test_erasing_takes_a_press_and_gives_a_proof(site: SiteDriver, mailbox: Mailbox, tmp_path: Path) -> None:
    sent = site.published(email=ANN, name="Ann Q")
    site.published(email="other@example.org", parent_id=sent["id"])
    for _ in range(3):
        site.submitted(email=ANN, name="Ann Q")
    path = f"/v1/receipts/{sent['receipt']['token']}/mail"
    assert site.client.post(path, json={"about": "answers", "wanted": True}).status_code == 200
    letter_link(site, mailbox)
    link = mine_link(site, mailbox, sent)
    site.client.get(link)
    assert "Ann Q" in site.client.post(link).text
    assert site.client.get(f"{link}/proof").status_code == 404
    assert site.client.post(link, data={"confirm": "yes"}).status_code == 303
    assert site.client.post(link, data={"confirm": "yes"}).status_code == 303
    page = site.client.get(link)
    assert "Everything was erased." in page.text
    assert "Ann" not in page.text
    proof = site.client.get(f"{link}/proof")
    assert proof.get_json()["comments"] == 4
    assert proof.get_json()["id"] in page.text
    with site.app.app_context(), reading():
        assert (
            db.session.scalars(
                select(SubscriptionRow.kind).where(SubscriptionRow.site_id == find_site(site.slug).id)
            ).all()
            == []
        )
    for where in ("json", "html"):
        assert "Everything was erased." in site.client.get(f"{link}/{where}").text
    refused(site.client.get(link.replace("/mail/mine/", "/v1/mine/")), 404, "not_found")
    again = site.client.delete(link.replace("/mail/mine/", "/v1/mine/"))
    assert again.get_json() == proof.get_json()
    assert discrepancies(site.app, site.slug) == []
    # The owner can check the proof, and a moderator opens what is left.
    file = tmp_path / "proof.json"
    file.write_text(proof.text)
    run = site.app.test_cli_runner()
    assert "4 comments" in run.invoke(args=["audit", "proof", str(file)]).output
    file.write_text(proof.text.replace('"comments": 4', '"comments": 5'))
    assert run.invoke(args=["audit", "proof", str(file)]).exit_code == 1
    opened = site.opened(sent["id"])
    assert ("email" in opened, opened["author"]["name"]) == (False, "")
    assert run.invoke(args=["email", "reseal"]).exit_code == 0


def test_a_proof_or_a_token_from_before_is_worth_nothing_after(site: SiteDriver, mailbox: Mailbox) -> None:
    site.change(policy=Policy.FIRST, trusted_after=1)
    sent = site.published(email=ANN)
    token = proven(site, mailbox, sent)
    asked(site, sent, "prove")
    prove = letter_link(site, mailbox)
    link = mine_link(site, mailbox, sent)
    site.client.post(link, data={"confirm": "yes"})
    assert site.client.get(prove).status_code == 404
    assert site.client.post(prove).status_code == 404
    assert site.client.get_cookie(f"postbag_author_{site.slug}") is None
    assert site.submitted(email=ANN, author_token=token)["status"] == "pending"
    assert asked(site, sent, "mine").status_code == 404


def test_a_letter_on_its_way_is_not_sent_to_who_was_erased(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    link = mine_link(site, mailbox, sent)
    asked(site, sent, "prove")
    site.client.post(link, data={"confirm": "yes"})
    before = len(mailbox.letters)
    Worker(site.app).drain()
    assert len(mailbox.letters) == before


def test_whoever_has_lost_the_receipt_asks_by_the_address(site: SiteDriver, mailbox: Mailbox) -> None:
    site.submitted(email=ANN)
    where = {"site": site.slug}
    before = len(mailbox.letters)
    assert "<form" in site.client.get("/mine", query_string=where).text
    shown = []
    for email in ("nobody@example.org", ANN.upper()):
        answer = site.client.post("/mine", query_string=where, data={"email": email}, follow_redirects=True)
        shown.append(answer.text)
    assert shown[0] == shown[1]
    link = letter_link(site, mailbox)
    assert len(mailbox.letters) == before + 1
    assert ANN in site.client.get(link).text
    wrong = site.client.post("/mine", query_string=where, data={"email": "no address"})
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    assert site.client.get("/mine?site=nowhere").status_code == 404


def test_a_link_to_everything_is_good_for_a_day(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = site.submitted(email=ANN)
    token = mine_link(site, mailbox, sent).rpartition("/")[2]
    with site.app.app_context():
        mine.open_mine(token, now=datetime.now(UTC) + mine.MINE_LIFE - timedelta(minutes=1))
        with pytest.raises(BadLink):
            mine.open_mine(token, now=datetime.now(UTC) + mine.MINE_LIFE)


def test_long_lists_come_in_pages_and_whole_in_the_file(site: SiteDriver, mailbox: Mailbox) -> None:
    sent = [site.submitted(email=ANN, body=f"Text {n}.") for n in range(mine.AT_ONCE + 2)]
    link = mine_link(site, mailbox, sent[0])
    seen, path = 0, link
    while path:
        page = site.client.get(path).text
        seen += page.count("<article")
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1] if older else ""
    assert seen == len(sent)
    assert len(site.client.get(f"{link}/json").get_json()["comments"]) == len(sent)
    assert site.client.get(f"{link}/html").text.count("<article") == len(sent)


# By command


def test_the_site_s_owner_does_the_same_by_command(site: SiteDriver) -> None:
    sent = site.submitted(email=ANN, body="About marzipan.")
    note = {"text": "A private note.", "about": "author"}
    site.client.post(f"/v1/moderation/comments/{sent['id']}/notes", json=note, headers=site.bearer)
    run = site.app.test_cli_runner()
    args = [ANN, "--site", site.slug]
    told = json.loads(run.invoke(args=["author", "export", *args]).output)
    assert told["comments"][0]["revisions"][0]["body"] == "About marzipan."
    assert "notes" not in told
    with_notes = run.invoke(args=["author", "export", *args, "--with-notes"]).output
    assert json.loads(with_notes)["notes"][0]["text"] == "A private note."
    assert run.invoke(args=["author", "erase", *args], input="n\n").exit_code == 1
    assert site.receipt(sent)["status"] == "pending"
    erased = run.invoke(args=["author", "erase", *args, "--yes"])
    assert json.loads(erased.output)["comments"] == 1
    assert run.invoke(args=["audit", "proof", "-"], input=erased.output).exit_code == 0
    for command in ("export", "erase"):
        gone = run.invoke(args=["author", command, *args])
        assert gone.exit_code == 1
        assert "Nobody has written" in gone.output
    assert ANN not in gone.output


def test_an_unproven_address_stays_unproven_by_whoever_types_it(site: SiteDriver) -> None:
    sent = site.submitted(email=ANN)
    with site.app.app_context(), writing():
        db.session.execute(update(AuthorRow).values(proven_at=datetime.now(UTC)))
    assert site.opened(sent["id"])["author"]["proven"] is False
