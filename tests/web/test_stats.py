"""The numbers of the desk, each against a discussion whose numbers are known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import insert
from werkzeug.test import TestResponse

from service.domain.life import POLICY, Actor
from service.domain.log import LogEntry, LogKind
from service.domain.permissions import Scope
from service.extensions import db
from service.store import log
from service.store.ids import new_id
from service.store.models import ReasonRow
from service.store.session import writing
from service.store.sites import find_site
from service.web.desk.stats import duration
from tests.databases import ON_SQLITE_ALONE
from tests.desk_driver import signed_in
from tests.driver import SiteDriver, codes, make_site

PAST = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MIRA, NOOR = Actor("token", uuid4(), "Mira"), Actor("moderator", uuid4(), "Noor")


def asked(driver: SiteDriver, **query: Any) -> TestResponse:
    return driver.client.get("/v1/moderation/stats", query_string=query, headers=driver.bearer)


def numbers(driver: SiteDriver, **query: Any) -> dict[str, Any]:
    """Return the numbers of a site."""
    answer = asked(driver, **query)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert isinstance(body, dict)
    return body


def then(site: SiteDriver, **others: Any) -> dict[str, Any]:
    """Return the numbers of the six hours around PAST."""
    return numbers(site, **{"from": "2026-03-02T06:00:00Z", "until": "2026-03-02T12:00:00Z"}, **others)


def decided(site: SiteDriver, when: datetime, waited: float | None, actor: Actor = MIRA, **others: Any) -> None:
    """Write a decision of that moment into the log."""
    with site.app.app_context(), writing():
        site_id = find_site(site.slug).id
        said: dict[str, Any] = {"kind": LogKind.DECISION, "action": "approve"} | others
        log.add_entries(
            [LogEntry(id=new_id(when), site_id=site_id, actor=actor, created_at=when, waited=waited, **said)]
        )


def test_a_site_on_which_nothing_happened_has_no_numbers(site: SiteDriver) -> None:
    found = numbers(site)
    assert (found["arrivals"], found["decisions"], found["undone"]) == (0, 0, 0)
    assert [found[name] for name in ("share_undone", "oldest_pending", "median_seconds", "p95_seconds")] == [None] * 4
    assert [found[f"by_{name}"] for name in ("reason", "canned_reason", "article", "moderator")] == [[]] * 4
    since, until = (datetime.fromisoformat(found[name]) for name in ("from", "until"))
    assert until - since == timedelta(days=7)
    assert len(found["hours"]) in {168, 169}


def test_what_came_and_what_was_decided_is_counted_by_the_hour(free_site: SiteDriver) -> None:
    for _ in range(3):
        free_site.published()
    waiting = free_site.submitted()
    found = numbers(free_site)
    assert (found["arrivals"], found["decisions"]) == (4, 3)
    assert sum(hour["arrivals"] for hour in found["hours"][-2:]) == 4
    assert sum(hour["decisions"] for hour in found["hours"][-2:]) == 3
    assert found["oldest_pending"] == free_site.opened(waiting["id"])["queued_at"]
    assert 0 < found["median_seconds"] <= found["p95_seconds"] < 60


def test_an_hour_ends_where_the_next_one_begins(free_site: SiteDriver) -> None:
    nine = PAST.replace(minute=0)
    for minute in (-1, 0, 59, 60):
        decided(free_site, nine + timedelta(minutes=minute), 1.0)
    hours = {hour["hour"][11:13]: hour["decisions"] for hour in then(free_site)["hours"]}
    assert hours == {"06": 0, "07": 0, "08": 1, "09": 2, "10": 1, "11": 0}
    cut = numbers(free_site, **{"from": "2026-03-02T09:00:00Z", "until": "2026-03-02T10:00:00Z"})
    assert [(hour["hour"], hour["decisions"]) for hour in cut["hours"]] == [("2026-03-02T09:00:00.000Z", 2)]
    part = numbers(free_site, **{"from": "2026-03-02T09:30:00Z", "until": "2026-03-02T10:30:00Z"})
    assert [hour["decisions"] for hour in part["hours"]] == [1, 1]


@pytest.mark.parametrize(
    ("waits", "median", "p95"),
    [
        ([7], 7, 7),
        ([1, 3], 2, 2.9),
        ([30, 10, 20], 20, 29),
        (list(range(1, 102)), 51, 96),
    ],
)
def test_the_percentiles_are_the_same_on_both_databases(
    free_site: SiteDriver, waits: list[float], median: float, p95: float
) -> None:
    for wait in waits:
        decided(free_site, PAST, float(wait))
    decided(free_site, PAST, None)
    decided(free_site, PAST - timedelta(days=1), 1e6)
    found = then(free_site)
    assert found["decisions"] == len(waits) + 1
    assert (found["median_seconds"], found["p95_seconds"]) == (pytest.approx(median), pytest.approx(p95))


def test_what_nobody_decided_is_no_decision(free_site: SiteDriver) -> None:
    decided(free_site, PAST, 5.0, POLICY)
    decided(free_site, PAST, None, Actor("author", None, "the author"))
    found = then(free_site)
    assert (found["decisions"], found["median_seconds"], found["by_moderator"]) == (0, None, [])


def test_each_moderator_is_told_with_what_was_taken_back(free_site: SiteDriver) -> None:
    noor = free_site.another_token()
    sent = [free_site.submitted()["id"] for _ in range(4)]
    free_site.approve(sent[0])
    batches = [
        free_site.decide(one, action, headers=noor).get_json()["decision"]["batch_id"]
        for one, action in zip(sent[1:], ("approve", "spam", "spam"), strict=True)
    ]
    undone = free_site.client.post(f"/v1/moderation/batches/{batches[2]}/undo", headers=free_site.bearer)
    assert undone.status_code == 200
    found = numbers(free_site)
    told = [(rate["name"], rate["decisions"], rate["actions"], rate["undone"]) for rate in found["by_moderator"]]
    assert told == [("Noor", 3, {"approve": 1, "spam": 2}, 1), ("Mira", 1, {"approve": 1}, 0)]
    assert (found["decisions"], found["undone"], found["share_undone"]) == (4, 1, 0.25)


def test_each_reason_and_each_article_is_told_with_how_it_went(free_site: SiteDriver) -> None:
    first = free_site.article
    links = " ".join(f"https://example.org/{number}" for number in range(9))
    spam = free_site.submitted(body=f"Look: {links}")
    free_site.decide(spam["id"], "spam")
    free_site.published()
    free_site.article = f"{free_site.origin}/articles/2"
    free_site.published()
    held_for = {signal["name"] for signal in free_site.opened(spam["id"])["signals"]}
    found = numbers(free_site)
    reasons = {rate["id"]: rate["actions"] for rate in found["by_reason"]}
    assert reasons["policy"]["approve"] == 2
    assert held_for <= set(reasons)
    assert reasons["many_links"] == {"spam": 1}
    articles = [(rate["id"], rate["decisions"], rate["actions"]) for rate in found["by_article"]]
    assert articles == [(first, 2, {"spam": 1, "approve": 1}), (free_site.article, 1, {"approve": 1})]


def test_what_authors_were_told_is_counted_by_canned_reason(free_site: SiteDriver) -> None:
    reason_id, now = uuid4(), datetime.now(UTC)
    with free_site.app.app_context(), writing():
        words = {"position": 9, "title": "Off topic", "text": "Off the subject.", "created_at": now}
        db.session.execute(insert(ReasonRow).values(id=reason_id, site_id=find_site(free_site.slug).id, **words))
    for _ in range(2):
        free_site.decide(free_site.submitted()["id"], "reject", reason_id=str(reason_id))
    free_site.decide(free_site.submitted()["id"], "reject", reason="In my own words.")
    (told,) = numbers(free_site)["by_canned_reason"]
    assert told == {"id": str(reason_id), "name": "Off topic", "decisions": 2, "actions": {"reject": 2}}


def test_each_site_has_numbers_of_its_own(app: Flask, free_site: SiteDriver) -> None:
    other = make_site(app, limits="off")
    other.published()
    assert numbers(free_site)["arrivals"] == 0
    assert asked(free_site, site=other.slug).status_code == 403


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"from": "yesterday"}, {"from": "wrong_type"}),
        ({"from": "2026-03-02T09:00:00Z", "until": "2026-03-02T09:00:00Z"}, {"until": "out_of_range"}),
        ({"from": "2026-01-01T00:00:00Z", "until": "2026-04-03T00:00:01Z"}, {"from": "out_of_range"}),
        ({"until": "0001-01-02T00:00:00Z"}, {"until": "out_of_range"}),
        ({"hours": "5"}, {"hours": "unknown_field"}),
    ],
)
def test_a_time_that_makes_no_sense_is_told_so(site: SiteDriver, query: dict[str, str], fault: dict[str, str]) -> None:
    answer = asked(site, **query)
    assert (answer.status_code, codes(answer)) == (422, fault)


@pytest.mark.parametrize("end", ["0001-01-09T00:00:00Z", "1969-12-31T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_the_ends_of_time_have_no_numbers_either(site: SiteDriver, end: str) -> None:
    assert numbers(site, until=end)["arrivals"] == 0


def test_it_takes_the_permission_to_read_them(site: SiteDriver) -> None:
    assert site.client.get("/v1/moderation/stats").status_code == 401
    headers = site.another_token(Scope.INTEGRATE)
    assert site.client.get("/v1/moderation/stats", headers=headers).status_code == 403


def test_the_page_says_all_of_it_in_tables(free_site: SiteDriver) -> None:
    free_site.published()
    free_site.decide(free_site.submitted()["id"], "reject", headers=free_site.another_token(name="<Noor>"))
    free_site.submitted()
    page = signed_in(free_site).get(f"/desk/stats?site={free_site.slug}")
    assert page.status_code == 200
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.text))
    assert (figures["Arrived"], figures["Decisions"], figures["Decisions taken back"]) == ("3", "2", "0.0%")
    for table in ("hours", "by-reason", "by-article", "by-moderator"):
        assert f'id="{table}"' in page.text
    assert "&lt;Noor&gt;" in page.text
    assert "<Noor>" not in page.text
    assert page.text.count("data-hour=") in {168, 169}


def test_the_page_is_narrowed_to_days_and_says_what_it_cannot_read(free_site: SiteDriver) -> None:
    decided(free_site, PAST, 60.0)
    browser = signed_in(free_site)
    day = browser.get("/desk/stats", **{"from": "2026-03-02", "until": "2026-03-02"})
    assert day.text.count("data-hour=") == 24
    assert "<dd>1 min</dd>" in day.text
    for typed in ({"from": "soon"}, {"from": "2026-03-02", "until": "2026-03-01"}, {"from": "2020-01-01"}):
        refused = browser.get("/desk/stats", **typed)
        assert refused.status_code == 422
        assert 'class="fault"' in refused.text
        assert f'value="{typed["from"]}"' in refused.text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "\N{EN DASH}"), (0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "60 min"), (3600, "1 h"),
     (12_000, "3 h 20 min"), (172_800, "2 days"), (180_000, "2 days 2 h")],
)  # fmt: skip
def test_times_are_said_as_people_say_them(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
