"""A moderator decides: every action, decisions that come too late, and two at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, codes, make_site

ROUNDS = 12


@pytest.mark.parametrize(
    ("actions", "status", "is_public"),
    [
        (["approve"], "approved", True),
        (["reject"], "rejected", False),
        (["spam"], "spam", False),
        (["delete"], "deleted", False),
        (["approve", "reject"], "rejected", False),
        (["approve", "spam"], "spam", False),
        (["approve", "delete"], "deleted", False),
        (["reject", "restore"], "approved", True),
        (["spam", "restore"], "approved", True),
        (["spam", "delete"], "deleted", False),
        (["approve", "reject", "restore", "spam", "restore"], "approved", True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_every_action_leads_where_it_says(
    free_site: SiteDriver, actions: list[str], status: str, is_public: bool
) -> None:
    sent = free_site.submitted()
    for action in actions:
        decided = free_site.decide(sent["id"], action)
        assert decided.status_code == 201, decided.text
    answer = decided.get_json()
    assert answer["status"] == free_site.receipt(sent)["status"] == status
    assert answer["version"] == 1 + len(actions)
    assert answer["decision"]["action"] == actions[-1]
    assert answer["decision"]["moderator"] == "Mira"
    assert [c["id"] for c in free_site.page()["comments"]] == ([sent["id"]] if is_public else [])
    assert [d["action"] for d in free_site.opened(sent["id"])["decisions"]] == actions


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"action": "publish"}, {"action": "not_a_choice"}),
        ({"action": None}, {"action": "required"}),
        ({"action": 1}, {"action": "not_a_choice"}),
        ({"revision": 0}, {"revision": "out_of_range"}),
        ({"revision": -1}, {"revision": "out_of_range"}),
        ({"revision": 2**31}, {"revision": "out_of_range"}),
        ({"revision": 10**400}, {"revision": "out_of_range"}),
        ({"revision": "1"}, {"revision": "wrong_type"}),
        ({"revision": 1.5}, {"revision": "wrong_type"}),
        ({"revision": True}, {"revision": "wrong_type"}),
        ({"revision": None}, {"revision": "required"}),
        ({"version": 0}, {"version": "out_of_range"}),
        ({"version": "x"}, {"version": "wrong_type"}),
        ({"reason": "x" * (REASON_MAX + 1)}, {"reason": "too_long"}),
        ({"reason": 5}, {"reason": "wrong_type"}),
        ({"reason": "a\0b"}, {"reason": "forbidden_character"}),
        ({"note": "x" * (NOTE_MAX + 1)}, {"note": "too_long"}),
        ({"note": "\ud800"}, {"note": "forbidden_character"}),
        ({"reason": "x" * 501, "note": "x" * 2001}, {"reason": "too_long", "note": "too_long"}),
        ({"because": "spam"}, {"because": "unknown_field"}),
        ({"action": "restore"}, {"action": "not_offered"}),
    ],
    ids=lambda value: str(value)[:40] if "code" not in str(value) else "",
)
def test_a_decision_that_cannot_be_read_changes_nothing(
    free_site: SiteDriver, fields: dict[str, Any], wrong: dict[str, str]
) -> None:
    sent = free_site.submitted()
    refused = free_site.decide(sent["id"], **({"action": "reject"} | fields))
    assert refused.status_code == 422
    assert codes(refused) == wrong
    opened = free_site.opened(sent["id"])
    assert (opened["status"], opened["version"], opened["decisions"]) == ("pending", 1, [])


def test_a_decision_without_a_revision_is_refused(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    refused = free_site.client.post(
        f"/v1/moderation/comments/{sent['id']}/decisions", json={"action": "approve"}, headers=free_site.bearer
    )
    assert codes(refused) == {"revision": "required"}
    assert free_site.page()["comments"] == []


def test_reason_and_note_may_be_as_long_as_allowed(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    assert free_site.decide(sent["id"], "reject", reason="é" * REASON_MAX, note="é" * NOTE_MAX).status_code == 201


def test_the_author_reads_the_reason_and_never_the_note(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    free_site.decide(sent["id"], "reject", reason="Please stay\non topic", note="third time this week")
    assert free_site.receipt(sent)["reason"] == "Please stay on topic"
    api = free_site.client.get(f"/v1/receipts/{sent['receipt']['token']}").text
    page = free_site.client.get(f"/receipts/{sent['receipt']['token']}").text
    assert "Please stay on topic" in page
    assert "third time" not in api + page
    (decision,) = free_site.opened(sent["id"])["decisions"]
    assert (decision["reason"], decision["note"]) == ("Please stay on topic", "third time this week")


def test_a_restored_comment_has_lost_its_reason(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    free_site.decide(sent["id"], "reject", reason="A mistake")
    free_site.decide(sent["id"], "restore")
    assert free_site.receipt(sent)["reason"] is None


def test_rejecting_an_edit_keeps_the_approved_text_and_tells_the_author_why(free_site: SiteDriver) -> None:
    sent = free_site.published(body="Approved words")
    free_site.revise(sent, "Worse words")
    decided = free_site.decide(sent["id"], "reject", revision=2, reason="Worse than before")
    answer = decided.get_json()
    assert (answer["status"], answer["revision"], answer["published_revision"]) == ("approved", 2, 1)
    (comment,) = free_site.page()["comments"]
    assert (comment["body_html"], comment["edited_at"]) == ("<p>Approved words</p>", None)
    assert free_site.receipt(sent)["reason"] == "Worse than before"
    assert free_site.queue()["comments"] == []


def test_a_deleted_comment_takes_no_decision_and_says_who_deleted_it(free_site: SiteDriver) -> None:
    by_moderator, by_author = free_site.submitted(), free_site.submitted()
    free_site.decide(by_moderator["id"], "delete")
    free_site.withdraw(by_author)
    for sent, who in [(by_moderator, "Mira"), (by_author, "the author")]:
        for action in ("approve", "reject", "spam", "delete", "restore"):
            refused = free_site.decide(sent["id"], action)
            assert refused.status_code == 409
            assert refused.get_json()["code"] == "stale_decision"
            assert refused.get_json()["decision"]["moderator"] == who
            assert refused.get_json()["decision"]["action"] == "delete"
            assert refused.get_json()["current"]["status"] == "deleted"


def test_an_unknown_comment_and_one_of_another_site_are_the_same_404(app: Flask, free_site: SiteDriver) -> None:
    elsewhere = make_site(app).submitted()
    answers = [free_site.decide(str(uuid4()), "approve"), free_site.decide(elsewhere["id"], "approve")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].get_json() == answers[1].get_json()


def test_what_another_person_decided_is_changed_only_by_who_has_seen_it(free_site: SiteDriver) -> None:
    sent = free_site.published()
    noor = free_site.another_token()
    blind = free_site.decide(sent["id"], "reject", headers=noor)
    assert blind.status_code == 409
    seen = blind.get_json()["current"]["version"]
    assert free_site.decide(sent["id"], "reject", headers=noor, version=seen).status_code == 201
    assert free_site.decide(sent["id"], "spam").status_code == 409, "Mira has not seen what Noor did"


def test_a_moderator_may_change_their_own_mind(free_site: SiteDriver) -> None:
    sent = free_site.published()
    assert free_site.decide(sent["id"], "reject").status_code == 201


def test_what_the_policy_published_may_be_taken_down_by_the_first_who_looks(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.NONE)
    sent = free_site.submitted()
    assert sent["status"] == "approved"
    assert free_site.decide(sent["id"], "spam").status_code == 201
    assert free_site.page()["comments"] == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("approve", "approve"), ("approve", "reject"), ("reject", "spam"), ("delete", "approve")],
    ids=lambda action: str(action),
)
def test_of_two_decisions_at_the_same_moment_one_is_carried_out_and_the_other_learns_of_it(
    app: Flask, free_site: SiteDriver, first: str, second: str
) -> None:
    noor = free_site.another_token()
    for _ in range(ROUNDS):
        sent = free_site.submitted()
        began = datetime.now(UTC)
        answers = _at_once(app, sent["id"], [(free_site.bearer, first), (noor, second)])
        assert sorted(answer.status_code for answer in answers) == [201, 409], [a.text for a in answers]
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        made, told = won.get_json()["decision"], lost.get_json()
        assert told["code"] == "stale_decision"
        assert told["decision"]["moderator"] == made["moderator"] == ("Mira" if won is answers[0] else "Noor")
        assert told["decision"]["action"] == made["action"]
        assert told["decision"]["decided_at"] == made["decided_at"]
        assert told["current"] == {k: won.get_json()[k] for k in ("status", "revision", "version")}
        assert made["moderator"] in told["detail"]
        decided_at = datetime.fromisoformat(made["decided_at"])
        assert began - timedelta(milliseconds=1) <= decided_at <= datetime.now(UTC)
        assert len(free_site.opened(sent["id"])["decisions"]) == 1


def _at_once(app: Flask, comment_id: str, decisions: list[tuple[dict[str, str], str]]) -> list[TestResponse]:
    barrier = threading.Barrier(len(decisions))

    def decide(headers: dict[str, str], action: str) -> TestResponse:
        barrier.wait(timeout=10)
        return app.test_client().post(
            f"/v1/moderation/comments/{comment_id}/decisions", json={"action": action, "revision": 1}, headers=headers
        )

    with ThreadPoolExecutor(len(decisions)) as pool:
        return [done.result() for done in [pool.submit(decide, *decision) for decision in decisions]]


def test_a_revision_that_was_never_written_is_refused_with_the_one_that_is(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    answer = free_site.approve(sent["id"], revision=99)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "stale_decision")
    assert answer.get_json()["current"]["revision"] == 1
    assert free_site.page()["comments"] == []


def test_an_edit_rejected_by_mistake_can_be_restored(free_site: SiteDriver) -> None:
    sent = free_site.published(body="As it was")
    free_site.revise(sent, "As it is")
    assert free_site.decide(sent["id"], "reject", revision=2).status_code == 201
    assert free_site.page()["comments"][0]["body_html"] == "<p>As it was</p>"
    assert "restore" in free_site.opened(sent["id"])["actions"]
    assert free_site.decide(sent["id"], "restore", revision=2).status_code == 201
    assert free_site.page()["comments"][0]["body_html"] == "<p>As it is</p>"


def test_an_edit_that_is_restored_bears_the_mark_of_an_edit(free_site: SiteDriver) -> None:
    sent = free_site.published(body="First")
    free_site.revise(sent, "Second")
    assert free_site.decide(sent["id"], "spam", revision=2).status_code == 201
    assert free_site.decide(sent["id"], "restore", revision=2).status_code == 201
    (comment,) = free_site.page()["comments"]
    assert comment["body_html"] == "<p>Second</p>"
    assert comment["edited_at"] is not None
