"""The standby that readers read from is killed under load, and then the database itself: readers go on reading."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from tests.driver import SiteDriver, make_site
from tests.faults.load import under_load
from tests.granian_server import GranianServer, beside, running_granian, until
from tests.servers import running_postgres, running_redis, running_standby, started_again

STREAMS = {"wal_level": "replica", "max_wal_senders": 4, "synchronous_commit": "on"}
_UNREAD = product(("top", "newest", "oldest"), range(1, 100))


def read_anew(server: GranianServer, site: SiteDriver) -> int:
    """Ask for a page that nobody has kept, and return the status."""
    sort, limit = next(_UNREAD)
    query = {"site": site.slug, "article": site.article, "sort": sort, "limit": limit}
    return server.ask("GET", "/v1/comments?" + urlencode(query)).status


def read_from_the_standby(server: GranianServer) -> float:
    told = server.ask("GET", "/metrics").text
    found = re.search(r'postbag_public_reads_total\{source="replica"\} ([\d.]+)', told)
    return float(found[1]) if found else 0.0


def until_the_standby_is_read(server: GranianServer, site: SiteDriver) -> None:
    before = read_from_the_standby(server)

    def is_read() -> bool:
        assert read_anew(server, site) == 200
        return read_from_the_standby(server) > before

    until(is_read, "the standby is not used")


def test_readers_notice_neither_the_end_of_the_standby_nor_that_of_the_database(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(running_redis())
        primary = stack.enter_context(running_postgres(STREAMS))
        standby = stack.enter_context(running_standby(primary))
        app = stack.enter_context(beside(tmp_path, primary.url))
        addresses = {"DATABASE_URL": primary.url, "REPLICA_URL": standby.url, "REDIS_URL": store.url}
        server = stack.enter_context(running_granian(tmp_path, **addresses))
        site = make_site(app, limits="off")
        with under_load(server, site, senders=2, readers=2) as load:
            load.goes_on()
            until_the_standby_is_read(server, site)
            standby.process.kill()
            standby.process.wait()
            load.goes_on(20)
            assert read_anew(server, site) == 200
            stack.enter_context(started_again(standby))
            until_the_standby_is_read(server, site)
            load.goes_on()
        assert load.statuses(readers=True) == {200}
        assert load.statuses(readers=False) <= {200, 201, 202}
        load.assert_kept(app)

        until_the_standby_is_read(server, site)
        primary.process.send_signal(signal.SIGINT)
        primary.process.wait()
        # Not from memory: nobody has asked for these before.
        assert {read_anew(server, site) for _ in range(5)} == {200}
        refused = server.ask("POST", "/v1/comments", body=site.reply(), headers={"Origin": site.origin})
        assert refused.status == 503
