"""What lets a reader's page cost next to nothing: validators, codings, and the rules for caches."""

from __future__ import annotations

import gzip
import re
from typing import Any

import brotli
import pytest
from werkzeug.test import TestResponse

from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver

PATHS = [
    pytest.param("/v1/comments", id="json"),
    pytest.param("/comments", id="html"),
    pytest.param("/v1/counts", id="counts"),
    pytest.param("/v1/feed.atom", id="feed"),
]


def get(driver: SiteDriver, /, path: str = "/v1/comments", *, method: str = "GET", **headers: str) -> TestResponse:
    query = {"site": driver.slug, "article": driver.article}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return driver.client.open(path, method=method, query_string=query, headers=given)


@pytest.fixture
def full(free_site: SiteDriver) -> SiteDriver:
    """Return a site whose page is long enough to be compressed."""
    free_site.change(policy=Policy.NONE)
    for _ in range(3):
        free_site.submitted(body="A reply of some length, so that compressing is worth it. " * 5)
    return free_site


@pytest.mark.parametrize("path", PATHS)
def test_a_page_carries_a_strong_validator_and_rules_for_caches(full: SiteDriver, path: str) -> None:
    response = get(full, path)
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', response.headers["ETag"])
    assert response.headers["Vary"] == "Accept-Encoding" + (", Accept-Language" if path == "/comments" else "")
    cache_control = response.headers["Cache-Control"]
    assert "no-cache" in cache_control or ("public" in cache_control and "max-age=0" in cache_control)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_a_validator_brings_304_without_a_body(full: SiteDriver, path: str, coding: str) -> None:
    first = get(full, path, Accept_Encoding=coding)
    again = get(full, path, Accept_Encoding=coding, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Encoding" not in again.headers


def test_a_304_can_be_read_by_any_page_too(full: SiteDriver) -> None:
    response = get(full, If_None_Match="*", Origin="https://any.example")
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (304, "*")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param("{tag}", 304, id="the-same"),
        pytest.param("W/{tag}", 304, id="made-weak-by-a-proxy"),
        pytest.param('"other", {tag}', 304, id="in-a-list"),
        pytest.param('"other",W/{tag} , "x"', 304, id="weak-in-a-list"),
        pytest.param("*", 304, id="any"),
        pytest.param('"other"', 200, id="another"),
        pytest.param('"*"', 200, id="a-star-in-quotes"),
        pytest.param("", 200, id="empty"),
        pytest.param('"', 200, id="half-a-quote"),
        pytest.param('"' + "x" * 8_000 + '"', 200, id="very-long"),
    ],
)
def test_if_none_match_is_compared_as_the_standard_says(full: SiteDriver, given: str, status: int) -> None:
    tag = get(full).headers["ETag"]
    assert get(full, If_None_Match=given.format(tag=tag)).status_code == status


@pytest.mark.parametrize("path", PATHS[:2])
def test_every_coding_decodes_to_the_same_under_a_validator_of_its_own(full: SiteDriver, path: str) -> None:
    plain = get(full, path)
    zipped = get(full, path, Accept_Encoding="gzip")
    brotlied = get(full, path, Accept_Encoding="br")
    assert (zipped.headers["Content-Encoding"], brotlied.headers["Content-Encoding"]) == ("gzip", "br")
    assert gzip.decompress(zipped.data) == plain.data
    assert brotli.decompress(brotlied.data) == plain.data
    assert len(zipped.data) < len(plain.data)
    assert len({response.headers["ETag"] for response in (plain, zipped, brotlied)}) == 3
    for response in (plain, zipped, brotlied):
        assert int(response.headers["Content-Length"]) == len(response.data)


def test_the_validator_of_one_coding_is_not_good_for_another(full: SiteDriver) -> None:
    zipped = get(full, Accept_Encoding="gzip").headers["ETag"]
    assert get(full, Accept_Encoding="br", If_None_Match=zipped).status_code == 200
    assert get(full, If_None_Match=zipped).status_code == 200


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        pytest.param("gzip, deflate, br, zstd", "br", id="as-browsers-ask"),
        pytest.param("gzip", "gzip", id="gzip-alone"),
        pytest.param("GZIP", "gzip", id="in-capitals"),
        pytest.param("br;q=0.1, gzip", "gzip", id="gzip-preferred"),
        pytest.param("br;q=0, gzip", "gzip", id="no-brotli"),
        pytest.param("gzip;q=0, br;q=0", None, id="neither"),
        pytest.param("gzip;q=0.0", None, id="gzip-refused"),
        pytest.param("*", "br", id="anything"),
        pytest.param("*;q=0", None, id="nothing"),
        pytest.param("br;q=0, *", "gzip", id="anything-but-brotli"),
        pytest.param("identity", None, id="as-it-is"),
        pytest.param("deflate, zstd", None, id="what-is-not-offered"),
        pytest.param("", None, id="empty"),
        pytest.param("gzip;q=nonsense", None, id="a-quality-that-is-none"),
        pytest.param(None, None, id="not-said"),
    ],
)
def test_a_coding_is_chosen_as_the_client_wants_it(full: SiteDriver, accepted: str | None, coding: str | None) -> None:
    response = get(full, **({} if accepted is None else {"Accept_Encoding": accepted}))
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == coding


def test_a_short_answer_is_not_compressed(site: SiteDriver) -> None:
    assert "Content-Encoding" not in get(site, Accept_Encoding="gzip, br").headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_head_answers_as_get_without_the_body(full: SiteDriver, path: str, coding: str) -> None:
    got, head = (get(full, path, method=method, Accept_Encoding=coding) for method in ("GET", "HEAD"))
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length", "Cache-Control", "Vary", "Content-Encoding"):
        assert head.headers.get(name) == got.headers.get(name), name
    tag = head.headers["ETag"]
    assert get(full, path, method="HEAD", Accept_Encoding=coding, If_None_Match=tag).status_code == 304


def test_the_validator_changes_with_what_is_published_and_with_nothing_else(site: SiteDriver) -> None:
    tags = [get(site).headers["ETag"]]

    def changed() -> bool:
        tags.append(get(site).headers["ETag"])
        return tags[-1] != tags[-2]

    assert not changed()
    sent = site.submitted(body="First")
    assert not changed(), "a pending reply is nothing to readers"
    site.approve(sent["id"])
    assert changed()
    site.revise(sent, "Second")
    assert not changed(), "an edit waits for its review"
    site.approve(sent["id"], revision=2)
    assert changed()
    other = site.submitted()
    site.decide(other["id"], "reject")
    assert not changed()
    for action in ("reject", "restore"):
        assert site.decide(sent["id"], action, revision=2).status_code == 201
        assert changed()
    site.withdraw(sent)
    assert changed()
    article: dict[str, Any] = {"site": site.slug, "key": site.article, "open": False}
    site.client.put("/v1/articles", json=article, headers=site.bearer)
    assert changed()


@ON_SQLITE_ALONE
@pytest.mark.parametrize("path", ["/v1/comments?site=nobody&article=x", "/v1/comments", "/v1/receipts/x"])
def test_a_refusal_is_kept_by_nobody(site: SiteDriver, path: str) -> None:
    response = site.client.get(path)
    assert response.status_code >= 400
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
