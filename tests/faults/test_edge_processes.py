"""Published pages in the memory of real processes: one's decision is another's news, and nothing has to be there."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import redis

from service.adapters.changes import channel_of
from tests.driver import SiteDriver, make_site
from tests.granian_server import Answer, GranianServer, beside, running_granian, until
from tests.servers import Server, running_postgres, running_redis
from tests.test_server import started_again

BESIDE = 10.0  # seconds in which another process sees a change at the latest, whatever is away


@dataclass
class Two:
    """Two processes of one installation, and a site there, whose driver has the database to itself."""

    here: GranianServer
    there: GranianServer
    site: SiteDriver
    store: Server

    def decide(self, action: str, comment_id: str) -> None:
        """Decide at the first."""
        path = f"/v1/moderation/comments/{comment_id}/decisions"
        said = {"action": action, "revision": 1}
        assert self.here.ask("POST", path, body=said, headers=self.site.bearer).status == 201


def read(server: GranianServer, site: SiteDriver, **others: Any) -> Answer:
    return server.ask("GET", "/v1/comments?" + urlencode({"site": site.slug, "article": site.article} | others))


def shown(server: GranianServer, site: SiteDriver) -> list[str]:
    answer = read(server, site)
    assert answer.status == 200, answer.text
    return [comment["id"] for comment in answer.json["comments"]]


def rendered(server: GranianServer) -> float:
    """Return how often a process has asked the application for a page; what it has in memory does not count."""
    told = server.ask("GET", "/metrics").text
    counts = re.findall(r'postbag_requests_total\{method="GET",route="/v1/comments",status="\d+"\} ([\d.]+)', told)
    return sum(map(float, counts))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two processes on one SQLite file and one Redis of their own."""
    instance = tmp_path_factory.mktemp("edge")
    with ExitStack() as all_of_it:
        store = all_of_it.enter_context(running_redis())
        app = all_of_it.enter_context(beside(instance))
        site = make_site(app, limits="off")
        servers = [
            all_of_it.enter_context(
                running_granian(instance, REDIS_URL=store.url, DATABASE_URL=app.config["SQLALCHEMY_DATABASE_URI"])
            )
            for _ in range(2)
        ]
        yield Two(servers[0], servers[1], site, store)


def test_a_decision_at_one_process_is_soon_seen_at_the_other(two: Two) -> None:
    times = []
    for _ in range(5):
        sent = two.site.submitted()["id"]
        before = shown(two.there, two.site)
        two.decide("approve", sent)
        times.append(until(lambda sent=sent: sent in shown(two.there, two.site), "not seen", within=BESIDE))  # type: ignore[misc]
        assert sent in shown(two.here, two.site)
        assert sent not in before
    print(f"seen elsewhere after {sorted(round(time * 1000) for time in times)} ms")


def test_of_thirty_first_readers_of_two_processes_one_has_the_page_rendered(two: Two) -> None:
    two.site.published()
    shown(two.here, two.site)  # both listen by now, or will in a moment
    shown(two.there, two.site)
    before = rendered(two.here) + rendered(two.there)
    with ThreadPoolExecutor(30) as pool:
        asked = [(two.here, two.there)[number % 2] for number in range(30)]
        answers = list(pool.map(lambda server: read(server, two.site, limit=17), asked))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert rendered(two.here) + rendered(two.there) == before + 1


def test_without_redis_a_decision_at_one_process_is_seen_at_the_other_all_the_same(two: Two) -> None:
    first, second = (two.site.submitted()["id"] for _ in range(2))
    shown(two.there, two.site)
    two.store.process.send_signal(signal.SIGSTOP)
    try:
        two.decide("approve", first)
        time = until(lambda: first in shown(two.there, two.site), "not seen", within=BESIDE)
    finally:
        two.store.process.send_signal(signal.SIGCONT)
    print(f"seen elsewhere after {time * 1000:.0f} ms without Redis")
    two.decide("approve", second)
    until(lambda: second in shown(two.there, two.site), "not seen once Redis is back", within=BESIDE)


def test_while_the_database_is_away_pages_in_memory_stand_in(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store, postgres = stack.enter_context(running_redis()), stack.enter_context(running_postgres())
        app = stack.enter_context(beside(tmp_path, postgres.url))
        server = stack.enter_context(running_granian(tmp_path, DATABASE_URL=postgres.url, REDIS_URL=store.url))
        site = make_site(app, limits="off")
        sent, other = site.published()["id"], site.submitted()["id"]
        read(server, site)
        client = stack.enter_context(redis.Redis.from_url(store.url))
        until(lambda: client.pubsub_numsub(channel_of(client))[0][1] == 1, "the server does not listen")
        page = read(server, site)
        assert "cache-status" not in page.headers

        postgres.process.send_signal(signal.SIGINT)
        postgres.process.wait(30)
        # So the page is doubted at once, which it would be in ten seconds.
        client.flushall()
        client.client_kill_filter(_type="pubsub")
        until(lambda: "cache-status" in read(server, site).headers, "no page stands in", within=30)
        stands_in = read(server, site)
        assert (stands_in.status, stands_in.text) == (200, page.text)
        # What is not in memory is refused, and does not wait in a line for that.
        with ThreadPoolExecutor(8) as pool:
            refused = list(pool.map(lambda _: read(server, site, limit=3), range(16)))
        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)

        stack.enter_context(started_again(postgres))
        until(lambda: read(server, site, limit=3).status == 200, "the database is not used again")
        decided = {"action": "approve", "revision": 1}
        path = f"/v1/moderation/comments/{other}/decisions"
        assert server.ask("POST", path, body=decided, headers=site.bearer).status == 201
        until(lambda: shown(server, site) == [sent, other], "the old page stays")
        until(lambda: "cache-status" not in read(server, site).headers, "it stands in without need")
