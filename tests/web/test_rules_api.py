"""`/v1/moderation/rules`: how rules are written, listed, changed, tried and taken away, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.actions.backtest import backtest
from service.domain.permissions import Scope
from service.domain.rules import RuleKind
from service.store.session import reading
from service.store.sites import find_site
from tests.desk_driver import new_moderator, signed_in
from tests.domain.rule_making import rule as made
from tests.driver import SiteDriver, codes, make_site
from tests.stored import everything_stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RULES = "/v1/moderation/rules"


def call(site: SiteDriver, method: str, below: str = "", /, *, query: Any = None, **sent: Any) -> TestResponse:
    address = f"{RULES}/{below}" if below else RULES
    return site.client.open(address, method=method, json=sent or None, query_string=query, headers=site.bearer)


def listed(site: SiteDriver, /, **query: Any) -> list[dict[str, Any]]:
    return list(call(site, "GET", query=query).get_json()["rules"])


def tried(site: SiteDriver, kind: str, value: str, action: str = "hold") -> dict[str, Any]:
    answer = call(site, "POST", "backtest", kind=kind, action=action, value=value)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def logged(site: SiteDriver) -> list[dict[str, Any]]:
    asked = {"kind": "rule", "limit": 100}
    answer = site.client.get("/v1/moderation/log", query_string=asked, headers=site.bearer)
    return list(answer.get_json()["entries"])


def in_a(stretch: timedelta) -> str:
    return (datetime.now(UTC) + stretch).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_rule_is_added_read_changed_and_removed_and_the_log_tells(site: SiteDriver) -> None:
    until = in_a(timedelta(days=3))
    said = {"kind": "word", "action": "hold", "value": "Casino\r\n  buy   now \n\nCasino", "note": "Sellers"}
    added = call(site, "POST", site=site.slug, expires_at=until, **said)
    assert added.status_code == 201
    rule = added.get_json()
    moments = {name: rule.pop(name) for name in ("created_at", "changed_at")}
    assert moments["created_at"] == moments["changed_at"]
    assert rule == {
        "id": rule["id"],
        "site": site.slug,
        "kind": "word",
        "action": "hold",
        "value": "Casino\nbuy now",
        "lines": 2,
        "whole": True,
        "note": "Sellers",
        "expires_at": until,
        "expired": False,
        "version": 1,
        "created_by": "Mira",
    }
    assert call(site, "GET", rule["id"]).get_json() == rule | moments
    changed = call(site, "PATCH", rule["id"], action="spam", expires_at=None).get_json()
    assert (changed["action"], changed["expires_at"], changed["version"]) == ("spam", None, 2)
    assert call(site, "PATCH", rule["id"], action="spam").get_json() == changed, "the same again is no change"
    assert call(site, "DELETE", rule["id"]).status_code == 204
    assert call(site, "GET", rule["id"]).status_code == 404
    assert call(site, "DELETE", rule["id"]).status_code == 404
    assert listed(site) == []
    removed, change, add = logged(site)
    assert [entry["action"] for entry in (add, change, removed)] == ["add", "change", "remove"]
    assert {entry["subject"] for entry in (add, change, removed)} == {"word Sellers"}
    assert add["details"]["value"] == [None, "Casino\nbuy now"]
    assert change["details"]["action"] == ["hold", "spam"]
    assert "value" not in change["details"]
    assert change["details"]["version"] == [None, 2]
    assert removed["details"]["value"] == ["Casino\nbuy now", None]
    assert {entry["details"]["rule_id"][1] for entry in (add, change, removed)} == {rule["id"]}


def test_the_list_is_paged_and_narrowed(site: SiteDriver) -> None:
    made = [
        site.rule(kind, action, value)
        for kind, action, value in [
            ("word", "hold", "one"),
            ("domain", "spam", "two.example"),
            ("word", "spam", "three"),
            ("network", "reject", "192.0.2.128/25"),
        ]
    ]
    assert listed(site) == made[::-1]
    assert listed(site, kind="word") == [made[2], made[0]]
    assert listed(site, action="spam", site=site.slug) == [made[2], made[1]]
    first = call(site, "GET", query={"limit": 3}).get_json()
    assert first["rules"] == [made[3], made[2], made[1]]
    second = call(site, "GET", query={"limit": 3, "cursor": first["next"]}).get_json()
    assert second == {"rules": [made[0]], "next": None}
    other = call(site, "GET", query={"kind": "word", "cursor": first["next"]})
    assert codes(other) == {"cursor": "not_a_cursor_of_this_list"}


def test_of_a_long_value_the_list_has_the_first_lines_uncut(site: SiteDriver) -> None:
    words = [f"word{number}" for number in range(1_000)]
    rule = site.rule("word", "hold", "\n".join(words))
    assert (rule["lines"], rule["whole"]) == (1_000, True)
    (short,) = listed(site)
    assert (short["lines"], short["whole"]) == (1_000, False)
    beginning = short["value"].split("\n")
    assert 100 < len(beginning) < 300
    assert beginning == words[: len(beginning)]
    assert call(site, "GET", rule["id"]).get_json()["value"] == "\n".join(words)


@pytest.mark.parametrize(
    ("kind", "value", "code", "quoted"),
    [
        pytest.param("word", " \n ", "required", "a word or phrase a line", id="nothing"),
        pytest.param("word", "fine\n!!!", "not_a_word", "Line 2, “!!!”", id="no-word"),
        pytest.param("word", "x" * 201, "too_long", "200 characters", id="a-long-word"),
        pytest.param("pattern", "(", "not_a_pattern", "cannot be used", id="a-broken-pattern"),
        pytest.param("pattern", "(?=a)b", "not_a_pattern", "cannot be used", id="look-ahead"),
        pytest.param("pattern", "one\ntwo", "not_a_pattern", "one line", id="two-patterns"),
        pytest.param("pattern", "x" * 1_001, "too_long", "1,001", id="a-long-pattern"),
        pytest.param("domain", "casino", "not_a_domain", "“casino”", id="no-domain"),
        pytest.param("author", "nobody", "not_an_author", "`@domain`", id="no-author"),
        pytest.param("author", "@", "not_a_domain", "“@”", id="no-domain-of-authors"),
        pytest.param("author", "a@b@c", "not_an_email", "", id="no-address"),
        pytest.param("network", "192.0.2.1/24", "not_a_network", "192.0.2.0/24", id="an-address-in-a-network"),
        pytest.param("network", "here", "not_a_network", "“here”", id="no-network"),
        pytest.param("network", "0.0.0.0/0", "too_wide", "8 bits", id="the-whole-world"),
    ],
)
def test_a_value_that_cannot_be_is_named(site: SiteDriver, kind: str, value: str, code: str, quoted: str) -> None:
    for below in ("", "backtest"):
        answer = call(site, "POST", below, kind=kind, action="hold", value=value)
        assert answer.status_code == 422
        (fault,) = answer.get_json()["errors"]
        assert (fault["field"], fault["code"]) == ("value", code)
        assert quoted in fault["detail"]
    assert listed(site) == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        pytest.param({"kind": "colour"}, {"kind": "not_a_choice"}, id="kind"),
        pytest.param({"action": "burn"}, {"action": "not_a_choice"}, id="action"),
        pytest.param({"value": None}, {"value": "required"}, id="no-value"),
        pytest.param({"colour": 1}, {"colour": "unknown_field"}, id="unknown-field"),
        pytest.param({"expires_at": "tomorrow"}, {"expires_at": "wrong_type"}, id="no-time"),
        pytest.param({"confirm": "yes"}, {"confirm": "wrong_type"}, id="confirm"),
        pytest.param(
            {"expires_at": "2020-01-01T00:00:00Z", "note": "x" * 501, "value": "?"},
            {"expires_at": "in_the_past", "note": "too_long", "value": "not_a_word"},
            id="all-at-once",
        ),
        pytest.param({"expires_at": "2090-01-01T00:00:00Z"}, {"expires_at": "out_of_range"}, id="far-ahead"),
    ],
)
def test_every_field_at_fault_is_named(site: SiteDriver, changes: dict[str, Any], faults: dict[str, str]) -> None:
    answer = call(site, "POST", **{"kind": "word", "action": "hold", "value": "casino"} | changes)
    assert answer.status_code == 422
    assert codes(answer) == faults


def test_only_its_beginning_stands_in_the_log_of_a_long_list(site: SiteDriver) -> None:
    site.rule("word", "hold", "\n".join(f"word{number}" for number in range(1_000)))
    (added,) = logged(site)
    told = added["details"]["value"][1]
    assert len(told) < 700
    assert "1,000 lines, SHA-256" in told


def test_addresses_are_shown_with_pii_alone_and_stand_nowhere_else(site: SiteDriver) -> None:
    rule = site.rule("author", "reject", "Eve.Adams@Spam.example\n@junk.example")
    assert rule["value"] == "eve.adams@spam.example\n@junk.example"
    assert listed(site) == [rule]
    without = site.another_token(Scope.MODERATE)
    for address in (RULES, f"{RULES}/{rule['id']}"):
        answer = site.client.get(address, headers=without)
        assert "eve.adams" not in answer.text
        assert "@junk.example" in answer.text
    hashed = site.client.get(f"{RULES}/{rule['id']}", headers=without).get_json()["value"]
    assert hashed.startswith("email:")
    again = site.client.patch(f"{RULES}/{rule['id']}", json={"value": hashed, "note": "Eve"}, headers=without)
    assert (again.status_code, again.get_json()["version"]) == (200, 2)
    assert call(site, "GET", rule["id"]).get_json()["value"] == rule["value"], "it is still the same address"
    assert site.submit(email="eve.adams@spam.example").status_code == 403
    assert "eve.adams" not in str(logged(site)).lower()
    assert b"eve.adams" not in everything_stored(site.app).lower()


def test_a_viewer_reads_the_rules_and_writes_none(site: SiteDriver) -> None:
    rule, viewer = site.rule("word", "hold", "casino"), signed_in(site, "viewer")
    assert viewer.get(RULES).get_json()["rules"] == [rule]
    said = {"kind": "word", "action": "hold", "value": "roulette"}
    for method, below, sent in [
        ("POST", "", said),
        ("POST", "/backtest", said),
        ("PATCH", f"/{rule['id']}", {"action": "trust"}),
        ("DELETE", f"/{rule['id']}", None),
    ]:
        assert viewer.api(method, RULES + below, json=sent).status_code == 403
    assert listed(site) == [rule]


def test_another_site_neither_sees_nor_changes_a_rule(site: SiteDriver) -> None:
    rule, elsewhere = site.rule("word", "hold", "casino"), make_site(site.app)
    assert listed(elsewhere) == []
    said = {"kind": "word", "action": "hold", "value": "roulette", "site": site.slug}
    for below in ("", "backtest"):
        assert call(elsewhere, "POST", below, **said).status_code == 403
    assert call(elsewhere, "GET", rule["id"]).status_code == 404
    assert call(elsewhere, "PATCH", rule["id"], action="trust").status_code == 404
    assert call(elsewhere, "DELETE", rule["id"]).status_code == 404
    assert listed(site) == [rule]
    body = "What of this casino?"
    assert [signal["name"] for signal in elsewhere.opened(elsewhere.submitted(body=body)["id"])["signals"]] == [
        "first_time_author", "no_form_token", "policy",
    ]  # fmt: skip


def test_a_moderator_of_two_sites_names_one_in_the_body(site: SiteDriver) -> None:
    noor, other = signed_in(site), make_site(site.app)
    said = {"kind": "word", "action": "hold", "value": "roulette"}
    assert noor.api("POST", RULES, json=said | {"site": other.slug}).status_code == 403
    for role, status in (("viewer", 403), ("moderator", 201)):
        invited = {"name": "Noor", "role": role}
        link = other.client.post("/v1/moderation/invitations", json=invited, headers=other.bearer).get_json()["url"]
        assert noor.post(link.removeprefix("http://localhost")).status_code == 303
        assert noor.api("POST", RULES, json=said | {"site": other.slug}).status_code == status
    assert [rule["created_by"] for rule in listed(other)] == ["Noor"]
    assert listed(site) == []


def test_a_backtest_counts_what_a_rule_would_have_met_and_stores_nothing(free_site: SiteDriver) -> None:
    site = free_site
    good = [site.published(body=f"The Casino of {number} was a fine building.") for number in range(3)]
    bad = site.submitted(body="Win at the C A S I N O tonight!", name="Eve")
    site.decide(bad["id"], "spam")
    for number in range(30):
        site.submitted(body=f"Something else, {number}, about pumps and {number} canals.")
    told = tried(site, "word", "casino\nroulette")
    assert {name: told[name] for name in ("checked", "matched", "later_approved", "warning")} == {
        "checked": 34,
        "matched": 4,
        "later_approved": 3,
        "warning": None,
    }
    assert set(told) == {"checked", "matched", "later_approved", "warning", "examples"}
    assert [example["comment_id"] for example in told["examples"]] == [bad["id"], *(sent["id"] for sent in good[::-1])]
    newest = told["examples"][0]
    assert (newest["author"], newest["status"], newest["said"]) == ("Eve", "spam", ["C A S I N O"])
    assert newest["excerpt"] == "Win at the C A S I N O tonight!"
    assert listed(site) == []
    assert logged(site) == []
    assert site.opened(good[0]["id"])["status"] == "approved"


@pytest.mark.parametrize(
    ("kind", "value", "matched"),
    [
        ("pattern", r"pumps \d+", 1),
        ("domain", "casino.example", 1),
        ("author", "eve@spam.example", 1),
        ("author", "@spam.example", 2),
        ("network", "203.0.113.0/24", 1),
    ],
)
def test_each_kind_can_be_tried(free_site: SiteDriver, kind: str, value: str, matched: int) -> None:
    free_site.submitted(body="Look at https://www.casino.example/win", email="eve@spam.example")
    free_site.submitted(body="The pumps 12 and 13", email="bo@mail.spam.example")
    free_site.submitted(body="Nothing.", address="203.0.113.77")
    assert tried(free_site, kind, value)["matched"] == matched
    assert tried(free_site, kind, value, "trust")["matched"] == matched


def test_a_backtest_looks_at_the_clock_before_each_comment_and_not_at_a_batch_of_them(free_site: SiteDriver) -> None:
    for number in range(3):
        free_site.submitted(body=f"Thanks for number {number}.")
    with free_site.app.app_context(), reading():
        site_id = find_site(free_site.slug).id
    with free_site.app.app_context():
        told = backtest(replace(made(RuleKind.WORD, "thanks"), site_id=site_id), seconds=-1.0)
    assert (told.checked, told.matched) == (1, 1)


def test_a_network_too_wide_to_be_tried_is_warned_of(site: SiteDriver) -> None:
    told = tried(site, "network", "198.51.0.0/16")
    assert told["matched"] == 0
    assert "cannot be tried" in told["warning"]


def test_what_would_meet_nearly_everything_is_confirmed_first(free_site: SiteDriver) -> None:
    site = free_site
    for number in range(20):
        site.submitted(body=f"Thanks for number {number}.")
    assert "20 of the last 20" in tried(site, "word", "thanks")["warning"]
    assert "Thank you." in tried(make_site(site.app), "pattern", ".")["warning"]
    for kind, value in (("word", "thanks"), ("pattern", ".+")):
        said = {"kind": kind, "action": "hold", "value": value}
        assert codes(call(site, "POST", **said)) == {"value": "matches_nearly_everything"}
        assert call(site, "POST", **said | {"action": "trust"}).status_code == 201
        assert call(site, "POST", **said, confirm=True).status_code == 201
    trusted = next(rule for rule in listed(site, kind="word") if rule["action"] == "trust")
    assert codes(call(site, "PATCH", trusted["id"], action="spam")) == {"value": "matches_nearly_everything"}
    assert call(site, "PATCH", trusted["id"], action="spam", confirm=True).status_code == 200
    # What was confirmed to be called spam was not confirmed to be refused.
    assert codes(call(site, "PATCH", trusted["id"], action="reject")) == {"value": "matches_nearly_everything"}
    assert call(site, "PATCH", trusted["id"], note="Thanks").status_code == 200


def test_words_that_good_comments_have_are_warned_of(free_site: SiteDriver) -> None:
    for number in range(20):
        free_site.published(body=f"My thanks for number {number}.")
    for number in range(25):
        free_site.submitted(body=f"Something else, {number}.")
    assert "20 were approved" in tried(free_site, "word", "thanks")["warning"]


def test_65000_words_are_one_rule_and_100000_are_refused(free_site: SiteDriver) -> None:
    words = [f"слово{number}" for number in range(65_000)]
    rule = free_site.rule("word", "hold", "\n".join(words))
    assert (rule["lines"], rule["whole"]) == (65_000, True)
    answer = call(free_site, "POST", kind="word", action="hold", value="\n".join(f"w{n}" for n in range(100_000)))
    assert answer.status_code == 422
    assert codes(answer) == {"value": "too_many"}
    sent = free_site.submitted(body="Тут есть слово 64999, и Слово64999.")
    (found,) = [signal for signal in free_site.opened(sent["id"])["signals"] if signal["name"] == "rule_word"]
    assert "Слово64999" in found["detail"]
    assert found["rule"] == {"id": rule["id"], "version": 1}


def test_other_bodies_are_held_to_what_they_were(site: SiteDriver) -> None:
    long = {"title": "A", "text": "x" * 70_000}
    assert site.client.post("/v1/moderation/reasons", json=long, headers=site.bearer).status_code == 413
    longest = {"kind": "word", "action": "hold", "value": "x" * (9 << 20)}
    assert call(site, "POST", **longest).status_code == 413


def test_who_has_no_session_sends_no_long_form(app: Flask) -> None:
    many = "&".join("a" for _ in range(100))
    form = "application/x-www-form-urlencoded"
    assert app.test_client().post("/desk/rules", data=many, content_type=form).status_code == 413


def test_a_made_up_id_is_no_rule(site: SiteDriver) -> None:
    assert call(site, "GET", "01980000-0000-7000-8000-000000000000").status_code == 404
    assert new_moderator(site)
