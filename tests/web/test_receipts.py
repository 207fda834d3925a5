"""/v1/receipts/{token}: the author sees, revises and withdraws."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields

METHODS = ["get", "patch", "delete"]


def path(sent: dict[str, Any]) -> str:
    return f"/v1/receipts/{sent['receipt']['token']}"


def revisions(site: SiteDriver, sent: dict[str, Any]) -> int:
    return len(site.opened(sent["id"])["revisions"])


def test_a_receipt_shows_the_author_everything_but_the_address(site: SiteDriver) -> None:
    sent = site.submitted(email="canary@example.org", body="*Mine*", article_title="Title")
    response = site.client.get(path(sent))
    receipt = response.get_json()
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert set(receipt) == {
        "id", "status", "revision", "published_revision", "body", "body_html", "reason", "article", "submitted_at",
        "edit_until", "may_revise", "may_withdraw", "author", "parent_id", "depth", "may_appeal",
        "address_proven", "appealed_at", "mail",
    }  # fmt: skip
    assert (receipt["id"], receipt["status"], receipt["revision"]) == (sent["id"], "pending", 1)
    assert (receipt["published_revision"], receipt["reason"]) == (None, None)
    assert (receipt["body"], receipt["body_html"]) == ("*Mine*", "<p><em>Mine</em></p>")
    assert receipt["edit_until"] == sent["receipt"]["edit_until"]
    assert receipt["article"]["key"] == site.article
    assert (receipt["may_revise"], receipt["may_withdraw"]) == (True, True)
    assert "canary" not in response.text


@ON_SQLITE_ALONE
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "token", ["x", "pbr_" + "A" * 43, "%00", "%ED%A0%80", "%FF", "é", "x" * 5_000], ids=lambda token: token[:12]
)
def test_a_token_that_was_never_given_out_opens_nothing(site: SiteDriver, method: str, token: str) -> None:
    call = getattr(site.client, method)
    refused(call(f"/v1/receipts/{token}", **({"json": {"body": "x"}} if method == "patch" else {})), 404, "not_found")


def test_a_token_in_other_case_or_with_more_letters_opens_nothing(site: SiteDriver) -> None:
    token = site.submitted()["receipt"]["token"]
    for other in (token.swapcase(), token + "A", token[:-1], token.upper()):
        refused(site.client.get(f"/v1/receipts/{other}"), 404, "not_found")


def test_a_receipt_says_who_wrote_it_and_where_it_stands_in_the_thread(free_site: SiteDriver) -> None:
    free_site.change(max_depth=1)
    root = free_site.published()
    answer = free_site.published(parent_id=root["id"])
    sent = free_site.submitted(parent_id=answer["id"], name="Ada", url="https://ada.example/")
    receipt = free_site.receipt(sent)
    assert (receipt["parent_id"], receipt["depth"]) == (root["id"], 1), "beside what it answers, where no deeper goes"
    free_site.approve(sent["id"])
    author = next(c["author"] for c in free_site.page()["comments"] if c["id"] == sent["id"])
    assert receipt["author"] == author
    assert (author["name"], author["url"], author["badge"]) == ("Ada", "https://ada.example/", None)
    assert (free_site.receipt(root)["parent_id"], free_site.receipt(root)["depth"]) == (None, 0)


def test_a_revision_is_answered_with_its_author_too_and_a_withdrawn_comment_has_none(site: SiteDriver) -> None:
    sent = site.submitted(name="Ada")
    assert site.revise(sent, "Better").get_json()["author"]["name"] == "Ada"
    site.withdraw(sent)
    receipt = site.receipt(sent)
    assert (receipt["author"], receipt["parent_id"], receipt["depth"]) == (None, None, 0)


def test_the_reason_of_a_rejection_stands_on_the_receipt_and_the_note_does_not(site: SiteDriver) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "reject", reason="Off topic", note="for colleagues")
    receipt = site.receipt(sent)
    assert (receipt["status"], receipt["reason"], receipt["may_revise"]) == ("rejected", "Off topic", False)
    assert "for colleagues" not in str(receipt)


def test_a_revision_of_a_pending_comment_replaces_what_is_reviewed(site: SiteDriver) -> None:
    sent = site.submitted(body="First")
    response = site.revise(sent, "Second")
    assert response.status_code == 200
    receipt = site.receipt(sent)
    assert response.json == receipt
    assert (receipt["revision"], receipt["body"], receipt["status"]) == (2, "Second", "pending")
    refused(site.approve(sent["id"], revision=1), 409, "stale_decision")
    assert site.approve(sent["id"], revision=2).status_code == 201
    assert site.page()["comments"][0]["body_html"] == "<p>Second</p>"


def test_an_edit_after_approval_waits_while_the_approved_text_stays(site: SiteDriver) -> None:
    sent = site.published(body="First")
    site.revise(sent, "Second")
    receipt = site.receipt(sent)
    assert (receipt["status"], receipt["revision"], receipt["published_revision"]) == ("pending", 2, 1)
    (shown,) = site.page()["comments"]
    assert (shown["body_html"], shown["edited_at"]) == ("<p>First</p>", None)
    assert site.page()["article"]["count"] == 1
    site.approve(sent["id"], revision=2)
    (shown,) = site.page()["comments"]
    assert shown["body_html"] == "<p>Second</p>"
    assert shown["edited_at"] is not None
    assert site.page()["article"]["count"] == 1


def test_where_policy_publishes_at_once_an_edit_is_published_at_once(site: SiteDriver) -> None:
    site.change(policy=Policy.NONE)
    sent = site.submitted(body="First")
    site.revise(sent, "Second")
    assert site.page()["comments"][0]["body_html"] == "<p>Second</p>"
    assert site.receipt(sent)["published_revision"] == 2


@pytest.mark.parametrize("again", ["Same", " Same ", "\r\nSame\r\n", "Same\u202e"])
def test_the_same_text_makes_no_new_revision(site: SiteDriver, again: str) -> None:
    sent = site.submitted(body="Same")
    assert site.revise(sent, again).status_code == 200
    if again == "Same":
        assert revisions(site, sent) == 1
    assert site.receipt(sent)["body"].strip() == "Same"


@pytest.mark.parametrize("action", ["reject", "spam", "delete"])
def test_what_was_decided_against_can_no_longer_be_revised(site: SiteDriver, action: str) -> None:
    sent = site.submitted()
    site.decide(sent["id"], action)
    with nothing_stored(site):
        refused(site.revise(sent, "Another"), 403, "forbidden")
    assert site.receipt(sent)["may_revise"] is False


def test_after_the_window_an_author_can_withdraw_but_not_revise(site: SiteDriver) -> None:
    site.change(revise_window=timedelta(0))
    sent = site.submitted(body="Stays")
    refused(site.revise(sent, "Another"), 403, "forbidden")
    receipt = site.receipt(sent)
    assert (receipt["may_revise"], receipt["may_withdraw"], receipt["body"]) == (False, True, "Stays")
    assert site.withdraw(sent).status_code == 204


def test_a_window_that_is_changed_later_counts_for_new_replies_alone(site: SiteDriver) -> None:
    before = site.submitted()
    site.change(revise_window=timedelta(0))
    assert site.revise(before, "In time").status_code == 200


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sent", "faults"),
    [
        pytest.param({}, {"body": "required"}, id="nothing"),
        pytest.param({"body": None}, {"body": "required"}, id="null"),
        pytest.param({"body": ["x"]}, {"body": "wrong_type"}, id="a-list"),
        pytest.param({"body": " "}, {"body": "required"}, id="blank"),
        pytest.param({"body": "<b></b>"}, {"body": "required"}, id="only-markup"),
        pytest.param({"body": "a" * 10_001}, {"body": "too_long"}, id="too-long"),
        pytest.param({"body": "\0"}, {"body": "forbidden_character"}, id="nul"),
        pytest.param({"body": "\udfff"}, {"body": "forbidden_character"}, id="a-lone-surrogate"),
        pytest.param({"body": "x", "name": "y"}, {"name": "unknown_field"}, id="another-name"),
        pytest.param({"body": "x", "status": "approved"}, {"status": "unknown_field"}, id="a-status"),
    ],
)
def test_a_revision_that_cannot_be_accepted_changes_nothing(
    site: SiteDriver, sent: dict[str, object], faults: dict[str, str]
) -> None:
    comment = site.submitted(body="Stays")
    assert refused_fields(site.client.patch(path(comment), json=sent)) == faults
    assert (site.receipt(comment)["body"], revisions(site, comment)) == ("Stays", 1)


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "malformed_json", id="not-json"),
        pytest.param(b"body=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type", id="a-form"),
        pytest.param(b" " * 65_537, "application/json", 413, "too_large", id="too-large"),
    ],
)
def test_a_revision_that_cannot_be_read_is_refused(
    site: SiteDriver, data: bytes, content_type: str, status: int, code: str
) -> None:
    sent = site.submitted()
    refused(site.client.patch(path(sent), data=data, content_type=content_type), status, code)
    assert revisions(site, sent) == 1


@pytest.mark.parametrize("action", [None, "approve", "reject", "spam", "delete"])
def test_withdrawing_takes_every_word_away_and_twice_is_the_same_as_once(site: SiteDriver, action: str | None) -> None:
    sent = site.submitted(body="secret words", name="Secret Name")
    if action:
        site.decide(sent["id"], action)
    for _ in range(2):
        response = site.withdraw(sent)
        assert (response.status_code, response.data) == (204, b"")
    receipt = site.client.get(path(sent))
    assert receipt.get_json()["status"] == "deleted"
    assert (receipt.get_json()["may_revise"], receipt.get_json()["may_withdraw"]) == (False, False)
    for seen in (receipt.text, str(site.page()), str(site.opened(sent["id"]))):
        assert "secret" not in seen.lower()
    totals = site.queue()["totals"]
    assert (totals["deleted"], sum(totals.values())) == (1, 1)


def test_a_withdrawn_comment_cannot_be_decided_on(site: SiteDriver) -> None:
    sent = site.submitted()
    site.withdraw(sent)
    refused(site.approve(sent["id"]), 409, "stale_decision")
    assert site.page()["comments"] == []


def test_a_receipt_of_one_comment_opens_no_other(site: SiteDriver) -> None:
    one, other = site.submitted(body="One"), site.submitted(body="Other")
    site.withdraw(one)
    assert site.receipt(other)["status"] == "pending"


def test_the_receipt_page_tells_its_address_to_no_other_page(site: SiteDriver) -> None:
    sent = site.submitted()
    page = site.client.get(f"/receipts/{sent['receipt']['token']}")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert 'content="no-referrer"' in page.text
