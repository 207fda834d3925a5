"""A decision that is sent twice, by a client that never saw the first answer, is carried out once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver import SiteDriver
from tests.refusals import refused
from tests.store.ledger import discrepancies

BATCH = "/v1/moderation/decisions"


def test_the_rejection_of_an_edit_sent_twice_leaves_the_approved_text_up(free_site: SiteDriver) -> None:
    sent = free_site.published(body="The text that was approved.")
    free_site.revise(sent, "An edit that is worse.")
    rejection = {"decisions": [{"comment_id": sent["id"], "action": "reject", "revision": 2}]}
    first, second = (free_site.client.post(BATCH, json=rejection, headers=free_site.bearer) for _ in range(2))
    assert [result["status"] for result in first.get_json()["results"]] == [201]
    problem = second.get_json()["results"][0]["problem"]
    assert (problem["code"], problem["current"]["status"]) == ("stale_decision", "approved")
    assert problem["decision"]["moderator"] == "Mira"
    assert "The text that was approved." in free_site.page()["comments"][0]["body_html"]
    assert discrepancies(free_site.app, free_site.slug) == []


@pytest.mark.parametrize("named", [{"revision": 1}, {"revision": 2, "version": 4}], ids=["its revision", "the version"])
def test_whoever_names_what_readers_see_takes_it_down_after_that(free_site: SiteDriver, named: dict[str, Any]) -> None:
    sent = free_site.published()
    free_site.revise(sent, "An edit that is worse.")
    assert free_site.decide(sent["id"], "reject", revision=2).get_json()["version"] == 4
    assert free_site.decide(sent["id"], "reject", **named).get_json()["status"] == "rejected"
    assert free_site.page()["comments"] == []


@pytest.mark.parametrize("action", ["approve", "reject", "spam", "delete"])
def test_every_decision_sent_twice_is_told_who_made_it(site: SiteDriver, action: str) -> None:
    sent = site.submitted()["id"]
    assert site.decide(sent, action).status_code == 201
    problem = refused(site.decide(sent, action), 409, "stale_decision")
    assert (problem["decision"]["action"], problem["decision"]["moderator"]) == (action, "Mira")
    assert len(site.opened(sent)["decisions"]) == 1


def test_what_was_approved_before_readers_reported_it_can_be_approved_again(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.flagged(sent["id"], "spam", "abuse", "other")
    assert free_site.opened(sent["id"])["status"] == "pending"
    assert free_site.approve(sent["id"]).status_code == 201
