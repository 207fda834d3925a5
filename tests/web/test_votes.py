"""POST /v1/comments/{id}/votes: one vote for each reader and comment, given and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from service import create_app
from service.extensions import db
from service.store.models import VoteRow
from service.store.session import reading
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.refusals import refused, refused_fields


def votes_of(site: SiteDriver, sent: dict[str, Any]) -> int:
    """Return how many votes readers see."""
    (votes,) = [comment["votes"] for comment in site.page()["comments"] if comment["id"] == sent["id"]]
    return int(votes)


def test_a_vote_is_counted_and_told(site: SiteDriver) -> None:
    sent = site.published()
    response = site.vote(sent["id"])
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.get_json() == {"id": sent["id"], "votes": 1, "voted": True}
    assert votes_of(site, sent) == site.opened(sent["id"])["votes"] == 1


@pytest.mark.parametrize(("value", "voted"), [(None, True), (1, True), (0, False)])
def test_doing_it_twice_is_the_same_as_once(site: SiteDriver, value: int | None, voted: bool) -> None:
    sent = site.published()
    site.vote(sent["id"], address="192.0.2.7")
    answers = [site.vote(sent["id"], value).get_json() for _ in range(3)]
    assert answers == [{"id": sent["id"], "votes": 1 + voted, "voted": voted}] * 3
    assert votes_of(site, sent) == 1 + voted


def test_a_vote_that_is_taken_back_can_be_given_again(site: SiteDriver) -> None:
    sent = site.published()
    seen = [site.vote(sent["id"], value).get_json()["votes"] for value in (1, 0, 1, 1, 0, 0)]
    assert seen == [1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("one", "other", "votes"),
    [
        pytest.param("192.0.2.1", "192.0.2.2", 2, id="ipv4-neighbours"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2::2", 1, id="ipv6-of-one-64"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:3::1", 2, id="ipv6-of-another-64"),
    ],
)
def test_a_reader_is_a_network(site: SiteDriver, one: str, other: str, votes: int) -> None:
    sent = site.published()
    site.vote(sent["id"], address=one)
    assert site.vote(sent["id"], address=other).get_json()["votes"] == votes


def test_the_network_that_wrote_a_comment_has_a_vote_too(site: SiteDriver) -> None:
    sent = site.published(address="192.0.2.9")
    assert site.vote(sent["id"], address="192.0.2.9").get_json()["votes"] == 1


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sent", "content_type"),
    [
        pytest.param(b"", None, id="nothing-at-all"),
        pytest.param(b"", "application/json", id="no-json"),
        pytest.param(b"", "application/x-www-form-urlencoded", id="an-empty-form"),
        pytest.param(b"", "text/plain", id="no-text"),
        pytest.param(b"{}", "application/json", id="an-empty-object"),
        pytest.param(b'{"value": 1}', "application/json; charset=utf-8", id="one"),
    ],
)
def test_a_vote_needs_no_body(site: SiteDriver, sent: bytes, content_type: str | None) -> None:
    path = f"/v1/comments/{site.published()['id']}/votes"
    assert site.client.post(path, data=sent, content_type=content_type).get_json()["votes"] == 1


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("body", "faults"),
    [
        pytest.param({"value": 2}, {"value": "out_of_range"}, id="two"),
        pytest.param({"value": -1}, {"value": "out_of_range"}, id="minus-one"),
        pytest.param({"value": True}, {"value": "wrong_type"}, id="true"),
        pytest.param({"value": "1"}, {"value": "wrong_type"}, id="text"),
        pytest.param({"value": 0.5}, {"value": "wrong_type"}, id="half"),
        pytest.param({"value": None}, {"value": "required"}, id="null"),
        pytest.param({"value": [1]}, {"value": "wrong_type"}, id="a-list"),
        pytest.param({"votes": 1}, {"votes": "unknown_field"}, id="another-name"),
        pytest.param([1], {"body": "wrong_type"}, id="no-object"),
    ],
)
def test_anything_but_one_and_zero_is_refused_and_changes_nothing(
    site: SiteDriver, body: object, faults: dict[str, str]
) -> None:
    sent = site.published()
    response = site.client.post(f"/v1/comments/{sent['id']}/votes", json=body, headers={"Origin": site.origin})
    assert refused_fields(response) == faults
    assert votes_of(site, sent) == 0


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "malformed_json", id="half-an-object"),
        pytest.param(b"value=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type", id="a-form"),
        pytest.param(b"1", "text/plain", 415, "unsupported_media_type", id="text"),
        pytest.param(b"1" * 70_000, "application/json", 413, "too_large", id="too-much"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    site: SiteDriver, data: bytes, content_type: str, status: int, code: str
) -> None:
    path = f"/v1/comments/{site.published()['id']}/votes"
    refused(site.client.post(path, data=data, content_type=content_type), status, code)


def unpublished(site: SiteDriver) -> dict[str, str]:
    """Return the ids of comments that readers do not see, by what became of them."""
    waiting = site.submitted()
    rejected, spam, deleted, tombstone, taken_down = (site.published(body=f"Comment {n}") for n in range(5))
    site.published(parent_id=tombstone["id"])
    decisions = ((rejected, "reject"), (spam, "spam"), (deleted, "delete"), (tombstone, "delete"))
    for sent, action in decisions:
        assert site.decide(sent["id"], action).status_code == 201
    site.withdraw(taken_down)
    return {
        "pending": waiting["id"],
        "rejected": rejected["id"],
        "spam": spam["id"],
        "deleted": deleted["id"],
        "a tombstone": tombstone["id"],
        "withdrawn": taken_down["id"],
        "one that never was": str(uuid4()),
        "of no version": "00000000-0000-0000-0000-000000000000",
    }


def test_what_readers_do_not_see_has_no_votes_and_no_flags_and_all_of_it_looks_alike(free_site: SiteDriver) -> None:
    answers = []
    for what, comment_id in unpublished(free_site).items():
        for origin in (free_site.origin, "https://any.example"):
            for response in (
                free_site.vote(comment_id, headers={"Origin": origin}),
                free_site.vote(comment_id, 0, headers={"Origin": origin}),
                free_site.vote(comment_id, 7, headers={"Origin": origin}),
                free_site.vote(comment_id, headers=free_site.bearer | {"Origin": origin}),
                free_site.flag(comment_id, headers={"Origin": origin}),
                free_site.flag(comment_id, "", headers={"Origin": origin}),
            ):
                refused(response, 404, "not_found")
                assert response.headers["Access-Control-Allow-Origin"] == "*", what
                answers.append((response.data, sorted(set(response.headers) - {_request_id(response)})))
    assert all(answer == answers[0] for answer in answers)
    assert refused(free_site.client.post("/v1/comments/nothing/votes"), 404, "not_found")


def _request_id(response: Any) -> tuple[str, str]:
    return ("X-Request-Id", response.headers["X-Request-Id"])


def test_a_comment_that_is_restored_has_the_votes_it_had(site: SiteDriver) -> None:
    sent = site.published()
    site.vote(sent["id"])
    site.decide(sent["id"], "reject")
    site.decide(sent["id"], "restore")
    assert site.vote(sent["id"]).get_json() == {"id": sent["id"], "votes": 1, "voted": True}


def test_a_comment_with_an_edit_under_review_is_voted_for_as_before(free_site: SiteDriver) -> None:
    sent = free_site.published()
    free_site.revise(sent, "Better")
    before = free_site.opened(sent["id"])["version"]
    assert free_site.vote(sent["id"]).get_json()["votes"] == 1
    assert free_site.opened(sent["id"])["version"] == before, "a moderator's decision is not too late because of a vote"
    assert free_site.approve(sent["id"], revision=2).status_code == 201
    assert votes_of(free_site, sent) == 1


def test_most_votes_first_follows_the_votes(free_site: SiteDriver) -> None:
    first, second, third = (free_site.published(body=f"Comment {n}") for n in range(3))
    before = free_site.client.get("/v1/comments", query_string={"site": free_site.slug, "article": free_site.article})
    for number in range(2):
        free_site.vote(third["id"], address=f"192.0.2.{number}")
    free_site.vote(second["id"])
    assert [c["id"] for c in free_site.page(sort="top")["comments"]] == [third["id"], second["id"], first["id"]]
    for number in range(2):
        free_site.vote(third["id"], 0, address=f"192.0.2.{number}")
    assert [c["id"] for c in free_site.page(sort="top")["comments"]] == [second["id"], first["id"], third["id"]]
    again = free_site.client.get(
        "/v1/comments",
        query_string={"site": free_site.slug, "article": free_site.article},
        headers={"If-None-Match": before.headers["ETag"]},
    )
    assert again.status_code == 200, "a page with another number of votes is another page"


def test_a_withdrawn_comment_forgets_who_voted_for_it(site: SiteDriver) -> None:
    sent = site.published()
    site.vote(sent["id"])
    site.withdraw(sent)
    with site.app.app_context(), reading():
        assert db.session.query(VoteRow).filter(VoteRow.comment_id == UUID(sent["id"])).count() == 0


def test_a_token_of_another_site_may_not_vote_or_flag(app: Flask, site: SiteDriver) -> None:
    sent, elsewhere = site.published(), make_site(app)
    refused(site.vote(sent["id"], headers=elsewhere.bearer), 403, "forbidden")
    refused(site.flag(sent["id"], headers=elsewhere.bearer), 403, "forbidden")
    refused(site.vote(sent["id"], headers={"Authorization": "Bearer pb_x"}), 401, "unauthenticated")
    assert votes_of(site, sent) == 0


def test_a_vote_is_known_as_its_reader_s_after_the_key_is_changed(
    site: SiteDriver, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    sent, kept = site.published(), site.published()
    for comment in (sent, kept):
        site.vote(comment["id"])
        site.flag(comment["id"])
    old = "a secret that only the tests know"
    app = create_app(
        settings_for(database_url, redis_url, tmp_path, secret_key="another secret", secret_key_fallbacks=(old,))
    )
    rotated = SiteDriver(app, site.slug, site.origin, site.token, site.article)
    assert rotated.vote(kept["id"]).get_json()["votes"] == 1
    assert rotated.flag(kept["id"]).status_code == 200
    assert rotated.vote(sent["id"], 0).get_json() == {"id": sent["id"], "votes": 0, "voted": False}
    with app.app_context():
        db.engine.dispose()
