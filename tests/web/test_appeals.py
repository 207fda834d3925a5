"""An author whose reply was turned down asks for another look: once, in a sentence, and it waits again, marked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields
from tests.store.ledger import discrepancies

WORDS = "The quarry is named in the article itself, in its third paragraph."


def appeal(site: SiteDriver, sent: dict[str, Any], text: str = WORDS) -> TestResponse:
    return site.client.post(f"/v1/receipts/{sent['receipt']['token']}/appeal", json={"text": text})


def signals(site: SiteDriver, sent: dict[str, Any]) -> dict[str, str]:
    return {signal["name"]: signal["detail"] for signal in site.opened(sent["id"])["signals"]}


@pytest.fixture(params=["reject", "spam"])
def turned_down(request: pytest.FixtureRequest, site: SiteDriver) -> dict[str, Any]:
    sent = site.submitted(body="What about the *quarry*?")
    site.decide(sent["id"], request.param, reason="Off topic")
    return sent


def test_what_was_turned_down_waits_again_with_its_author_s_words(
    site: SiteDriver, turned_down: dict[str, Any]
) -> None:
    assert site.receipt(turned_down)["may_appeal"] is True
    answer = appeal(site, turned_down)
    receipt = answer.get_json()
    assert answer.status_code == 200
    assert (receipt["status"], receipt["reason"], receipt["may_appeal"]) == ("pending", None, False)
    assert receipt["appealed_at"]
    assert "RateLimit" in answer.headers
    [waiting] = site.queue(reason="appealed")["comments"]
    assert (waiting["id"], waiting["status"], waiting["revision"]) == (turned_down["id"], "pending", 1)
    assert signals(site, turned_down)["appealed"] == WORDS
    assert site.page()["comments"] == []
    assert discrepancies(site.app, site.slug) == []


def test_a_person_decides_and_there_is_no_second_time(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    appeal(site, turned_down)
    with nothing_stored(site):
        told = refused(appeal(site, turned_down, "Once more"), 403, "forbidden")
    assert "once" in told["detail"]
    site.decide(turned_down["id"], "reject", reason="Still off topic")
    receipt = site.receipt(turned_down)
    assert (receipt["status"], receipt["reason"], receipt["may_appeal"]) == ("rejected", "Still off topic", False)
    refused(appeal(site, turned_down), 403, "forbidden")
    assert site.queue(reason="appealed")["comments"] == []


def test_an_appeal_that_is_granted_publishes_what_was_written(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    appeal(site, turned_down)
    assert site.approve(turned_down["id"]).status_code == 201
    assert [comment["id"] for comment in site.page()["comments"]] == [turned_down["id"]]
    assert site.receipt(turned_down)["may_appeal"] is False


def test_the_log_knows_of_it_and_not_its_words(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    appeal(site, turned_down)
    log = site.client.get("/v1/moderation/log?kind=appeal", headers=site.bearer)
    [entry] = log.get_json()["entries"]
    assert (entry["action"], entry["actor_kind"], entry["to_status"]) == ("appeal", "author", "pending")
    assert "quarry" not in log.text


def test_a_decision_that_was_appealed_cannot_be_taken_back(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    batch = site.opened(turned_down["id"])["decisions"][0]["batch_id"]
    appeal(site, turned_down)
    undone = site.client.post(f"/v1/moderation/batches/{batch}/undo", headers=site.bearer).get_json()
    assert "stale_decision" in str(undone)
    assert site.receipt(turned_down)["status"] == "pending"


def test_withdrawing_takes_the_words_of_the_appeal_away_too(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    appeal(site, turned_down)
    assert site.withdraw(turned_down).status_code == 204
    assert "paragraph" not in str(site.opened(turned_down["id"]))


def test_of_two_at_the_same_moment_one_counts(site: SiteDriver, turned_down: dict[str, Any]) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: appeal(site, turned_down).status_code, range(2)))
    assert sorted(answers) == [200, 403]
    assert len(site.opened(turned_down["id"])["decisions"]) == 1


def test_a_rejected_edit_waits_again_and_what_readers_see_stays(site: SiteDriver) -> None:
    sent = site.published(body="The first text")
    site.revise(sent, "The second text")
    site.decide(sent["id"], "reject", revision=2)
    assert appeal(site, sent).get_json()["status"] == "pending"
    assert site.page()["comments"][0]["body_html"] == "<p>The first text</p>"
    assert site.approve(sent["id"], 2).status_code == 201
    assert site.page()["comments"][0]["body_html"] == "<p>The second text</p>"


@pytest.mark.parametrize("action", [None, "approve", "delete"])
def test_what_nobody_turned_down_has_nothing_to_appeal_against(site: SiteDriver, action: str | None) -> None:
    sent = site.submitted()
    if action:
        site.decide(sent["id"], action)
    assert site.receipt(sent)["may_appeal"] is False
    with nothing_stored(site):
        refused(appeal(site, sent), 403, "forbidden")


def test_what_only_the_screening_calls_spam_seems_to_wait_and_learns_nothing(site: SiteDriver) -> None:
    site.rule("word", "spam", "casino")
    sent = site.submitted(body="A casino")
    waits = site.submitted(body="A harbour", email="other@example.org")
    assert site.receipt(sent)["may_appeal"] is site.receipt(waits)["may_appeal"] is False
    assert refused(appeal(site, sent), 403, "forbidden") == refused(appeal(site, waits), 403, "forbidden")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ({}, {"text": "required"}),
        ({"text": " \n"}, {"text": "required"}),
        ({"text": "a" * 501}, {"text": "too_long"}),
        ({"text": "\0"}, {"text": "forbidden_character"}),
        ({"text": 1}, {"text": "wrong_type"}),
        ({"text": "x", "body": "y"}, {"body": "unknown_field"}),
    ],
    ids=str,
)
def test_words_that_cannot_be_taken_are_named(site: SiteDriver, said: dict[str, Any], faults: dict[str, str]) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "reject")
    answer = site.client.post(f"/v1/receipts/{sent['receipt']['token']}/appeal", json=said)
    assert refused_fields(answer) == faults
    assert site.receipt(sent)["may_appeal"] is True


@ON_SQLITE_ALONE
def test_a_receipt_that_was_never_given_out_opens_nothing(site: SiteDriver) -> None:
    refused(site.client.post("/v1/receipts/pbr_nothing/appeal", json={"text": WORDS}), 404, "not_found")


@ON_SQLITE_ALONE
def test_the_page_offers_it_keeps_what_was_typed_and_says_that_it_is_looked_at(site: SiteDriver) -> None:
    sent = site.submitted()
    site.decide(sent["id"], "reject", reason="Off topic")
    address = f"/receipts/{sent['receipt']['token']}"
    assert "Ask for another look" in site.client.get(address).text
    refusal = site.client.post(f"{address}?lang=de", data={"action": "appeal", "text": "<b>" + "a" * 500})
    assert refusal.status_code == 422
    assert "&lt;b&gt;aaa" in refusal.text
    assert "500 Zeichen" in refusal.text
    done = site.client.post(address, data={"action": "appeal", "text": WORDS})
    assert (done.status_code, done.headers["Location"].rpartition("/receipts/")[2]) == (303, address.rpartition("/")[2])
    shown = site.client.get(address).text
    assert "Your reply is being looked at again." in shown
    assert "Ask for another look" not in shown
    again = site.client.post(address, data={"action": "appeal", "text": "Words of a second time"})
    assert again.status_code == 403
    assert "Words of a second time" in again.text


@ON_SQLITE_ALONE
def test_a_policy_that_publishes_at_once_does_not_publish_an_appeal(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.NONE)
    sent = free_site.submitted()
    free_site.decide(sent["id"], "reject")
    assert appeal(free_site, sent).get_json()["status"] == "pending"
    assert free_site.page()["comments"] == []
