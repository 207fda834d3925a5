"""A site says who its reader is, in a signed token: who that is here, what it is worth, and what is refused."""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import select

from service import metrics
from service.domain.known_readers import ReaderTrust
from service.domain.permissions import Scope
from service.domain.site import Policy
from service.extensions import db
from service.store.models import AuthorRow, SiteRow
from tests.driver import SiteDriver, codes, make_site
from tests.reader_tokens import as_known, claims_for, secret_of, token_by
from tests.refusals import nothing_stored, refused, refused_fields


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    return make_site(app, limits="off")


@pytest.fixture
def secret(site: SiteDriver) -> str:
    return secret_of(site)


def key_pair(name: str) -> tuple[Ed25519PrivateKey, dict[str, Any]]:
    """Return a new key, and its public half as a key set has it."""
    key = Ed25519PrivateKey.generate()
    return key, json.loads(OKPAlgorithm.to_jwk(key.public_key())) | {"kid": name}


def set_keys(site: SiteDriver, *keys: dict[str, Any]) -> Any:
    return site.client.put("/v1/moderation/readers/keys/set", json={"keys": keys}, headers=site.bearer)


def author_of(site: SiteDriver, sent: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = site.opened(sent["id"])["author"]
    return found


# Who it is


def test_a_known_reader_needs_neither_name_nor_address_and_has_a_badge(site: SiteDriver, secret: str) -> None:
    token = token_by(secret, site, badge="Staff", email="ada@gazette.example")
    sent = site.published(**as_known(token, body="I wrote this article."))
    author = site.page()["comments"][0]["author"]
    assert (author["name"], author["badge"]) == ("Ada Okafor", "Staff")
    assert site.receipt(sent)["author"]["badge"] == "Staff"
    opened = site.opened(sent["id"])
    assert opened["email"] == "ada@gazette.example"
    assert (opened["author"]["known"], opened["author"]["proven"], opened["author"]["badge"]) == (True, True, "Staff")
    assert "gazette.example" not in json.dumps(site.page()["comments"])


def test_the_same_sub_is_the_same_author_under_whatever_name(site: SiteDriver, secret: str) -> None:
    first = site.submitted(**as_known(token_by(secret, site, email="ada@example.org")))
    again = site.submitted(**as_known(token_by(secret, site, name="Ada O.", email="ada@new.example", badge="Editor")))
    other = site.submitted(**as_known(token_by(secret, site, sub="reader-18")))
    typed = site.submitted(name="Ada Okafor", email="ada@new.example")
    authors = [author_of(site, one) for one in (first, again, other, typed)]
    assert authors[0]["id"] == authors[1]["id"]
    assert len({author["id"] for author in authors}) == 3, "whoever types a reader's address is somebody else"
    assert authors[0]["avatar"] == authors[1]["avatar"] != authors[2]["avatar"]
    assert (authors[2]["known"], authors[2]["proven"]) == (True, False)
    assert site.opened(again["id"])["email"] == "ada@new.example"
    found = site.queue(author="ada@new.example")["comments"]
    assert {one["id"] for one in found} == {first["id"], again["id"], typed["id"]}


def test_a_number_is_as_good_a_sub_as_its_digits(site: SiteDriver, secret: str) -> None:
    first, second = (site.submitted(**as_known(token_by(secret, site, sub=sub))) for sub in (17, "17"))
    assert author_of(site, first)["id"] == author_of(site, second)["id"]


def test_an_avatar_elsewhere_only_changes_the_picture_that_we_draw(site: SiteDriver, secret: str) -> None:
    pictures = []
    for avatar in (None, "https://tracker.example/ada.png", "https://tracker.example/other.png"):
        sent = site.submitted(**as_known(token_by(secret, site, avatar=avatar)))
        pictures.append(author_of(site, sent)["avatar"])
    assert len(set(pictures)) == 3
    assert all(picture.startswith("/avatars/") for picture in pictures)


def test_without_an_address_none_is_told_and_an_edit_is_screened(site: SiteDriver, secret: str) -> None:
    sent = site.submitted(**as_known(token_by(secret, site)))
    assert "email" not in site.opened(sent["id"])
    assert site.revise(sent, "In other words, then.").status_code == 200


def test_what_the_site_calls_its_reader_is_sealed(app: Flask, site: SiteDriver, secret: str) -> None:
    site.submitted(**as_known(token_by(secret, site, sub="member-ada", email="ada@example.org")))
    with app.app_context():
        row = db.session.execute(
            select(AuthorRow).join(SiteRow, SiteRow.id == AuthorRow.site_id).where(SiteRow.slug == site.slug)
        ).scalar_one()
        kept = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
        assert b"member-ada" not in kept
        assert b"ada@example" not in kept


def test_a_form_may_bring_the_token(site: SiteDriver, secret: str) -> None:
    sent = site.submit_form(**as_known(token_by(secret, site), name="", email=""))
    assert sent.status_code == 303


def test_a_retry_with_a_token_made_anew_gets_the_same_answer(site: SiteDriver, secret: str) -> None:
    reply = as_known("", body="Sent twice.")
    headers = {"Idempotency-Key": "once"}
    earlier = int(time.time()) - 60
    first = site.submit(headers=headers, **reply | {"reader_token": token_by(secret, site, iat=earlier)})
    again = site.submit(headers=headers, **reply | {"reader_token": token_by(secret, site)})
    assert again.get_json() == first.get_json()
    other = site.submit(headers=headers, **reply | {"reader_token": token_by(secret, site, sub="reader-18")})
    refused(other, 422, "idempotency_key_reused")


# What it is worth


@pytest.mark.parametrize(
    ("policy", "trust", "approved", "status"),
    [
        (Policy.FIRST, ReaderTrust.TRUSTED, 0, "approved"),
        (Policy.FIRST, ReaderTrust.PROVEN, 0, "pending"),
        (Policy.FIRST, ReaderTrust.PROVEN, 1, "approved"),
        (Policy.FIRST, ReaderTrust.NONE, 1, "pending"),
        (Policy.ALL, ReaderTrust.TRUSTED, 1, "pending"),
        (Policy.NONE, ReaderTrust.NONE, 0, "approved"),
    ],
)
def test_trust_is_what_the_site_says_and_never_more_than_its_policy(
    site: SiteDriver, secret: str, policy: Policy, trust: ReaderTrust, approved: int, status: str
) -> None:
    for number in range(approved):
        site.published(**as_known(token_by(secret, site), body=f"Number {number}."))
    site.change(policy=policy, trusted_after=1)
    changed = site.client.patch(
        f"/v1/moderation/sites/{site.slug}", json={"reader_trust": trust.value}, headers=site.bearer
    )
    assert changed.get_json()["reader_trust"] == trust.value
    # From a server of the site, since from a page it would come faster than anybody writes.
    sent = site.submit(
        headers=site.another_token(Scope.INTEGRATE), **as_known(token_by(secret, site), body="The next one.")
    )
    assert sent.get_json()["status"] == status


# What is refused


def _unsigned(site: SiteDriver, secret: str) -> str:
    return jwt.encode(claims_for(site), "", "none")


def _unsigned_with_the_signature_of_another(site: SiteDriver, secret: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"None","typ":"JWT"}').rstrip(b"=").decode()
    return ".".join([head, *token_by(secret, site).split(".")[1:]])


def _by_another_secret(site: SiteDriver, secret: str) -> str:
    return token_by(secret[:-1] + ("A" if secret[-1] != "A" else "B"), site)


def _by_a_longer_hash(site: SiteDriver, secret: str) -> str:
    return jwt.encode(claims_for(site), secret * 2, "HS512")


def _changed(site: SiteDriver, secret: str) -> str:
    head, _, signature = token_by(secret, site).split(".")
    said = base64.urlsafe_b64encode(json.dumps(claims_for(site, name="Somebody")).encode()).rstrip(b"=").decode()
    return f"{head}.{said}.{signature}"


NOW = int(time.time())
WRONG: dict[str, tuple[str, Any]] = {
    "alg none": ("algorithm", _unsigned),
    "alg None": ("algorithm", _unsigned_with_the_signature_of_another),
    "alg HS512": ("algorithm", _by_a_longer_hash),
    "another secret": ("signature", _by_another_secret),
    "changed on its way": ("signature", _changed),
    "EdDSA without a key set": ("no_key", lambda site, _: jwt.encode(claims_for(site), key_pair("a")[0], "EdDSA")),
    "no JWT": ("malformed", lambda *_: "Ada Okafor"),
    "empty parts": ("malformed", lambda *_: ".."),
    "beyond ASCII": ("malformed", lambda *_: "é.é.é"),
    "too long": ("malformed", lambda site, secret: token_by(secret, site, avatar="a" * 5_000)),
    "expired": ("expired", lambda site, secret: token_by(secret, site, iat=NOW - 7_200, exp=NOW - 120)),
    "another site": ("wrong_audience", lambda site, secret: token_by(secret, site, aud="another")),
    "other sites": ("wrong_audience", lambda site, secret: token_by(secret, site, aud=["another", "third"])),
    "no audience": ("wrong_audience", lambda site, secret: token_by(secret, site, aud=None)),
    "not yet": ("not_yet", lambda site, secret: token_by(secret, site, iat=NOW + 3_600, exp=NOW + 7_200)),
    "not before": ("not_yet", lambda site, secret: token_by(secret, site, nbf=NOW + 3_600)),
    "lives too long": ("lives_too_long", lambda site, secret: token_by(secret, site, exp=NOW + 90_000)),
    "never ends": ("no_time", lambda site, secret: token_by(secret, site, exp=None)),
    "never began": ("no_time", lambda site, secret: token_by(secret, site, iat=None)),
    "ends when it is true": ("no_time", lambda site, secret: token_by(secret, site, exp=True)),
    "ends beyond time": ("no_time", lambda site, secret: token_by(secret, site, exp=10**30)),
    "nobody": ("no_subject", lambda site, secret: token_by(secret, site, sub=None)),
    "a blank": ("no_subject", lambda site, secret: token_by(secret, site, sub="  ")),
    "no name": ("claim", lambda site, secret: token_by(secret, site, name=None)),
    "a name of its address": (
        "claim",
        lambda site, secret: token_by(secret, site, name="ada@example.org", email="ada@example.org"),
    ),
    "no address": ("claim", lambda site, secret: token_by(secret, site, email="ada")),
    "a badge beside which no name fits": ("claim", lambda site, secret: token_by(secret, site, badge="x" * 31)),
    "a badge that is no text": ("claim", lambda site, secret: token_by(secret, site, badge=["Staff"])),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("named", WRONG)
def test_a_wrong_token_is_refused_counted_and_logged_without_what_it_says(
    site: SiteDriver, secret: str, named: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    code, make = WRONG[named]
    token = make(site, secret)
    before = metrics.reader_tokens.labels(code)._value.get()
    with nothing_stored(site), caplog.at_level(logging.INFO):
        body = refused(site.submit(**as_known(token)), 422, "invalid")
    assert [(fault["field"], fault["code"]) for fault in body["errors"]] == [("reader_token", code)]
    assert metrics.reader_tokens.labels(code)._value.get() == before + 1
    logged = capsys.readouterr()
    told = caplog.text + logged.out + logged.err
    assert "Okafor" not in told
    assert "reader-17" not in told
    # A reader can mend one thing alone, and is told how.
    assert ("Sign in again" in body["detail"]) == (code == "expired")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_public_key_does_not_check_what_was_signed_as_if_it_were_a_secret(site: SiteDriver) -> None:
    _, public = key_pair("2026")
    assert set_keys(site, public).status_code == 200
    with nothing_stored(site):
        refused_token = site.submit(**as_known(jwt.encode(claims_for(site), public["x"], "HS256")))
        assert refused_fields(refused_token) == {"reader_token": "no_key"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_site_without_keys_takes_no_token_and_needs_none(site: SiteDriver) -> None:
    assert refused_fields(site.submit(**as_known("a.b.c"))) == {"reader_token": "no_key"}
    assert refused_fields(site.submit(name=None, email=None)) == {"name": "required", "email": "required"}
    site.submitted(reader_token="")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_beside_the_token_is_refused_rather_than_passed_over(site: SiteDriver, secret: str) -> None:
    answer = site.submit(reader_token=token_by(secret, site))
    assert refused_fields(answer) == {"name": "not_with_reader_token", "email": "not_with_reader_token"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_clock_may_be_a_minute_off(site: SiteDriver, secret: str) -> None:
    now = int(time.time())
    site.submitted(**as_known(token_by(secret, site, iat=now + 40)))
    site.submitted(**as_known(token_by(secret, site, iat=now - 600, exp=now - 40)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("language", "words"), [("de", "Melden Sie sich"), ("ja", "ログイン"), ("en", "Sign in again")]
)
def test_a_reader_is_told_in_their_language_to_sign_in_again(
    site: SiteDriver, secret: str, language: str, words: str
) -> None:
    token = token_by(secret, site, iat=NOW - 7_200, exp=NOW - 120)
    answer = site.submit(headers={"Accept-Language": language}, **as_known(token))
    assert words in answer.get_json()["detail"]
    page = site.submit_form(**as_known(token, name="", email="", body="A text that must not be lost."))
    assert page.status_code == 422
    assert "A text that must not be lost." in page.text


# What it is signed with


def test_two_secrets_are_good_while_one_takes_the_place_of_the_other(site: SiteDriver, secret: str) -> None:
    second = secret_of(site)
    third = site.client.post("/v1/moderation/readers/keys/secrets", headers=site.bearer)
    assert refused_fields(third) == {"secret": "too_many"}
    for one in (secret, second):
        site.submitted(**as_known(token_by(one, site)))
    keys = site.client.get("/v1/moderation/readers/keys", headers=site.bearer).get_json()["keys"]
    assert [set(key) for key in keys] == [{"id", "kind", "created_at", "keys"}] * 2
    ended = site.client.delete(f"/v1/moderation/readers/keys/secrets/{keys[0]['id']}", headers=site.bearer)
    assert ended.status_code == 204
    assert codes(site.submit(**as_known(token_by(secret, site)))) == {"reader_token": "signature"}
    site.submitted(**as_known(token_by(second, site)))
    gone = site.client.delete(f"/v1/moderation/readers/keys/secrets/{keys[0]['id']}", headers=site.bearer)
    refused(gone, 404, "not_found")
    log = site.client.get("/v1/moderation/log?kind=site", headers=site.bearer)
    assert [entry["details"] for entry in log.get_json()["entries"]][:3] == [
        {"reader_secrets": [2, 1]}, {"reader_secrets": [1, 2]}, {"reader_secrets": [0, 1]},
    ]  # fmt: skip
    assert secret not in log.text


def test_keys_of_a_set_are_told_by_their_names_and_changed_together(site: SiteDriver) -> None:
    (old, old_public), (new, new_public), (foreign, _) = (key_pair(name) for name in ("old", "new", "old"))
    assert set_keys(site, old_public, new_public).get_json()["keys"] == ["old", "new"]
    for key, name in ((old, "old"), (new, "new"), (new, None)):
        token = jwt.encode(claims_for(site), key, "EdDSA", headers={"kid": name} if name else None)
        site.submitted(**as_known(token))
    for key, name, code in ((foreign, "old", "signature"), (old, "new", "signature"), (old, "third", "no_key")):
        token = jwt.encode(claims_for(site), key, "EdDSA", headers={"kid": name})
        assert codes(site.submit(**as_known(token))) == {"reader_token": code}
    assert set_keys(site, new_public).get_json()["keys"] == ["new"]
    token = jwt.encode(claims_for(site), old, "EdDSA", headers={"kid": "old"})
    assert codes(site.submit(**as_known(token))) == {"reader_token": "no_key"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_set_that_cannot_be_used_is_refused_with_what_would_be_right(site: SiteDriver) -> None:
    key, public = key_pair("a")
    private = json.loads(OKPAlgorithm.to_jwk(key))
    assert refused_fields(set_keys(site, private)) == {"keys": "private_key"}
    assert refused_fields(set_keys(site, public, public)) == {"keys": "repeated"}
    assert refused_fields(set_keys(site, {"kty": "RSA", "n": "AQAB", "e": "AQAB"})) == {"keys": "kind_of_key"}
    assert refused_fields(set_keys(site, public | {"x": "short"})) == {"keys": "malformed"}
    assert refused_fields(set_keys(site)) == {"keys": "malformed"}
    assert refused_fields(set_keys(site, *(public | {"kid": f"{n}"} for n in range(11)))) == {"keys": "too_many"}
    assert site.client.get("/v1/moderation/readers/keys", headers=site.bearer).get_json() == {"keys": []}
