"""A client is a whole IPv4 address or an IPv6 /64, whatever form a server or a proxy writes it in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.addresses import client_network, neighbourhood


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("192.0.2.1", "192.0.2.1", id="ipv4"),
        pytest.param(" 192.0.2.1 ", "192.0.2.1", id="ipv4-with-spaces"),
        pytest.param("192.0.2.1:5678", "192.0.2.1", id="ipv4-with-port"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="ipv6"),
        pytest.param("2001:DB8:1:2::1", "2001:db8:1:2::/64", id="ipv6-upper-case"),
        pytest.param("[2001:db8:1:2::1]:80", "2001:db8:1:2::/64", id="ipv6-with-port"),
        pytest.param("[::1]", "::/64", id="ipv6-in-brackets"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="ipv6-with-zone"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", id="ipv4-mapped"),
        pytest.param("[::ffff:192.0.2.1]:443", "192.0.2.1", id="ipv4-mapped-with-port"),
        pytest.param(None, "unknown", id="none"),
        pytest.param("", "unknown", id="empty"),
        pytest.param("unknown", "unknown", id="proxy-says-unknown"),
        pytest.param("192.0.2", "unknown", id="three-octets"),
        pytest.param("192.0.2.256", "unknown", id="octet-too-big"),
        pytest.param("0300.0.2.1", "unknown", id="octal"),
        pytest.param("192.0.2.1, 192.0.2.2", "unknown", id="two-addresses"),
        pytest.param("192.0.2.0/24", "unknown", id="a-network"),
        pytest.param("3232235777", "unknown", id="a-number"),
        pytest.param("١٢٧.0.0.1", "unknown", id="arabic-digits"),
        pytest.param("::" + "0" * 10_000, "unknown", id="huge"),
    ],
)
def test_the_network_of_an_address(address: str | None, network: str) -> None:
    assert client_network(address) == network


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_64_are_one_client(address: object, host_part: int) -> None:
    number = int(address)  # type: ignore[call-overload]
    if number >> 32 == 0xFFFF:
        return
    neighbour = (number >> 64 << 64) | host_part
    if neighbour >> 32 == 0xFFFF:
        return
    text = ":".join(f"{neighbour >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
    assert client_network(text) == client_network(str(address))


@given(st.text())
def test_nothing_is_too_strange(text: str) -> None:
    assert client_network(text)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("192.0.2.77", "192.0.2.0/24", id="ipv4"),
        pytest.param("192.0.2.77:8080", "192.0.2.0/24", id="with-port"),
        pytest.param("::ffff:192.0.2.77", "192.0.2.0/24", id="ipv4-in-ipv6-clothes"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1::/48", id="ipv6"),
        pytest.param("[2001:db8:1:ffff::1]:443", "2001:db8:1::/48", id="ipv6-of-the-same-48"),
        pytest.param("2001:db8:2::1", "2001:db8:2::/48", id="ipv6-of-another"),
        pytest.param("nowhere", "unknown", id="no-address"),
        pytest.param(None, "unknown", id="nothing"),
    ],
)
def test_a_neighbourhood_is_an_ipv4_24_or_an_ipv6_48(address: str | None, expected: str) -> None:
    assert neighbourhood(address) == expected
