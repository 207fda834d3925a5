"""GET /v1/counts: the numbers that stand beside headlines."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields


def ask(site: SiteDriver, *articles: str) -> TestResponse:
    return site.client.get("/v1/counts", query_string={"site": site.slug, "article": list(articles)})


def counts(site: SiteDriver, *articles: str) -> dict[str, int]:
    answer = ask(site, *articles).get_json()
    assert set(answer) == {"counts"}
    found: dict[str, int] = answer["counts"]
    return found


def test_only_what_is_published_counts(site: SiteDriver) -> None:
    site.published()
    site.submitted()
    gone = site.published()
    site.withdraw(gone)
    assert counts(site, site.article, f"{site.origin}/never") == {site.article: 1, f"{site.origin}/never": 0}


def test_a_count_comes_back_under_the_spelling_that_was_asked_for(site: SiteDriver) -> None:
    site.published()
    spellings = [
        site.article,
        f"{site.article}#comments",
        f"{site.article}?utm_source=mail",
        site.article.replace("https://s", "HTTPS://S"),
        site.article.replace("/articles", ":443/articles"),
        f" {site.article} ",
    ]
    assert counts(site, *spellings) == dict.fromkeys(spellings, 1)


def test_an_article_asked_for_twice_is_counted_once(site: SiteDriver) -> None:
    site.published()
    assert counts(site, *[site.article] * 100) == {site.article: 1}


def test_asking_makes_no_rows(site: SiteDriver) -> None:
    with nothing_stored(site):
        assert counts(site, f"{site.origin}/new", "post-1", "https://elsewhere.example/") == {
            f"{site.origin}/new": 0,
            "post-1": 0,
            "https://elsewhere.example/": 0,
        }


def test_articles_of_another_site_count_nothing_here(site: SiteDriver, free_site: SiteDriver) -> None:
    free_site.published()
    assert counts(site, free_site.article) == {free_site.article: 0}


def test_100_articles_are_counted_at_once_and_101_are_not(free_site: SiteDriver) -> None:
    articles = [f"{free_site.origin}/articles/{number}" for number in range(101)]
    for article in articles[::33]:
        free_site.published(article=article)
    found = counts(free_site, *articles[:100])
    assert list(found) == articles[:100]
    assert [article for article, count in found.items() if count] == articles[::33]
    assert refused_fields(ask(free_site, *articles)) == {"article": "out_of_range"}


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "faults"),
    [
        pytest.param("", {"site": "required", "article": "required"}, id="nothing"),
        pytest.param("site={slug}", {"article": "required"}, id="no-article"),
        pytest.param("article=x", {"site": "required"}, id="no-site"),
        pytest.param("site={slug}&article=", {"article": "empty"}, id="an-empty-article"),
        pytest.param("site={slug}&article=x&article=javascript:1", {"article": "not_a_url"}, id="one-that-is-none"),
        pytest.param("site={slug}&article=x&sort=top", {"sort": "unknown_field"}, id="an-unknown-parameter"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(site: SiteDriver, query: str, faults: dict[str, str]) -> None:
    assert refused_fields(site.client.get(f"/v1/counts?{query.format(slug=site.slug)}")) == faults


def test_nul_in_one_of_the_articles_is_named_by_its_place(site: SiteDriver) -> None:
    assert refused_fields(ask(site, "x", "a\0b")) == {"article.1": "forbidden_character"}


def test_a_site_that_does_not_exist_is_unknown(site: SiteDriver) -> None:
    for slug in ("nobody", "", "ü"):
        response = site.client.get("/v1/counts", query_string={"site": slug, "article": "x"})
        refused(response, 404, "unknown_site")
