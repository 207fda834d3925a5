"""A page that nobody keeps: 50 comments fetched from PostgreSQL, rendered and sent.

`python -m benchmarks.cold` fills PostgreSQL with 100,000 comments and starts the service in one granian worker that
keeps no pages; before each request Redis is emptied, so that no other process has the page either. One connection asks
for the first page of an article of 100 comments and of one of 10,000 in turn. Where the time is missed, a profile of
the same requests in one process stands below it.
"""

from __future__ import annotations

import http.client
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import redis as redis_client

from benchmarks.contenders import on_one_core
from benchmarks.effort import Effort, measure_alone
from benchmarks.filled import LONG, SHORT, SINCE_YEARS, SLUG, fill
from benchmarks.profiling import profile
from benchmarks.results import Finding, Findings, at_most, ratios
from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.granian_server import beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

COMMENTS = 100_000
WARM = 30  # requests of each that fill pools and compile statements
TIMES_OF_A_ROUND = 60
PAGE = 50


def measure(effort: Effort) -> Findings:
    """Find the time of a cold page at the median, and the ratio of the long article's to the short one's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(running_redis())
        postgres = stack.enter_context(running_postgres())
        url = stack.enter_context(empty_database(postgres.url, "bench_cold"))
        app = stack.enter_context(beside(folder, url))
        site = fill(app, SINCE_YEARS.of(COMMENTS))
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url, PAGE_MEMORY_MB="0")
        paths = [
            "/v1/comments?" + urlencode({"site": SLUG, "article": key, "limit": PAGE})
            for key in (site.short, site.long)
        ]
        with on_one_core("wsgi:app", environment) as port, redis_client.Redis.from_url(redis.url) as shared:
            taken = _asked(port, paths, shared, effort.rounds * TIMES_OF_A_ROUND)
        findings = _found(*taken)
        if findings.has_missed:
            settings = settings_for(url, redis.url, folder, page_memory=0)
            other = create_app(settings)
            client = other.test_client()
            with redis_client.Redis.from_url(redis.url) as shared:

                def ask() -> None:
                    shared.flushdb()
                    assert client.get(paths[0]).status_code == 200

                heading = "Cold pages in one process, emptying Redis included"
                findings.profiles[heading] = profile(ask, 300)
            with other.app_context():
                db.engine.dispose()
    return findings


def _asked(port: int, paths: list[str], shared: redis_client.Redis, times: int) -> list[list[float]]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    taken: list[list[float]] = [[] for _ in paths]
    for number in range(WARM + times):
        for path, own in zip(paths, taken, strict=True):
            shared.flushdb()
            began = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            took = (time.perf_counter() - began) * 1000
            assert answer.status == 200, f"{path}: {answer.status}"
            if number >= WARM:
                own.append(took)
    connection.close()
    return taken


def _found(short: list[float], long: list[float]) -> Findings:
    middle = statistics.median(short)
    tenths = statistics.quantiles(short, n=10)
    found = ratios(long, short)
    parts = statistics.quantiles(found, n=10)
    ratio = statistics.median(long) / middle
    return Findings(
        [
            Finding(
                f"cold page of {PAGE} comments, of an article of {SHORT}",
                f"{middle:.2f} ms ({tenths[0]:.2f} to {tenths[-1]:.2f} eight times out of ten)",
                middle,
                at_most(6, "ms"),
            ),
            Finding(
                f"the same of an article of {LONG:,}, to that",
                f"{ratio:.2f} ({parts[0]:.2f} to {parts[-1]:.2f}); {statistics.median(long):.2f} ms",
                ratio,
                at_most(1.3, "times"),
            ),
        ]
    )


if __name__ == "__main__":
    measure_alone(measure, __doc__)
