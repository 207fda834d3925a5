"""POST /v1/preview: the very HTML that would be published, and nothing stored."""

from __future__ import annotations

import json

import pytest

from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields

BODIES = [
    pytest.param("Plain", id="plain"),
    pytest.param("*a* **b** ~~c~~ `d`", id="marks"),
    pytest.param("one\ntwo\n\nthree", id="lines-and-paragraphs"),
    pytest.param("> quote\n\n- a\n- b\n\n1. c", id="blocks"),
    pytest.param("    code <b>\n\n```\nmore & more\n```", id="code"),
    pytest.param("[x](javascript:alert(1)) [y](https://example.org) https://example.com", id="links"),
    pytest.param("<script>alert(1)</script><p onclick=x>y</p>", id="markup"),
    pytest.param("مرحبا 👨‍👩‍👧 e\u0301 \u202e", id="other-scripts"),
]


@ON_SQLITE_ALONE
@pytest.mark.parametrize("body", BODIES)
def test_a_preview_is_what_an_approval_publishes(site: SiteDriver, body: str) -> None:
    response = site.client.post("/v1/preview", json={"body": body}, environ_base={"REMOTE_ADDR": site.slug})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    sent = site.published(body=body)
    (published,) = site.page()["comments"]
    assert response.json == {"body_html": published["body_html"]} == {"body_html": sent["body_html"]}


@ON_SQLITE_ALONE
def test_a_preview_stores_nothing_and_needs_no_origin(site: SiteDriver) -> None:
    with nothing_stored(site):
        for headers in ({}, {"Origin": "https://any.example"}, {"Origin": "null"}):
            assert site.client.post("/v1/preview", json={"body": "x"}, headers=headers).status_code == 200


@ON_SQLITE_ALONE
def test_a_preview_may_come_from_a_form(site: SiteDriver) -> None:
    assert site.client.post("/v1/preview", data={"body": "*x*"}).json == {"body_html": "<p><em>x</em></p>"}


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sent", "faults"),
    [
        pytest.param({}, {"body": "required"}, id="nothing"),
        pytest.param({"body": None}, {"body": "required"}, id="null"),
        pytest.param({"body": 1}, {"body": "wrong_type"}, id="a-number"),
        pytest.param({"body": ""}, {"body": "required"}, id="empty"),
        pytest.param({"body": "<p></p>"}, {"body": "required"}, id="only-markup"),
        pytest.param({"body": "a\0"}, {"body": "forbidden_character"}, id="nul"),
        pytest.param({"body": "\ud800"}, {"body": "forbidden_character"}, id="a-lone-surrogate"),
        pytest.param({"body": "a" * 10_001}, {"body": "too_long"}, id="too-long"),
        pytest.param({"body": "x", "site": "y"}, {"site": "unknown_field"}, id="an-unknown-field"),
    ],
)
def test_a_text_that_could_not_be_sent_cannot_be_previewed(
    site: SiteDriver, sent: dict[str, object], faults: dict[str, str]
) -> None:
    response = site.client.post("/v1/preview", json=sent, environ_base={"REMOTE_ADDR": "192.0.2.77"})
    assert refused_fields(response) == faults


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "malformed_json", id="not-json"),
        pytest.param(b"x", "text/plain", 415, "unsupported_media_type", id="plain-text"),
        pytest.param(b'{"body":"' + b"a" * 65_536, "application/json", 413, "too_large", id="too-large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    site: SiteDriver, data: bytes, content_type: str, status: int, code: str
) -> None:
    refused(site.client.post("/v1/preview", data=data, content_type=content_type), status, code)


@ON_SQLITE_ALONE
def test_previews_are_limited_by_client_and_say_so(site: SiteDriver) -> None:
    # No other test previews from this network.
    number = int(site.slug.rpartition("-")[2]) % 65_536
    address = f"2001:db8:5:{number:x}::1"

    def preview() -> int:
        return site.client.post("/v1/preview", json={"body": "x"}, environ_base={"REMOTE_ADDR": address}).status_code

    answers = [preview() for _ in range(75)]
    # On a slow machine time goes by while they are sent, and makes room for a few more.
    assert answers[:60] == [200] * 60
    assert answers[-1] == 429
    response = site.client.post("/v1/preview", json={"body": "x"}, environ_base={"REMOTE_ADDR": address})
    refused(response, 429, "rate_limited")
    assert response.headers["RateLimit-Policy"] == '"preview";q=60;w=60'
    assert int(response.headers["Retry-After"]) >= 1


@ON_SQLITE_ALONE
def test_a_preview_of_the_longest_text_still_fits_its_answer(site: SiteDriver) -> None:
    body = "漢" * 10_000
    sent = json.dumps({"body": body}, ensure_ascii=False).encode()
    response = site.client.post("/v1/preview", data=sent, content_type="application/json")
    assert response.get_json() == {"body_html": f"<p>{body}</p>"}
