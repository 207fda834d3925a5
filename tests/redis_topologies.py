"""Real Redis in the two forms that outlive a machine: a primary and its replica watched by Sentinels, and a cluster.

with running_sentinel() as watched: ...     watched.url, watched.primary; the replica takes over when that is killed
with running_cluster() as cluster: ...      cluster.url, cluster.nodes: three, each with a third of the slots
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis

from service.adapters.private_redis import bundled_server
from tests.granian_server import free_port
from tests.servers import POLL_INTERVAL, START_LIMIT, Command, Server, private_directory, running

PASSWORD, SENTINELS_PASSWORD = "of-the-servers", "of-the-sentinels"
SERVICE = "postbag"
SLOTS = 16_384
NOTICED_AFTER = 300  # ms for which a primary has to be silent; a machine with more than that to do may need seconds


@dataclass(frozen=True)
class Watched:
    """A primary and a replica, and the Sentinel that watches them."""

    url: str
    primary: Server
    replica: Server


@dataclass(frozen=True)
class Cluster:
    """Three nodes, each with a third of the slots."""

    url: str
    nodes: tuple[Server, ...]


@contextmanager
def running_sentinel() -> Iterator[Watched]:
    """Yield servers that want a password, and a Sentinel that wants another and is enough by itself."""
    with ExitStack() as stack:
        login = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
        primary = stack.enter_context(_server(*login))
        replica = stack.enter_context(_server(*login, "--replicaof", "127.0.0.1", str(_port(primary))))
        _until(lambda: _info(replica, "replication")["master_link_status"] == "up")
        settings = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {_port(primary)} 1",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
            f"sentinel down-after-milliseconds {SERVICE} {NOTICED_AFTER}",
            f"sentinel failover-timeout {SERVICE} 5000",
            f"requirepass {SENTINELS_PASSWORD}",
        ]
        sentinel = stack.enter_context(_server("--sentinel", settings=settings, password=SENTINELS_PASSWORD))
        with _client(sentinel, SENTINELS_PASSWORD) as asked:
            _until(lambda: asked.execute_command("SENTINEL", "REPLICAS", SERVICE) != [])
        # The first of the Sentinels is away, as one may be.
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{_port(sentinel)}"
        url = f"redis+sentinel://:{PASSWORD}@{hosts}/{SERVICE}/2?sentinel_password={SENTINELS_PASSWORD}"
        yield Watched(url, primary, replica)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Yield three nodes that have agreed on who has which slots."""
    with ExitStack() as stack:
        more = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--requirepass", PASSWORD]
        nodes = tuple(stack.enter_context(_server(*more)) for _ in range(3))
        clients = [stack.enter_context(_client(node)) for node in nodes]
        third = SLOTS // 3 + 1
        for number, client in enumerate(clients):
            own = range(number * third, min((number + 1) * third, SLOTS))
            client.execute_command("CLUSTER", "ADDSLOTS", *own)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", _port(nodes[0]))
        for client in clients:
            _until(partial(_knows_all, client))
        hosts = ",".join(f"127.0.0.1:{_port(node)}" for node in nodes)
        yield Cluster(f"redis+cluster://:{PASSWORD}@{hosts}", nodes)


@contextmanager
def _server(*options: str, settings: list[str] | None = None, password: str = PASSWORD) -> Iterator[Server]:
    with private_directory() as directory:
        port = _free_port()
        file = directory / "settings"
        file.write_text("\n".join([*(settings or []), ""]))
        command: Command = [bundled_server(), file, "--port", str(port), "--bind", "127.0.0.1", "--dir", directory]
        command += [*options] if "--sentinel" in options else ["--save", "", "--appendonly", "no", *options]
        url = f"redis://:{password}@127.0.0.1:{port}"
        is_ready = partial(_answers, url)
        with running(command, directory, is_ready) as process:
            yield Server(url, process, directory, is_ready)


def _knows_all(node: redis.Redis) -> bool:
    ask: Callable[..., Any] = node.execute_command
    return b"cluster_state:ok" in ask("CLUSTER", "INFO") and len(ask("CLUSTER", "SLOTS")) == 3


def _free_port() -> int:
    # The nodes of a cluster talk to each other on a port 10,000 above.
    return next(port for port in iter(free_port, None) if port < 55_000)


def _port(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def _client(server: Server, _password: str = PASSWORD) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def _info(server: Server, section: str) -> Any:
    with _client(server) as client:
        return client.info(section)


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not is_so():
        assert time.monotonic() < deadline, "the servers did not find each other"
        time.sleep(POLL_INTERVAL)
