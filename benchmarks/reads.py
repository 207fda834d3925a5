"""Published pages answered from memory, beside a bare WSGI function that sends the same bytes, and beside Isso.

`python -m benchmarks.reads` starts PostgreSQL, Redis, the service, the control, and Isso with the same thread of 50
comments, each of the latter three in one granian worker on one core, with the load on another, and lets them answer in
turn. What counts are the ratios of a round.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.contenders import LOAD_CORE, fetched, on_one_core
from benchmarks.effort import Effort, measure_alone
from benchmarks.isso import NoIsso, running_isso
from benchmarks.load import Load, decides, load, remarks_on_the_load
from benchmarks.results import Aim, Finding, Findings, at_least, ratios, spread
from benchmarks.threads import SITE, fill_articles
from tests.granian_server import beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

ORIGIN = "https://bench.example"
COMMENTS = 50
OF_BARE = at_least(0.85, "of bare")
OF_ISSO = at_least(800, "times Isso")


@dataclass(frozen=True)
class Kind:
    """One way of asking for a page, and how much of the control's rate was asked for."""

    name: str
    headers: dict[str, str]
    aim: Aim | None


def measure(effort: Effort) -> Findings:
    """Let each contender answer in turn, and find medians, ranges and ratios."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_postgres() as postgres,
        running_redis() as redis,
        empty_database(postgres.url, "bench_reads") as url,
        beside(Path(name), url) as app,
    ):
        fill_articles(app, ORIGIN, [COMMENTS])
        environment = environment_for(Path(name), DATABASE_URL=url, REDIS_URL=redis.url)
        with on_one_core("wsgi:app", environment) as port:
            return _beside_controls(port, Path(name), effort)


def _beside_controls(port: int, folder: Path, effort: Effort) -> Findings:
    path = "/v1/comments?" + urlencode({"site": SITE, "article": f"{ORIGIN}/{COMMENTS}"})
    etag = fetched(port, path)[0]["etag"]
    kinds = [
        Kind(f"page of {COMMENTS} comments, as it is", {}, OF_BARE),
        Kind(f"page of {COMMENTS} comments, gzip", {"Accept-Encoding": "gzip"}, OF_BARE),
        Kind(f"page of {COMMENTS} comments, brotli", {"Accept-Encoding": "br"}, None),
        Kind("304 on it", {"If-None-Match": etag}, OF_BARE),
    ]
    lines = [_beside_bare(port, path, kind, folder, effort) for kind in kinds]
    return Findings([*lines, _beside_isso(port, path, folder, effort)], remarks_on_the_load())


def _beside_bare(port: int, path: str, kind: Kind, folder: Path, effort: Effort) -> Finding:
    headers, body = fetched(port, path, kind.headers)
    told = [pair for pair in headers.items() if pair[0] not in {"date", "server"}]
    page = folder / "bare.page"
    page.write_bytes(json.dumps(told).encode() + b"\n" + body)
    with on_one_core("benchmarks.bare:app", dict(os.environ) | {"BARE_PAGE": str(page)}) as bare_port:
        ours, bare = [], []
        for _ in range(effort.rounds):
            ours.append(load(Load(port, path, kind.headers, effort.seconds, LOAD_CORE)))
            bare.append(load(Load(bare_port, path, kind.headers, effort.seconds, LOAD_CORE)))
    found = ratios(ours, bare)
    rates = f"{statistics.median(ours):,.0f} to {statistics.median(bare):,.0f} a second"
    measured = f"{spread(found, digits=2)}; {rates}; {len(body):,} bytes"
    return Finding(kind.name, measured, decides(statistics.median(found)), kind.aim)


def _beside_isso(port: int, path: str, folder: Path, effort: Effort) -> Finding:
    what = f"page of {COMMENTS} comments, to Isso's"
    with ExitStack() as stack:
        try:
            isso = stack.enter_context(running_isso(folder, threads=1))
        except NoIsso as reason:
            return Finding(what, str(reason), None, OF_ISSO)
        isso.publish(COMMENTS)
        answer = json.loads(fetched(isso.port, isso.thread_path)[1])
        assert len(answer["replies"]) == COMMENTS, f"Isso shows {len(answer['replies'])} comments"
        ours, other = [], []
        for _ in range(effort.rounds):
            ours.append(load(Load(port, path, {}, effort.seconds, LOAD_CORE)))
            # More would still wait for their turn when the next round begins; four keep its core as busy.
            other.append(load(Load(isso.port, isso.thread_path, {}, effort.seconds, LOAD_CORE, connections=4)))
    found = ratios(ours, other)
    rates = f"{statistics.median(ours):,.0f} to {spread(other)} a second"
    return Finding(what, f"{spread(found)}; {rates}", decides(statistics.median(found)), OF_ISSO)


if __name__ == "__main__":
    measure_alone(measure, __doc__)
