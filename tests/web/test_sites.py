"""The settings of a site over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, make_site
from tests.refusals import nothing_stored, refused_fields

SITES = "/v1/moderation/sites"
EVERY_SETTING: dict[str, Any] = {
    "name": "The Other Gazette",
    "origins": ["https://a.example", "https://b.example"],
    "policy": "first",
    "trusted_after": 5,
    "limits": {"client": [10, 60]},
    "max_depth": 3,
    "revise_seconds": 90,
    "flag_threshold": 7,
    "close_after_days": 30,
    "spam_threshold": 0.95,
    "late_after_minutes": 90,
    "reader_trust": "trusted",
    "retention": {"client_keys": 7, "rejected": 90, "spam": 14, "unproven_emails": None, "log": 365},
}


def patch(site: SiteDriver, **sent: Any) -> TestResponse:
    return site.client.patch(f"{SITES}/{site.slug}", json=sent, headers=site.bearer)


def read(site: SiteDriver) -> dict[str, Any]:
    return dict(site.client.get(f"{SITES}/{site.slug}", headers=site.bearer).get_json())


def changes_logged(site: SiteDriver) -> list[dict[str, Any]]:
    asked = {"kind": "site", "action": "change", "limit": 100}
    answer = site.client.get("/v1/moderation/log", query_string=asked, headers=site.bearer)
    return [entry["details"] for entry in answer.get_json()["entries"]]


def test_every_setting_is_read_and_changed_and_the_log_tells_what_was(site: SiteDriver) -> None:
    before = read(site)
    assert set(before) == {"slug", *EVERY_SETTING}
    answer = patch(site, **EVERY_SETTING)
    assert answer.status_code == 200
    assert answer.get_json() == read(site) == {"slug": site.slug} | EVERY_SETTING
    assert changes_logged(site)[0] == {name: [before[name], value] for name, value in EVERY_SETTING.items()}


def test_what_an_answer_says_can_be_sent_back(site: SiteDriver) -> None:
    for limits in (None, "off", {"client": [10, 60]}):
        assert patch(site, limits=limits, close_after_days=None).get_json()["limits"] == limits
        told = read(site)
        with nothing_stored(site):
            assert patch(site, **{name: value for name, value in told.items() if name != "slug"}).get_json() == told
    patch(site, close_after_days=30)
    assert patch(site, close_after_days=0).get_json()["close_after_days"] is None


def test_what_is_left_out_stays_and_nothing_is_logged_where_nothing_changes(site: SiteDriver) -> None:
    before, count = read(site), len(changes_logged(site))
    assert patch(site, max_depth=1).get_json() == before | {"max_depth": 1}
    assert patch(site, max_depth=1).status_code == 200
    assert patch(site).status_code == 200
    assert len(changes_logged(site)) == count + 1


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sent", "faults"),
    [
        ({"name": "", "limits": {"nothing": [1, 1]}}, {"name": "required", "limits": "unknown_limit"}),
        ({"name": "x" * 301, "origins": ["https://a.example/path"]}, {"name": "too_long", "origins": "not_an_origin"}),
        ({"origins": []}, {"origins": "out_of_range"}),
        ({"origins": "https://a.example"}, {"origins": "wrong_type"}),
        ({"policy": "some", "trusted_after": 0}, {"policy": "not_a_choice", "trusted_after": "out_of_range"}),
        ({"max_depth": 21, "flag_threshold": -1}, {"max_depth": "out_of_range", "flag_threshold": "out_of_range"}),
        ({"revise_seconds": 604_801}, {"revise_seconds": "out_of_range"}),
        ({"close_after_days": 3651}, {"close_after_days": "out_of_range"}),
        ({"spam_threshold": 0.4}, {"spam_threshold": "out_of_range"}),
        ({"spam_threshold": 1.01}, {"spam_threshold": "out_of_range"}),
        ({"spam_threshold": "0.9"}, {"spam_threshold": "wrong_type"}),
        ({"spam_threshold": True}, {"spam_threshold": "wrong_type"}),
        ({"limits": {"client": [0, 60]}}, {"limits": "limit_out_of_range"}),
        ({"limits": 7}, {"limits": "malformed_limit"}),
        ({"limits": ["off"]}, {"limits": "malformed_limit"}),
        ({"name": None}, {"name": "required"}),
        ({"slug": "other"}, {"slug": "unknown_field"}),
    ],
)
def test_every_value_at_fault_is_named_and_nothing_changes(
    site: SiteDriver, sent: dict[str, Any], faults: dict[str, str]
) -> None:
    with nothing_stored(site):
        assert refused_fields(patch(site, **({"revise_seconds": 60} | sent))) == faults


def test_of_two_who_change_different_things_at_once_neither_is_undone(free_site: SiteDriver) -> None:
    def change(number: int) -> int:
        changes = {"max_depth": number} if number % 2 else {"flag_threshold": number}
        return patch(free_site, **changes).status_code

    with ThreadPoolExecutor(8) as hands:
        assert set(hands.map(change, range(2, 18))) == {200}
    now: dict[str, Any] = {}
    for details in reversed(changes_logged(free_site)):
        for name, (was, is_now) in details.items():
            assert now.get(name, was) == was, "each change knows the one before"
            now[name] = is_now
    told = read(free_site)
    assert {name: told[name] for name in ("max_depth", "flag_threshold")} == {
        name: now[name] for name in ("max_depth", "flag_threshold")
    }


def test_a_token_lists_its_own_site_and_a_moderator_all_of_theirs(app: Flask, site: SiteDriver) -> None:
    other = make_site(app)
    assert [s["slug"] for s in site.client.get(SITES, headers=site.bearer).get_json()["sites"]] == [site.slug]
    assert site.client.get(f"{SITES}?site={other.slug}", headers=site.bearer).status_code == 403
    noor = signed_in(site, role="viewer")
    assert [s["slug"] for s in noor.api("GET", SITES).get_json()["sites"]] == [site.slug]
    assert noor.api("GET", f"{SITES}/{site.slug}").status_code == 200
    assert noor.api("GET", f"{SITES}/{other.slug}").status_code == 403
    assert noor.api("PATCH", f"{SITES}/{site.slug}", json={"max_depth": 1}).status_code == 403
    ada = signed_in(site, role="admin")
    assert ada.api("PATCH", f"{SITES}/{site.slug}", json={"max_depth": 1}).get_json()["max_depth"] == 1


def test_only_an_admin_s_token_changes_a_site(app: Flask, site: SiteDriver) -> None:
    reader = site.another_token(Scope.MODERATE)
    assert site.client.get(f"{SITES}/{site.slug}", headers=reader).status_code == 200
    assert site.client.patch(f"{SITES}/{site.slug}", json={"max_depth": 1}, headers=reader).status_code == 403
    theirs = make_site(app)
    answer = site.client.patch(f"{SITES}/{theirs.slug}", json={"max_depth": 1}, headers=site.bearer)
    assert answer.status_code == 403
    assert read(theirs)["max_depth"] == 5
