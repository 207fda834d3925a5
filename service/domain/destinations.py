"""Where the service may call out to: addresses of the public internet, and networks that whoever runs it allows.

A hook's address is typed by people, so that it could lead to what only this machine can reach: a database, a cloud's
metadata, a router (OWASP, Server-Side Request Forgery Prevention). A name can lead anywhere, and somewhere else a
moment later, so the addresses that are looked up are judged, and the very one that was judged is called.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from service.domain.errors import Invalid
from service.domain.urls import NotAUrl, parse_http_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

URL_LONGEST = 2_000  # characters

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")


def may_be_called(address: str, *, allowed: Sequence[Network] = ()) -> bool:
    """True for an address of the public internet, or one within a network that is allowed; False for what is none.

    An address within another counts as the one it leads to: IPv4 mapped into IPv6, 6to4, NAT64 and Teredo.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(ip in network for network in allowed if network.version == ip.version):
        return True
    return all(_is_public(meant) for meant in _meant_by(ip))


def check_url(field: str, raw: str) -> str:
    """Return an http(s) URL that can be called, in its one spelling; raises Invalid. Where it leads is judged later."""
    try:
        url = parse_http_url(raw.strip())
    except NotAUrl:
        raise Invalid(field, "not_a_url", "An address to call looks like https://example.com/screen.") from None
    if len(str(url)) > URL_LONGEST:
        raise Invalid(field, "too_long", f"An address to call has at most {URL_LONGEST:,} characters.")
    if url.fragment:
        raise Invalid(field, "not_a_url", "An address to call has no part after a `#`.")
    return str(url)


def _meant_by(ip: Address) -> list[Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip.teredo is not None:
        return [ip, *ip.teredo]
    if ip in _NAT64 or (ip in _IPV4_COMPATIBLE and int(ip) > 1):
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    if ip in _SIX_TO_FOUR:
        return [ipaddress.IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)]
    return [ip]


def _is_public(ip: Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_unspecified or ip.is_reserved or ip.is_loopback)
