"""Tokens: what they open, for which site, and what is kept of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.actions import authenticate, sites
from service.domain.permissions import Permission, Scope, scopes_for
from service.web.auth import PERMISSION_ATTRIBUTE
from tests.driver import SiteDriver, make_site
from tests.stored import everything_stored

NOBODY_S = "019b76da-a800-7c47-b06c-3574b178f405"
QUEUE = "/v1/moderation/comments"


def last_use(site: SiteDriver) -> datetime | None:
    """Return when the site's first token was last used."""
    with site.app.app_context():
        return sites.list_tokens(site.slug)[0].last_used_at


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


def _guarded(app: Flask) -> list[tuple[str, str, Permission]]:
    """Return the method, address and permission of every route that must not open without a token."""
    found = []
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"OPTIONS", "HEAD"}
        is_moderation = rule.rule.startswith("/v1/moderation")
        for method in methods:
            if is_moderation or (rule.rule == "/v1/articles" and method == "PUT"):
                view = app.view_functions[rule.endpoint]
                found.append((method, _address(rule), getattr(view, PERMISSION_ATTRIBUTE)))
    return found


def _address(rule: Rule) -> str:
    return re.sub("<uuid:[a-z_]+>", NOBODY_S, rule.rule).replace("<slug>", "news")


def _call(site: SiteDriver, method: str, address: str, headers: dict[str, str]) -> TestResponse:
    body: Any = None
    if address == "/v1/articles":
        body = {"site": site.slug, "key": site.article}
    elif method != "GET":
        comment = re.search("comments/([^/]+)", address)
        decision: dict[str, object] = {"action": "approve", "revision": 1}
        body = {"/v1/moderation/decisions": {"decisions": [decision | {"comment_id": NOBODY_S}]}}.get(address, decision)
        if address.endswith("/notes"):
            body = {"text": "Seen before."}
        elif comment is None and "decisions" not in address:
            body = _bodies(site).get(re.split("[/?]", address)[3], {})
    return site.client.open(address, method=method, json=body, headers=headers)


def _bodies(site: SiteDriver) -> dict[str, dict[str, object]]:
    """Return what could be sent to each list of the desk, so that a refusal is none of the body."""
    return {
        "moderators": {"role": "viewer"},
        "invitations": {"name": "Noor"},
        "reasons": {"title": "A title", "text": "A text."},
        "articles": {"article": site.article, "open": False},
        "sites": {"max_depth": 3},
    }


def _all_not_found(answer: TestResponse) -> bool:
    results = (answer.get_json(silent=True) or {}).get("results", [])
    return bool(results) and all(result["status"] == 404 for result in results)


def test_every_guarded_route_is_known(app: Flask) -> None:
    guarded = _guarded(app)
    assert {address for _, address, _ in guarded} >= {"/v1/articles", QUEUE}
    assert len(guarded) >= 4
    assert not [address for _, address, _ in guarded if "<" in address], "give a new kind of parameter a value above"


def test_every_guarded_route_refuses_who_has_no_token(site: SiteDriver) -> None:
    for method, address, _ in _guarded(site.app):
        for headers in ({}, {"Authorization": "Bearer pb_made-up"}, {"Origin": site.origin}):
            refused = _call(site, method, address, headers)
            assert (refused.status_code, refused.get_json()["code"]) == (401, "unauthenticated"), (method, address)


def test_every_guarded_route_refuses_a_token_without_its_scope(site: SiteDriver) -> None:
    for method, address, permission in _guarded(site.app):
        scopes = scopes_for(permission)
        others = site.another_token(*(other for other in Scope if other not in scopes))
        refused = _call(site, method, address, others)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden"), (method, address)
        assert f"`{scopes[0]}`" in refused.get_json()["detail"]


def test_every_guarded_route_refuses_the_token_of_another_site(app: Flask, site: SiteDriver) -> None:
    foreign = make_site(app).bearer
    comment = site.submitted()["id"]
    for method, address, _ in _guarded(app):
        ours = address.replace(NOBODY_S, comment)
        if ours == address and not address.startswith(
            ("/v1/articles", "/v1/moderation/comments/", "/v1/moderation/decisions")
        ):
            ours += f"?site={site.slug}"
        refused = _call(site, method, ours, foreign)
        # Of several things at once each is answered by itself; a batch or a comment of another site is not found.
        assert refused.status_code in {403, 404} or _all_not_found(refused), (method, ours)
        assert comment not in refused.text
    assert site.opened(comment)["version"] == 1
