"""Measure published pages answered from memory, beside a bare WSGI function that sends the same bytes.

`python -m benchmarks.reads` starts PostgreSQL, Redis, the service and the control, each of the latter in one granian
worker on one core, with the load on the others, and lets them answer in turn. What counts are the ratios of a round.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.load import Load, load
from benchmarks.printing import Rows, print_table, quieten
from benchmarks.threads import SITE, fill_articles
from tests.granian_server import GranianServer, beside, environment_for, free_port, until
from tests.servers import empty_database, running_postgres, running_redis

ORIGIN = "https://bench.example"
SIZES = (50, 100, 10_000)
SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True)
class Kind:
    """One way of asking for a page."""

    name: str
    headers: dict[str, str]
    aim: str


def main() -> None:
    """Start everything, let each answer in turn, and print medians, ranges and ratios."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=3)
    given = arguments.parse_args()
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_redis() as redis,
        empty_database(postgres.url, "bench_reads") as url,
        beside(Path(folder), url) as app,
    ):
        fill_articles(app, ORIGIN, SIZES)
        environment = environment_for(Path(folder), DATABASE_URL=url, REDIS_URL=redis.url)
        with on_one_core("wsgi:app", environment) as port:
            print(f"{datetime.now(UTC):%Y-%m-%d}, {given.rounds} rounds of {given.seconds} s, in requests a second")
            print_table(_cached(port, Path(folder), given.rounds, given.seconds))


def _cached(port: int, folder: Path, rounds: int, seconds: int) -> Rows:
    path = "/v1/comments?" + urlencode({"site": SITE, "article": f"{ORIGIN}/50"})
    etag = _fetched(port, path, {})[0]["etag"]
    kinds = [
        Kind("page of 50 comments, as it is", {}, ">= 0.85 of bare"),
        Kind("page of 50 comments, gzip", {"Accept-Encoding": "gzip"}, ">= 0.85 of bare"),
        Kind("304 on it", {"If-None-Match": etag}, ">= 0.85 of bare"),
    ]
    rows: Rows = []
    for kind in kinds:
        headers, body = _fetched(port, path, kind.headers)
        told = [pair for pair in headers.items() if pair[0] not in {"date", "server"}]
        page = folder / "bare.page"
        page.write_bytes(json.dumps(told).encode() + b"\n" + body)
        with on_one_core("benchmarks.bare:app", dict(os.environ) | {"BARE_PAGE": str(page)}) as bare_port:
            ours, bare = [], []
            for _ in range(rounds):
                ours.append(load(Load(port, path, kind.headers, seconds, LOAD_CORE)))
                bare.append(load(Load(bare_port, path, kind.headers, seconds, LOAD_CORE)))
        ratios = sorted(one / other for one, other in zip(ours, bare, strict=True))
        told_rates = f"{statistics.median(ours):,.0f} to {statistics.median(bare):,.0f}"
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        told_sizes = f"{told_rates}, {len(body):,} bytes"
        rows.append((kind.name, kind.aim, f"{statistics.median(ratios):.2f} ({spread}; {told_sizes})"))
    return rows


def _fetched(port: int, path: str, headers: dict[str, str]) -> tuple[dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return {name.lower(): value for name, value in response.getheaders()}, response.read()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def on_one_core(target: str, environment: dict[str, str], *, threads: int = 1) -> Iterator[int]:
    """Yield the port of one granian worker that serves an application on one core, as every contender is served."""
    port = free_port()
    granian = str(Path(sys.executable).with_name("granian"))
    options = ["--interface", "wsgi", "--no-ws", "--blocking-threads", str(threads), "--workers", "1"]
    command = ["taskset", "-c", str(SERVER_CORE), granian, *options, "--port", str(port), target]
    server = GranianServer(Path(environment.get("INSTANCE_PATH", "/tmp")), port, environment)
    server.process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        until(lambda: _is_open(port), f"{target} did not start")
        yield port
    finally:
        server.kill()


if __name__ == "__main__":
    main()
