"""Several decisions at once, and taking them back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from tests.driver import SiteDriver, codes, make_site
from tests.store.ledger import discrepancies

BATCH = "/v1/moderation/decisions"


def together(site: SiteDriver, *decisions: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
    """Send decisions together."""
    return site.client.post(BATCH, json={"decisions": list(decisions)}, headers=headers or site.bearer)


def on(comment_id: str, action: str = "approve", **fields: Any) -> dict[str, Any]:
    """Return one decision; revision 1 unless another is given."""
    return {"comment_id": comment_id, "action": action, "revision": 1} | fields


def undo(site: SiteDriver, batch_id: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Take a batch back."""
    return site.client.post(f"/v1/moderation/batches/{batch_id}/undo", headers=headers or site.bearer)


def statuses(answer: TestResponse) -> list[int]:
    """Return the status of each result."""
    return [result["status"] for result in answer.get_json()["results"]]


def test_a_hundred_are_decided_together_and_each_is_answered(free_site: SiteDriver) -> None:
    sent = [free_site.submitted()["id"] for _ in range(100)]
    answer = together(free_site, *(on(one, "approve" if place % 2 else "reject") for place, one in enumerate(sent)))
    assert answer.status_code == 200
    assert statuses(answer) == [201] * 100
    assert [result["comment_id"] for result in answer.get_json()["results"]] == sent
    batch_id = answer.get_json()["batch_id"]
    assert {result["decided"]["decision"]["batch_id"] for result in answer.get_json()["results"]} == {batch_id}
    assert {one["id"] for one in free_site.page(limit=100)["comments"]} == set(sent[1::2])
    assert free_site.queue()["totals"] == {"pending": 0, "approved": 50, "rejected": 50, "spam": 0, "deleted": 0}
    assert discrepancies(free_site.app, free_site.slug) == []


def test_replies_and_what_they_answer_can_be_decided_in_one_batch(free_site: SiteDriver) -> None:
    root = free_site.published()
    replies = [free_site.published(parent_id=root["id"]) for _ in range(2)]
    below = free_site.submitted(parent_id=replies[0]["id"])
    answer = together(
        free_site,
        on(root["id"], "delete"),
        on(replies[0]["id"], "spam"),
        on(below["id"], "approve"),
        on(replies[1]["id"], "reject"),
    )
    assert statuses(answer) == [201] * 4
    shown = [(comment["id"], comment["deleted"]) for comment in free_site.page()["comments"]]
    assert shown == [(root["id"], True), (replies[0]["id"], True), (below["id"], False)]
    assert discrepancies(free_site.app, free_site.slug) == []


def test_what_cannot_be_decided_is_refused_by_itself_and_the_rest_is_done(app: Flask, free_site: SiteDriver) -> None:
    fine, decided, edited = (free_site.submitted() for _ in range(3))
    free_site.decide(decided["id"], "spam", headers=free_site.another_token())
    free_site.revise(edited, "Another text.")
    foreign = make_site(app, limits="off").submitted()
    answer = together(
        free_site,
        on(decided["id"]),
        on(edited["id"]),
        on(foreign["id"]),
        on(str(uuid4())),
        on(fine["id"], version=1),
        on(free_site.submitted()["id"], "restore"),
        on(free_site.submitted()["id"], "reject", reason_id=str(uuid4())),
    )
    assert statuses(answer) == [409, 409, 404, 404, 201, 422, 422]
    results = answer.get_json()["results"]
    assert results[0]["problem"]["code"] == "stale_decision"
    assert results[0]["problem"]["decision"]["moderator"] == "Noor"
    assert results[6]["problem"]["errors"][0]["code"] == "unknown_reason"
    assert [bool(result["decided"]) for result in results] == [False] * 4 + [True, False, False]
    assert discrepancies(free_site.app, free_site.slug) == []


@pytest.mark.parametrize(("count", "code"), [(0, "out_of_range"), (101, "out_of_range")], ids=["none", "one too many"])
def test_a_batch_is_from_one_to_a_hundred(site: SiteDriver, count: int, code: str) -> None:
    refused = together(site, *(on(str(uuid4())) for _ in range(count)))
    assert (refused.status_code, codes(refused)) == (422, {"decisions": code})


def test_a_comment_is_decided_once_in_a_batch(site: SiteDriver) -> None:
    sent = site.submitted()["id"]
    refused = together(site, on(sent), on(sent, "spam"))
    assert (refused.status_code, codes(refused)) == (422, {"decisions": "repeated"})
    assert site.opened(sent)["version"] == 1


def test_words_that_cannot_be_kept_are_named_with_their_place_and_nothing_is_decided(site: SiteDriver) -> None:
    first, second = site.submitted()["id"], site.submitted()["id"]
    refused = together(site, on(first), on(second, "reject", reason="x" * 501, note="y" * 2001))
    assert refused.status_code == 422
    assert codes(refused) == {"decisions.1.reason": "too_long", "decisions.1.note": "too_long"}
    assert site.opened(first)["status"] == "pending"


@pytest.mark.parametrize("action", ["approve", "reject", "spam"])
def test_a_decision_that_is_taken_back_leaves_everything_as_it_was(free_site: SiteDriver, action: str) -> None:
    sent = free_site.submitted()
    before = free_site.opened(sent["id"])
    batch_id = free_site.decide(sent["id"], action, reason="Off the subject.").get_json()["decision"]["batch_id"]
    answer = undo(free_site, batch_id)
    assert statuses(answer) == [201]
    after = free_site.opened(sent["id"])
    changing = {"version", "decisions"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert [decision["action"] for decision in after["decisions"]] == [action, f"undo {action}"]
    assert free_site.page()["comments"] == []
    assert [item["id"] for item in free_site.queue(reason="policy")["comments"]] == [sent["id"]]
    assert free_site.receipt(sent)["reason"] is None
    assert discrepancies(free_site.app, free_site.slug) == []


def test_taking_back_what_took_a_comment_down_puts_it_up_as_it_was(free_site: SiteDriver) -> None:
    sent = free_site.published()
    before = free_site.page()["comments"]
    batch_id = free_site.decide(sent["id"], "spam").get_json()["decision"]["batch_id"]
    assert free_site.page()["comments"] == []
    undo(free_site, batch_id)
    assert free_site.page()["comments"] == before
    assert discrepancies(free_site.app, free_site.slug) == []


def test_taking_back_the_approval_of_an_edit_shows_the_earlier_text_again(free_site: SiteDriver) -> None:
    sent = free_site.published(body="The first text.")
    free_site.revise(sent, "The second text.")
    before = free_site.page()["comments"]
    batch_id = free_site.approve(sent["id"], 2).get_json()["decision"]["batch_id"]
    assert "second" in free_site.page()["comments"][0]["body_html"]
    undo(free_site, batch_id)
    assert free_site.page()["comments"] == before
    assert free_site.opened(sent["id"])["edit"]["from_revision"] == 1


def test_of_a_batch_only_what_has_not_changed_since_is_taken_back(free_site: SiteDriver) -> None:
    kept, changed, edited, gone = (free_site.submitted() for _ in range(4))
    answer = together(free_site, *(on(sent["id"]) for sent in (kept, changed, edited)), on(gone["id"], "delete"))
    free_site.decide(changed["id"], "spam")
    free_site.revise(edited, "Another text.")
    undone = undo(free_site, answer.get_json()["batch_id"], free_site.another_token())
    assert statuses(undone) == [201, 409, 409, 422]
    problems = [result["problem"] for result in undone.get_json()["results"]]
    assert problems[1]["decision"]["action"] == "spam"
    assert problems[3]["errors"][0]["code"] == "not_undoable"
    assert free_site.opened(kept["id"])["status"] == "pending"
    assert free_site.opened(kept["id"])["decisions"][-1]["moderator"] == "Noor"
    assert discrepancies(free_site.app, free_site.slug) == []


def test_a_batch_is_taken_back_once_and_the_undoing_is_no_batch_of_decisions(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    batch_id = free_site.approve(sent["id"]).get_json()["decision"]["batch_id"]
    undone = undo(free_site, batch_id)
    again = undo(free_site, batch_id)
    assert statuses(again) == [409]
    assert "took back `approve`" in again.get_json()["results"][0]["problem"]["detail"]
    assert undo(free_site, undone.get_json()["batch_id"]).status_code == 404


def test_a_batch_that_is_unknown_or_of_another_site_is_not_found(app: Flask, free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    batch_id = free_site.approve(sent["id"]).get_json()["decision"]["batch_id"]
    other = make_site(app)
    for refused in (undo(free_site, str(uuid4())), undo(other, batch_id)):
        assert (refused.status_code, refused.get_json()["code"]) == (404, "not_found")
    assert free_site.opened(sent["id"])["status"] == "approved"


def test_eight_moderators_decide_on_everything_exactly_once(app: Flask) -> None:
    site = make_site(app, limits="off")
    roots = [site.published()["id"] for _ in range(4)]
    waiting = [site.submitted(parent_id=roots[number % 4])["id"] for number in range(40)]
    tokens = [site.another_token(Scope.MODERATE, name=f"Moderator {number}") for number in range(8)]

    def work(number: int) -> list[int]:
        own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
        answered = []
        # Everybody goes through the whole queue, each from another place and in another order.
        order = waiting[number * 5 :] + waiting[: number * 5]
        order = order[::-1] if number % 2 else order
        for start in range(0, 40, 10):
            batch = [on(one, ("approve", "reject", "spam")[number % 3]) for one in order[start : start + 10]]
            answered += statuses(together(own, *batch, headers=tokens[number]))
        return answered

    with ThreadPoolExecutor(8) as moderators:
        answers = [status for own in moderators.map(work, range(8)) for status in own]
    assert (answers.count(201), answers.count(409)) == (40, 280)
    assert all(len(site.opened(one)["decisions"]) == 1 for one in waiting)
    assert discrepancies(app, site.slug) == []
