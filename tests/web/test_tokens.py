"""Tokens: what they open, for which site, and what is kept of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from service.actions import authenticate, sites
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.stored import everything_stored

NOBODY_S = "019b76da-a800-7c47-b06c-3574b178f405"
QUEUE = "/v1/moderation/comments"


def last_use(site: SiteDriver) -> datetime | None:
    """Return when the site's first token was last used."""
    with site.app.app_context():
        return sites.list_tokens(site.slug)[0].last_used_at


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer pb_unknown", "pb_unknown", "Bearer \xff\xfe",
        "Bearer " + "x" * 5000, "Token {token}", "Bearer {token}x", "Bearer {token_in_upper_case}",
    ],
    ids=[
        "none", "empty", "no token", "a space", "basic", "unknown", "no scheme", "not ASCII", "very long",
        "another scheme", "one letter more", "upper case",
    ],
)  # fmt: skip
def test_without_a_token_that_is_known_nothing_opens(site: SiteDriver, header: str | None) -> None:
    headers = {}
    if header is not None:
        filled = header.replace("{token_in_upper_case}", site.token.upper()).replace("{token}", site.token)
        headers = {"Authorization": filled}
    refused = site.client.get(QUEUE, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "unauthenticated")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_scheme_is_read_in_any_case(site: SiteDriver) -> None:
    assert site.client.get(QUEUE, headers={"Authorization": f"bEARER  {site.token}"}).status_code == 200


def test_a_token_in_the_address_opens_nothing(site: SiteDriver) -> None:
    assert site.client.get(f"{QUEUE}?token={site.token}").status_code == 401


def test_a_revoked_token_is_refused_from_then_on_and_others_stay(site: SiteDriver) -> None:
    second = site.another_token()
    with site.app.app_context():
        (first_id, _second_id) = (token.id for token in sites.list_tokens(site.slug))
        assert sites.revoke_token(site.slug, first_id, now=datetime.now(UTC))
        assert not sites.revoke_token(site.slug, first_id, now=datetime.now(UTC)), "it was revoked before"
    assert site.client.get(QUEUE, headers=site.bearer).status_code == 401
    assert site.client.get(QUEUE, headers=second).status_code == 200


def test_a_token_is_not_revoked_through_another_site(app: Flask, site: SiteDriver) -> None:
    other = make_site(app)
    with app.app_context():
        (token,) = sites.list_tokens(site.slug)
        assert not sites.revoke_token(other.slug, token.id, now=datetime.now(UTC))
    assert site.client.get(QUEUE, headers=site.bearer).status_code == 200


def test_neither_tokens_nor_receipts_are_stored(site: SiteDriver) -> None:
    sent = site.submitted(headers={"Idempotency-Key": "a key of mine that I keep"})
    site.queue()
    stored = everything_stored(site.app)
    assert sent["id"].replace("-", "").encode() in stored, "the search looks where it should"
    for secret in (site.token, sent["receipt"]["token"]):
        random_part = secret.partition("_")[2].encode()
        assert random_part not in stored
        assert random_part[:20] not in stored
    assert b"a key of mine" not in stored


def test_the_last_use_is_recorded_at_most_once_a_minute(site: SiteDriver) -> None:
    assert last_use(site) is None
    start = datetime.now(UTC).replace(microsecond=0)
    moments = [0, 1, 59, 60, 61, 100, 122]
    recorded = []
    with site.app.app_context():
        for seconds in moments:
            authenticate.authenticate(site.token, now=start + timedelta(seconds=seconds))
            used = last_use(site)
            assert used is not None
            recorded.append((used - start).total_seconds())
    assert recorded == [0, 0, 0, 0, 61, 61, 122]


def test_calls_are_charged_to_the_token_and_refused_when_it_has_none_left(site: SiteDriver) -> None:
    site.change(limits={"token": (3, 60)})
    answers = [site.client.get(QUEUE, headers=site.bearer) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    # What was spent in this minute still weighs in the next one, so the wait may be a little longer than a minute.
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 2 * 60
    assert answers[0].headers["RateLimit-Policy"] == '"token";q=3;w=60'
    assert site.client.get(QUEUE, headers=site.another_token()).status_code == 200, "another token has its own"
