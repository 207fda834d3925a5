"""Canned reasons: what a new site has, and what its admins make of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from service.domain.reasons import FIRST_REASONS, MOST_REASONS, check_reason_text, check_title
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.refusals import nothing_stored, refused_fields

REASONS = "/v1/moderation/reasons"


def call(site: SiteDriver, method: str, reason_id: str = "", /, **sent: Any) -> TestResponse:
    address = f"{REASONS}/{reason_id}" if reason_id else REASONS
    return site.client.open(address, method=method, json=sent or None, headers=site.bearer)


def listed(site: SiteDriver) -> list[dict[str, Any]]:
    answer = call(site, "GET").get_json()
    assert [reason["position"] for reason in answer["reasons"]] == list(range(len(answer["reasons"])))
    return list(answer["reasons"])


def titles(site: SiteDriver) -> list[str]:
    return [reason["title"] for reason in listed(site)]


def logged(site: SiteDriver, kind: str) -> list[dict[str, Any]]:
    answer = site.client.get("/v1/moderation/log", query_string={"kind": kind}, headers=site.bearer)
    return list(answer.get_json()["entries"])


def test_what_a_new_site_has_could_have_been_typed(site: SiteDriver) -> None:
    assert [(reason["title"], reason["text"]) for reason in listed(site)] == list(FIRST_REASONS)
    assert len(FIRST_REASONS) == 5
    assert all((check_title(title), check_reason_text(text)) == (title, text) for title, text in FIRST_REASONS)
    (created,) = [entry for entry in logged(site, "site") if entry["action"] == "create"]
    assert created["details"]["reasons"] == [None, titles(site)]


def test_a_reason_is_added_changed_moved_and_removed_and_the_log_tells(free_site: SiteDriver) -> None:
    site, before = free_site, titles(free_site)
    added = call(site, "POST", title=" Too\nlong ", text="Please be brief.")
    assert added.status_code == 201
    reason = added.get_json()
    assert (reason["title"], reason["position"]) == ("Too long", 5)
    assert titles(site) == [*before, "Too long"]
    changed = call(site, "PATCH", reason["id"], title="Long-winded")
    assert changed.status_code == 200
    assert changed.get_json() == reason | {"title": "Long-winded"}
    assert call(site, "PATCH", reason["id"], position=1).get_json()["position"] == 1
    assert titles(site) == [before[0], "Long-winded", *before[1:]]
    assert call(site, "DELETE", listed(site)[0]["id"]).status_code == 204
    assert titles(site) == ["Long-winded", *before[1:]]
    assert call(site, "PATCH", reason["id"], position=4).get_json()["position"] == 4
    assert titles(site) == [*before[1:], "Long-winded"]
    told = [(entry["action"], entry["subject"], entry["details"]) for entry in reversed(logged(site, "reason"))]
    assert [(action, subject) for action, subject, _ in told] == [
        ("add", "Too long"),
        ("change", "Long-winded"),
        ("change", "Long-winded"),
        ("remove", before[0]),
        ("change", "Long-winded"),
    ]
    assert told[0][2] == {"title": [None, "Too long"], "text": [None, "Please be brief."]}
    assert told[1][2] == {"title": ["Too long", "Long-winded"]}
    assert told[2][2] == {"position": [5, 1]}
    assert logged(site, "reason")[0]["actor_name"] == "Mira"


def test_what_changes_nothing_is_not_logged(site: SiteDriver) -> None:
    first = listed(site)[0]
    with nothing_stored(site):
        assert call(site, "PATCH", first["id"], title=first["title"], position=0).get_json() == first
    assert logged(site, "reason") == []


def test_a_decision_keeps_the_words_of_a_reason_that_is_gone(site: SiteDriver) -> None:
    sent, reason = site.submitted(), listed(site)[0]
    assert site.decide(sent["id"], "reject", reason_id=reason["id"]).status_code == 201
    call(site, "PATCH", reason["id"], text="Other words.")
    call(site, "DELETE", reason["id"])
    assert site.receipt(sent)["reason"] == reason["text"]
    assert refused_fields(site.decide(site.submitted()["id"], "reject", reason_id=reason["id"])) == {
        "reason_id": "unknown_reason"
    }


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sent", "faults"),
    [
        ({"title": "", "text": " \u200b"}, {"title": "required", "text": "required"}),
        ({"title": "x" * 101, "text": "x" * 501}, {"title": "too_long", "text": "too_long"}),
        ({"title": "A title"}, {"text": "required"}),
        ({"title": 7, "text": None}, {"title": "wrong_type", "text": "required"}),
        ({"title": "A title", "text": "A text.", "colour": "red"}, {"colour": "unknown_field"}),
    ],
)
def test_every_field_at_fault_is_named(site: SiteDriver, sent: dict[str, Any], faults: dict[str, str]) -> None:
    with nothing_stored(site):
        assert refused_fields(call(site, "POST", **sent)) == faults


def test_the_longest_are_taken(site: SiteDriver) -> None:
    assert call(site, "POST", title="ü" * 100, text="ü" * 500).status_code == 201


def test_a_place_beyond_the_last_is_refused(site: SiteDriver) -> None:
    first = listed(site)[0]["id"]
    for place in (-1, 5, 30, "first", True):
        assert set(refused_fields(call(site, "PATCH", first, position=place))) == {"position"}


def test_of_many_who_add_at_once_none_goes_beyond_the_most(free_site: SiteDriver) -> None:
    def add(number: int) -> int:
        return call(free_site, "POST", title=f"Reason {number}", text="A text.").status_code

    with ThreadPoolExecutor(8) as hands:
        statuses = list(hands.map(add, range(MOST_REASONS)))
    assert statuses.count(201) == MOST_REASONS - 5
    assert set(statuses) == {201, 422}
    assert len(listed(free_site)) == MOST_REASONS
    assert refused_fields(call(free_site, "POST", title="More", text="More.")) == {"title": "too_many"}


def test_reasons_of_another_site_are_out_of_reach(app: Flask, site: SiteDriver) -> None:
    theirs = listed(make_site(app))[0]["id"]
    assert call(site, "PATCH", theirs, title="Mine").status_code == 404
    assert call(site, "DELETE", theirs).status_code == 404


def test_moderators_read_them_and_only_admins_write(site: SiteDriver) -> None:
    reader = site.another_token(Scope.MODERATE)
    assert site.client.get(REASONS, headers=reader).status_code == 200
    assert site.client.post(REASONS, json={"title": "A", "text": "B"}, headers=reader).status_code == 403
