"""Colleagues see who is on a comment, and what others have noted."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from service import create_app
from service.domain.permissions import Scope
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, codes, make_site


def claim(site: SiteDriver, comment_id: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Claim a comment."""
    return site.client.put(f"/v1/moderation/comments/{comment_id}/claim", headers=headers or site.bearer)


def release(site: SiteDriver, comment_id: str, headers: dict[str, str] | None = None) -> TestResponse:
    """End a claim."""
    return site.client.delete(f"/v1/moderation/comments/{comment_id}/claim", headers=headers or site.bearer)


def note(site: SiteDriver, comment_id: str, **fields: str) -> TestResponse:
    """Leave a note."""
    return site.client.post(f"/v1/moderation/comments/{comment_id}/notes", json=fields, headers=site.bearer)


def test_a_claim_is_seen_by_colleagues_and_renewed_by_its_holder(site: SiteDriver) -> None:
    sent = site.submitted()["id"]
    taken = claim(site, sent)
    assert (taken.status_code, taken.get_json()["moderator"], taken.get_json()["mine"]) == (200, "Mira", True)
    assert claim(site, sent).get_json()["until"] > taken.get_json()["until"]
    seen = site.client.get("/v1/moderation/comments", headers=site.another_token()).get_json()["comments"][0]["claim"]
    assert (seen["moderator"], seen["mine"]) == ("Mira", False)
    assert site.opened(sent)["claim"]["mine"] is True


def test_whoever_comes_second_is_told_who_is_on_it_and_until_when(site: SiteDriver) -> None:
    sent = site.submitted()["id"]
    until = claim(site, sent).get_json()["until"]
    other = site.another_token(Scope.MODERATE)
    for refused in (
        claim(site, sent, other),
        site.decide(sent, "approve", headers=other),
        release(site, sent, other),
    ):
        problem = refused.get_json()
        assert (refused.status_code, problem["code"]) == (409, "claimed")
        assert problem["claim"] == {"moderator": "Mira", "until": until}
        assert "Mira" in problem["detail"]
    assert site.opened(sent)["status"] == "pending"
    assert site.approve(sent).status_code == 201


def test_a_claim_ends_with_its_release_or_the_decision(site: SiteDriver) -> None:
    first, second = site.submitted()["id"], site.submitted()["id"]
    other = site.another_token(Scope.MODERATE)
    claim(site, first)
    assert (release(site, first).status_code, release(site, first).status_code) == (204, 204)
    assert claim(site, first, other).status_code == 200
    claim(site, second)
    site.decide(second, "spam")
    assert claim(site, second, other).status_code == 200


def test_an_admin_can_end_a_colleague_s_claim(site: SiteDriver) -> None:
    sent = site.submitted()["id"]
    claim(site, sent, site.another_token(Scope.MODERATE))
    assert release(site, sent).status_code == 204
    assert claim(site, sent).status_code == 200


def test_of_a_batch_what_others_are_on_is_left_to_them(site: SiteDriver) -> None:
    free, held = site.submitted()["id"], site.submitted()["id"]
    claim(site, held, site.another_token())
    decisions = [{"comment_id": one, "action": "approve", "revision": 1} for one in (free, held)]
    answer = site.client.post("/v1/moderation/decisions", json={"decisions": decisions}, headers=site.bearer)
    assert [result["status"] for result in answer.get_json()["results"]] == [201, 409]
    assert answer.get_json()["results"][1]["problem"]["claim"]["moderator"] == "Noor"


def test_what_is_unknown_or_of_another_site_cannot_be_claimed(app: Flask, site: SiteDriver) -> None:
    foreign = make_site(app).submitted()["id"]
    for comment_id in (foreign, str(uuid4())):
        assert claim(site, comment_id).status_code == 404
        assert release(site, comment_id).status_code == 404


def test_without_redis_there_are_no_claims_and_everything_else_goes_on(database_url: str, tmp_path: Path) -> None:
    app = create_app(settings_for(database_url, "redis://127.0.0.1:1/0", tmp_path))
    with app.app_context():
        upgrade()
    site = make_site(app, limits="off")
    sent = site.submitted()["id"]
    assert claim(site, sent, site.another_token()).status_code == 200
    assert claim(site, sent).status_code == 200
    assert site.queue()["comments"][0]["claim"] is None
    assert release(site, sent).status_code == 204
    assert site.approve(sent).status_code == 201
    with app.app_context():
        db.engine.dispose()


def test_a_note_on_a_comment_stands_there_and_one_on_its_author_beside_all_they_write(site: SiteDriver) -> None:
    first = site.submitted(email="same@example.org")["id"]
    second = site.submitted(email="same@example.org")["id"]
    assert note(site, first, text="Asked the desk.").status_code == 201
    answer = note(site, first, text="Polite so far.", about="author")
    assert (answer.get_json()["about"], answer.get_json()["moderator"]) == ("author", "Mira")
    told = {item["id"]: [one["text"] for one in item["notes"]] for item in site.queue()["comments"]}
    assert told == {first: ["Asked the desk.", "Polite so far."], second: ["Polite so far."]}
    assert [one["text"] for one in site.opened(second)["notes"]] == ["Polite so far."]


@pytest.mark.parametrize(
    ("text", "code"), [("", "required"), ("  ", "required"), ("x" * 2001, "too_long")], ids=["empty", "blank", "long"]
)
def test_a_note_says_something_and_not_too_much(site: SiteDriver, text: str, code: str) -> None:
    refused = note(site, site.submitted()["id"], text=text)
    assert (refused.status_code, codes(refused)) == (422, {"text": code})


def test_readers_and_authors_never_see_notes(site: SiteDriver) -> None:
    sent = site.published()
    note(site, sent["id"], text="Private words")
    note(site, sent["id"], text="Private words", about="author")
    assert "Private words" not in str(site.page()) + str(site.receipt(sent))
