"""Reads while others write: what readers lose when 200 submissions a second arrive at the same process.

`python -m benchmarks.busy` starts durable PostgreSQL, Redis and the service in one granian worker on one core. On the
other core a page of 50 comments is read as fast as it is answered, and a second process sends replies at a steady rate;
rounds with and without it alternate. It prints what was really accepted, how long a reply took, and the share of the
core that the submissions take by themselves, below which the loss cannot be.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.contenders import LOAD_CORE, fetched, processor_seconds, server_on_one_core
from benchmarks.effort import Effort, measure_alone
from benchmarks.load import Load, decides, load, remarks_on_the_load
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
THREADS = 32  # as in the image


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
        server = stack.enter_context(server_on_one_core("wsgi:app", environment, threads=THREADS))
        assert server.process is not None
        port = server.port
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
        before = processor_seconds(server.process)
        with replies_arriving(
            port, site.slug, site.origin, rate=ARRIVING, seconds=effort.seconds, turn=effort.rounds
        ) as alone:
            pass
        of_the_core = (processor_seconds(server.process) - before) / alone[0].seconds
        of_one = of_the_core / alone[0].rate * 1000
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
                decides(statistics.median(lost)),
                at_most(0.2),
            ),
            Finding(
                f"submissions accepted a second, of {ARRIVING} sent",
                spread(accepted),
                statistics.median(accepted),
                at_least(ARRIVING * 0.99),
            ),
            Finding(
                f"share of the core that {alone[0].rate:.0f} submissions a second take without any reads",
                f"{of_the_core:.2f}; {of_one:.1f} ms each",
            ),
            Finding("from when a submission was due to its answer, median and 99th of 100", f"{took}, {slowest}"),
        ],
        remarks_on_the_load(),
    )


if __name__ == "__main__":
    measure_alone(measure, __doc__)
