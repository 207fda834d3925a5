"""Client addresses as limits and rules see them: one person is an IPv4 address or an IPv6 /64."""

from __future__ import annotations

import ipaddress
import re

UNKNOWN_NETWORK = "unknown"
_SUBSCRIBER_PREFIX = 64  # bits: the least an IPv6 subscriber gets, so that a single address means nothing
_NEIGHBOURS_V4 = 24  # bits: the least that is routed
_NEIGHBOURS_V6 = 48  # bits: what a site gets (RFC 6177), and many providers give a subscriber
_LONGEST_ADDRESS = 100  # characters: an IPv6 address with brackets, zone and port is shorter

_IPV4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?")


def client_network(address: str | None) -> str:
    """Give `1.2.3.4` for IPv4, `2001:db8:1:2::/64` for IPv6, and "unknown" for everything that is neither.

    Ports, brackets and zone ids are tolerated; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    """
    ip = _parsed(address)
    if ip is None:
        return UNKNOWN_NETWORK
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.IPv6Network((int(ip), _SUBSCRIBER_PREFIX), strict=False))


def neighbourhood(address: str | None) -> str:
    """Give `1.2.3.0/24` for IPv4, `2001:db8:1::/48` for IPv6: what one owner often has the whole of; else "unknown"."""
    ip = _parsed(address)
    if ip is None:
        return UNKNOWN_NETWORK
    if isinstance(ip, ipaddress.IPv4Address):
        # To make a network of it takes ten times as long, and every reply asks.
        return f"{ipaddress.IPv4Address(int(ip) >> 32 - _NEIGHBOURS_V4 << 32 - _NEIGHBOURS_V4)}/{_NEIGHBOURS_V4}"
    return str(ipaddress.IPv6Network((int(ip), _NEIGHBOURS_V6), strict=False))


def _parsed(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = (address or "").strip()
    if len(text) > _LONGEST_ADDRESS:
        return None
    bare = _IPV4_WITH_PORT.fullmatch(text) or _IN_BRACKETS.fullmatch(text)
    try:
        ip = ipaddress.ip_address((bare[1] if bare else text).partition("%")[0])
    except ValueError:
        return None
    return ip if isinstance(ip, ipaddress.IPv4Address) else ip.ipv4_mapped or ip
