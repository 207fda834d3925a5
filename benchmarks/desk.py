"""Measure the moderators' desk on PostgreSQL, and print a table: `make bench`, or `python -m benchmarks.desk`.

Two databases stand side by side, with 10,000 and with 1,000,000 pending comments; every question is asked of both in
turn, so that both meet the same weather, and what counts is the ratio. The application runs in this process, PostgreSQL
and Redis are real servers.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from benchmarks.filled import ALL_PENDING, ORIGIN, SLUG, fill
from benchmarks.printing import Rows, print_table, quieten
from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.servers import empty_database, running_postgres, running_redis

SIZES = (10_000, 1_000_000)
ROUNDS = 30
BATCH_ROUNDS = 15
QUEUE = "/v1/moderation/comments"
QUESTIONS: dict[str, dict[str, str]] = {
    "first page": {},
    "newest first": {"sort": "newest"},
    "by score": {"sort": "score"},
    "one article": {"article": f"{ORIGIN}/3"},
    "a reason that all have": {"reason": "policy"},
    "a reason that few have": {"reason": "many_links"},
    "one author": {"author": "AUTHOR"},
    "with links": {"has_links": "true"},
    "flagged": {"flagged": "true"},
    "edited": {"edited": "true"},
    "search: a rare word": {"q": "rare000017"},
    "search: a word of every 15th": {"q": "harbour"},
    "search: a word of every 500th": {"q": "few017"},
    "search: a beginning that 1 in 50 have": {"q": "few01"},
    "search: two words": {"q": "harbour rare000017"},
    "search: a word that all have": {"q": "reply"},
}


def main() -> None:
    """Start everything, measure, and print what was asked for beside what was reached."""
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_redis() as redis,
        ExitStack() as applications,
    ):
        desks = []
        for size in SIZES:
            app = applications.enter_context(_app(postgres.url, redis.url, f"bench_{size}", Path(folder)))
            site = fill(app, ALL_PENDING.of(size))
            desks.append(SiteDriver(app, SLUG, ORIGIN, site.token, site.short))
        rows = _reads(desks) + _batches(desks[1])
        rows += _together(applications.enter_context(_app(postgres.url, redis.url, "bench_together", Path(folder))))
    print_table(rows)


@contextmanager
def _app(postgres_url: str, redis_url: str, name: str, folder: Path) -> Iterator[Flask]:
    with empty_database(postgres_url, name) as url:
        app = create_app(settings_for(url, redis_url, folder / name))
        with app.app_context():
            upgrade()
        yield app
        with app.app_context():
            db.engine.dispose()


def _reads(desks: list[SiteDriver]) -> Rows:
    authors = [desk.queue(limit="1")["comments"][0]["author"]["id"] for desk in desks]
    rows = []
    for name, asked in QUESTIONS.items():
        times: list[list[float]] = [[], []]
        for round_number in range(ROUNDS + 2):
            for place, desk in enumerate(desks):
                query = {key: authors[place] if value == "AUTHOR" else value for key, value in asked.items()}
                took = _timed(lambda desk=desk, query=query: desk.queue(**query))  # type: ignore[misc]
                if round_number >= 2:  # the first ones fill caches and compile statements
                    times[place].append(took)
        small, large = (statistics.median(taken) for taken in times)
        spread = statistics.quantiles(times[1], n=10)
        rows.append(
            (
                f"queue of 1,000,000 to that of 10,000: {name}",
                "<= 1.5",
                f"{large / small:.2f} ({small:.1f} to {large:.1f} ms; {spread[0]:.1f} to {spread[-1]:.1f})",
            )
        )
    return rows


def _batches(desk: SiteDriver) -> Rows:
    waiting = iter(_ids(desk, BATCH_ROUNDS * 101 + 202))
    times: dict[int, list[float]] = {1: [], 100: []}
    for round_number in range(BATCH_ROUNDS + 2):
        for count in (1, 100):
            chosen = [next(waiting) for _ in range(count)]
            decisions = [{"comment_id": one, "action": "approve", "revision": revision} for one, revision in chosen]
            body = {"decisions": decisions}
            took = _timed(
                lambda body=body: desk.client.post("/v1/moderation/decisions", json=body, headers=desk.bearer)  # type: ignore[misc]
            )
            if round_number >= 2:
                times[count].append(took)
    one, hundred = statistics.median(times[1]), statistics.median(times[100])
    return [("100 decisions together to 1", "<= 5", f"{hundred / one:.1f} ({one:.1f} to {hundred:.1f} ms)")]


def _ids(desk: SiteDriver, count: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    cursor: dict[str, str] = {}
    while len(found) < count:
        page = desk.queue(limit="100", **cursor)
        found += [(item["id"], item["revision"]) for item in page["comments"]]
        cursor = {"cursor": page["next"]}
    return found


def _together(app: Flask) -> Rows:
    """Let eight moderators clear one queue of 2,000, each taking the next page and deciding ten at a time."""
    site = make_site(app, limits="off")
    for _ in range(2000):
        site.submitted()
    tokens = [site.another_token(name=f"Moderator {number}") for number in range(8)]

    def work(number: int) -> list[int]:
        own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
        answered: list[int] = []
        while True:
            page = own.client.get(QUEUE, query_string={"limit": "40"}, headers=tokens[number]).get_json()["comments"]
            if not page:
                return answered
            # Everybody begins somewhere else in the page, as people do, and still they meet.
            start = number * 4 % len(page)
            batch = (page[start:] + page[:start])[:10]
            decisions = [{"comment_id": item["id"], "action": "approve", "revision": 1} for item in batch]
            answer = own.client.post("/v1/moderation/decisions", json={"decisions": decisions}, headers=tokens[number])
            assert answer.status_code == 200, answer.text
            answered += [result["status"] for result in answer.get_json()["results"]]

    began = time.perf_counter()
    with ThreadPoolExecutor(8) as moderators:
        statuses = [status for own in moderators.map(work, range(8)) for status in own]
    seconds = time.perf_counter() - began
    with app.app_context(), db.engine.connect() as connection:
        twice = connection.exec_driver_sql(
            "SELECT count(*) FROM (SELECT comment_id FROM log WHERE comment_id IS NOT NULL"
            " GROUP BY comment_id HAVING count(*) > 1) AS twice"
        ).scalar_one()
    others = sorted(set(statuses) - {201, 409})
    return [
        ("8 moderators, 2,000 comments: decided", "2,000", f"{statuses.count(201):,} in {seconds:.1f} s"),
        ("the same: decided twice", "0", str(twice)),
        ("the same: refused as 409, otherwise", "409 only", f"{statuses.count(409):,}, {others or 'never'}"),
    ]


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    answer = act()
    took = (time.perf_counter() - began) * 1000
    assert getattr(answer, "status_code", 200) == 200, answer
    return took


if __name__ == "__main__":
    main()
