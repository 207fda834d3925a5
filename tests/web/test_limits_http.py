"""Limits as clients meet them: 429, when to try again, and what is left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused

# A list of items with parameters, each a string with integers (RFC 9651, sections 3.1 and 3.1.2), and nothing else.
_ITEM = r'"(?P<name>[\x20\x21\x23-\x5b\x5d-\x7e]*)"(?P<parameters>(?:;[a-z][a-z0-9_.*-]*=[0-9]{1,15})+)'


def items(field: str) -> dict[str, dict[str, int]]:
    """Parse a structured list of strings with whole-numbered parameters; fail where it is anything else."""
    parsed = {}
    for item in re.split(r"[ \t]*,[ \t]*", field):
        match = re.fullmatch(_ITEM, item)
        assert match, field
        pairs = (parameter.split("=") for parameter in match["parameters"].lstrip(";").split(";"))
        parsed[match["name"]] = {key: int(value) for key, value in pairs}
    return parsed


def statuses(site: SiteDriver, times: int, **changes: Any) -> list[int]:
    return [site.submit(**changes).status_code for _ in range(times)]


@ON_SQLITE_ALONE
def test_the_sixth_reply_within_a_minute_is_refused_with_when_to_try_again(site: SiteDriver) -> None:
    assert statuses(site, 5) == [202] * 5
    with nothing_stored(site):
        response = site.submit()
        refused(response, 429, "rate_limited")
    wait = int(response.headers["Retry-After"])
    # What was spent in this minute still weighs in the next one, so the wait may be a little longer than a minute.
    assert 1 <= wait <= 2 * 60
    assert items(response.headers["RateLimit-Policy"]) == {"client": {"q": 5, "w": 60}}
    assert items(response.headers["RateLimit"]) == {"client": {"r": 0, "t": wait}}


@ON_SQLITE_ALONE
def test_every_answer_tells_what_is_left_of_the_clients_own_limits(site: SiteDriver) -> None:
    for spent in range(1, 6):
        response = site.submit()
        policy, left = items(response.headers["RateLimit-Policy"]), items(response.headers["RateLimit"])
        assert policy == {"client": {"q": 5, "w": 60}, "client-hour": {"q": 30, "w": 3600}}
        assert {name: state["r"] for name, state in left.items()} == {"client": 5 - spent, "client-hour": 30 - spent}
        assert 1 <= left["client"]["t"] <= 2 * 60
        assert 1 <= left["client-hour"]["t"] <= 2 * 3600


@ON_SQLITE_ALONE
def test_what_is_left_of_others_limits_is_not_told(site: SiteDriver) -> None:
    named = items(site.submit().headers["RateLimit"])
    assert named.keys().isdisjoint({"email", "article", "site"})


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        pytest.param("192.0.2.1", "192.0.2.2", False, id="ipv4-neighbours"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True, id="ipv6-of-one-64"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:3::1", False, id="ipv6-of-another-64"),
        pytest.param("192.0.2.1", "::ffff:192.0.2.1", True, id="ipv4-in-ipv6-clothes"),
        pytest.param("not an address", "", True, id="unknown-ones"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_64(site: SiteDriver, one: str, other: str, share: bool) -> None:
    site.change(limits={"client": (1, 60)})
    assert statuses(site, 2, address=one) == [202, 429]
    assert statuses(site, 1, address=other) == [429 if share else 202]


@ON_SQLITE_ALONE
def test_one_email_address_is_limited_from_many_client_addresses(site: SiteDriver) -> None:
    for number in range(5):
        assert site.submit(email="ada@example.org", address=f"192.0.2.{number}").status_code == 202
    response = site.submit(email="ADA@Example.org", address="192.0.2.99")
    refused(response, 429, "rate_limited")
    assert items(response.headers["RateLimit"]).keys() == {"email"}
    assert site.submit(address="192.0.2.99").status_code == 202


@ON_SQLITE_ALONE
def test_one_article_is_limited_whoever_writes(site: SiteDriver) -> None:
    site.change(limits={"article": (2, 60)})
    replies = [site.submit(address=f"192.0.2.{number}") for number in range(3)]
    assert [reply.status_code for reply in replies] == [202, 202, 429]
    assert items(replies[2].headers["RateLimit-Policy"]) == {"article": {"q": 2, "w": 60}}
    assert site.submit(article=f"{site.article}#again", address="192.0.2.9").status_code == 429
    assert site.submit(article=f"{site.origin}/articles/2", address="192.0.2.9").status_code == 202


@ON_SQLITE_ALONE
def test_one_site_is_limited_whoever_writes_and_another_is_not(site: SiteDriver, free_site: SiteDriver) -> None:
    site.change(limits={"site": (2, 60)})
    free_site.change(limits={"site": (2, 60)})
    for number, status in enumerate([202, 202, 429]):
        reply = site.submit(address=f"192.0.2.{number}", article=f"{site.origin}/{number}")
        assert reply.status_code == status
    assert free_site.submit().status_code == 202


@ON_SQLITE_ALONE
@pytest.mark.parametrize("refusing", ["email", "article", "site", "client-hour"])
def test_nothing_is_spent_where_another_limit_refuses(site: SiteDriver, refusing: str) -> None:
    site.change(limits={refusing: (1, 60)})
    same: dict[str, Any] = {"email": "ada@example.org"} if refusing == "email" else {}
    site.submitted(email="ada@example.org")
    for _ in range(10):
        refused(site.submit(**same), 429, "rate_limited")
    # Had the refused ones been counted, the five of the client would be used up by now.
    site.change(limits={"client": (5, 60)})
    assert statuses(site, 5) == [202] * 4 + [429]


@ON_SQLITE_ALONE
def test_a_reply_that_is_invalid_or_of_a_foreign_page_spends_nothing(site: SiteDriver) -> None:
    for _ in range(6):
        refused(site.submit(body=""), 422, "invalid")
        refused(site.submit(headers={"Origin": "https://elsewhere.example"}), 403, "origin_not_allowed")
    assert statuses(site, 6) == [202] * 5 + [429]


@ON_SQLITE_ALONE
def test_limits_that_are_off_refuse_nobody_and_say_nothing(free_site: SiteDriver) -> None:
    responses = [free_site.submit() for _ in range(12)]
    assert {response.status_code for response in responses} == {202}
    assert all("RateLimit" not in response.headers for response in responses)


def test_limits_follow_a_change_of_the_site_at_once(site: SiteDriver) -> None:
    assert statuses(site, 6)[-1] == 429
    site.change(limits={"client": (8, 60)})
    assert statuses(site, 4) == [202] * 3 + [429]
    site.change(limits="default")
    assert statuses(site, 1) == [429]


@ON_SQLITE_ALONE
def test_reading_and_moderating_go_on_while_replies_are_refused(site: SiteDriver) -> None:
    site.change(limits={"client": (1, 60)})
    assert statuses(site, 2) == [202, 429]
    assert site.page()["comments"] == []
    assert site.queue()["totals"]["pending"] == 1


@ON_SQLITE_ALONE
def test_a_token_has_a_limit_of_its_own_and_shares_it_with_no_other(site: SiteDriver) -> None:
    site.change(limits={"token": (2, 60)})
    other = site.another_token()
    calls = [site.client.get("/v1/moderation/comments", headers=site.bearer) for _ in range(3)]
    assert [call.status_code for call in calls] == [200, 200, 429]
    refused(calls[2], 429, "rate_limited")
    assert items(calls[0].headers["RateLimit"])["token"]["r"] == 1
    assert site.client.get("/v1/moderation/comments", headers=other).status_code == 200


@ON_SQLITE_ALONE
def test_revising_has_a_limit_of_its_own(site: SiteDriver) -> None:
    site.change(limits={"receipt": (2, 60)})
    sent = site.submitted()
    answers = [site.revise(sent, f"Version {number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert items(answers[0].headers["RateLimit"])["receipt"]["r"] == 1


@ON_SQLITE_ALONE
@pytest.mark.parametrize(("act", "quota"), [("vote", 30), ("flag", 10)])
def test_votes_and_flags_have_limits_of_their_own(site: SiteDriver, act: str, quota: int) -> None:
    sent = site.published()
    react = getattr(site, act)
    answers = [react(sent["id"]) for _ in range(quota + 1)]
    assert {answer.status_code for answer in answers[:quota]} <= {200, 201}
    assert items(answers[0].headers["RateLimit-Policy"]) == {act: {"q": quota, "w": 60}}
    assert items(answers[0].headers["RateLimit"])[act]["r"] == quota - 1
    refused(answers[quota], 429, "rate_limited")
    assert items(answers[quota].headers["RateLimit"])[act] == {"r": 0, "t": int(answers[quota].headers["Retry-After"])}
    assert react(sent["id"], address="192.0.2.2").status_code in {200, 201}, "another reader goes on"
    assert site.submit().status_code == 202, "and a reply is another matter"
    site.change(limits="off")
    unlimited = react(sent["id"])
    assert unlimited.status_code == 200
    assert "RateLimit" not in unlimited.headers


@ON_SQLITE_ALONE
@pytest.mark.parametrize("act", ["vote", "flag"])
def test_a_vote_or_flag_of_nothing_that_is_published_spends_nothing(site: SiteDriver, act: str) -> None:
    site.change(limits={act: (1, 60)})
    waiting, sent = site.submitted(), site.published()
    react = getattr(site, act)
    for _ in range(3):
        refused(react(waiting["id"]), 404, "not_found")
        refused(react(sent["id"], headers={"Origin": "https://elsewhere.example"}), 403, "origin_not_allowed")
    assert [react(sent["id"]).status_code for _ in range(2)][1] == 429


def forwarded(site: SiteDriver, chain: str | None, peer: str = "198.51.100.1") -> TestResponse:
    headers = {} if chain is None else {"X-Forwarded-For": chain}
    return site.submit(headers=headers, address=peer)


@ON_SQLITE_ALONE
def test_forwarded_addresses_are_ignored_where_no_proxy_is_trusted(site: SiteDriver) -> None:
    site.change(limits={"client": (1, 60)})
    assert forwarded(site, "203.0.113.1").status_code == 202
    for chain in ("203.0.113.2", "203.0.113.3, 203.0.113.4", None):
        assert forwarded(site, chain).status_code == 429


@pytest.fixture
def behind_proxy(site: SiteDriver, database_url: str, redis_url: str, tmp_path: Path) -> Any:
    """Return the site as it is served behind one proxy."""
    app: Flask = create_app(settings_for(database_url, redis_url, tmp_path, trusted_proxies=1))
    site.change(limits={"client": (1, 60)})
    yield SiteDriver(app, site.slug, site.origin, site.token, site.article)
    with app.app_context():
        db.engine.dispose()


@ON_SQLITE_ALONE
def test_a_trusted_proxy_says_who_the_client_is(behind_proxy: SiteDriver) -> None:
    assert forwarded(behind_proxy, "203.0.113.1").status_code == 202
    assert forwarded(behind_proxy, "203.0.113.2").status_code == 202
    assert forwarded(behind_proxy, "203.0.113.1").status_code == 429


@ON_SQLITE_ALONE
def test_only_the_entry_of_the_trusted_proxy_counts_whatever_the_client_made_up(behind_proxy: SiteDriver) -> None:
    assert forwarded(behind_proxy, "10.0.0.1, 203.0.113.1").status_code == 202
    for made_up in ("10.0.0.2", "unknown", "10.0.0.3, 10.0.0.4", "x" * 5_000, ""):
        assert forwarded(behind_proxy, f"{made_up}, 203.0.113.1").status_code == 429


@ON_SQLITE_ALONE
def test_without_the_header_the_proxy_itself_is_the_client(behind_proxy: SiteDriver) -> None:
    assert forwarded(behind_proxy, None).status_code == 202
    assert forwarded(behind_proxy, None).status_code == 429
    assert forwarded(behind_proxy, None, peer="198.51.100.2").status_code == 202


@ON_SQLITE_ALONE
def test_a_refusal_that_has_spent_a_limit_tells_what_is_left(site: SiteDriver) -> None:
    reply = site.reply()
    assert site.submit(**reply).status_code == 202
    again = site.submit(**reply)
    assert (again.status_code, again.get_json()["code"]) == (409, "duplicate")
    assert items(again.headers["RateLimit"])["client"]["r"] == 3


@ON_SQLITE_ALONE
def test_a_long_text_of_nothing_but_markup_is_refused_after_its_limit_is_spent(site: SiteDriver) -> None:
    answer = site.submit(body="**\n" * 400)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "required")
    assert items(answer.headers["RateLimit"])["client"]["r"] == 4
