"""Reads while others write: what readers lose when 200 submissions a second arrive at the same process.

`python -m benchmarks.busy` starts durable PostgreSQL, Redis and the service in one granian worker on one core. On the
other core wrk reads a page of 50 comments as fast as it is answered, and a second process sends replies at a steady
rate; rounds with and without it alternate. It prints what was really accepted, and how long a reply took.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.contenders import LOAD_CORE, fetched, on_one_core
from benchmarks.effort import Effort, measure_alone
from benchmarks.load import Load, load
from benchmarks.paced import Paced, replies_arriving
from benchmarks.results import Finding, Findings, at_least, at_most, ratios, spread
from benchmarks.threads import SITE, fill_articles
from benchmarks.writes import raise_limits
from tests.driver import make_site
from tests.granian_server import beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

ORIGIN = "https://bench.example"
COMMENTS = 50
ARRIVING = 200  # submissions a second
THREADS = 4  # as in the image


def measure(effort: Effort) -> Findings:
    """Find the share of reads that is lost, and what was accepted meanwhile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(running_redis())
        postgres = stack.enter_context(running_postgres(is_durable=True))
        url = stack.enter_context(empty_database(postgres.url, "bench_busy"))
        app = stack.enter_context(beside(folder, url))
        fill_articles(app, ORIGIN, [COMMENTS])
        site = make_site(app)
        raise_limits(site)
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url)
        port = stack.enter_context(on_one_core("wsgi:app", environment, threads=THREADS))
        path = "/v1/comments?" + urlencode({"site": SITE, "article": f"{ORIGIN}/{COMMENTS}"})
        fetched(port, path)
        reading = Load(port, path, {}, effort.seconds, LOAD_CORE)
        quiet, busy = [], []
        arrived: list[Paced] = []
        for turn in range(effort.rounds):
            quiet.append(load(reading))
            with replies_arriving(
                port, site.slug, site.origin, rate=ARRIVING, seconds=effort.seconds, turn=turn
            ) as found:
                busy.append(load(reading))
            arrived += found
    lost = [1 - ratio for ratio in ratios(busy, quiet)]
    accepted = [one.rate for one in arrived]
    rates = f"{statistics.median(quiet):,.0f} to {statistics.median(busy):,.0f} reads a second"
    took = f"{statistics.median(one.median for one in arrived):,.0f} ms"
    slowest = f"{statistics.median(one.slowest for one in arrived):,.0f} ms"
    return Findings(
        [
            Finding(
                "share of reads lost meanwhile",
                f"{spread(lost, digits=2)}; {rates}",
                statistics.median(lost),
                at_most(0.2),
            ),
            Finding(
                f"submissions accepted a second, of {ARRIVING} sent",
                spread(accepted),
                statistics.median(accepted),
                at_least(ARRIVING * 0.99),
            ),
            Finding("from when a submission was due to its answer, median and 99th of 100", f"{took}, {slowest}"),
        ]
    )


if __name__ == "__main__":
    measure_alone(measure, __doc__)
