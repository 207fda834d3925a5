"""Client addresses as limits and rules see them: one person is an IPv4 address or an IPv6 /64."""

from __future__ import annotations

import ipaddress
import re

UNKNOWN_NETWORK = "unknown"
_SUBSCRIBER_PREFIX = 64  # bits: the least an IPv6 subscriber gets, so that a single address means nothing
_LONGEST_ADDRESS = 100  # characters: an IPv6 address with brackets, zone and port is shorter

_IPV4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?")


def client_network(address: str | None) -> str:
    """Give `1.2.3.4` for IPv4, `2001:db8:1:2::/64` for IPv6, and "unknown" for everything that is neither.

    Ports, brackets and zone ids are tolerated; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    """
    text = (address or "").strip()
    if len(text) > _LONGEST_ADDRESS:
        return UNKNOWN_NETWORK
    bare = _IPV4_WITH_PORT.fullmatch(text) or _IN_BRACKETS.fullmatch(text)
    try:
        ip = ipaddress.ip_address((bare[1] if bare else text).partition("%")[0])
    except ValueError:
        return UNKNOWN_NETWORK
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), _SUBSCRIBER_PREFIX), strict=False))
