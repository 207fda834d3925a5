"""How long a process takes from its start to its first answer.

`python -m benchmarks.start` starts granian with one worker on one core, again and again, on PostgreSQL and Redis that
run, and asks for a page of published comments until one comes. The first start, which fills the caches of the disk, is
not counted. Where the time is missed, what the imports take stands below it, by package.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.contenders import BINARIES, fetched, processor_seconds, started
from benchmarks.effort import Effort, measure_alone
from benchmarks.printing import table
from benchmarks.results import Finding, Findings, at_most, spread
from benchmarks.threads import SITE, fill_articles
from tests.granian_server import ROOT, GranianServer, beside, environment_for, free_port
from tests.servers import empty_database, running_postgres, running_redis

ORIGIN = "https://bench.example"
LOOK_EVERY = 0.005  # seconds
SHOWN = 16  # packages


def measure(effort: Effort) -> Findings:
    """Find the seconds from the start to the first page, at the median of twice as many starts as there are rounds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(running_redis())
        postgres = stack.enter_context(running_postgres())
        url = stack.enter_context(empty_database(postgres.url, "bench_start"))
        app = stack.enter_context(beside(folder, url))
        fill_articles(app, ORIGIN, [50])
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url)
        starts = [_start(folder, environment) for _ in range(2 * effort.rounds + 1)][1:]
        taken, worked = [list(own) for own in zip(*starts, strict=True)]
        middle = statistics.median(taken)
        findings = Findings(
            [
                Finding("from the start of granian to the first page", spread(taken, "s"), middle, at_most(1.5, "s")),
                Finding("  what it had of the processor for that", spread(worked, "s")),
            ]
        )
        if findings.has_missed:
            findings.profiles["Imports of one start, each with its own time"] = _imports(environment)
    return findings


def _start(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds to the first page, and those that the server had of the processor."""
    path = "/v1/comments?" + urlencode({"site": SITE, "article": f"{ORIGIN}/50"})
    server = GranianServer(folder, free_port(), environment)
    began = time.perf_counter()
    server.process = started("wsgi:app", environment, server.port)
    try:
        while time.perf_counter() - began < 60:
            with suppress(OSError, HTTPException):
                _, body = fetched(server.port, path)
                seconds = time.perf_counter() - began
                assert b'"count":50' in body, body[:200]
                return seconds, processor_seconds(server.process)
            time.sleep(LOOK_EVERY)
    finally:
        server.kill()
    raise RuntimeError("The server did not answer within a minute.")


def _imports(environment: dict[str, str]) -> str:
    told = subprocess.run(
        [BINARIES / "python", "-X", "importtime", "-c", "import wsgi"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    own: Counter[str] = Counter()
    for microseconds, module in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", told):
        top, *inner = module.split(".")
        own[f"service.{inner[0]}" if top == "service" and inner else top] += int(microseconds)
    rows = [(name, f"{microseconds / 1000:.0f} ms") for name, microseconds in own.most_common(SHOWN)]
    rest = sum(own.values()) - sum(microseconds for _, microseconds in own.most_common(SHOWN))
    return table([*rows, ("all others", f"{rest / 1000:.0f} ms")], (f"all: {sum(own.values()) / 1000:.0f} ms", "own"))


if __name__ == "__main__":
    measure_alone(measure, __doc__)
