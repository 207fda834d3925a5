"""The queue: what it lists, in which order, a page at a time, and what is found in it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from service.domain.permissions import Scope
from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, codes, make_site

STATUSES = ["pending", "approved", "rejected", "spam", "deleted"]
LINKS = "https://a.example https://b.example https://c.example"


def ids(queue: dict[str, Any]) -> list[str]:
    """Return the ids of a page in its order."""
    return [comment["id"] for comment in queue["comments"]]


def walk(site: SiteDriver, **query: Any) -> list[str]:
    """Return the ids of every page, one after another."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = site.queue(**query, **cursor)
        found += ids(page)
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_each_status_lists_its_comments_and_totals_count_them_all(free_site: SiteDriver) -> None:
    sent = {status: free_site.submitted() for status in STATUSES}
    for status, action in [("approved", "approve"), ("rejected", "reject"), ("spam", "spam"), ("deleted", "delete")]:
        free_site.decide(sent[status]["id"], action)
    for status in STATUSES:
        page = free_site.queue(status=status)
        assert ids(page) == [sent[status]["id"]]
        assert page["comments"][0]["status"] == status
        assert page["totals"] == dict.fromkeys(STATUSES, 1)
    assert ids(free_site.queue()) == [sent["pending"]["id"]], "what waits is the default"


def test_a_new_site_has_an_empty_queue(free_site: SiteDriver) -> None:
    assert free_site.queue() == {"comments": [], "next": None, "totals": dict.fromkeys(STATUSES, 0)}


def test_another_site_is_not_seen(app: Flask, free_site: SiteDriver) -> None:
    make_site(app).submitted()
    assert free_site.queue()["comments"] == []


def test_the_token_of_one_site_does_not_list_another(app: Flask, free_site: SiteDriver) -> None:
    other = make_site(app)
    refused = free_site.client.get(f"/v1/moderation/comments?site={other.slug}", headers=free_site.bearer)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert (
        free_site.client.get(f"/v1/moderation/comments?site={free_site.slug}", headers=free_site.bearer).status_code
        == 200
    )


def test_an_item_says_what_is_needed_to_decide(free_site: SiteDriver) -> None:
    parent = free_site.published(name="Ada", body="Asked *this*")
    sent = free_site.submitted(
        name="Ben", email="ben@example.org", url="https://ben.example/", body=f"See {LINKS}", parent_id=parent["id"],
        article_title="A title",
    )  # fmt: skip
    (item,) = free_site.queue()["comments"]
    assert item["id"] == sent["id"]
    assert item["parent"] == {"id": parent["id"], "name": "Ada", "body_html": "<p>Asked <em>this</em></p>"}
    assert item["body"] == f"See {LINKS}"
    assert item["body_html"] == sent["body_html"]
    assert item["author"]["name"] == "Ben"
    assert item["author"]["record"] == {"pending": 1, "approved": 0, "rejected": 0, "spam": 0, "deleted": 0}
    assert [signal["name"] for signal in item["signals"]] == [
        "many_links", "first_time_author", "no_form_token", "policy",
    ]  # fmt: skip
    assert [item["body"][start:end] for start, end in item["signals"][0]["spans"]] == LINKS.split()
    assert (item["revision"], item["published_revision"], item["version"], item["depth"]) == (1, None, 1, 1)
    assert item["actions"] == ["approve", "reject", "spam", "delete"]
    assert item["article"]["key"] == free_site.article
    assert "ben@example.org" not in str(item)


def test_one_article_is_listed_by_any_spelling_of_its_key(free_site: SiteDriver) -> None:
    here = free_site.submitted()
    free_site.submitted(article=f"{free_site.origin}/articles/2")
    assert ids(free_site.queue(article=free_site.article)) == [here["id"]]
    assert ids(free_site.queue(article=f"{free_site.article}?utm_source=x#top")) == [here["id"]]
    assert ids(free_site.queue(article=f"{free_site.origin}/articles/none")) == []


def test_a_reason_lists_what_was_held_for_it_in_the_latest_revision(free_site: SiteDriver) -> None:
    held, plain = free_site.submitted(body=f"Buy {LINKS}"), free_site.submitted()
    assert ids(free_site.queue(reason="many_links")) == [held["id"]]
    assert ids(free_site.queue(reason="policy")) == [held["id"], plain["id"]]
    assert ids(free_site.queue(reason="no_such_signal")) == []
    free_site.revise(held, "Now without links")
    assert ids(free_site.queue(reason="many_links")) == []


def test_an_author_is_found_by_id_and_by_address_whatever_its_case(free_site: SiteDriver) -> None:
    first = free_site.submitted(email="Ada@Example.org")
    second = free_site.submitted(email="ada@example.org")
    free_site.submitted(email="ben@example.org")
    author = free_site.opened(first["id"])["author"]["id"]
    assert ids(free_site.queue(author=author)) == [first["id"], second["id"]]
    assert ids(free_site.queue(author=" ADA@example.ORG ")) == [first["id"], second["id"]]
    assert ids(free_site.queue(author="nobody@example.org")) == []
    assert ids(free_site.queue(author="no id")) == []


def test_an_address_is_looked_up_only_with_the_scope_pii(free_site: SiteDriver) -> None:
    free_site.submitted(email="ada@example.org")
    plain = free_site.another_token(Scope.MODERATE)
    refused = free_site.client.get("/v1/moderation/comments?author=ada@example.org", headers=plain)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert "ada@example.org" not in refused.text


@pytest.mark.parametrize(
    "words",
    [
        "example.com", "com", "path", "3.14", "it's", "o'brien", "foo_bar", "bar", "naïve", "NAÏVE", "strasse",
        "STRASSE", "हिन्दी", "日本", "本語", "안녕", "привет", "ΚΌΣΜΟΣ", "' | !(:*&", "100%", "a\\b", "a & b", "a | b",
        "<script>", "script", "gamma-ray", "ray", "1e5", "🎉", "finder", "beginn", "word beginning", "  spaces  ",
        "spaces & !words <-> :*", "u0041", "istanbul", "İSTANBUL", "nai\u0308ve", "array word",
    ],
)  # fmt: skip
def test_a_search_finds_the_words_in_text_and_name(free_site: SiteDriver, words: str) -> None:
    text = (
        "see https://example.com/path/to 3.14 it's o'brien foo_bar naïve Straße हिन्दी भाषा 日本語中文 안녕하세요 Привет"
        " κόσμος 100% a\\b a & b a | b `<script>` gamma-ray 1e5 ' | !(:*& 🎉 beginning of words spaces u0041"
        " İstanbul array"
    )
    wanted = free_site.submitted(name="Finder Keeper", body=text)
    free_site.submitted(name="Nobody", body="Quite unlike it; nothing in here")
    assert ids(free_site.queue(q=words)) == [wanted["id"]]


@pytest.mark.parametrize("words", ["absent", "hello absent", "%", "_", "\\", "!", "''", "語", "<-> nothing", "1"])
def test_a_search_finds_nothing_where_a_word_is_missing(free_site: SiteDriver, words: str) -> None:
    free_site.submitted(name="Ada", body="hello world")
    assert ids(free_site.queue(q=words)) == []


def test_an_empty_search_is_none(free_site: SiteDriver) -> None:
    free_site.submitted()
    assert len(free_site.queue(q="")["comments"]) == 1


def test_a_deleted_comment_is_not_found_by_its_words(free_site: SiteDriver) -> None:
    sent = free_site.submitted(name="Ada", body="regrettable words")
    free_site.withdraw(sent)
    assert ids(free_site.queue(status="deleted", q="regrettable")) == []
    (tombstone,) = free_site.queue(status="deleted")["comments"]
    assert (tombstone["body"], tombstone["body_html"], tombstone["author"]["name"]) == ("", "", "")


def test_oldest_newest_and_heaviest_first(free_site: SiteDriver) -> None:
    sent = [free_site.submitted(body=body) for body in ("One", f"Two {LINKS}", "Three")]
    one, two, three = (s["id"] for s in sent)
    assert ids(free_site.queue(sort="oldest")) == [one, two, three]
    assert ids(free_site.queue(sort="newest")) == [three, two, one]
    assert ids(free_site.queue(sort="score"))[0] == two
    assert ids(free_site.queue(sort="promising")) == [one, three, two]


def test_what_waits_has_the_good_ones_first_and_what_is_looked_for_the_oldest(free_site: SiteDriver) -> None:
    one, two = (free_site.submitted(body=body)["id"] for body in (f"One {LINKS}", "Two of them"))
    assert ids(free_site.queue()) == [two, one], "as with sort=promising"
    for narrowed in ({"q": "o"}, {"article": free_site.article}, {"reason": "policy"}):
        assert ids(free_site.queue(**narrowed)) == [one, two], narrowed
    for comment_id in (one, two):
        free_site.decide(comment_id, "spam")
    assert ids(free_site.queue(status="spam")) == [one, two]


def test_a_page_of_the_usual_order_goes_on_where_that_order_is_named(free_site: SiteDriver) -> None:
    one, two = (free_site.submitted(body=body)["id"] for body in (f"One {LINKS}", "Two of them"))
    first = free_site.queue(limit=1)
    assert ids(first) == [two]
    assert ids(free_site.queue(limit=1, cursor=first["next"], sort="promising")) == [one]
    refused = free_site.client.get(
        "/v1/moderation/comments", query_string={"cursor": first["next"], "sort": "oldest"}, headers=free_site.bearer
    )
    assert refused.get_json()["errors"][0]["field"] == "cursor"


def test_an_edit_goes_to_the_end_of_those_that_came_first(free_site: SiteDriver) -> None:
    first, second = free_site.submitted(), free_site.submitted()
    free_site.revise(first, "Thought again")
    assert ids(free_site.queue(sort="oldest")) == [second["id"], first["id"]]


@pytest.mark.parametrize("sort", ["oldest", "newest", "score", "promising"])
def test_pages_show_everything_once_while_more_arrives_and_some_is_decided(free_site: SiteDriver, sort: str) -> None:
    there = [free_site.submitted(body=f"{n} {LINKS if n % 3 else ''}")["id"] for n in range(11)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = free_site.queue(sort=sort, limit=3, **cursor)
        assert len(page["comments"]) <= 3
        seen += ids(page)
        if page["next"] is None:
            break
        free_site.submitted(body=f"Late {len(seen)}")
        free_site.approve(seen[-1])  # the very comment that the cursor names
        cursor = {"cursor": page["next"]}
    assert len(seen) == len(set(seen))
    assert [i for i in seen if i in there] == [i for i in seen if i in set(there)]
    assert set(there) <= set(seen)


def test_a_page_that_is_exactly_full_is_the_last(free_site: SiteDriver) -> None:
    for _ in range(4):
        free_site.submitted()
    page = free_site.queue(limit=2)
    last = free_site.queue(limit=2, cursor=page["next"])
    assert (len(last["comments"]), last["next"]) == (2, None)
    assert walk(free_site, limit=1) == ids(free_site.queue())


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "other",
    [
        {"status": "approved"},
        {"sort": "newest"},
        {"sort": "score"},
        {"sort": "oldest"},
        {"reason": "policy"},
        {"q": "reply"},
        {"author": "019b76da-a800-7c47-b06c-3574b178f405"},
        {"article": "https://x.example/1"},
    ],
    ids=lambda other: next(iter(other)) + "=" + next(iter(other.values())),
)
def test_a_cursor_of_another_list_is_refused(free_site: SiteDriver, other: dict[str, str]) -> None:
    for _ in range(2):
        free_site.submitted()
    cursor = free_site.queue(limit=1)["next"]
    refused = free_site.client.get(
        "/v1/moderation/comments", query_string={"cursor": cursor} | other, headers=free_site.bearer
    )
    assert refused.status_code == 422
    assert codes(refused) == {"cursor": "not_a_cursor_of_this_list"}


def test_a_cursor_of_another_site_or_of_the_public_page_is_refused(app: Flask, free_site: SiteDriver) -> None:
    other = make_site(app, limits="off")
    other.change(policy=Policy.NONE)
    for _ in range(2):
        other.submitted()
    other.change(policy=Policy.ALL)
    for _ in range(2):
        other.submitted()
    for cursor in (other.queue(limit=1)["next"], other.page(limit=1)["next"], "made-up", "AAAA", ""):
        assert cursor is not None
        refused = free_site.client.get(
            "/v1/moderation/comments", query_string={"cursor": cursor}, headers=free_site.bearer
        )
        assert codes(refused) == {"cursor": "not_a_cursor_of_this_list"}, cursor


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"limit": 0}, {"limit": "out_of_range"}),
        ({"limit": 101}, {"limit": "out_of_range"}),
        ({"limit": "many"}, {"limit": "wrong_type"}),
        ({"limit": "1.0"}, {"limit": "wrong_type"}),
        ({"status": "waiting"}, {"status": "not_a_choice"}),
        ({"sort": "random"}, {"sort": "not_a_choice"}),
        ({"offset": 3}, {"offset": "unknown_field"}),
        ({"q": "x" * 201}, {"q": "too_long"}),
        ({"q": "a\0"}, {"q": "forbidden_character"}),
        ({"reason": "a\0"}, {"reason": "forbidden_character"}),
        ({"article": ""}, {"article": "empty"}),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) and "code" not in value else "",
)
def test_a_question_that_cannot_be_read_is_refused(
    free_site: SiteDriver, query: dict[str, Any], wrong: dict[str, str]
) -> None:
    refused = free_site.client.get("/v1/moderation/comments", query_string=query, headers=free_site.bearer)
    assert refused.status_code == 422
    assert codes(refused) == wrong


def test_nothing_of_the_queue_is_kept_by_caches(free_site: SiteDriver) -> None:
    sent = free_site.submitted()
    for address in ("/v1/moderation/comments", f"/v1/moderation/comments/{sent['id']}"):
        assert "no-store" in free_site.client.get(address, headers=free_site.bearer).headers["Cache-Control"]
