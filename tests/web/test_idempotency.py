"""The same reply sent twice: by an Idempotency-Key, or word for word."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service import create_app
from service.actions.idempotent import keyed_request
from service.actions.sites import find_site
from service.actions.toolbox import tools
from service.extensions import db
from tests.conftest import settings_for
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.refusals import nothing_stored, refused, refused_fields, rows_of

KEY = "Idempotency-Key"


def at_once(calls: list[Callable[[], TestResponse]]) -> list[TestResponse]:
    """Make all calls in threads of their own, as clients do, and return what each was answered."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [running.result() for running in [pool.submit(call) for call in calls]]


def posting(site: SiteDriver, reply: dict[str, str], key: str | None = None) -> Callable[[], TestResponse]:
    # A test client keeps state of its own, so each thread has one.
    headers = {"Origin": site.origin} | ({KEY: key} if key else {})
    return lambda: site.app.test_client().post("/v1/comments", json=reply, headers=headers)


def total(site: SiteDriver) -> int:
    return sum(site.queue()["totals"].values())


def test_the_same_key_and_body_get_the_same_answer_and_make_one_row(site: SiteDriver) -> None:
    reply = site.reply()
    first = site.submit(headers={KEY: "k-1"}, **reply)
    with nothing_stored(site):
        again = site.submit(headers={KEY: "k-1"}, **reply)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert total(site) == 1


def test_an_answer_stays_the_same_after_a_decision(site: SiteDriver) -> None:
    reply = site.reply()
    first = site.submit(headers={KEY: "k-1"}, **reply).json
    assert first is not None
    site.decide(first["id"], "reject")
    assert site.submit(headers={KEY: "k-1"}, **reply).json == first


def test_a_repetition_spends_no_limit(site: SiteDriver) -> None:
    site.change(limits={"client": (1, 60)})
    reply = site.reply()
    for _ in range(3):
        assert site.submit(headers={KEY: "k-1"}, **reply).status_code == 202
    refused(site.submit(), 429, "rate_limited")


@pytest.mark.parametrize("field", ["body", "name", "email", "url", "article_title", "parent_id"])
def test_the_same_key_with_another_body_is_refused(site: SiteDriver, field: str) -> None:
    parent = site.published()
    other = {
        "body": "Other", "name": "Other", "email": "other@example.org", "url": "other.example",
        "article_title": "Other", "parent_id": parent["id"],
    }  # fmt: skip
    reply = site.reply()
    site.submitted(headers={KEY: "k-1"}, **reply)
    with nothing_stored(site):
        refused(site.submit(headers={KEY: "k-1"}, **reply | {field: other[field]}), 422, "idempotency_key_reused")


def test_a_key_may_stand_in_quotes_or_not(site: SiteDriver) -> None:
    reply = site.reply()
    bare = site.submit(headers={KEY: "8e03978e-40d5"}, **reply)
    quoted = site.submit(headers={KEY: '"8e03978e-40d5"'}, **reply)
    assert bare.json == quoted.json


def test_a_form_and_json_with_one_key_are_one_request(site: SiteDriver) -> None:
    reply = site.reply()
    as_json = site.submit(headers={KEY: "k-1"}, **reply)
    as_form = site.client.post(
        "/v1/comments", data=reply, headers={KEY: "k-1", "Accept": "application/json", "Origin": site.origin}
    )
    assert as_json.json == as_form.json


@ON_SQLITE_ALONE
@pytest.mark.parametrize("key", ["", " ", '""', '"', "x" * 256, '"' + "x" * 256 + '"'])
def test_a_key_that_is_empty_or_too_long_is_refused(site: SiteDriver, key: str) -> None:
    with nothing_stored(site):
        assert refused_fields(site.submit(headers={KEY: key})) == {KEY: "out_of_range"}


@pytest.mark.parametrize("key", ["x", "x" * 255, '"' + "x" * 255 + '"', "é", 'a"b'])
def test_a_key_of_1_to_255_characters_is_accepted(site: SiteDriver, key: str) -> None:
    reply = site.reply()
    assert site.submit(headers={KEY: key}, **reply).json == site.submit(headers={KEY: key}, **reply).json


def test_a_key_means_nothing_on_another_site(site: SiteDriver, free_site: SiteDriver) -> None:
    first = site.submitted(headers={KEY: "k-1"}, body="Same", email="a@example.org", name="A")
    second = free_site.submitted(headers={KEY: "k-1"}, body="Same", email="a@example.org", name="A")
    assert first["id"] != second["id"]


def test_a_key_can_be_used_at_once_after_a_refusal(site: SiteDriver) -> None:
    site.change(limits={"client": (2, 60)})
    parent, headers = site.submitted(), {KEY: "k-1"}
    refused(site.submit(headers=headers, body=""), 422, "invalid")
    refused(site.submit(headers=headers, parent_id=parent["id"]), 422, "parent_not_found")
    refused(site.submit(headers=headers), 429, "rate_limited")
    site.change(limits="off")
    assert site.submit(headers=headers).status_code == 202


def test_a_key_can_be_used_at_once_after_a_duplicate_and_a_closed_article(free_site: SiteDriver) -> None:
    site, headers = free_site, {KEY: "k-1"}
    reply = site.reply()
    site.submitted(**reply)
    refused(site.submit(headers=headers, **reply), 409, "duplicate")
    article = {"site": site.slug, "key": f"{site.origin}/closed", "open": False}
    site.client.put("/v1/articles", json=article, headers=site.bearer)
    refused(site.submit(headers=headers, article=f"{site.origin}/closed"), 403, "article_closed")
    assert site.submit(headers=headers).status_code == 202


def test_a_request_whose_twin_is_being_carried_out_is_told_to_wait(site: SiteDriver) -> None:
    reply = site.reply()
    with site.app.app_context():
        mark = keyed_request(find_site(site.slug), "k-1", "").key_hash.hex()
        tools().limiter.spend(site.slug, [], now=datetime.now(UTC), idempotency_key=mark)
    with nothing_stored(site):
        response = site.submit(headers={KEY: "k-1"}, **reply)
        refused(response, 409, "request_in_progress")
    assert response.headers["Retry-After"] == "1"
    assert site.submit(headers={KEY: "k-2"}).status_code == 202
    with site.app.app_context():
        tools().limiter.release(site.slug, mark)
    assert site.submit(headers={KEY: "k-1"}, **reply).status_code == 202


def test_20_parallel_posts_with_one_key_make_one_row(free_site: SiteDriver) -> None:
    site = free_site
    reply = site.reply()
    answers = at_once([posting(site, reply, "k-1")] * 20)
    accepted = [answer for answer in answers if answer.status_code == 202]
    for answer in answers:
        if answer not in accepted:
            refused(answer, 409, "request_in_progress")
    assert len({answer.text for answer in accepted}) == 1
    assert (total(site), rows_of(site)["comments"], rows_of(site)["articles"], rows_of(site)["authors"]) == (1, 1, 1, 1)
    assert posting(site, reply, "k-1")().text == accepted[0].text


def test_20_parallel_posts_without_a_key_make_one_row(free_site: SiteDriver) -> None:
    site = free_site
    reply = site.reply()
    answers = at_once([posting(site, reply)] * 20)
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "duplicate")
    assert (total(site), rows_of(site)["comments"]) == (1, 1)


def test_20_parallel_posts_of_one_key_with_different_bodies_make_one_row(free_site: SiteDriver) -> None:
    site = free_site
    answers = at_once([posting(site, site.reply(), "k-1") for _ in range(20)])
    assert [answer.status_code for answer in answers].count(202) == 1
    assert {answer.get_json().get("code") for answer in answers} <= {
        None, "request_in_progress", "idempotency_key_reused",
    }  # fmt: skip
    assert rows_of(site)["comments"] == 1


def test_20_parallel_replies_of_different_people_are_all_accepted(free_site: SiteDriver) -> None:
    site = free_site
    answers = at_once([posting(site, site.reply()) for _ in range(20)])
    assert [answer.status_code for answer in answers] == [202] * 20
    assert (total(site), rows_of(site)["articles"]) == (20, 1)


def test_while_redis_is_away_one_key_still_makes_one_row_in_two_processes(
    app: Flask, database_url: str, tmp_path: Path
) -> None:
    # Each of these applications marks what is in progress for itself alone, as two processes do then.
    processes = [
        create_app(settings_for(database_url, f"unix://{tmp_path}/nobody", tmp_path / name)) for name in ("one", "two")
    ]
    site = make_site(app, limits="off")
    reply = site.reply()
    calls = [posting(SiteDriver(process, site.slug, site.origin, "", ""), reply, "k-1") for process in processes]
    answers = at_once(calls * 10)
    accepted = {answer.text for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1
    for answer in answers:
        if answer.status_code != 202:
            refused(answer, 409, "request_in_progress")
    assert rows_of(site)["comments"] == 1
    for process in processes:
        with process.app_context():
            db.engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="word-for-word"),
        pytest.param({"email": "ADA@Example.ORG"}, id="the-address-in-other-case"),
        pytest.param({"email": "  ada@example.org "}, id="the-address-with-blanks"),
        pytest.param({"body": "  Same   words\r\n"}, id="other-white-space"),
        pytest.param({"name": "Somebody Else"}, id="another-name"),
        pytest.param({"url": "ada.example"}, id="with-a-website"),
        pytest.param({"article": "{article}?utm_source=mail#top"}, id="the-article-spelled-otherwise"),
        pytest.param({"parent_id": "{parent}"}, id="in-reply-to-another"),
    ],
)
def test_the_same_words_by_the_same_author_under_the_same_article_are_a_duplicate(
    free_site: SiteDriver, change: dict[str, str]
) -> None:
    site = free_site
    parent = site.published()
    same = {"email": "ada@example.org", "body": "Same words"}
    site.submitted(**same)
    changed: dict[str, Any] = {
        name: value.format(article=site.article, parent=parent["id"]) for name, value in change.items()
    }
    with nothing_stored(site):
        refused(site.submit(**(same | changed)), 409, "duplicate")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"email": "adah@example.org"}, id="another-author"),
        pytest.param({"article": "{article}/2"}, id="another-article"),
        pytest.param({"body": "same words"}, id="other-case"),
        pytest.param({"body": "Same words."}, id="a-full-stop-more"),
    ],
)
def test_what_differs_is_no_duplicate(free_site: SiteDriver, change: dict[str, str]) -> None:
    site = free_site
    same = {"email": "ada@example.org", "body": "Same words"}
    site.submitted(**same)
    changed: dict[str, Any] = {name: value.format(article=site.article) for name, value in change.items()}
    assert site.submit(**(same | changed)).status_code == 202


@pytest.mark.parametrize("action", ["approve", "reject", "spam"])
def test_a_decision_does_not_make_room_for_the_same_words(free_site: SiteDriver, action: str) -> None:
    reply = free_site.reply()
    free_site.decide(free_site.submitted(**reply)["id"], action)
    refused(free_site.submit(**reply), 409, "duplicate")


def test_a_reply_that_was_withdrawn_or_deleted_may_be_sent_again(free_site: SiteDriver) -> None:
    reply = free_site.reply()
    free_site.withdraw(free_site.submitted(**reply))
    free_site.decide(free_site.submitted(**reply)["id"], "delete")
    assert free_site.submit(**reply).status_code == 202


def test_the_words_of_a_revision_count_for_duplicates(free_site: SiteDriver) -> None:
    sent = free_site.submitted(email="ada@example.org", body="First")
    free_site.revise(sent, "Second")
    refused(free_site.submit(email="ada@example.org", body="Second"), 409, "duplicate")
    assert free_site.submit(email="ada@example.org", body="First").status_code == 202


def test_a_repeated_key_does_not_bring_back_words_that_were_withdrawn(site: SiteDriver) -> None:
    reply = site.reply(body="I take this back")
    first = site.submit(headers={"Idempotency-Key": "k-withdrawn"}, **reply).get_json()
    assert first["body_html"] == "<p>I take this back</p>"
    assert site.withdraw(first).status_code == 204
    again = site.submit(headers={"Idempotency-Key": "k-withdrawn"}, **reply)
    assert again.get_json()["id"] == first["id"]
    assert again.get_json()["body_html"] == ""
