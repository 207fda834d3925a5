"""PostgreSQL lost for good under load, and its synchronous standby in its place: nothing acknowledged is lost."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.driver import make_site
from tests.faults.load import under_load
from tests.granian_server import beside, running_granian, until
from tests.servers import Server, running_postgres, running_redis, running_standby

SYNCHRONOUS = {
    "synchronous_standby_names": "*",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": 4,
    "full_page_writes": "on",
}


def follows(primary: Server) -> bool:
    with psycopg.connect(f"host={primary.directory} user=postgres dbname=postgres") as connection:
        states = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
    return states == [("sync",)]


def test_a_fail_over_to_a_synchronous_standby_loses_nothing_and_needs_no_restart(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(running_redis())
        primary = stack.enter_context(running_postgres(SYNCHRONOUS))
        standby = stack.enter_context(running_standby(primary))
        until(lambda: follows(primary), "the standby does not follow")
        # libpq goes to whichever of the two takes writes.
        url = f"{primary.url}&host={standby.directory}&target_session_attrs=read-write"
        instance = tmp_path / "instance"
        app = stack.enter_context(beside(instance, url))
        server = stack.enter_context(running_granian(instance, DATABASE_URL=url, REDIS_URL=store.url))
        site = make_site(app, limits="off")
        with under_load(server, site, senders=8, readers=2) as load:
            load.goes_on(50)
            primary.process.kill()
            primary.process.wait()
            with psycopg.connect(f"host={standby.directory} user=postgres dbname=postgres", autocommit=True) as link:
                link.execute("SELECT pg_promote()")
            load.goes_on(50)
        assert load.statuses(readers=True) == {200}
        load.assert_kept(app)
