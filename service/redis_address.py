"""What REDIS_URL may say: one server, a service watched by Sentinels, or a cluster.

    redis://[[USER]:PASSWORD@]HOST[:6379][/DB]      rediss:// with TLS      unix:///PATH[?db=DB]
    redis+sentinel://[[USER]:PASSWORD@]HOST[:26379][,HOST[:26379] …]/SERVICE[/DB]      rediss+sentinel:// with TLS
    redis+cluster://[[USER]:PASSWORD@]HOST[:6379][,HOST[:6379] …]      rediss+cluster:// with TLS

The first line is redis-py's own; the others are as most of its users write them. User and password are those of the
servers that hold the data; where the Sentinels want some too, ?sentinel_username= and ?sentinel_password= name them.
With TLS, ?ssl_ca_certs=FILE names whom to trust. What cannot stand in a URL is percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, unquote, urlsplit

SENTINEL_PORT, SERVER_PORT = 26379, 6379
OPTIONS = frozenset({"sentinel_username", "sentinel_password", "ssl_ca_certs"})


class Kind(Enum):
    """Who is asked where the data are."""

    SERVER = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


USUAL = {
    Kind.SERVER: "redis://HOST:6379/0, rediss://…, unix:///PATH/TO/SOCKET, redis+sentinel://… or redis+cluster://…",
    Kind.SENTINEL: "redis+sentinel://:PASSWORD@HOST:26379,HOST:26379/SERVICE/0",
    Kind.CLUSTER: "redis+cluster://:PASSWORD@HOST:6379,HOST:6379",
}


@dataclass(frozen=True)
class RedisAddress:
    """An address that makes sense; of one server only `kind` and `url` are told apart."""

    kind: Kind
    url: str = field(repr=False)
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    has_tls: bool = False
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def redis_address(url: str) -> RedisAddress:
    """Take an address apart; raises ValueError, which says what would be right and repeats nothing of the address."""
    scheme, separator, rest = url.partition("://")
    protocol, _, said = scheme.partition("+")
    kind = next((kind for kind in Kind if kind.value == said), None)
    if not separator or kind is None or protocol not in {"redis", "rediss", "unix"} or scheme.endswith("+"):
        raise ValueError(f"must look like {USUAL[Kind.SERVER]}.")
    if kind is Kind.SERVER:
        return _of_one_server(url)
    wrong = ValueError(f"must look like {USUAL[kind]}.")
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    login, _, hosts = authority.rpartition("@")
    username, _, password = login.partition(":")
    options = tuple(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted({name for name, _ in options} - OPTIONS):
        # Not the names themselves: somebody may have written a password there.
        raise ValueError(
            f"has {len(unknown)} unknown parameter(s) behind its question mark: {sorted(OPTIONS)} are known."
        )
    if protocol == "unix":
        raise wrong
    port = SENTINEL_PORT if kind is Kind.SENTINEL else SERVER_PORT
    try:
        found = tuple(_host(one, port) for one in hosts.split(","))
        service, database = _of_sentinel(path) if kind is Kind.SENTINEL else _of_cluster(path)
    except ValueError as fault:
        raise fault if str(fault).startswith("names") else wrong from None
    return RedisAddress(
        kind,
        url,
        found,
        service,
        database,
        unquote(username) or None,
        unquote(password) or None,
        protocol == "rediss",
        options,
    )


def _of_one_server(url: str) -> RedisAddress:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a property that raises
    except ValueError:
        raise ValueError(f"must look like {USUAL[Kind.SERVER]}.") from None
    return RedisAddress(Kind.SERVER, url)


def _host(said: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{said}")
    if not parts.hostname or parts.path or parts.username is not None:
        raise ValueError
    return parts.hostname, parts.port or port


def _of_sentinel(path: str) -> tuple[str, int]:
    service, _, database = path.rstrip("/").partition("/")
    if not service:
        raise ValueError("names no service: it must look like " + USUAL[Kind.SENTINEL] + ".")
    return unquote(service), _number(database or "0")


def _of_cluster(path: str) -> tuple[str, int]:
    if _number(path.rstrip("/") or "0") != 0:
        raise ValueError("names a database, and a cluster has only database 0: leave it out.")
    return "", 0


def _number(said: str) -> int:
    if not said.isascii() or not said.isdigit() or len(said) > 5:
        raise ValueError
    return int(said)
