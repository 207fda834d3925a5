"""Published pages come from a real standby, but never without what was announced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade

from service import create_app, metrics
from service.actions.toolbox import tools
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.granian_server import until
from tests.servers import Server, running_postgres, running_standby

_UNREAD = product(("top", "newest", "oldest"), range(1, 100))
"""Pages that no test has asked for."""
STREAMS = {"wal_level": "replica", "max_wal_senders": 4, "synchronous_commit": "on"}


@dataclass
class Pair:
    """Two processes' applications on one database and one standby, and a site."""

    here: Flask
    there: Flask
    site: SiteDriver
    standby: Server

    @property
    def elsewhere(self) -> SiteDriver:
        """The same site, used by way of the other process."""
        return replace(self.site, app=self.there)


def said_by(server: Server, statement: LiteralString) -> Any:
    with psycopg.connect(f"host={server.directory} user=postgres dbname=postgres", autocommit=True) as link:
        found = link.execute(statement)
        return found.fetchone() if found.description else None


@contextmanager
def held_back(standby: Server) -> Iterator[None]:
    """Let the standby show nothing new within the block."""
    said_by(standby, "SELECT pg_wal_replay_pause()")
    until(lambda: said_by(standby, "SELECT pg_get_wal_replay_pause_state()") == ("paused",), "it goes on")
    try:
        yield
    finally:
        said_by(standby, "SELECT pg_wal_replay_resume()")


def reads(source: str) -> float:
    return float(metrics.public_reads.labels(source)._value.get())


def comes_from(site: SiteDriver, source: str) -> bool:
    """True where a page that nobody has kept is read there."""
    before, (sort, limit) = reads(source), next(_UNREAD)
    site.page(sort=sort, limit=limit)
    return reads(source) == before + 1


def bodies(site: SiteDriver, **query: Any) -> list[str]:
    return [comment["body_html"] for comment in site.page(**query)["comments"]]


@pytest.fixture(scope="module")
def pair(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        primary = stack.enter_context(running_postgres(STREAMS))
        standby = stack.enter_context(running_standby(primary))
        apps = []
        for name in ("here", "there"):
            folder = tmp_path_factory.mktemp(name)
            settings = settings_for(primary.url, redis_url, folder, replica_url=standby.url)
            app = create_app(settings)
            apps.append(app)
            stack.callback(closed, app)
        with apps[0].app_context():
            upgrade()
        site = make_site(apps[0], limits="off")
        yield Pair(apps[0], apps[1], site, standby)


def closed(app: Flask) -> None:
    with app.app_context():
        tools().changes.close()
        for engine in db.engines.values():
            engine.dispose()


def until_read_there(site: SiteDriver) -> None:
    """Wait until the site's pages come from the standby, which has to hear of changes and to have caught up."""
    until(lambda: comes_from(site, "replica"), "the standby is not used")


def test_pages_and_counts_come_from_the_standby(pair: Pair) -> None:
    pair.site.published(body="For all to read")
    until_read_there(pair.elsewhere)
    before = reads("replica"), reads("primary")
    assert "For all to read" in "".join(bodies(pair.elsewhere, limit=100))
    asked = {"site": pair.site.slug, "article": pair.site.article}
    assert pair.elsewhere.client.get("/v1/counts", query_string=asked).get_json()["counts"][pair.site.article] == 1
    assert pair.elsewhere.client.get("/comments", query_string=asked).status_code == 200
    assert (reads("replica"), reads("primary")) == (before[0] + 3, before[1])


@pytest.mark.parametrize("decided_by", ["here", "there"])
def test_a_decision_is_seen_at_once_though_the_standby_lags(pair: Pair, decided_by: str) -> None:
    site, other = pair.site, pair.elsewhere
    sent = site.submitted(body=f"Decided {decided_by}")
    until_read_there(other)
    with held_back(pair.standby):
        decider = site if decided_by == "here" else other
        assert decider.approve(sent["id"]).status_code == 201
        words = f"<p>Decided {decided_by}</p>"
        assert words in bodies(decider, limit=100)
        until(lambda: words in bodies(other, limit=100), "the other process does not see it")
        assert comes_from(other, "primary")
        assert decider.decide(sent["id"], "delete").status_code == 201
        assert words not in bodies(decider, limit=100)
        until(lambda: words not in bodies(other, limit=100), "the other process still shows it")
    until_read_there(other)


def test_a_site_that_the_standby_does_not_know_yet_is_read_all_the_same(pair: Pair) -> None:
    until_read_there(pair.site)
    with held_back(pair.standby):
        assert make_site(pair.here).page()["comments"] == []


def test_nobody_but_readers_reads_from_the_standby(pair: Pair) -> None:
    until_read_there(pair.site)
    with held_back(pair.standby):
        sent = pair.site.submitted(body="New")
        assert pair.site.receipt(sent)["status"] == "pending"
        assert pair.site.opened(sent["id"])["status"] == "pending"
        assert sent["id"] in [item["id"] for item in pair.site.queue(sort="newest")["comments"]]
        pair.site.approve(sent["id"])
        assert pair.site.vote(sent["id"]).get_json()["votes"] == 1
        assert pair.site.flag(sent["id"]).status_code == 201


def test_a_server_that_is_no_standby_is_not_read_from(pair: Pair, redis_url: str, tmp_path: Path) -> None:
    with pair.here.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(url, redis_url, tmp_path, replica_url=url))
    try:
        site = replace(pair.site, app=app)
        with app.app_context():
            until(tools().changes.is_heard, "nobody listens")
        assert comes_from(site, "primary")
    finally:
        closed(app)
