"""Redis behind Sentinels loses its primary, and a cluster one of its nodes, under load: nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from service.domain.limit_settings import DEFAULT_LIMITS
from tests.driver import SiteDriver, make_site
from tests.faults.load import Load, under_load
from tests.granian_server import GranianServer, beside, running_granian, until
from tests.redis_topologies import running_cluster, running_sentinel
from tests.servers import Server, started_again

GENEROUS = {name: (100_000, limit.window) for name, limit in DEFAULT_LIMITS.items() if name != "preview"}
"""Limits that nobody reaches, so that every reply is counted in Redis and none refused."""


@contextmanager
def pressed(tmp_path: Path, redis_url: str) -> Iterator[tuple[Load, SiteDriver]]:
    with beside(tmp_path) as app:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        with running_granian(tmp_path, DATABASE_URL=url, REDIS_URL=redis_url) as server:
            site = make_site(app, limits="off")
            site.change(limits=GENEROUS)
            with under_load(server, site, senders=2) as load:
                yield load, site
            assert load.statuses(readers=True) == {200}
            assert load.statuses(readers=False) <= {200, 201, 202}
            load.assert_kept(app)


def stored(server: Server, site: SiteDriver, database: int = 0) -> bool:
    """True where a server holds something of the site."""
    with redis.Redis.from_url(server.url, db=database) as client:
        try:
            return any(site.slug.encode() in key for key in client.scan_iter())
        except redis.RedisError:
            return False


def redis_is_up(server: GranianServer) -> bool:
    return "\npostbag_redis_up 1.0" in server.ask("GET", "/metrics").text


def test_limits_are_shared_again_on_the_replica_that_takes_over(tmp_path: Path) -> None:
    with running_sentinel() as watched, pressed(tmp_path, watched.url) as (load, site):
        load.goes_on()
        until(lambda: stored(watched.primary, site, 2), "nothing was counted in the database of the address")
        watched.primary.process.kill()
        watched.primary.process.wait()
        load.goes_on()
        with redis.Redis.from_url(watched.replica.url, db=2) as replica:
            until(lambda: _is_primary(replica), "the replica does not take over")
            replica.flushall()
        load.goes_on()
        until(lambda: stored(watched.replica, site, 2), "nothing is counted in the new primary")
        until(lambda: redis_is_up(load.server), "the new primary is not used")


def _is_primary(server: redis.Redis) -> bool:
    try:
        return bool(server.role()[0] == b"master")
    except redis.ConnectionError:
        return False  # Whoever takes over ends the connections that it had as a replica.


def test_a_node_of_a_cluster_may_go_and_come_back(tmp_path: Path) -> None:
    with running_cluster() as cluster, pressed(tmp_path, cluster.url) as (load, site):
        load.goes_on()
        until(lambda: any(stored(node, site) for node in cluster.nodes), "nothing was counted")
        (home,) = (node for node in cluster.nodes if stored(node, site))
        home.process.kill()
        home.process.wait()
        load.goes_on(30)
        until(lambda: not redis_is_up(load.server), "nobody noticed")
        with started_again(home):
            load.goes_on()
            until(lambda: stored(home, site), "the node is not used again")
            until(lambda: redis_is_up(load.server), "the cluster is not used again")
            load.goes_on()
