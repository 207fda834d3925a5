"""GET /v1/comments: what is asked for, what is answered, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields
from tests.store.test_session import statements_of


def get(driver: SiteDriver, /, **query: Any) -> TestResponse:
    asked = {"site": driver.slug, "article": driver.article} | query
    return driver.client.get(
        "/v1/comments", query_string={name: value for name, value in asked.items() if value is not None}
    )


def test_an_article_that_nobody_wrote_under_is_an_empty_page_and_no_row(site: SiteDriver) -> None:
    with nothing_stored(site):
        page = site.page(article=f"{site.origin}/new?utm_source=x#top")
        assert page == {
            "article": {
                "key": f"{site.origin}/new",
                "title": "",
                "url": f"{site.origin}/new",
                "open": True,
                "count": 0,
            },
            "comments": [],
            "next": None,
        }
        assert site.page(article="post-1")["article"]["url"] is None
        assert site.page(article="https://elsewhere.example/")["comments"] == []


def test_an_article_with_nothing_published_shows_nothing_of_what_waits(site: SiteDriver) -> None:
    site.submitted(body="secret", name="Hidden")
    response = get(site)
    assert response.json is not None
    assert (response.json["article"]["count"], response.json["comments"]) == (0, [])
    assert "secret" not in response.text
    assert "Hidden" not in response.text


@pytest.mark.parametrize("slug", ["nobody", "", "ü", "../x", "x" * 300])
def test_a_site_that_does_not_exist_is_unknown(site: SiteDriver, slug: str) -> None:
    refused(get(site, site=slug), 404, "unknown_site")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "faults"),
    [
        pytest.param({"site": None}, {"site": "required"}, id="no-site"),
        pytest.param({"article": None}, {"article": "required"}, id="no-article"),
        pytest.param({"site": None, "article": None}, {"site": "required", "article": "required"}, id="nothing"),
        pytest.param({"offset": "1"}, {"offset": "unknown_field"}, id="an-unknown-parameter"),
        pytest.param({"Limit": "1"}, {"Limit": "unknown_field"}, id="a-parameter-in-other-case"),
        pytest.param({"site": "a\0"}, {"site": "forbidden_character"}, id="nul-in-the-site"),
        pytest.param({"article": "a\0"}, {"article": "forbidden_character"}, id="nul-in-the-article"),
        pytest.param({"article": ""}, {"article": "empty"}, id="an-empty-article"),
        pytest.param({"article": "javascript:alert(1)"}, {"article": "not_a_url"}, id="an-article-that-is-a-script"),
        pytest.param({"article": "x" * 201}, {"article": "too_long"}, id="an-id-too-long"),
        pytest.param({"article": "https://x.example/" + "x" * 2_000}, {"article": "too_long"}, id="a-url-too-long"),
        pytest.param({"sort": "best"}, {"sort": "not_a_choice"}, id="an-unknown-order"),
        pytest.param({"sort": ""}, {"sort": "not_a_choice"}, id="an-empty-order"),
        pytest.param({"sort": "OLDEST"}, {"sort": "not_a_choice"}, id="an-order-in-capitals"),
        pytest.param({"limit": "0"}, {"limit": "out_of_range"}, id="a-limit-of-0"),
        pytest.param({"limit": "101"}, {"limit": "out_of_range"}, id="a-limit-of-101"),
        pytest.param({"limit": "-1"}, {"limit": "out_of_range"}, id="a-negative-limit"),
        pytest.param({"limit": ""}, {"limit": "wrong_type"}, id="an-empty-limit"),
        pytest.param({"limit": "ten"}, {"limit": "wrong_type"}, id="a-limit-in-words"),
        pytest.param({"limit": "5.0"}, {"limit": "wrong_type"}, id="a-limit-with-a-point"),
        pytest.param({"limit": "1_0"}, {"limit": "wrong_type"}, id="a-limit-with-an-underscore"),
        pytest.param({"limit": " 5"}, {"limit": "wrong_type"}, id="a-limit-with-a-blank"),
        pytest.param({"limit": "٣"}, {"limit": "wrong_type"}, id="a-limit-in-arabic-digits"),
        pytest.param({"limit": "9" * 5_000}, {"limit": "wrong_type"}, id="a-limit-of-5,000-digits"),
        pytest.param({"comment": ""}, {"comment": "wrong_type"}, id="an-empty-comment"),
        pytest.param({"comment": "first"}, {"comment": "wrong_type"}, id="a-comment-that-is-none"),
        pytest.param({"limit": "0", "sort": "x"}, {"limit": "out_of_range", "sort": "not_a_choice"}, id="two-faults"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(
    site: SiteDriver, query: dict[str, str | None], faults: dict[str, str]
) -> None:
    assert refused_fields(get(site, **query)) == faults


@pytest.mark.parametrize("limit", [1, 2, 50, 100])
def test_a_limit_from_1_to_100_is_kept(free_site: SiteDriver, limit: int) -> None:
    for _ in range(3):
        free_site.published()
    page = free_site.page(limit=limit)
    assert len(page["comments"]) == min(limit, 3)
    assert (page["next"] is None) == (limit >= 3)


def test_a_page_holds_50_unless_asked_otherwise(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.NONE)
    for _ in range(51):
        free_site.submitted()
    first = free_site.page()
    assert len(first["comments"]) == 50
    assert len(free_site.page(cursor=first["next"])["comments"]) == 1


@pytest.fixture
def lists(free_site: SiteDriver) -> dict[str, str]:
    """Return cursors of several lists of the site: of its article in every order, and of another article."""
    other = f"{free_site.origin}/articles/2"
    for article in (free_site.article, other) * 2:
        free_site.published(article=article)
    cursors = {sort: free_site.page(sort=sort, limit=1)["next"] for sort in ("oldest", "newest", "top")}
    return cursors | {"other": free_site.page(article=other, limit=1)["next"]}


def test_a_cursor_is_good_for_its_own_list_alone(free_site: SiteDriver, lists: dict[str, str]) -> None:
    for sort in ("oldest", "newest", "top"):
        for name, cursor in lists.items():
            response = get(free_site, sort=sort, cursor=cursor)
            if name == sort:
                assert len(response.get_json()["comments"]) == 1
            else:
                assert refused_fields(response) == {"cursor": "not_a_cursor_of_this_list"}


def test_a_cursor_is_good_for_any_limit_and_any_spelling_of_the_article(
    free_site: SiteDriver, lists: dict[str, str]
) -> None:
    page = free_site.page(cursor=lists["oldest"], limit=100, article=f"{free_site.article}#comments")
    assert len(page["comments"]) == 1


def test_a_cursor_of_another_site_or_of_the_queue_is_refused(
    site: SiteDriver, free_site: SiteDriver, lists: dict[str, str]
) -> None:
    for _ in range(2):
        free_site.submitted()
    queued = free_site.queue(limit=1)["next"]
    assert refused_fields(get(free_site, cursor=queued)) == {"cursor": "not_a_cursor_of_this_list"}
    assert refused_fields(get(site, cursor=lists["oldest"])) == {"cursor": "not_a_cursor_of_this_list"}
    assert refused_fields(get(site, article=free_site.article, cursor=lists["oldest"])) == {
        "cursor": "not_a_cursor_of_this_list"
    }


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "made_up",
    [
        pytest.param(lambda cursor: "", id="empty"),
        pytest.param(lambda cursor: "1", id="a-number"),
        pytest.param(lambda cursor: "é", id="not-ascii"),
        pytest.param(lambda cursor: "A" * 60, id="of-the-right-letters"),
        pytest.param(lambda cursor: "A" * 100_000, id="very-long"),
        pytest.param(lambda cursor: cursor[:-1], id="cut-off"),
        pytest.param(lambda cursor: cursor + "A", id="longer"),
        pytest.param(lambda cursor: cursor + "=", id="padded"),
        pytest.param(lambda cursor: cursor.swapcase(), id="in-other-case"),
        pytest.param(lambda cursor: ("B" if cursor[0] != "B" else "C") + cursor[1:], id="with-another-signature"),
        pytest.param(lambda cursor: cursor[:40] + ("B" if cursor[40] != "B" else "C") + cursor[41:], id="tampered"),
        pytest.param(lambda cursor: f" {cursor}", id="after-a-blank"),
    ],
)
def test_a_cursor_that_is_made_up_is_refused(free_site: SiteDriver, lists: dict[str, str], made_up: Any) -> None:
    response = get(free_site, cursor=made_up(lists["oldest"]))
    assert refused_fields(response) == {"cursor": "not_a_cursor_of_this_list"}


def test_a_cursor_with_nul_is_refused(site: SiteDriver) -> None:
    assert refused_fields(get(site, cursor="a\0b")) == {"cursor": "forbidden_character"}


def test_a_page_of_50_takes_at_most_four_queries_however_deep_the_thread(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.NONE, max_depth=20)
    for length in (20, 20, 15):
        parent = None
        for _ in range(length):
            parent = free_site.submitted(parent_id=parent)["id"]
    for sort in ("oldest", "newest", "top"):
        cursor = None
        for expected in (50, 5):
            with statements(free_site) as sent:
                page = free_site.page(sort=sort, limit=50, **({"cursor": cursor} if cursor else {}))
            assert len(page["comments"]) == expected
            assert 1 <= len(sent) <= 4, sent
            cursor = page["next"]
        query = {"site": free_site.slug, "article": free_site.article, "sort": sort}
        with statements(free_site) as sent:
            assert free_site.client.get("/comments", query_string=query).status_code == 200
        assert 1 <= len(sent) <= 4, sent


@pytest.fixture
def long_thread(free_site: SiteDriver) -> tuple[SiteDriver, list[str]]:
    """Return a site and the ids of the nine comments of its article, as readers see them: three threads of three."""
    free_site.change(policy=Policy.NONE)
    ids = []
    for _ in range(3):
        root = free_site.submitted()["id"]
        ids += [root, *(free_site.submitted(parent_id=root)["id"] for _ in range(2))]
    return free_site, ids


@pytest.mark.parametrize(
    ("place", "begins", "earlier"),
    [
        pytest.param(0, 0, False, id="the-very-first"),
        pytest.param(2, 0, False, id="on-the-first-page"),
        pytest.param(3, 3, True, id="where-a-page-ends"),
        pytest.param(5, 3, True, id="with-its-thread-above-it"),
        pytest.param(8, 6, True, id="the-last"),
    ],
)
def test_a_comment_is_found_on_its_page_with_whether_others_stand_before(
    long_thread: tuple[SiteDriver, list[str]], place: int, begins: int, earlier: bool
) -> None:
    site, ids = long_thread
    page = site.page(comment=ids[place], limit=3)
    assert [comment["id"] for comment in page["comments"]] == ids[begins : begins + 3]
    assert page["earlier"] is earlier
    if page["next"]:
        following = site.page(cursor=page["next"], limit=3)
        assert [comment["id"] for comment in following["comments"]] == ids[begins + 3 : begins + 6]
        assert "earlier" not in following
    assert site.page(comment=ids[place], sort="oldest")["earlier"] is False


def test_a_comment_that_readers_do_not_see_gives_the_first_page(long_thread: tuple[SiteDriver, list[str]]) -> None:
    site, ids = long_thread
    site.change(policy=Policy.ALL)
    waiting = site.submitted()["id"]
    elsewhere = site.published(article=f"{site.origin}/articles/2")["id"]
    site.decide(ids[8], "reject")
    for nowhere in (waiting, elsewhere, ids[8], "00000000-0000-0000-0000-000000000000"):
        page = site.page(comment=nowhere, limit=3)
        assert [comment["id"] for comment in page["comments"]] == ids[:3]
        assert page["earlier"] is False
    assert site.page(comment=ids[0], article=f"{site.origin}/nothing")["earlier"] is False


def test_without_a_comment_asked_for_the_answer_says_nothing_of_earlier_ones(site: SiteDriver) -> None:
    assert set(site.page()) == {"article", "comments", "next"}


def test_a_comment_is_not_asked_for_together_with_another_page(long_thread: tuple[SiteDriver, list[str]]) -> None:
    site, ids = long_thread
    cursor = site.page(limit=3)["next"]
    assert refused_fields(get(site, comment=ids[0], cursor=cursor)) == {"cursor": "not_with_comment"}
    for sort in ("newest", "top"):
        assert refused_fields(get(site, comment=ids[0], sort=sort)) == {"sort": "not_with_comment"}
    assert refused_fields(get(site, comment=ids[0], sort="top", cursor="x")) == {
        "cursor": "not_with_comment",
        "sort": "not_with_comment",
    }


@contextmanager
def statements(site: SiteDriver) -> Iterator[list[str]]:
    """Yield a list that gets, at the end, every statement the application sends, but those around a transaction."""
    sent: list[str] = []
    with statements_of(site.app) as seen:
        yield sent
    sent += [statement for statement in seen if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
