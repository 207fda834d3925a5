"""Redis and PostgreSQL stopped and started while people use the service, which nobody starts anew."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.driver import SiteDriver, make_site
from tests.faults.lasting import lasting
from tests.faults.load import Load, under_load
from tests.granian_server import Answer, GranianServer, beside, running_granian, until
from tests.servers import Server, running_postgres, running_redis, started_again

AWAY = lasting(2.0, 30.0)  # seconds
SOON = 5.0  # seconds; two are promised, and the machine may be busy
FRESH_FOR = 10.0  # seconds for which a page is taken for the present one, as long as nobody can have changed it
STANDS_IN = "postbag; hit; detail=store-unavailable"


def submit(server: GranianServer, site: SiteDriver) -> Answer:
    return server.ask("POST", "/v1/comments", body=site.reply(), headers={"Origin": site.origin})


def stop(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    server.process.wait(30)


def test_redis_may_go_and_come_back_under_load_and_nobody_sees_a_fault(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    with ExitStack() as stack:
        store = stack.enter_context(running_redis())
        app = stack.enter_context(beside(instance))
        server = stack.enter_context(running_granian(instance, REDIS_URL=store.url))
        site, limited = make_site(app, limits="off"), make_site(app)
        with under_load(server, site, senders=3) as load:
            load.goes_on()
            stop(store)
            load.goes_on()
            # Nobody else sends there, so that the limit of one process is all there is: five a minute.
            assert sorted(submit(server, limited).status for _ in range(8)) == [202] * 5 + [429] * 3
            load.lasts(AWAY)
            stack.enter_context(started_again(store))
            until(lambda: server.ask("GET", "/readyz").json["redis"] == "ok", "Redis is not found again", within=SOON)
            load.goes_on()
        assert load.statuses(readers=True) == {200}
        assert load.statuses(readers=False) <= {201, 202, 409}
        load.assert_kept(app)
        assert "fault" not in server.log()
        news = [json.loads(line)["event"] for line in server.log().splitlines() if '"redis_' in line]
        assert (news.count("redis_away"), news.count("redis_back")) == (1, 1)


@contextmanager
def service_on_postgres(instance: Path) -> Iterator[tuple[Server, GranianServer, SiteDriver]]:
    with ExitStack() as stack:
        store, postgres = stack.enter_context(running_redis()), stack.enter_context(running_postgres())
        app = stack.enter_context(beside(instance, postgres.url))
        server = stack.enter_context(running_granian(instance, DATABASE_URL=postgres.url, REDIS_URL=store.url))
        yield postgres, server, make_site(app, limits="off")


def assert_borne(load: Load, since: int) -> None:
    """Fail unless readers went on reading, and others were told soon that the database is away."""
    refused = [one for one in load.said[since:] if one.status == 503]
    assert refused, "nobody noticed"
    assert {one.was_reading for one in refused} == {False}
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert load.statuses(readers=True, since=since) == {200}
    if AWAY > FRESH_FOR:
        assert STANDS_IN in {one.headers.get("cache-status") for one in load.said[since:] if one.was_reading}
    assert load.statuses(readers=False, since=since) <= {201, 202, 409, 503}


def test_postgresql_may_stop_and_start_under_load_and_readers_go_on_reading(tmp_path: Path) -> None:
    with service_on_postgres(tmp_path / "instance") as (postgres, server, site), ExitStack() as stack:
        with under_load(server, site, senders=12, readers=2) as load:
            load.goes_on()
            since = len(load.said)
            stop(postgres)
            load.lasts(AWAY)
            assert server.ask("GET", "/readyz").json["database"] == "unavailable"
            assert server.ask("GET", "/healthz").status == 200
            unread = server.ask("GET", f"/comments?site={site.slug}&article={site.article}-2")
            assert (unread.status, "Traceback" in unread.text) == (503, False)
            assert max(one.seconds for one in load.said[since:]) < SOON
            stack.enter_context(started_again(postgres))
            load.goes_on()
        assert_borne(load, since)
        load.assert_kept(site.app)
        assert "Traceback" not in server.log()
        assert postgres.url not in server.log()
