"""Which addresses the service may call, and which URLs can be hooks."""

from __future__ import annotations

import ipaddress

import pytest

from service.domain.destinations import check_url, may_be_called
from service.domain.errors import Invalid

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1", "localhost", "", "1.2.3", "0x7f000001",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_only_this_machine_or_its_network_can_reach_is_not_called(address: str) -> None:
    assert not may_be_called(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_called(address: str) -> None:
    assert may_be_called(address)


def test_networks_that_are_allowed_are_called_and_no_others() -> None:
    allowed = [ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")]
    assert may_be_called("10.1.2.3", allowed=allowed)
    assert may_be_called("fd12::1", allowed=allowed)
    assert not may_be_called("10.2.0.1", allowed=allowed)


@pytest.mark.parametrize("raw", [" https://Example.org/screen?site=1 ", "http://hooks.example.org:8080/"])
def test_a_hook_is_an_http_url_in_one_spelling(raw: str) -> None:
    assert check_url("url", check_url("url", raw)) == check_url("url", raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("example.org/hook", "not_a_url"),
        ("ftp://example.org/", "not_a_url"),
        ("file:///etc/passwd", "not_a_url"),
        ("https://user:secret@example.org/", "not_a_url"),
        ("https://example.org/#part", "not_a_url"),
        ("https://example.org/" + "x" * 2_000, "too_long"),
        ("https://exa mple.org/", "not_a_url"),
    ],
    ids=["no scheme", "ftp", "a file", "with a password", "with a fragment", "too long", "with a space"],
)
def test_what_is_no_address_to_call_is_refused_by_its_field(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url("hook_url", raw)
    assert (refused.value.faults[0].field, refused.value.faults[0].code) == ("hook_url", code)
