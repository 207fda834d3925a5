"""Articles at the desk: found, opened and closed, over HTTP and on the page."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from service.domain.permissions import Scope
from service.extensions import db
from service.store.models import ArticleRow
from service.store.session import writing
from tests.desk_driver import DeskBrowser, signed_in
from tests.driver import SiteDriver, make_site
from tests.refusals import nothing_stored, refused, refused_fields

ARTICLES = "/v1/moderation/articles"


def register(site: SiteDriver, key: str, **said: Any) -> TestResponse:
    return site.client.put("/v1/articles", json={"site": site.slug, "key": key} | said, headers=site.bearer)


def listed(site: SiteDriver, **query: Any) -> dict[str, Any]:
    return dict(site.client.get(ARTICLES, query_string=query, headers=site.bearer).get_json())


def keys(site: SiteDriver, **query: Any) -> list[str]:
    return [article["key"] for article in listed(site, **query)["articles"]]


def keep(site: SiteDriver, key: str, *, is_open: bool) -> TestResponse:
    return site.client.patch(ARTICLES, json={"article": key, "open": is_open}, headers=site.bearer)


def logged(site: SiteDriver) -> list[tuple[str, str, Any]]:
    answer = site.client.get("/v1/moderation/log", query_string={"kind": "article"}, headers=site.bearer)
    return [(entry["action"], entry["subject"], entry["details"]) for entry in answer.get_json()["entries"]]


def make_old(site: SiteDriver, key: str, days: int) -> None:
    """Let an article have become known so many days ago."""
    with site.app.app_context(), writing():
        long_ago = datetime.now(UTC) - timedelta(days=days)
        db.session.execute(update(ArticleRow).where(ArticleRow.key == key).values(created_at=long_ago))


def test_articles_are_listed_the_last_known_first_page_by_page(free_site: SiteDriver) -> None:
    made = [f"post-{number}" for number in range(7)]
    for key in made:
        register(free_site, key)
    whole = keys(free_site)
    assert sorted(whole) == sorted(made)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = listed(free_site, limit=3, **cursor)
        seen += [article["key"] for article in page["articles"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == whole
    other_list = {"q": "post", "cursor": cursor["cursor"]}
    answer = free_site.client.get(ARTICLES, query_string=other_list, headers=free_site.bearer)
    assert refused_fields(answer) == {"cursor": "not_a_cursor_of_this_list"}


def test_articles_are_found_by_a_part_of_title_or_key(free_site: SiteDriver) -> None:
    site = free_site
    register(site, "post-1", title="The Tide Barrier 100% done")
    register(site, f"{site.origin}/harbour", title="Élan vital")
    register(site, "post_2", title="")
    assert keys(site, q="tide barr") == ["post-1"]
    assert keys(site, q="Élan") == [f"{site.origin}/harbour"]
    assert keys(site, q="HARBOUR") == [f"{site.origin}/harbour"]
    assert keys(site, q=f"{site.origin}:443/x/../harbour?utm_source=mail#top") == [f"{site.origin}/harbour"]
    assert keys(site, q="100%") == ["post-1"]
    assert keys(site, q="%") == ["post-1"]
    assert keys(site, q="t_") == ["post_2"]
    assert keys(site, q="nothing like it") == []
    assert len(keys(site, q="  ")) == 3


def test_a_moderator_closes_and_opens_and_the_log_tells(site: SiteDriver) -> None:
    site.published()
    closed = keep(site, site.article, is_open=False)
    assert closed.status_code == 200
    assert (closed.get_json()["open"], closed.get_json()["kept_open"], closed.get_json()["count"]) == (False, False, 1)
    refused(site.submit(), 403, "article_closed")
    with nothing_stored(site):
        keep(site, site.article, is_open=False)
    opened = keep(site, f"{site.article}?utm_source=x", is_open=True).get_json()
    assert opened["open"]
    assert opened["opened_at"] > opened["known_since"]
    with nothing_stored(site):
        keep(site, site.article, is_open=True)
    assert site.submit().status_code == 202
    assert logged(site) == [
        ("open", site.article, {"open": [False, True]}),
        ("close", site.article, {"open": [True, False]}),
    ]


def test_what_the_site_s_days_have_closed_is_opened_for_as_many_days_again(site: SiteDriver) -> None:
    site.published()
    make_old(site, site.article, 31)
    site.change(close_after_days=30)
    (article,) = listed(site)["articles"]
    assert (article["open"], article["kept_open"]) == (False, True)
    assert article["closes_at"] < datetime.now(UTC).isoformat()
    opened = keep(site, site.article, is_open=True).get_json()
    assert opened["open"]
    closes_in = datetime.fromisoformat(opened["closes_at"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < closes_in <= timedelta(days=30)
    assert site.submit().status_code == 202
    assert logged(site) == [("open", site.article, {"open": [False, True]})]


def test_closed_by_hand_after_time_has_closed_it_stays_closed_when_the_days_change(site: SiteDriver) -> None:
    site.published()
    make_old(site, site.article, 31)
    site.change(close_after_days=30)
    keep(site, site.article, is_open=False)
    site.change(close_after_days=0)
    assert not site.page()["article"]["open"]


def test_the_site_s_own_servers_open_and_close_the_same_way(site: SiteDriver) -> None:
    register(site, "post-1", open=True)
    assert logged(site) == []
    register(site, "post-1", open=False, title="Closed")
    make_old(site, "post-1", 31)
    site.change(close_after_days=30)
    assert register(site, "post-1", open=True).get_json()["open"]
    register(site, "post-2", open=False)
    assert [(action, key) for action, key, _ in reversed(logged(site))] == [
        ("close", "post-1"),
        ("open", "post-1"),
        ("close", "post-2"),
    ]


def test_a_server_that_says_open_with_every_build_does_not_reopen_what_the_days_have_closed(site: SiteDriver) -> None:
    register(site, "post-1", open=True)
    make_old(site, "post-1", 31)
    site.change(close_after_days=30)
    with nothing_stored(site):
        assert not register(site, "post-1", open=True).get_json()["open"]
    assert not register(site, "post-1", open=False).get_json()["open"]
    assert register(site, "post-1", open=True).get_json()["open"]


def test_what_is_no_article_is_refused(app: Flask, site: SiteDriver) -> None:
    other = make_site(app)
    register(other, "theirs")
    refused(keep(site, "theirs", is_open=False), 404, "not_found")
    assert refused_fields(keep(site, "javascript:alert(1)", is_open=False)) == {"article": "not_a_url"}
    answer = site.client.patch(ARTICLES, json={"article": "a", "open": "yes"}, headers=site.bearer)
    assert refused_fields(answer) == {"open": "wrong_type"}
    long = site.client.get(ARTICLES, query_string={"q": "x" * 2001}, headers=site.bearer)
    assert refused_fields(long) == {"q": "too_long"}


def test_who_registers_articles_does_not_keep_them_at_the_desk(site: SiteDriver) -> None:
    server = site.another_token(Scope.INTEGRATE)
    assert site.client.patch(ARTICLES, json={"article": "a", "open": True}, headers=server).status_code == 403
    assert site.client.get(ARTICLES, headers=server).status_code == 403


def button_of(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Return where the first form of a row is sent, and its hidden fields with its button."""
    form = re.search(r'<form method="post" action="(/desk/articles[^"]*)">(.*?)</form>', page.text, re.DOTALL)
    assert form, page.text
    named = re.findall(r'name="(article|open)" value="([^"]*)"', form[2])
    return html.unescape(form[1]), {name: html.unescape(value) for name, value in named}


def press(noor: DeskBrowser, page: TestResponse) -> TestResponse:
    address, fields = button_of(page)
    answer = noor.post(address, **fields)
    assert answer.status_code == 303, answer.text
    return noor.get(answer.headers["Location"])


def test_on_the_page_an_article_is_found_closed_and_opened_again(free_site: SiteDriver) -> None:
    site = free_site
    register(site, "post-1", title="Tide <b> barrier")
    register(site, "post-2", title="Harbour")
    site.change(close_after_days=30)
    noor = signed_in(site)
    page = noor.get("/desk/articles", site=site.slug, q="tide")
    assert page.status_code == 200
    assert "Tide &lt;b&gt; barrier" in page.text
    assert "Harbour" not in page.text
    assert "closes by itself on" in page.text
    page = press(noor, page)
    assert "takes no more replies" in page.text
    assert "Closed by hand" in page.text
    assert "Harbour" not in page.text, "the search stays"
    page = press(noor, page)
    assert "takes replies again" in page.text
    assert "opened again" in page.text


def test_a_viewer_reads_the_page_and_gets_no_buttons(site: SiteDriver) -> None:
    site.published()
    vera = signed_in(site, role="viewer")
    page = vera.get("/desk/articles", site=site.slug)
    assert page.status_code == 200
    assert 'name="article"' not in page.text
    assert vera.post(f"/desk/articles?site={site.slug}", article=site.article, open="no").status_code == 403
    assert site.page()["article"]["open"]


@pytest.mark.parametrize("typed", ["x" * 2001, "a\0b"])
def test_a_search_that_makes_no_sense_is_told_beside_its_field(site: SiteDriver, typed: str) -> None:
    page = signed_in(site).get("/desk/articles", site=site.slug, q=typed)
    assert page.status_code == 422
    assert 'id="q-fault"' in page.text


def test_a_cursor_that_is_none_and_an_article_that_is_gone_are_told(site: SiteDriver) -> None:
    noor = signed_in(site)
    assert noor.get("/desk/articles", site=site.slug, cursor="made-up").status_code == 422
    answer = noor.post(f"/desk/articles?site={site.slug}", article="nowhere", open="no")
    assert answer.status_code == 404
    assert "Nobody has written under this article" in answer.text
