"""A server of the site sends a reply for its reader, and says from where and when it came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from tests.driver import SiteDriver, make_site
from tests.refusals import nothing_stored, refused, refused_fields

READER = "203.0.113.7"


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    return make_site(app, limits="off")


def passed_on(site: SiteDriver, *scopes: Scope, **fields: Any) -> TestResponse:
    return site.submit(headers=site.another_token(*(scopes or (Scope.INTEGRATE,))), **fields)


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def test_the_reader_is_known_by_the_address_that_the_server_tells(site: SiteDriver) -> None:
    told = site.opened(passed_on(site, client_address=READER).get_json()["id"])
    himself = site.opened(site.submitted(address=READER)["id"])
    untold = site.opened(passed_on(site).get_json()["id"])
    assert told["client"] == himself["client"] is not None
    assert untold["client"] is None


def test_limits_and_rules_apply_to_that_address(site: SiteDriver) -> None:
    site.change(limits={"client": (2, 600)})
    tokens = [site.another_token(Scope.INTEGRATE, name=name) for name in ("one", "two")]
    for headers in tokens:
        assert site.submit(headers=headers, client_address=READER).status_code == 202
    refused(site.submit(headers=tokens[0], client_address=READER), 429, "rate_limited")
    refused(site.submit(address=READER), 429, "rate_limited")
    assert site.submit(headers=tokens[0], client_address="203.0.113.8").status_code == 202
    assert site.submit(headers=tokens[0]).status_code == 202
    site.rule("network", "reject", "198.51.100.0/24")
    refused(site.submit(headers=tokens[0], client_address="198.51.100.9"), 403, "forbidden")


def test_it_stands_in_the_thread_where_it_was_written(site: SiteDriver) -> None:
    late = site.published(body="Came at once.")
    at = ago(hours=5)
    early = passed_on(site, submitted_at=at, body="Came late.").get_json()
    assert site.approve(early["id"]).status_code == 201
    assert [one["id"] for one in site.page()["comments"]] == [early["id"], late["id"]]
    opened = site.opened(early["id"])
    assert datetime.fromisoformat(opened["submitted_at"]) - datetime.fromisoformat(at) < timedelta(seconds=1)
    # It waits since it arrived, so nobody is late with it.
    assert datetime.fromisoformat(opened["queued_at"]) > datetime.now(UTC) - timedelta(minutes=5)
    assert site.revise(early, "Came late, and was mended.").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("client_address", "203.0.113.0/24", "not_an_address"),
        ("client_address", "localhost", "not_an_address"),
        ("submitted_at", "yesterday", "wrong_type"),
        ("submitted_at", lambda: ago(hours=-1), "in_the_future"),
        ("submitted_at", lambda: ago(days=7, hours=1), "too_long_ago"),
    ],
)
def test_what_cannot_be_is_refused(site: SiteDriver, field: str, value: Any, code: str) -> None:
    said = {field: value() if callable(value) else value}
    headers = site.another_token(Scope.INTEGRATE)
    with nothing_stored(site):
        assert refused_fields(site.submit(headers=headers, **said)) == {field: code}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_but_a_server_of_the_site_may_say_either(site: SiteDriver) -> None:
    said = {"client_address": READER, "submitted_at": ago(hours=1)}
    moderating = site.another_token(Scope.MODERATE)
    with nothing_stored(site):
        for headers in (None, moderating):
            answer = site.submit(headers=headers, **said)
            assert refused_fields(answer) == dict.fromkeys(said, "only_from_server")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_clock_that_is_a_little_ahead_is_now(site: SiteDriver) -> None:
    sent = passed_on(site, submitted_at=ago(seconds=-30)).get_json()
    assert datetime.fromisoformat(site.opened(sent["id"])["submitted_at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_same_key_with_another_time_is_another_request(site: SiteDriver) -> None:
    headers = site.another_token(Scope.INTEGRATE) | {"Idempotency-Key": "one"}
    said = site.reply(submitted_at=ago(hours=1))
    first, again = (site.client.post("/v1/comments", json=said, headers=headers) for _ in range(2))
    assert first.get_json() == again.get_json()
    other = site.client.post("/v1/comments", json=said | {"submitted_at": ago(hours=2)}, headers=headers)
    refused(other, 422, "idempotency_key_reused")
