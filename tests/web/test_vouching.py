"""Whoever has proven the address says that a reply is theirs, which came without the proof: from an article's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.actions.proven import TOKEN_LIFE, author_token
from service.actions.vouch import asked_about, vouch_by_letter
from service.domain.site import Policy
from service.extensions import db
from service.store.models import AuthorRow, CommentRow
from service.store.session import reading, writing
from service.store.sites import find_site
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import refused, refused_fields
from tests.store.ledger import discrepancies

ANN = "ann@example.org"
BUTTON = "Yes, I wrote it"


@pytest.fixture
def site(free_site: SiteDriver) -> SiteDriver:
    free_site.change(policy=Policy.FIRST, trusted_after=1)
    return free_site


def proven(site: SiteDriver, sent: dict[str, Any], *, now: datetime | None = None) -> str:
    """Have the author of a reply prove the address, as the link in a letter does, and return their token."""
    with site.app.app_context(), writing():
        author_id = db.session.execute(
            select(CommentRow.author_id).where(CommentRow.id == UUID(sent["id"]))
        ).scalar_one()
        db.session.execute(update(AuthorRow).where(AuthorRow.id == author_id).values(proven_at=datetime.now(UTC)))
        return author_token(author_id, now=now or datetime.now(UTC))


def browser(site: SiteDriver, token: str) -> SiteDriver:
    """Return somebody whose browser has that token."""
    known = SiteDriver(site.app, site.slug, site.origin, site.token, site.article)
    known.client.set_cookie(f"postbag_author_{site.slug}", token)
    return known


def page(site: SiteDriver, sent: dict[str, Any]) -> TestResponse:
    return site.client.get(f"/receipts/{sent['receipt']['token']}")


def press(site: SiteDriver, sent: dict[str, Any]) -> TestResponse:
    where = f"/receipts/{sent['receipt']['token']}"
    return site.client.post(where, data={"action": "vouch"}, follow_redirects=True)


def vouched(site: SiteDriver, sent: dict[str, Any], token: str) -> TestResponse:
    return site.client.post(f"/v1/receipts/{sent['receipt']['token']}/vouch", json={"author_token": token})


def signals(site: SiteDriver, sent: dict[str, Any]) -> dict[str, str]:
    return {signal["name"]: signal["detail"] for signal in site.opened(sent["id"])["signals"]}


def test_what_the_policy_alone_held_is_published_by_a_press(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN, body="From the article's page.")
    own = browser(site, token)
    for _ in range(2):
        assert BUTTON in page(own, sent).text
        assert site.receipt(sent)["status"] == "pending"
    told = press(own, sent)
    assert (told.status_code, BUTTON in told.text) == (200, False)
    for said in ("Your reply is published.", "Thank you. This reply counts as yours.", "See it under the article"):
        assert said in told.text
    assert "Prove that" not in told.text
    opened = site.opened(sent["id"])
    assert (opened["status"], opened["revision"], opened["author"]["proven"]) == ("approved", 1, True)
    assert "policy" not in signals(site, sent)
    [decision] = opened["decisions"]
    assert (decision["action"], decision["moderator"]) == ("approve", "the site's policy")
    assert "From the article" in str(site.page()["comments"])
    assert site.page()["article"]["count"] == 2
    assert discrepancies(site.app, site.slug) == []
    # A second press, of another tab, changes nothing, and an edit is by the author as well.
    assert press(own, sent).status_code == 200
    assert len(site.opened(sent["id"])["decisions"]) == 1
    site.revise(sent, "And said better.")
    assert site.receipt(sent)["status"] == "approved"


def test_programs_do_the_same_with_the_token(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN)
    assert site.receipt(sent)["address_proven"] is False
    for _ in range(2):
        told = vouched(site, sent, token).get_json()
        assert (told["status"], told["address_proven"]) == ("approved", True)
    path = f"/v1/receipts/{sent['receipt']['token']}/vouch"
    assert refused_fields(site.client.post(path, json={})) == {"author_token": "required"}
    refused(vouched(site, {"receipt": {"token": "pbr_unknown"}}, token), 404, "not_found")


def test_an_edit_that_waits_is_published_in_the_place_of_what_readers_see(site: SiteDriver) -> None:
    sent = site.published(email=ANN, body="The first text.")
    site.revise(sent, "The second text.")
    token = proven(site, sent)
    # One approved comment is enough, and this one is it: a person has read its first text.
    assert vouched(site, sent, token).get_json()["published_revision"] == 2
    [shown] = site.page()["comments"]
    assert "The second text." in shown["body_html"]
    assert shown["edited_at"] is not None
    assert discrepancies(site.app, site.slug) == []


def test_what_more_than_the_policy_holds_waits_on_and_says_why(site: SiteDriver) -> None:
    first = site.submitted(email=ANN)
    token = proven(site, first)
    links = "http://a.example http://b.example http://c.example"
    for sent, still in ((first, "policy"), (site.submitted(email=ANN, body=links), "many_links")):
        before = site.opened(sent["id"])
        assert "whoever sent this only typed it" in signals(site, sent)["policy"] or sent is first
        told = press(browser(site, token), sent)
        assert "Thank you. This reply counts as yours." in told.text
        after = site.opened(sent["id"])
        assert (after["status"], after["version"]) == ("pending", before["version"])
        assert after["author"]["proven"] is True
        assert after["score"] == pytest.approx(sum(signal["score"] for signal in after["signals"]))
        assert still in signals(site, sent)
        site.approve(sent["id"])
    assert discrepancies(site.app, site.slug) == []


@ON_SQLITE_ALONE
def test_the_policy_says_what_is_missing_now(site: SiteDriver) -> None:
    sent = site.submitted(email=ANN)
    token = proven(site, sent)
    assert "is not proven" in signals(site, sent)["policy"]
    vouched(site, sent, token)
    assert signals(site, sent)["policy"].endswith("has 1 approved; this one has 0.")


@ON_SQLITE_ALONE
def test_what_only_the_sending_could_show_still_holds_it(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    site.rule("network", "hold", "192.0.2.0/24")
    sent = site.submitted(email=ANN)
    assert vouched(site, sent, token).get_json()["status"] == "pending"
    assert set(signals(site, sent)) == {"rule_network", "no_form_token"}


@ON_SQLITE_ALONE
def test_what_a_rule_refuses_by_now_is_refused(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN, body="About marzipan.")
    site.rule("word", "reject", "marzipan")
    told = press(browser(site, token), sent)
    assert told.status_code == 422
    assert "“marzipan”" in told.text
    assert site.receipt(sent)["address_proven"] is False


@ON_SQLITE_ALONE
def test_nobody_else_s_browser_can(site: SiteDriver) -> None:
    first = site.published(email=ANN)
    sent = site.submitted(email=ANN)
    token = proven(site, first)
    old = proven(site, first, now=datetime.now(UTC) - TOKEN_LIFE - timedelta(minutes=1))
    other = proven(site, site.published(email="other@example.org"))
    for wrong in ("", "pba_", token[:-6] + "AAAAAA", old, other):
        stranger = browser(site, wrong)
        assert BUTTON not in page(stranger, sent).text
        told = press(stranger, sent)
        assert told.status_code == 403
        assert 'role="alert"' in told.text
        refused(vouched(site, sent, wrong), 403, "forbidden")
    opened = site.opened(sent["id"])
    assert (opened["status"], opened["author"]["proven"], opened["version"]) == ("pending", False, 1)


@ON_SQLITE_ALONE
@pytest.mark.parametrize("action", ["reject", "spam", "delete", "approve", "withdraw"])
def test_what_was_decided_stays_so(site: SiteDriver, action: str) -> None:
    token = proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN)
    assert (site.withdraw(sent) if action == "withdraw" else site.decide(sent["id"], action)).status_code < 300
    before = site.opened(sent["id"])
    assert BUTTON not in page(browser(site, token), sent).text
    told = press(browser(site, token), sent)
    assert told.status_code == 403
    assert "nothing was changed" in told.text or "does not wait" in told.text
    refused(vouched(site, sent, token), 403, "forbidden")
    assert site.opened(sent["id"]) == before


@ON_SQLITE_ALONE
def test_a_persistent_spammer_learns_nothing(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    site.rule("word", "spam", "casino")
    sent = site.submitted(email=ANN, body="A casino.")
    assert BUTTON in page(browser(site, token), sent).text
    told = press(browser(site, token), sent).text
    assert "Thank you. Your reply awaits review." in told
    assert site.opened(sent["id"])["status"] == "spam"


@ON_SQLITE_ALONE
def test_what_a_person_has_taken_back_waits_for_one(site: SiteDriver) -> None:
    token = proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN)
    batch = site.approve(sent["id"]).get_json()["decision"]["batch_id"]
    assert site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer).status_code == 200
    assert vouched(site, sent, token).get_json()["status"] == "pending"
    # So does what readers have reported, and what was turned down and appealed against.
    shown = site.published(email=ANN)
    site.change(flag_threshold=1)
    site.flagged(shown["id"], "spam")
    refused(vouched(site, shown, token), 403, "forbidden")
    refused_one = site.submitted(email=ANN)
    site.decide(refused_one["id"], "reject")
    site.client.post(f"/v1/receipts/{refused_one['receipt']['token']}/appeal", json={"text": "Please look again."})
    assert vouched(site, refused_one, token).get_json()["status"] == "pending"
    assert signals(site, refused_one)["appealed"] == "Please look again."


def test_who_comes_after_a_decision_changes_nothing(site: SiteDriver) -> None:
    proven(site, site.published(email=ANN))
    sent = site.submitted(email=ANN)
    with site.app.app_context():
        with reading():
            here = find_site(site.slug)
            author_id = db.session.scalars(select(CommentRow.author_id).where(CommentRow.id == UUID(sent["id"]))).one()
        item = asked_about(UUID(sent["id"]), author_id, site_id=here.id)
        assert item is not None
        assert site.decide(sent["id"], "reject").status_code == 201
        now = datetime.now(UTC)
        assert vouch_by_letter(item, here, revision=1, client_address=None, now=now) is None
    opened = site.opened(sent["id"])
    assert (opened["status"], opened["author"]["proven"]) == ("rejected", False)
    assert discrepancies(site.app, site.slug) == []
