"""What sends the load of the benchmarks: its words are read right, and both generators ask for the same."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from benchmarks.contenders import LOAD_CORE
from benchmarks.generators import Asking, Generator, Locust, counted_by_locust, counted_by_wrk, generator
from benchmarks.load import REPLIES
from benchmarks.memory import REQUESTS
from benchmarks.own import environment_with
from tests.driver import make_site
from tests.granian_server import beside, running_granian
from tests.servers import running_redis

SECONDS = 3  # of each question; a busy machine takes its time to begin
BY_WRK = """Running 3s test @ http://127.0.0.1:9911/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.19ms    3.35ms  45.75ms   81.99%
    Req/Sec     6.78k     2.09k   14.74k    82.76%
  20497 requests in 3.03s, 68.83MB read
Requests/sec:   6771.41
Transfer/sec:     22.74MB
"""
BY_LOCUST = """[{"name": "all", "method": "GET", "last_request_timestamp": 1796008789.25, "start_time": 1796008785.25,
  "num_requests": 2872, "num_none_requests": 0, "num_failures": 0, "response_times": {"43": 31}}]
"""


def test_what_they_print_is_counted() -> None:
    wrk, locust = counted_by_wrk(BY_WRK), counted_by_locust(BY_LOCUST)
    assert (wrk.requests, wrk.rate) == (20497, 6771.41)
    assert (locust.requests, locust.rate) == (2872, 718.0)


@pytest.mark.parametrize("told", ["  Non-2xx or 3xx responses: 12\n", "  Socket errors: connect 0, read 3\n"])
def test_wrk_s_refusals_are_no_figure(told: str) -> None:
    with pytest.raises(RuntimeError, match=told.split()[0]):
        counted_by_wrk(BY_WRK + told)


@pytest.mark.parametrize("told", ["", "[]", BY_LOCUST.replace('"num_failures": 0', '"num_failures": 12')])
def test_locust_s_failures_and_silence_are_no_figure(told: str) -> None:
    with pytest.raises(RuntimeError, match="failed, or of none"):
        counted_by_locust(told)


@pytest.mark.parametrize("which", ["what is installed", "Locust"])
def test_a_real_server_is_asked_for_what_was_meant(which: str, tmp_path: Path) -> None:
    asker: Generator = Locust(environment_with("locust")) if which == "Locust" else generator()
    with (
        running_redis() as store,
        beside(tmp_path) as app,
        running_granian(tmp_path, REDIS_URL=store.url) as server,
    ):
        site = make_site(app, limits="off")
        site.published()
        path = f"/v1/comments?site={site.slug}&article={quote(site.article, safe='')}"
        etag = server.ask("GET", path).headers["etag"]
        for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": etag}):
            found = asker.ask(Asking(server.port, path, LOAD_CORE, SECONDS, 2, headers))
            assert found.requests > 0
            assert found.rate > 0
        same = REQUESTS.filled(slug=site.slug, origin=quote(site.origin, safe=""), sent=0, each=1, blocks=1, at_once=1)
        assert asker.ask(Asking(server.port, "/", LOAD_CORE, SECONDS, 2, requests=same)).requests > 0
        replies = REPLIES.filled(site=site.slug, origin=site.origin, round=1)
        sent = asker.ask(Asking(server.port, "/v1/comments", LOAD_CORE, SECONDS, 2, requests=replies))
        held = site.queue()["totals"]["pending"]
        assert sent.requests <= held <= sent.requests + 2, "what was on its way at the end is not counted"
        with pytest.raises(RuntimeError):
            asker.ask(Asking(server.port, "/v1/comments?site=nobody", LOAD_CORE, SECONDS, 2))
