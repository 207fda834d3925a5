"""Clients of Redis, whoever says where the data are: the address itself, Sentinels, or the nodes of a cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import NoScriptError, RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from service.redis_address import Kind, RedisAddress

CALL_WITHIN = 0.25  # seconds to connect, and again to answer; a call takes 0.1 ms, and a reader waits while it lasts

Client = redis.Redis | RedisCluster

REDIS_FAULTS = (redis.RedisError, RedisClusterException)
"""What a call may raise; a cluster's own faults are a family of their own."""


def client_of(address: RedisAddress) -> Client:
    """Return a client; that of a cluster has asked it already which node has what, and raises one of REDIS_FAULTS."""
    common: dict[str, Any] = {
        "socket_connect_timeout": CALL_WITHIN,
        "socket_timeout": CALL_WITHIN,
        "protocol": 2,  # nothing here needs the third, which costs each new connection another round trip
        "driver_info": None,  # likewise
    }
    # Nobody waits for a second try: the caller does without, and what was lost by it may vanish.
    once: dict[str, Any] = {"retry": Retry(NoBackoff(), 0)}
    if address.kind is Kind.SERVER:
        client: redis.Redis = redis.Redis.from_url(address.url, **common, **once)
        return client
    options = dict(address.options)
    if address.has_tls:
        common |= {"ssl": True} | {name: value for name, value in options.items() if name == "ssl_ca_certs"}
    login: dict[str, Any] = {"username": address.username, "password": address.password}
    if address.kind is Kind.CLUSTER:
        # Where a part of the slots has nobody, the sites in the others go on.
        return RedisCluster(startup_nodes=_nodes(address), require_full_coverage=False, **common, **login, **once)
    asked = {"username": options.get("sentinel_username"), "password": options.get("sentinel_password")}
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        address.hosts, sentinel_kwargs={**common, **asked, **once}, **common, **login, **once
    )
    primary: redis.Redis = sentinels.master_for(address.service, db=address.database)  # type: ignore[no-untyped-call]
    return primary


def remember(client: Client, address: RedisAddress) -> None:
    """Have a cluster that was away looked for under the given names too, since all its nodes may have moved."""
    if isinstance(client, RedisCluster):
        client.nodes_manager.populate_startup_nodes(_nodes(address))


class Script:
    """A script for Redis, which is sent whole only to a server that does not know it yet."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: Client, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> Any:
        """Return what the script answers; raises REDIS_FAULTS.

        Every reply and every page that is rendered runs one, and redis-py's own way with a command, its retries and its
        measuring, takes longer than everything else about it.
        """
        try:
            if isinstance(client, RedisCluster):
                return client.evalsha(self._sha, len(keys), *keys, *arguments)
            command: Any = ("EVALSHA", self._sha, len(keys), *keys, *arguments)
            connection: Any = client.connection_pool.get_connection()
            try:
                connection.send_packed_command([hiredis.pack_command(command)])
                return connection.read_response()
            finally:
                client.connection_pool.release(connection)
        except NoScriptError:
            return client.eval(self._text, len(keys), *keys, *arguments)


def pubsub_of(client: Client, **options: Any) -> redis.client.PubSub:
    """Return what listens; in a cluster at any one node, since each tells all others what was said to it.

    It is another node each time, since the one before may be gone.
    """
    if isinstance(client, RedisCluster):
        client = client.get_redis_connection(client.get_random_primary_node())
    return client.pubsub(**options)  # type: ignore[no-any-return, no-untyped-call]


def database_of(client: Client) -> int:
    """Return the number of the database that is used."""
    if isinstance(client, RedisCluster):
        return 0
    return int(client.connection_pool.connection_kwargs.get("db") or 0)


def close(client: Client) -> None:
    """Close every connection."""
    client.close()
    if not isinstance(client, RedisCluster):
        client.connection_pool.disconnect()


def _nodes(address: RedisAddress) -> list[ClusterNode]:
    return [ClusterNode(host, port) for host, port in address.hosts]  # type: ignore[no-untyped-call]
