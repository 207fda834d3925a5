"""Requests that no well-meaning client sends: each is answered, none with a fault of ours, and nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site

NUL, SURROGATE, HUGE = "\x00", "\ud800", "9" * 5000
UNKNOWN_ID = "01980000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def untouched(app: Flask) -> SiteDriver:
    """Return a site that all tests share of which every request is refused: nothing is ever stored there."""
    return make_site(app, limits="off")


def asked(
    app: Flask, method: str, path: str, *, query: bytes = b"", body: bytes = b"", **environment: str
) -> TestResponse:
    """Send a request as a server passes it on, bytes as latin-1 (PEP 3333); a body is said to be JSON."""
    environ = EnvironBuilder(path="/").get_environ() | {"REQUEST_METHOD": method, "PATH_INFO": path}
    environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    environ |= {"QUERY_STRING": query.decode("latin-1")} | environment
    # Not through the test client, which looks at some of this itself.
    answer, status, headers = run_wsgi_app(app, environ)
    return TestResponse(answer, status, headers, Request({}))


def assert_refused_plainly(response: TestResponse, statuses: Iterable[int] = range(400, 500)) -> None:
    assert response.status_code in statuses, (response.status, response.text)
    assert response.content_type == "application/problem+json"
    assert response.headers["X-Request-Id"]
    assert response.get_json()["status"] == response.status_code


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="scheme alone"),
        pytest.param("Bearer ", id="empty token"),
        pytest.param("Bearer \xff\xfe\x00", id="bytes"),
        pytest.param("Bearer " + "x" * 60_000, id="very long"),
        pytest.param("Basic dXNlcjpwYXNz", id="another scheme"),
        pytest.param("Basic =====", id="broken base64"),
        pytest.param('Digest realm="x", nonce=', id="broken digest"),
        pytest.param("Bearer pb_a pb_b", id="two tokens"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bad_authorization_is_unauthenticated(untouched: SiteDriver, method: str, authorization: str) -> None:
    path = "/v1/moderation/comments" if method == "GET" else "/v1/comments"
    response = asked(untouched.app, method, path, HTTP_AUTHORIZATION=authorization)
    assert_refused_plainly(response, {401})
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("key", "status"),
    [
        pytest.param("", 422, id="empty"),
        pytest.param('""', 422, id="empty quotes"),
        pytest.param('"', 422, id="half a quote"),
        pytest.param("k" * 256, 422, id="too long"),
        pytest.param("k" * 255, 202, id="as long as may be"),
        pytest.param("ключ".encode().decode("latin-1"), 202, id="UTF-8"),
        pytest.param("\xff\x01", 202, id="bytes"),
        pytest.param("a, b", 202, id="two"),
        pytest.param("%00'; DROP TABLE comments; --", 202, id="hopeful"),
    ],
)
def test_an_odd_idempotency_key_is_taken_as_it_is_or_refused(site: SiteDriver, key: str, status: int) -> None:
    reply = site.reply()
    for _ in range(2):
        response = site.client.post("/v1/comments", json=reply, headers={"Idempotency-Key": key})
        assert response.status_code == status, response.text
    if status == 422:
        assert_refused_plainly(response)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"site=%00&article=%00", id="NUL"),
        pytest.param(b"site=%ff%fe&article=%c0%af", id="not UTF-8"),
        pytest.param(b"site=\xff&article=\xfe", id="raw bytes"),
        pytest.param(b"site=%ED%A0%80&article=x", id="encoded surrogate"),
        pytest.param(b"site=%&article=%zz", id="broken escapes"),
        pytest.param(b"&&&=&=;", id="separators"),
        pytest.param(b"site[]=x&article[0]=y", id="brackets"),
        pytest.param(b"limit=" + HUGE.encode(), id="huge number"),
        pytest.param(b"limit=-1&site=x&article=x", id="negative"),
        pytest.param(b"limit=1e3&site=x&article=x", id="exponent"),
        pytest.param("limit=٣&site=x&article=x".encode(), id="other digits"),
        pytest.param(b"site=x&article=http://[::1&cursor=%00", id="half an IPv6 address"),
        pytest.param(b"site=x&article=http://%00/&cursor=x", id="NUL in a host"),
        pytest.param(b"site=x&article=http://x:99999999999999/", id="huge port"),
        pytest.param(b"site=" + b"x" * 30_000 + b"&article=y", id="very long"),
        pytest.param(b"site=x&article=y&__proto__=1", id="unknown"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/comments", "/v1/counts", "/v1/moderation/comments"])
def test_an_odd_query_is_refused_plainly(untouched: SiteDriver, path: str, query: bytes) -> None:
    known = query.replace(b"site=x", b"site=" + untouched.slug.encode())
    response = asked(untouched.app, "GET", path, query=known, HTTP_AUTHORIZATION=untouched.bearer["Authorization"])
    assert_refused_plainly(response)


@pytest.mark.parametrize(
    "query",
    [b"site=%00&article=%00", b"site=%ff&article=%fe", b"", b"site[]=x", b"reply_to=%00&cursor=%00&sort=%00"],
    ids=["NUL", "not UTF-8", "empty", "brackets", "odd options"],
)
def test_an_odd_query_for_the_thread_gets_a_page_that_refuses(untouched: SiteDriver, query: bytes) -> None:
    response = asked(untouched.app, "GET", "/comments", query=query)
    assert 400 <= response.status_code < 500
    assert response.content_type.startswith("text/html")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize(
    "token",
    ["\x00", "%00", "\xff\xfe", "x" * 8000, "pbr_", "..", "a b", "ð\x9f\x92\xa9", "{{7*7}}"],
    ids=["NUL", "escaped NUL", "bytes", "long", "prefix", "dots", "space", "emoji", "template"],
)
def test_an_odd_receipt_token_leads_nowhere(untouched: SiteDriver, method: str, token: str) -> None:
    response = asked(untouched.app, method, f"/v1/receipts/{token}", body=b'{"body": "A text."}')
    assert_refused_plainly(response, {404, 405})
    page = asked(untouched.app, method, f"/receipts/{token}")
    assert page.status_code in {404, 405}


@ON_SQLITE_ALONE
@pytest.mark.parametrize("seed", ["\x00", "../../etc/passwd", "\xff", "0" * 15, "0" * 17, "G" * 16, "٠" * 16])
def test_an_odd_avatar_is_not_found(untouched: SiteDriver, seed: str) -> None:
    path = f"/avatars/{seed}.svg".encode().decode("latin-1")
    assert asked(untouched.app, "GET", path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00", id="NUL"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param(b'{"site": "\xff"}', id="not UTF-8"),
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"a":' * 10_000, id="deep objects"),
        pytest.param(b'{"limit": ' + HUGE.encode() + b"}", id="huge number"),
        pytest.param(b'{"site": NaN}', id="NaN"),
        pytest.param(b'{"site": 1e999}', id="infinite"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"site": {"x": 1}}', id="object for a string"),
        pytest.param(b'{"site": ["x"], "body": [[]]}', id="list for a string"),
        pytest.param(b'{"": "", "\\u0000": 1}', id="odd names"),
        pytest.param(b'{"site": "\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"site": "a\\u0000b"}', id="escaped NUL"),
        pytest.param(b'{"constructor": {"prototype": {}}}', id="prototype"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/comments"),
        ("POST", "/v1/preview"),
        ("PUT", "/v1/articles"),
        ("PATCH", "/v1/receipts/pbr_unknown"),
        ("POST", f"/v1/moderation/comments/{UNKNOWN_ID}/decisions"),
    ],
    ids=["submit", "preview", "article", "revise", "decide"],
)
def test_an_odd_json_body_is_refused_plainly(untouched: SiteDriver, method: str, path: str, body: bytes) -> None:
    response = untouched.client.open(
        path, method=method, data=body, content_type="application/json", headers=untouched.bearer,
        environ_base={"REMOTE_ADDR": f"198.51.100.{abs(hash(body)) % 250}"},
    )  # fmt: skip
    assert_refused_plainly(response)
    assert untouched.queue()["comments"] == []


@pytest.mark.parametrize(
    "value", [NUL, f"a{NUL}b", SURROGATE, f"x{SURROGATE}"], ids=["NUL", "with NUL", "half", "with half"]
)
@pytest.mark.parametrize(
    "field", ["site", "article", "article_url", "article_title", "parent_id", "name", "email", "url", "body"]
)
def test_a_character_that_cannot_be_kept_is_refused_in_every_field(
    untouched: SiteDriver, field: str, value: str
) -> None:
    response = untouched.client.post("/v1/comments", json=untouched.reply() | {field: value})
    assert_refused_plainly(response, {422})
    assert [fault["field"] for fault in response.get_json()["errors"]] == [field]


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**63, 10**400, 1.5, True, "1", None, [], "NaN"])
@pytest.mark.parametrize("field", ["revision", "version"])
def test_an_odd_number_in_a_decision_is_refused(site: SiteDriver, field: str, value: object) -> None:
    sent = site.submitted()
    decision = {"action": "approve", "revision": 1} | {field: value}
    path = f"/v1/moderation/comments/{sent['id']}/decisions"
    response = site.client.post(path, json=decision, headers=site.bearer)
    if (field, value) == ("version", None):
        assert response.status_code == 201
    elif value == "1":
        assert response.status_code in {201, 422}
    else:
        assert_refused_plainly(response, {422})
        assert site.queue()["totals"]["pending"] == 1


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Origin", "null"), ("Origin", "https://[::1"), ("Origin", "\xff\x00"), ("Origin", "x" * 30_000),
        ("Host", "\x00"), ("Host", "a b"), ("Host", "[::1"), ("Host", "evil.example:99999999"), ("Host", ""),
        ("Content-Type", "application/json; charset=\xff"), ("Content-Type", "application/json; charset=utf-7"),
        ("Content-Type", "multipart/form-data"), ("Content-Type", "x" * 30_000), ("Content-Type", ""),
        ("Accept", "\xff"), ("Accept", ",;q=,"), ("Accept-Encoding", "br;q=x, \xff;q=2"), ("If-None-Match", '"'),
        ("If-None-Match", "\xff\x00"), ("Cookie", "\xff=\x00; ==;"), ("X-Forwarded-For", "\x00"),
        ("X-Forwarded-Host", "evil.example"), ("X-Request-Id", "x\r\ny"), ("Content-Encoding", "gzip"),
        ("Range", "bytes=0-1,-5"), ("If-Modified-Since", "\xff"), ("Access-Control-Request-Method", "\xff"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_odd_header_is_no_fault_of_ours(untouched: SiteDriver, method: str, header: str, value: str) -> None:
    name = header.upper().replace("-", "_")
    key = name if name.startswith("CONTENT_TYPE") else f"HTTP_{name}"
    query = f"site={untouched.slug}&article={untouched.article}".encode()
    response = asked(untouched.app, method, "/v1/comments", query=query, body=b"{}", **{key: value})
    assert response.status_code < 500, response.text
    for name, sent in response.headers:
        assert not {"\x00", "\r", "\n"} & set(sent), name
        assert "evil.example" not in sent


@ON_SQLITE_ALONE
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "X" * 100, "get", "\xff"])
def test_an_odd_method_is_not_allowed(untouched: SiteDriver, method: str) -> None:
    response = asked(untouched.app, method, "/v1/comments")
    assert_refused_plainly(response, {400, 405, 422})


@ON_SQLITE_ALONE
@pytest.mark.parametrize("length", ["-1", "abc", "9" * 30, "1e3", " 2"])
def test_an_odd_content_length_is_refused_plainly(untouched: SiteDriver, length: str) -> None:
    assert_refused_plainly(asked(untouched.app, "POST", "/v1/comments", body=b"{}", CONTENT_LENGTH=length))


@ON_SQLITE_ALONE
def test_the_metrics_do_not_grow_with_what_strangers_make_up(site: SiteDriver) -> None:
    before = len(site.client.get("/metrics").data)
    for number in range(50):
        asked(site.app, f"MADEUP{number}", f"/made/up/{number}")
    assert len(site.client.get("/metrics").data) < before + 2000
