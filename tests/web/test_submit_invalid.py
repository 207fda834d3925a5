"""POST /v1/comments: what is refused, with which words, and that nothing is left behind."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from service.actions import sites
from service.domain.permissions import Scope
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEXTS = ("site", "article", "article_url", "article_title", "name", "email", "url", "body")
NEEDED = ("site", "article", "name", "email", "body")


# Refused before a store is asked for anything, so that one kind of database shows it.
before_any_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def post(site: SiteDriver, data: bytes | str, content_type: str | None = JSON, **headers: str) -> Any:
    return site.client.post(
        "/v1/comments", data=data, content_type=content_type, headers={"Origin": site.origin} | headers
    )


def changed(field: str, value: object) -> dict[str, Any]:
    return {field: value}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"{'site': 'x'}", id="single-quotes"),
        pytest.param(b'{"site": "x",}', id="trailing-comma"),
        pytest.param(b'{"site": "x"} {}', id="two-documents"),
        pytest.param(b"site=x&body=y", id="a-form"),
        pytest.param(b"<reply/>", id="xml"),
        pytest.param(b'{"body": NaN}', id="not-a-number"),
        pytest.param(b'{"body": -Infinity}', id="infinity"),
        pytest.param(b'{"body": "\xff\xfe"}', id="not-utf-8"),
        pytest.param(b'{"body": "\xed\xa0\x80"}', id="a-surrogate-encoded-as-if-it-were-utf-8"),
        pytest.param(b'{"body": "\xc0\xaf"}', id="overlong-utf-8"),
        pytest.param('{"body": "x"}'.encode("utf-16"), id="utf-16"),
        pytest.param('{"body": "x"}'.encode("utf-32"), id="utf-32"),
        pytest.param(b'{"body": "\x00"}', id="a-bare-control-character"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="arrays-30,000-deep"),
        pytest.param(b'{"a":' * 12_000, id="objects-12,000-deep"),
        pytest.param(b'{"body": ' + b"9" * 60_000 + b"}", id="a-number-of-60,000-digits"),
    ],
)
@before_any_store
def test_what_is_not_json_is_malformed(site: SiteDriver, data: bytes) -> None:
    with nothing_stored(site):
        refused(post(site, data), 400, "malformed_json")


@ON_SQLITE_ALONE
@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"text"', b"true", b'[{"site": "x"}]'])
def test_json_that_is_no_object_is_invalid(site: SiteDriver, data: bytes) -> None:
    with nothing_stored(site):
        assert refused_fields(post(site, data)) == {"body": "wrong_type"}


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", [1, 1.5, True, [], ["x"], {}, {"x": {"y": 1}}], ids=repr)
@before_any_store
def test_a_field_of_the_wrong_type_is_named(site: SiteDriver, field: str, value: object) -> None:
    with nothing_stored(site):
        assert refused_fields(site.submit(**changed(field, value))) == {field: "wrong_type"}


@ON_SQLITE_ALONE
@pytest.mark.parametrize("value", [1, True, [], {}, "x", "0190b6a0", "0190b6a0-0000-7000-8000-00000000000g"], ids=repr)
def test_a_parent_that_is_no_uuid_is_named(site: SiteDriver, value: object) -> None:
    with nothing_stored(site):
        assert refused_fields(site.submit(parent_id=value)) == {"parent_id": "wrong_type"}


@ON_SQLITE_ALONE
@pytest.mark.parametrize("field", NEEDED)
def test_a_field_that_is_missing_or_null_is_named(site: SiteDriver, field: str) -> None:
    with nothing_stored(site):
        assert refused_fields(site.submit(**changed(field, None))) == {field: "required"}
        null = site.client.post("/v1/comments", json=site.reply() | {field: None})
        assert refused_fields(null) == {field: "required"}


def test_an_empty_object_is_told_every_field_that_is_needed(site: SiteDriver) -> None:
    assert refused_fields(post(site, b"{}")) == dict.fromkeys(NEEDED, "required")


@pytest.mark.parametrize(
    "name", ["status", "id", "author", "Body", "body ", "", "é", "x" * 5_000, "\ud800", "\x00", "a.b"]
)
@before_any_store
def test_an_unknown_field_is_refused_whatever_its_name(site: SiteDriver, name: str) -> None:
    with nothing_stored(site):
        response = post(site, json.dumps(site.reply() | {name: "approved"}))
        assert list(refused_fields(response).values()) == ["unknown_field"]


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x00", id="nul"),
        pytest.param("\ud800", id="high-surrogate"),
        pytest.param("\udfff", id="low-surrogate"),
        pytest.param("\udc00\ud800", id="surrogates-the-wrong-way-round"),
    ],
)
@before_any_store
def test_a_character_that_no_text_holds_is_refused_in_every_field(site: SiteDriver, field: str, character: str) -> None:
    with nothing_stored(site):
        for value in (character, f"{site.reply().get(field, 'x')}{character}y"):
            response = post(site, json.dumps(site.reply() | {field: value}))
            assert refused_fields(response) == {field: "forbidden_character"}


def test_a_surrogate_pair_in_escapes_is_one_good_character(site: SiteDriver) -> None:
    assert post(site, json.dumps(site.reply(name="Ada 🙂"))).status_code == 202


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        pytest.param("name", "", "required", id="name-empty"),
        pytest.param("name", " \t\n", "required", id="name-of-spaces"),
        pytest.param("name", "\u200b\u200d\ufeff\u2060", "required", id="name-of-zero-width-characters"),
        pytest.param("name", "\u202e\u202d", "required", id="name-of-bidi-overrides"),
        pytest.param("name", "\u3164\u115f", "required", id="name-of-hangul-fillers"),
        pytest.param("name", "\u0301", "required", id="name-of-a-mark-alone"),
        pytest.param("name", "x" * 101, "too_long", id="name-of-101-characters"),
        pytest.param("name", "I am ADA@example.org", "contains_email", id="name-with-the-e-mail-address"),
        pytest.param("email", "", "required", id="email-empty"),
        pytest.param("email", " ", "required", id="email-blank"),
        pytest.param("email", "ada", "not_an_email", id="email-without-at"),
        pytest.param("email", "ada@", "not_an_email", id="email-without-host"),
        pytest.param("email", "@example.org", "not_an_email", id="email-without-local-part"),
        pytest.param("email", "ada@example..org", "not_an_email", id="email-with-an-empty-label"),
        pytest.param("email", "a b@example.org", "not_an_email", id="email-with-a-space"),
        pytest.param("email", "a@example.org\nBcc: b@example.org", "not_an_email", id="email-with-a-header"),
        pytest.param("email", "Ada <ada@example.org>", "not_an_email", id="email-with-a-name"),
        pytest.param("email", "ada@[127.0.0.1]", "not_an_email", id="email-at-an-address"),
        pytest.param("email", f"ada@{('x' * 58 + '.') * 5}m", "too_long", id="email-of-300-characters"),
        pytest.param("email", "x" * 65 + "@example.org", "too_long", id="email-with-a-local-part-of-65"),
        pytest.param("url", "javascript:alert(1)", "not_a_url", id="url-javascript"),
        pytest.param("url", "JavaScript://example.org/%0aalert(1)", "not_a_url", id="url-javascript-like-a-host"),
        pytest.param("url", "data:text/html,x", "not_a_url", id="url-data"),
        pytest.param("url", "ftp://example.org", "not_a_url", id="url-ftp"),
        pytest.param("url", "tel:123", "not_a_url", id="url-tel"),
        pytest.param("url", "mailto:ada@example.org", "not_a_url", id="url-mailto"),
        pytest.param("url", "ada@example.org", "not_a_url", id="url-an-e-mail-address"),
        pytest.param("url", "http://user:word@example.org", "not_a_url", id="url-with-a-password"),
        pytest.param("url", "//example.org", "not_a_url", id="url-without-scheme"),
        pytest.param("url", "/articles/1", "not_a_url", id="url-relative"),
        pytest.param("url", "https://exa mple.org", "not_a_url", id="url-with-a-space"),
        pytest.param("url", "https://example.org:99999", "not_a_url", id="url-with-an-impossible-port"),
        pytest.param("url", "https://example.org/" + "x" * 500, "too_long", id="url-too-long"),
        pytest.param("article", "", "empty", id="article-empty"),
        pytest.param("article", " \u200b", "empty", id="article-blank"),
        pytest.param("article", "https://elsewhere.example/1", "not_an_origin_of_the_site", id="article-elsewhere"),
        pytest.param("article", "javascript:alert(1)", "not_a_url", id="article-javascript"),
        pytest.param("article", "post-17", "not_registered", id="article-an-unregistered-id"),
        pytest.param("article", "x" * 201, "too_long", id="article-an-id-too-long"),
        pytest.param("article_url", "https://elsewhere.example/1", "not_an_origin_of_the_site", id="address-elsewhere"),
        pytest.param("article_url", "javascript:alert(1)", "not_a_url", id="address-javascript"),
        pytest.param("article_url", "post-17", "not_an_origin_of_the_site", id="address-an-id"),
        pytest.param("article_title", "x" * 301, "too_long", id="title-of-301-characters"),
        pytest.param("body", "", "required", id="body-empty"),
        pytest.param("body", " \n\t", "required", id="body-blank"),
        pytest.param("body", "\u200b\u200d\u2060", "required", id="body-of-zero-width-characters"),
        pytest.param("body", "<p></p>", "required", id="body-an-empty-paragraph"),
        pytest.param("body", "<b><i></i></b>", "required", id="body-empty-tags"),
        pytest.param("body", "<script></script>", "required", id="body-an-empty-script"),
        pytest.param("body", "<!-- nobody sees this -->", "required", id="body-a-comment"),
        pytest.param("body", "&nbsp;&#8203;", "required", id="body-invisible-entities"),
        pytest.param("body", "**", "required", id="body-stars"),
        pytest.param("body", "> \n> ", "required", id="body-an-empty-quote"),
        pytest.param("body", "```\n```", "required", id="body-an-empty-code-block"),
        pytest.param("body", "[](http://example.org)", "required", id="body-a-link-without-words"),
        pytest.param("body", "<img src=x onerror=alert(1)>", "required", id="body-a-picture"),
        pytest.param("body", "a" * 10_001, "too_long", id="body-of-10,001-letters"),
        pytest.param("body", "a " * 5_000 + "ab", "too_long", id="body-of-10,002-characters-with-spaces"),
    ],
)  # fmt: skip
@before_any_store
def test_a_value_that_cannot_be_accepted_is_named(site: SiteDriver, field: str, value: str, code: str) -> None:
    given: dict[str, Any] = {"email": "ada@example.org"} | {field: value}
    with nothing_stored(site):
        assert refused_fields(site.submit(**given)) == {field: code}


def test_every_fault_is_told_at_once(site: SiteDriver) -> None:
    response = site.submit(name=" ", email="ada", url="ftp://x.example", body="", article="https://x.example/")
    assert refused_fields(response) == {
        "article": "not_an_origin_of_the_site",
        "email": "not_an_email",
        "name": "required",
        "url": "not_a_url",
        "body": "required",
    }


def test_a_refusal_never_repeats_the_email_address(site: SiteDriver) -> None:
    for given in ({"name": "canary@example.org"}, {"url": "canary@example.org"}, {"body": ""}, {"extra": "x"}):
        changes: dict[str, Any] = {"email": "canary@example.org"} | given
        response = site.submit(**changes)
        assert response.status_code == 422
        assert "canary" not in response.text


def without_length(site: SiteDriver, data: bytes, content_type: str, **headers: str) -> Any:
    """Send a body in chunks, as a server hands it on that does not know how long it will be."""
    return site.client.post(
        "/v1/comments",
        input_stream=io.BytesIO(data),
        content_type=content_type,
        headers={"Transfer-Encoding": "chunked", "Origin": site.origin} | headers,
        environ_overrides={"wsgi.input_terminated": True},
    )


@pytest.mark.parametrize("content_type", [JSON, FORM])
def test_a_body_beyond_64_kib_is_cut_off_before_it_is_parsed(site: SiteDriver, content_type: str) -> None:
    # Neither JSON nor a form in any way: whoever parses it first answers something else.
    data = b"{" * (64 * 1024 + 1)
    with nothing_stored(site):
        refused(post(site, data, content_type), 413, "too_large")
        refused(without_length(site, data, content_type), 413, "too_large")


def test_a_form_that_goes_on_beyond_64_kib_is_not_taken_for_a_shorter_one(site: SiteDriver) -> None:
    # The last field may be cut anywhere and is still a field.
    data = (urlencode(site.reply(body=None)) + "&body=" + "x+" * 40_000).encode()
    with nothing_stored(site):
        refused(without_length(site, data, FORM), 413, "too_large")
        assert without_length(site, data, FORM, Accept="text/html").status_code == 413


@pytest.mark.parametrize("extra", [-1, 0], ids=["a-byte-less", "exactly"])
def test_a_body_of_64_kib_that_does_not_tell_its_length_is_read_as_a_whole(site: SiteDriver, extra: int) -> None:
    sent = json.dumps(site.reply()).encode()
    data = sent + b" " * (64 * 1024 - len(sent) + extra)
    assert without_length(site, data, JSON).status_code == 202


def test_a_body_of_64_kib_is_still_read(site: SiteDriver) -> None:
    sent = json.dumps(site.reply())
    assert post(site, sent + " " * (64 * 1024 - len(sent))).status_code == 202
    refused(post(site, sent + " " * (64 * 1024 - len(sent) + 1)), 413, "too_large")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/problem+json",
        "application/jsonp",
        "application/octet-stream",
        "nonsense",
    ],
)
@before_any_store
def test_a_body_that_is_neither_json_nor_a_form_is_unsupported(site: SiteDriver, content_type: str | None) -> None:
    with nothing_stored(site):
        refused(post(site, json.dumps(site.reply()), content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("slug", ["nobody", "", "No Body", "../x", "ü", "x" * 300, "' OR 1=1 --"])
def test_a_site_that_does_not_exist_is_unknown(site: SiteDriver, slug: str) -> None:
    with nothing_stored(site):
        refused(site.submit(site=slug), 404, "unknown_site")


def test_a_closed_article_takes_no_reply(site: SiteDriver) -> None:
    site.client.put("/v1/articles", json={"site": site.slug, "key": site.article, "open": False}, headers=site.bearer)
    with nothing_stored(site):
        refused(site.submit(), 403, "article_closed")
        refused(site.submit(headers=site.bearer), 403, "article_closed")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "scheme", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {} x", "Bearer {}x", "Bearer \xff"]
)
def test_a_token_that_is_malformed_or_unknown_is_refused(site: SiteDriver, scheme: str) -> None:
    with nothing_stored(site):
        response = site.submit(headers={"Authorization": scheme.format(site.token)})
        refused(response, 401, "unauthenticated")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="postbag"'


def test_a_revoked_token_is_refused_at_once(site: SiteDriver) -> None:
    bearer = site.another_token(Scope.INTEGRATE)
    assert site.submit(headers=bearer).status_code == 202
    with site.app.app_context():
        (token,) = [known for known in sites.list_tokens(site.slug) if known.name == "Noor"]
        assert sites.revoke_token(site.slug, token.id, now=datetime.now(UTC))
    with nothing_stored(site):
        refused(site.submit(headers=bearer), 401, "unauthenticated")


def test_a_reply_to_something_that_is_not_published_here_has_no_parent(free_site: SiteDriver) -> None:
    site = free_site
    pending, elsewhere = site.submitted(), site.published(article=f"{site.origin}/articles/2")
    rejected, spam, withdrawn = site.submitted(), site.submitted(), site.published()
    site.decide(rejected["id"], "reject")
    site.decide(spam["id"], "spam")
    site.withdraw(withdrawn)
    tombstone = site.published()
    site.published(parent_id=tombstone["id"])
    site.withdraw(tombstone)
    unknown = {"id": "0190b6a0-0000-7000-8000-000000000000"}
    with nothing_stored(site):
        for parent in (pending, elsewhere, rejected, spam, withdrawn, tombstone, unknown):
            body = refused(site.submit(parent_id=parent["id"]), 422, "parent_not_found")
            assert [(fault["field"], fault["code"]) for fault in body["errors"]] == [("parent_id", "parent_not_found")]


def test_a_reply_to_a_comment_of_another_site_has_no_parent(site: SiteDriver, free_site: SiteDriver) -> None:
    parent = free_site.published()
    with nothing_stored(site):
        refused(site.submit(parent_id=parent["id"]), 422, "parent_not_found")


def test_a_comment_with_an_edit_in_review_can_still_be_answered(site: SiteDriver) -> None:
    parent = site.published()
    site.revise(parent, "Edited")
    assert site.submit(parent_id=parent["id"]).status_code == 202


def test_every_documented_problem_type_leads_to_its_explanation(site: SiteDriver) -> None:
    problem = refused(site.submit(body=""), 422, "invalid")
    page = site.client.get(problem["type"])
    assert page.status_code == 200
    assert problem["title"] in page.text


@pytest.mark.parametrize(
    ("method", "status", "code"), [("PUT", 405, "method_not_allowed"), ("PATCH", 405, "method_not_allowed")]
)
def test_a_method_that_is_not_offered_is_refused_with_those_that_are(
    site: SiteDriver, method: str, status: int, code: str
) -> None:
    response = site.client.open("/v1/comments", method=method)
    refused(response, status, code)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_an_address_that_does_not_exist_is_not_found(site: SiteDriver) -> None:
    refused(site.client.get("/v1/nothing"), 404, "not_found")
    refused(site.client.get("/v1/comments/"), 404, "not_found")
