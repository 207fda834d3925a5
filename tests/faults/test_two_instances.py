"""Two instances of two workers each, on one PostgreSQL and one Redis: what is decided at one is seen at all four."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from tests.driver import SiteDriver, make_site
from tests.granian_server import GranianServer, beside, running_granian, until
from tests.servers import Server, running_postgres, running_redis, started_again

SOON = 5.0  # seconds; half of what a page is fresh for, so that nothing is seen by age alone, on however slow a machine
IN_A_ROW = 16
"""Answers by which both workers of an instance have spoken, but for one time in thirty thousand."""


@dataclass
class Two:
    """Two instances, and a site there."""

    here: GranianServer
    there: GranianServer
    site: SiteDriver
    store: Server

    def decide(self, at: GranianServer, comment_id: str, action: str = "approve") -> None:
        path = f"/v1/moderation/comments/{comment_id}/decisions"
        answer = at.ask("POST", path, body={"action": action, "revision": 1}, headers=self.site.bearer)
        assert answer.status == 201, answer.text

    def is_shown(self, at: GranianServer, comment_id: str) -> bool:
        query = urlencode({"site": self.site.slug, "article": self.site.article, "limit": 100})
        answer = at.ask("GET", f"/v1/comments?{query}")
        assert answer.status == 200, answer.text
        return comment_id in [comment["id"] for comment in answer.json["comments"]]

    def until_all(self, comment_id: str, *, show: bool, what: str, within: float = SOON) -> float:
        """Wait until every worker of both shows a comment, or none does, and return the seconds that took."""

        def agreed() -> bool:
            servers = (self.here, self.there) * IN_A_ROW
            return all(self.is_shown(server, comment_id) is show for server in servers)

        return until(agreed, what, within=within)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with ExitStack() as stack:
        store = stack.enter_context(running_redis())
        postgres = stack.enter_context(running_postgres())
        app = stack.enter_context(beside(tmp_path_factory.mktemp("beside"), postgres.url))
        site = make_site(app, limits="off")
        servers = [
            stack.enter_context(
                running_granian(
                    tmp_path_factory.mktemp(name),
                    "--workers",
                    "2",
                    "--blocking-threads",
                    "2",
                    DATABASE_URL=postgres.url,
                    REDIS_URL=store.url,
                )
            )
            for name in ("here", "there")
        ]
        yield Two(servers[0], servers[1], site, store)


def test_what_is_decided_at_either_is_soon_seen_by_all_workers_of_both(two: Two) -> None:
    times = []
    for number in range(6):
        at = (two.here, two.there)[number % 2]
        sent = two.site.submitted()["id"]
        two.until_all(sent, show=False, what="it is shown before it is approved")
        two.decide(at, sent)
        times.append(two.until_all(sent, show=True, what="an approval is not seen"))
        two.decide(at, sent, "delete")
        times.append(two.until_all(sent, show=False, what="a deletion is not seen"))
    print(
        f"seen by all four workers after {sorted(round(time * 1000) for time in times)} ms, {2 * IN_A_ROW} reads each"
    )


def test_after_redis_was_away_every_worker_is_right_again(two: Two) -> None:
    away, back = (two.site.published()["id"] for _ in range(2))
    for comment_id in (away, back):
        two.until_all(comment_id, show=True, what="an approval is not seen", within=20)
    two.store.process.send_signal(signal.SIGINT)
    two.store.process.wait()
    two.decide(two.here, away, "delete")
    without = two.until_all(away, show=False, what="a deletion is not seen without Redis")
    with started_again(two.store):
        # Nobody may have found out by now that it is back.
        two.decide(two.there, back, "delete")
        again = two.until_all(back, show=False, what="a deletion is not seen with Redis back")
        two.until_all(away, show=False, what="what was decided meanwhile is forgotten")
        print(f"seen after {without * 1000:.0f} ms without Redis, {again * 1000:.0f} ms after its return")
        sent = two.site.submitted()["id"]
        two.until_all(sent, show=False, what="it is shown before it is approved")
        two.decide(two.here, sent)
        two.until_all(sent, show=True, what="an approval is not seen once Redis is back")
