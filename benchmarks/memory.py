"""The memory of a web process after a million requests over ten thousand articles, and whether it stays flat.

`python -m benchmarks.memory` fills PostgreSQL with articles, starts the service in one granian worker with the page
memory that it has by default, and asks, a hundred articles at a time as people read them, in all three codings.
What counts is the resident memory of the worker; `--requests` shortens it. Where it is missed, what the modules of a
process take that has not answered anything stands below it.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contenders import BINARIES, LOAD_CORE, fetched, resident, server_on_one_core, worker_of
from benchmarks.effort import Effort, measure_alone
from benchmarks.filled import ORIGIN, SINCE_YEARS, SLUG, fill
from benchmarks.generators import Asking, Requests, generator
from benchmarks.load import CONNECTIONS
from benchmarks.printing import table
from benchmarks.results import Finding, Findings, at_most
from tests.granian_server import ROOT, GranianServer, beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

ARTICLES = 10_000
AT_ONCE = 100  # articles that are read at the same time
SLICE = 3  # seconds of asking between two looks
MEGABYTE = 1_000_000
# Each slice goes on where the one before ended. A browser's coding, a feed reader's, and none.
REQUESTS = Requests(
    lua="""
local sent, codings = <sent>, {"gzip, deflate, br", "gzip", "identity"}
math.randomseed(<sent>)
request = function()
  sent = sent + 1
  local article = math.floor(sent / <each>) % <blocks> * <at_once> + math.random(<at_once>)
  local path = "/v1/comments?site=<slug>&article=<origin>%2F" .. article
  return wrk.format("GET", path, {["Accept-Encoding"] = codings[1 + sent % 3]})
end
""",
    python="""
import itertools, random

numbers, codings, dice = itertools.count(<sent> + 1), ("gzip, deflate, br", "gzip", "identity"), random.Random(<sent>)


def request():
    sent = next(numbers)
    article = sent // <each> % <blocks> * <at_once> + dice.randint(1, <at_once>)
    path = f"/v1/comments?site=<slug>&article=<origin>%2F{article}"
    return "GET", path, {"Accept-Encoding": codings[sent % 3]}, None
""",
)
# What the service is built on, each with what it brings; in this order, since they share modules.
PACKAGES = """flask sqlalchemy psycopg flask_sqlalchemy marshmallow flask_smorest redis cryptography.fernet structlog
prometheus_client babel.dates re2 regex bleach markdown_it altcha argon2 segno brotli yaml wsgi"""
GROWING = """
import importlib, os, sys
def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
print("python", held())
for name in sys.argv[1:]:
    before = held()
    importlib.import_module(name)
    print(name, held() - before)
print("all", held())
"""


def measure(effort: Effort) -> Findings:
    """Find the resident memory at a tenth, at half and at the end, and the growth of the second half."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(running_redis())
        postgres = stack.enter_context(running_postgres())
        url = stack.enter_context(empty_database(postgres.url, "bench_memory"))
        app = stack.enter_context(beside(folder, url))
        fill(app, SINCE_YEARS.of(20 * ARTICLES).on(ARTICLES))
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url)
        server = stack.enter_context(server_on_one_core("wsgi:app", environment, threads=4))
        assert server.process is not None
        fetched(server.port, f"/v1/comments?site={SLUG}&article={ORIGIN}/1")
        worker = worker_of(server.process)
        first = resident(worker) / MEGABYTE
        marks = [effort.requests // 10, effort.requests // 2, effort.requests]
        lines = [Finding("memory of the worker after one request", f"{first:.0f} MB")]
        held = []
        for sent, size in _asking(server, effort.requests):
            if sent >= marks[0]:
                while marks and sent >= marks[0]:
                    marks.pop(0)
                held.append(size)
                name = f"after {sent:,} requests over {ARTICLES:,} articles"
                last = not marks
                lines.append(
                    Finding(name, f"{size:.0f} MB", size if last else None, at_most(120, "MB") if last else None)
                )
        grown = held[-1] / held[-2] - 1 if len(held) > 1 else 0.0
        lines.append(Finding("grown between the last two", f"{grown:.1%}", grown, at_most(0.03)))
        findings = Findings(lines)
        if findings.has_missed:
            findings.profiles["What a process takes that has only been started"] = _growing(environment)
    return findings


def _asking(server: GranianServer, requests: int) -> Iterator[tuple[int, float]]:
    """Ask for a few seconds at a time; yield how many were answered and what the worker holds then, in MB."""
    assert server.process is not None
    worker = worker_of(server.process)
    blocks = ARTICLES // AT_ONCE
    values = {"each": max(1, requests // blocks), "blocks": blocks, "at_once": AT_ONCE, "slug": SLUG}
    same = REQUESTS.filled(origin=ORIGIN.replace(":", "%3A").replace("/", "%2F"), **values)
    sent = 0
    while sent < requests:
        asking = Asking(server.port, "/", LOAD_CORE, SLICE, CONNECTIONS, requests=same.filled(sent=sent))
        sent += generator().ask(asking).requests
        yield sent, resident(worker) / MEGABYTE


def _growing(environment: dict[str, str]) -> str:
    told = subprocess.run(
        [BINARIES / "python", "-c", GROWING, *PACKAGES.split()],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {"wsgi": "the service itself"}
    sizes = [line.split() for line in told.splitlines() if len(line.split()) == 2]
    rows = [
        (names.get(name, name), f"{int(size) / MEGABYTE:.1f} MB") for name, size in sizes if int(size) > MEGABYTE / 2
    ]
    return table(rows, ("imported, in this order", "resident"))


if __name__ == "__main__":
    measure_alone(measure, __doc__)
