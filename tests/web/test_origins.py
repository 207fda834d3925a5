"""Which pages may send and read: the same-origin rules of browsers, and the check that does not depend on them."""

from __future__ import annotations

import pytest

from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused

ANY = "https://any.example"
ALLOW = "Access-Control-Allow-Origin"


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://elsewhere.example", id="another-host"),
        pytest.param("{origin}:8443", id="another-port"),
        pytest.param("{insecure}", id="another-scheme"),
        pytest.param("{origin}.evil.example", id="a-host-that-begins-alike"),
        pytest.param("https://evil-{host}", id="a-host-that-ends-alike"),
        pytest.param("https://sub.{host}", id="a-subdomain"),
        pytest.param("{origin}@evil.example", id="the-host-as-a-user-name"),
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("garbage", id="garbage"),
        pytest.param("*", id="star"),
        pytest.param("{origin}, {origin}", id="twice"),
        pytest.param("{origin}/path", id="with-a-path"),
        pytest.param("\xff", id="not-ascii"),
        pytest.param("https://" + "x" * 5_000, id="very-long"),
    ],
)
def test_a_page_of_a_foreign_origin_may_not_send(site: SiteDriver, origin: str) -> None:
    host = site.origin.removeprefix("https://")
    given = origin.format(origin=site.origin, insecure=f"http://{host}", host=host)
    with nothing_stored(site):
        response = site.submit(headers={"Origin": given})
        refused(response, 403, "origin_not_allowed")
    assert ALLOW not in response.headers


@ON_SQLITE_ALONE
@pytest.mark.parametrize("host", ["my_host:8000", "exa mple", "-x", "[::1]:8000", "localhost:1"])
def test_a_foreign_origin_is_refused_under_whatever_host(site: SiteDriver, host: str) -> None:
    refused(site.submit(headers={"Origin": ANY, "Host": host}), 403, "origin_not_allowed")


@ON_SQLITE_ALONE
def test_a_request_without_an_origin_is_of_no_foreign_page(site: SiteDriver) -> None:
    response = site.client.post("/v1/comments", json=site.reply())
    assert response.status_code == 202
    assert ALLOW not in response.headers


@ON_SQLITE_ALONE
def test_the_services_own_pages_may_send(site: SiteDriver) -> None:
    assert site.submit(headers={"Origin": "http://localhost"}).status_code == 202
    refused(site.submit(headers={"Origin": "https://localhost"}), 403, "origin_not_allowed")


@ON_SQLITE_ALONE
def test_a_listed_origin_may_send_and_read_the_answer(site: SiteDriver) -> None:
    response = site.submit()
    assert response.headers[ALLOW] == site.origin
    assert "Origin" in response.headers["Vary"]
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Retry-After", "RateLimit", "RateLimit-Policy", "ETag", "Postbag-Origins"} <= set(exposed)


@ON_SQLITE_ALONE
def test_no_answer_ever_allows_credentials(site: SiteDriver) -> None:
    for response in (site.submit(), site.client.get("/v1/counts", headers={"Origin": ANY})):
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_second_origin_that_is_listed_later_may_send_then(site: SiteDriver) -> None:
    refused(site.submit(headers={"Origin": ANY}), 403, "origin_not_allowed")
    site.change(origins=[site.origin, ANY])
    response = site.submit(headers={"Origin": ANY})
    assert (response.status_code, response.headers[ALLOW]) == (202, ANY)


@ON_SQLITE_ALONE
def test_a_listed_origin_can_read_every_refusal_that_names_the_site(site: SiteDriver) -> None:
    sent = site.reply()
    site.submitted(**sent)
    site.change(limits={"client": (2, 60)})
    refusals = [
        site.submit(body=""),
        site.submit(unknown="x"),
        site.submit(headers={"Idempotency-Key": ""}),
        site.submit(parent_id="0190b6a0-0000-7000-8000-000000000000"),
        site.submit(**sent),
    ]
    assert [refusal.status_code for refusal in refusals] == [422, 422, 422, 422, 429]
    for refusal in refusals:
        assert refusal.headers[ALLOW] == site.origin


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        pytest.param("/v1/comments", {"site": "{slug}", "article": "{article}"}, 200, id="a-page"),
        pytest.param("/v1/comments", {"site": "{slug}"}, 422, id="a-page-of-no-article"),
        pytest.param("/v1/comments", {"site": "nobody", "article": "x"}, 404, id="a-page-of-no-site"),
        pytest.param("/v1/counts", {"site": "{slug}", "article": "{article}"}, 200, id="counts"),
        pytest.param("/v1/counts", {"site": "{slug}"}, 422, id="counts-of-nothing"),
        pytest.param("/v1/receipts/nothing", {}, 404, id="a-receipt-that-is-none"),
    ],
)
def test_any_page_may_read_what_is_public_and_what_is_wrong_with_its_question(
    site: SiteDriver, path: str, query: dict[str, str], status: int
) -> None:
    asked = {name: value.format(slug=site.slug, article=site.article) for name, value in query.items()}
    for origin in (ANY, "null"):
        response = site.client.get(path, query_string=asked, headers={"Origin": origin})
        assert (response.status_code, response.headers[ALLOW]) == (status, "*")


@ON_SQLITE_ALONE
def test_any_page_may_preview_and_use_a_receipt(site: SiteDriver) -> None:
    path, client = f"/v1/receipts/{site.submitted()['receipt']['token']}", site.client
    for response in (
        client.post("/v1/preview", json={"body": "x"}, headers={"Origin": ANY}),
        client.post("/v1/preview", json={}, headers={"Origin": ANY}),
        client.post("/v1/preview", data="{", content_type="application/json", headers={"Origin": ANY}),
        client.patch(path, json={"body": "x"}, headers={"Origin": ANY}),
        client.patch(path, json={"boddy": "x"}, headers={"Origin": ANY}),
        client.delete(path, headers={"Origin": ANY}),
    ):
        assert response.headers[ALLOW] == "*", response.text


@ON_SQLITE_ALONE
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "GET"])
def test_a_preflight_allows_what_the_request_is_then_checked_for(site: SiteDriver, method: str) -> None:
    response = site.client.options(
        "/v1/comments",
        headers={
            "Origin": ANY,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type, idempotency-key",
        },
    )
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers[ALLOW] in {ANY, "*"}
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "idempotency-key", "authorization"} <= set(allowed)
    assert int(response.headers["Access-Control-Max-Age"]) > 0
    assert "Origin" in response.headers["Vary"]


@ON_SQLITE_ALONE
def test_our_own_form_is_taken_from_the_address_it_was_opened_under(site: SiteDriver) -> None:
    for origin, status in (("http://localhost", 202), ("http://localhost:81", 403)):
        assert site.submit(headers={"Origin": origin}).status_code == status


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "origin",
    ["https://elsewhere.example", "{origin}:8443", "{origin}.evil.example", "null", "", "*", "{origin}, {origin}"],
)
@pytest.mark.parametrize("act", ["vote", "flag"])
def test_a_page_of_a_foreign_origin_may_neither_vote_nor_flag(site: SiteDriver, act: str, origin: str) -> None:
    sent = site.published()
    response = getattr(site, act)(sent["id"], headers={"Origin": origin.format(origin=site.origin)})
    refused(response, 403, "origin_not_allowed")
    assert ALLOW not in response.headers
    opened = site.opened(sent["id"])
    assert (opened["votes"], opened["flags"]["count"]) == (0, 0)


@ON_SQLITE_ALONE
@pytest.mark.parametrize("act", ["vote", "flag"])
def test_who_may_send_may_vote_and_flag(site: SiteDriver, act: str) -> None:
    sent, react = site.published(), getattr(site, act)
    from_a_page = react(sent["id"])
    assert from_a_page.status_code in {200, 201}
    assert (from_a_page.headers[ALLOW], from_a_page.headers["Vary"]) == (site.origin, "Origin")
    assert "Access-Control-Allow-Credentials" not in from_a_page.headers
    assert react(sent["id"], headers={"Origin": "http://localhost"}).status_code == 200, "our own pages"
    with_a_token = react(sent["id"], headers=site.bearer | {"Origin": ANY})
    assert with_a_token.status_code == 200
    assert ALLOW not in with_a_token.headers
    path = f"/v1/comments/{sent['id']}/{act}s"
    without_origin = site.client.post(path, json={"reason": "spam"} if act == "flag" else None)
    assert (without_origin.status_code, without_origin.headers.get(ALLOW)) in {(200, None), (201, None)}


@ON_SQLITE_ALONE
@pytest.mark.parametrize("act", ["vote", "flag"])
def test_a_listed_origin_can_read_why_its_vote_or_flag_is_refused(site: SiteDriver, act: str) -> None:
    site.change(limits={act: (1, 60)})
    sent = site.published()
    path = f"/v1/comments/{sent['id']}/{act}s"
    react = getattr(site, act)
    refusals = [
        site.client.post(path, json={"unknown": 1}, headers={"Origin": site.origin}),
        site.client.post(path, data="{", content_type="application/json", headers={"Origin": site.origin}),
        *[react(sent["id"]) for _ in range(2)][1:],
    ]
    assert [refusal.status_code for refusal in refusals] == [422, 400, 429]
    for refusal in refusals:
        assert refusal.headers[ALLOW] == site.origin


@ON_SQLITE_ALONE
def test_a_page_tells_which_origins_may_send_and_tells_every_page_the_same(site: SiteDriver) -> None:
    site.change(origins=[site.origin, ANY])
    asked = {"site": site.slug, "article": site.article}
    answers = [
        site.client.get("/v1/comments", query_string=asked, headers=headers)
        for headers in ({}, {"Origin": ANY}, {"Origin": site.origin}, {"Origin": "null"})
    ]
    tag = answers[0].headers["ETag"]
    answers.append(site.client.get("/v1/comments", query_string=asked, headers={"If-None-Match": tag}))
    answers.append(site.client.head("/v1/comments", query_string=asked))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 304, 200]
    for answer in answers:
        assert answer.headers["Postbag-Origins"] == f"{site.origin} {ANY}"
        assert "Postbag-Origins" in answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Postbag-Origins" not in site.client.get("/v1/counts", query_string=asked).headers
