"""PUT /v1/articles: integrators register, retitle, close and open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields


def put(driver: SiteDriver, /, headers: dict[str, str] | None = None, **sent: Any) -> TestResponse:
    article = {"site": driver.slug, "key": driver.article} | sent
    return driver.client.put(
        "/v1/articles",
        json={name: value for name, value in article.items() if value is not ...},
        headers=driver.bearer if headers is None else headers,
    )


def test_an_article_is_made_once_and_the_same_again_changes_nothing(site: SiteDriver) -> None:
    said: dict[str, Any] = {"key": "post-1", "url": f"{site.origin}/pretty", "title": "Title", "open": True}
    first = put(site, **said)
    with nothing_stored(site):
        again = put(site, **said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json == said | {"count": 0}


def test_a_url_key_is_normalised_and_is_its_own_address(site: SiteDriver) -> None:
    article = put(site, key=f"{site.origin}:443/a/../b?utm_source=x#top").json
    assert article == {"key": f"{site.origin}/b", "url": f"{site.origin}/b", "title": "", "open": True, "count": 0}


def test_what_is_left_out_or_null_stays_as_it_is(site: SiteDriver) -> None:
    put(site, url=f"{site.origin}/pretty", title="Title", open=False)
    nothing: list[dict[str, Any]] = [{}, {"url": None, "title": None, "open": None}]
    for said in nothing:
        kept = put(site, **said).json
        assert kept is not None
        assert (kept["url"], kept["title"], kept["open"]) == (f"{site.origin}/pretty", "Title", False)
    retitled = put(site, title="  Other\u202e\n title ").json
    assert retitled is not None
    assert (retitled["title"], retitled["url"], retitled["open"]) == ("Other title", f"{site.origin}/pretty", False)
    reopened = put(site, open=True).json
    assert reopened is not None
    assert (reopened["title"], reopened["open"]) == ("Other title", True)


def test_an_id_can_be_written_under_once_it_is_registered(site: SiteDriver) -> None:
    assert refused_fields(site.submit(article="post-1")) == {"article": "not_registered"}
    put(site, key="post-1", title="Title")
    site.published(article="post-1")
    page = site.page(article="post-1")
    assert page["article"] == {"key": "post-1", "title": "Title", "url": None, "open": True, "count": 1}
    assert len(page["comments"]) == 1
    assert put(site, key="post-1").get_json()["count"] == 1


def test_an_id_that_another_site_registered_is_none_here(site: SiteDriver, free_site: SiteDriver) -> None:
    put(free_site, key="post-1")
    assert refused_fields(site.submit(article="post-1")) == {"article": "not_registered"}


def test_a_closed_article_is_read_but_not_written_under_until_it_is_opened(site: SiteDriver) -> None:
    site.published()
    put(site, open=False)
    page = site.page()
    assert (page["article"]["open"], len(page["comments"])) == (False, 1)
    refused(site.submit(), 403, "article_closed")
    put(site, open=True)
    assert site.submit().status_code == 202


def test_an_article_that_was_written_under_first_keeps_its_comments(site: SiteDriver) -> None:
    site.published()
    response = put(site, title="Title")
    assert response.status_code == 200
    assert response.get_json() == {
        "key": site.article, "url": site.article, "title": "Title", "open": True, "count": 1,
    }  # fmt: skip


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("said", "faults"),
    [
        pytest.param({"key": ...}, {"key": "required"}, id="no-key"),
        pytest.param({"key": None}, {"key": "required"}, id="a-null-key"),
        pytest.param({"key": " "}, {"key": "empty"}, id="a-blank-key"),
        pytest.param({"key": "https://elsewhere.example/"}, {"key": "not_an_origin_of_the_site"}, id="a-key-elsewhere"),
        pytest.param({"key": "javascript:1"}, {"key": "not_a_url"}, id="a-key-that-is-a-script"),
        pytest.param({"key": "x" * 201}, {"key": "too_long"}, id="a-key-too-long"),
        pytest.param({"key": "a\0"}, {"key": "forbidden_character"}, id="nul-in-the-key"),
        pytest.param(
            {"url": "https://elsewhere.example/"}, {"url": "not_an_origin_of_the_site"}, id="an-url-elsewhere"
        ),
        pytest.param({"url": "post-1"}, {"url": "not_an_origin_of_the_site"}, id="an-url-that-is-an-id"),
        pytest.param({"url": "javascript:1"}, {"url": "not_a_url"}, id="an-url-that-is-a-script"),
        pytest.param({"url": 1}, {"url": "wrong_type"}, id="an-url-that-is-a-number"),
        pytest.param({"title": "x" * 301}, {"title": "too_long"}, id="a-title-too-long"),
        pytest.param({"title": "\ud800"}, {"title": "forbidden_character"}, id="a-surrogate-in-the-title"),
        pytest.param({"title": ["x"]}, {"title": "wrong_type"}, id="a-title-that-is-a-list"),
        pytest.param({"open": "yes"}, {"open": "wrong_type"}, id="open-in-words"),
        pytest.param({"open": 1}, {"open": "wrong_type"}, id="open-as-a-number"),
        pytest.param({"count": 7}, {"count": "unknown_field"}, id="a-count"),
        pytest.param(
            {"key": "ftp://x", "url": "ftp://x", "title": "x" * 301},
            {"key": "not_a_url", "url": "not_a_url", "title": "too_long"},
            id="three-faults",
        ),
    ],
)
def test_what_cannot_be_registered_is_told_why(site: SiteDriver, said: dict[str, Any], faults: dict[str, str]) -> None:
    with nothing_stored(site):
        assert refused_fields(put(site, **said)) == faults


def test_only_a_token_of_the_site_that_may_integrate_registers(site: SiteDriver, free_site: SiteDriver) -> None:
    moderator = site.another_token(Scope.MODERATE, Scope.PII)
    with nothing_stored(site):
        refused(put(site, headers={}), 401, "unauthenticated")
        refused(put(site, headers={"Authorization": "Bearer pb_x"}), 401, "unauthenticated")
        refused(put(site, headers=moderator), 403, "forbidden")
        refused(put(site, headers=free_site.bearer), 403, "forbidden")


def test_an_unknown_site_is_told_to_who_has_a_token(site: SiteDriver) -> None:
    refused(put(site, site="nobody"), 404, "unknown_site")
    refused(put(site, site="nobody", headers={}), 401, "unauthenticated")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "malformed_json", id="not-json"),
        pytest.param(b"key=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type", id="a-form"),
        pytest.param(b" " * 65_537, "application/json", 413, "too_large", id="too-large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    site: SiteDriver, data: bytes, content_type: str, status: int, code: str
) -> None:
    refused(site.client.put("/v1/articles", data=data, content_type=content_type, headers=site.bearer), status, code)


def test_two_integrators_at_once_do_not_undo_what_the_other_said(free_site: SiteDriver) -> None:
    def say(said: dict[str, object]) -> int:
        own = SiteDriver(free_site.app, free_site.slug, free_site.origin, free_site.token, free_site.article)
        fields = {"site": own.slug, "key": f"{own.origin}/{said.pop('n')}"} | said
        return own.client.put("/v1/articles", json=fields, headers=own.bearer).status_code

    for number in range(10):
        with ThreadPoolExecutor(2) as pool:
            both = pool.map(say, [{"n": number, "open": False}, {"n": number, "title": "A title"}])
            assert sorted(both) == [200, 201]
        article = free_site.page(article=f"{free_site.origin}/{number}")["article"]
        assert (article["open"], article["title"]) == (False, "A title")
