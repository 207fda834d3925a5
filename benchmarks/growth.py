"""What each operation costs with ten thousand comments, and with a hundred or a thousand times as many.

`python -m benchmarks.growth` fills a PostgreSQL database of each size (`benchmarks.filled`); `--largest` adds ten
million. The application runs in this process and keeps no pages. Every question is asked of all sizes in turn, round by
round, so that all meet the same weather; what counts is the median of the rounds' ratios to ten thousand.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis as redis_client
from flask import Flask
from flask_migrate import upgrade

from benchmarks.effort import Effort, measure_alone
from benchmarks.filled import ORIGIN, SINCE_YEARS, SLUG, FilledSite, fill
from benchmarks.results import Aim, Finding, Findings, at_most, ratios
from benchmarks.words import a_text
from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.servers import empty_database, running_postgres, running_redis

SIZES = (10_000, 100_000, 1_000_000)
LARGEST = 10_000_000
WARM = 5  # rounds that fill pools and compile statements
TIMES_OF_A_ROUND = 8
WITHIN = at_most(1.3, "times")
LATER = 3  # pages of the queue before the later one
BEFORE = 10  # pages of the thread before the later one


class Sized:
    """The application on a database of one size, with one method for each operation that is measured."""

    def __init__(self, app: Flask, site: FilledSite) -> None:
        self.desk = SiteDriver(app, SLUG, ORIGIN, site.token, site.short)
        self.site = site
        self.later = ""
        for _ in range(LATER):
            self.later = self._queue(**({"cursor": self.later} if self.later else {}))["next"]
        # The oldest are on the pages that are measured, so those that are decided come from the other end.
        self.waiting = [(item["id"], item["revision"]) for item in self._queue(sort="newest", limit="100")["comments"]]
        self.further = ""
        for _ in range(BEFORE):
            self.further = self._page(site.long, **({"cursor": self.further} if self.further else {}))["next"]
        self.dice, self.numbers = random.Random(3), itertools.count()

    def thread_page(self) -> Any:
        return self._page(self.site.short)

    def long_thread_page(self) -> Any:
        return self._page(self.site.long)

    def later_thread_page(self) -> Any:
        return self._page(self.site.long, cursor=self.further)

    def counts(self) -> Any:
        articles = [("article", f"{ORIGIN}/{number}") for number in range(1, 11)]
        answer = self.desk.client.get("/v1/counts", query_string=[("site", SLUG), *articles])
        assert answer.status_code == 200, answer.text

    def queue_page(self) -> Any:
        return self._queue()

    def later_queue_page(self) -> Any:
        return self._queue(cursor=self.later)

    def search_rare(self) -> Any:
        return self._queue(q="rare000017", status="approved")

    def search_common(self) -> Any:
        return self._queue(q="harbour", status="approved")

    def submission(self) -> Any:
        number = next(self.numbers)
        return self.desk.submitted(name=f"Reader {number}", email=f"n{number}@example.org", body=a_text(self.dice))

    def decision(self) -> Any:
        comment_id, revision = self.waiting.pop()
        answer = self.desk.approve(comment_id, revision)
        assert answer.status_code == 201, answer.text

    def _page(self, article: str, **query: str) -> Any:
        asked = {"site": SLUG, "article": article, "limit": "50"} | query
        answer = self.desk.client.get("/v1/comments", query_string=asked)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def _queue(self, **query: str) -> Any:
        answer = self.desk.client.get("/v1/moderation/comments", query_string=query, headers=self.desk.bearer)
        assert answer.status_code == 200, answer.text
        return answer.get_json()


OPERATIONS: dict[str, tuple[Callable[[Sized], Any], Aim | None]] = {
    "thread page of an article of 100": (Sized.thread_page, WITHIN),
    "thread page of the longest article": (Sized.long_thread_page, WITHIN),
    f"the same, {BEFORE} pages further": (Sized.later_thread_page, WITHIN),
    "counts of ten articles": (Sized.counts, WITHIN),
    "queue page": (Sized.queue_page, WITHIN),
    f"queue page, {LATER} pages further": (Sized.later_queue_page, WITHIN),
    "search for a rare word": (Sized.search_rare, WITHIN),
    "search for a word that every 15th has": (Sized.search_common, WITHIN),
    "submission": (Sized.submission, WITHIN),
    "decision": (Sized.decision, WITHIN),
}


def measure(effort: Effort) -> Findings:
    """Find the milliseconds of every operation at each size, and the ratio of the largest to the smallest."""
    sizes = (*SIZES, LARGEST) if effort.is_largest else SIZES
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres(others={"shared_buffers": "1GB", "max_wal_size": "8GB"}))
        redis = stack.enter_context(running_redis())
        shared = stack.enter_context(redis_client.Redis.from_url(redis.url))
        remarks, databases = [], []
        for size in sizes:
            app = stack.enter_context(running_app(postgres.url, redis.url, f"bench_{size}", folder))
            began = time.perf_counter()
            site = fill(app, SINCE_YEARS.of(size))
            remarks.append(f"{size:,} in {time.perf_counter() - began:,.0f} s")
            databases.append(Sized(app, site))
        rounds = min(effort.rounds * TIMES_OF_A_ROUND, 90)
        lines = [
            _found(what, operation, aim, databases, sizes, shared, rounds)
            for what, (operation, aim) in OPERATIONS.items()
        ]
    told = f"The times are of {', '.join(f'{size:,}' for size in sizes)} comments, in this order."
    return Findings(lines, [f"{told} Filling them took: {', '.join(remarks)}."])


def _found(
    what: str,
    operation: Callable[[Sized], Any],
    aim: Aim | None,
    databases: list[Sized],
    sizes: tuple[int, ...],
    shared: redis_client.Redis,
    rounds: int,
) -> Finding:
    taken: list[list[float]] = [[] for _ in databases]
    for number in range(WARM + rounds):
        for database, own in zip(databases, taken, strict=True):
            shared.flushdb()
            began = time.perf_counter()
            operation(database)
            took = (time.perf_counter() - began) * 1000
            if number >= WARM:
                own.append(took)
    middles = [statistics.median(own) for own in taken]
    found = ratios(taken[-1], taken[0])
    tenths = statistics.quantiles(found, n=10)
    ratio = statistics.median(found)
    times = ", ".join(f"{middle:.1f}" for middle in middles)
    return Finding(
        f"{what}: {sizes[-1]:,} to {sizes[0]:,}",
        f"{ratio:.2f} ({tenths[0]:.2f} to {tenths[-1]:.2f} eight times out of ten); {times} ms",
        ratio,
        aim,
    )


@contextmanager
def running_app(postgres_url: str, redis_url: str, name: str, folder: Path) -> Iterator[Flask]:
    with empty_database(postgres_url, name) as url:
        app = create_app(settings_for(url, redis_url, folder / name, page_memory=0))
        with app.app_context():
            upgrade()
        yield app
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    measure_alone(measure, __doc__)
