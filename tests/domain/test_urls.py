"""Hosts and URLs have one spelling, and what browsers would read differently is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.urls import NotAUrl, ascii_host, canonical_href, parse_http_url


@pytest.mark.parametrize(
    ("host", "ascii_form"),
    [
        pytest.param("Example.COM", "example.com", id="lower-case"),
        pytest.param("example.com.", "example.com", id="trailing-dot"),
        pytest.param("my_site.example.com", "my_site.example.com", id="underscore"),
        pytest.param("localhost", "localhost", id="single-label"),
        pytest.param("Bücher.example", "xn--bcher-kva.example", id="idn"),
        pytest.param("BU\u0308CHER.example", "xn--bcher-kva.example", id="idn-decomposed-upper-case"),
        pytest.param("faß.de", "xn--fa-hia.de", id="sharp-s-stays-itself"),
        pytest.param("ΣΊΣΥΦΟΣ.gr", "xn--kxa6akbbkh.gr", id="capital-sigma-is-never-final"),
        pytest.param("例え。jp", "xn--r8jz45g.jp", id="ideographic-full-stop"),
        pytest.param("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", id="full-width"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="already-idna"),
        pytest.param("\U0001f4a9.la", "xn--ls8h.la", id="emoji"),
        pytest.param("192.0.2.1", "192.0.2.1", id="ipv4"),
        pytest.param("[2001:DB8::0:1]", "[2001:db8::1]", id="ipv6"),
    ],
)
def test_a_host_has_one_spelling(host: str, ascii_form: str) -> None:
    assert ascii_host(host) == ascii_form
    assert ascii_host(ascii_form) == ascii_form


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("a..b", id="empty-label"),
        pytest.param("-a.com", id="hyphen-first"),
        pytest.param("a-.com", id="hyphen-last"),
        pytest.param("a b.com", id="space"),
        pytest.param("a%41.com", id="percent"),
        pytest.param("a,b", id="comma"),
        pytest.param("127.1", id="short-ipv4"),
        pytest.param("0x7f.0.0.1", id="hexadecimal-ipv4-part"),
        pytest.param("2130706433", id="number"),
        pytest.param("0x7f000001", id="hexadecimal-number"),
        pytest.param("1.2.3.4.5", id="five-numbers"),
        pytest.param("[::1", id="bracket-not-closed"),
        pytest.param("[::1%eth0]", id="zone"),
        pytest.param("[::ffff:192.0.2.1]", id="ipv4-in-ipv6"),
        pytest.param("[fe80]", id="not-ipv6"),
        pytest.param("x" * 64 + ".com", id="label-too-long"),
        pytest.param("x." * 127 + "com", id="host-too-long"),
        pytest.param("x" * 100_000, id="huge"),
        pytest.param("ü" * 60 + ".de", id="idna-label-too-long"),
        pytest.param("exam\u00adple.com", id="soft-hyphen"),
        pytest.param("exam\u200bple.com", id="zero-width-space"),
        pytest.param("exam\u200dple.com", id="joiner-without-virama"),
        pytest.param("\u0301a.com", id="mark-first"),
        pytest.param("a\u2044b.com", id="fraction-slash"),
        pytest.param("℀.com", id="account-of-becomes-a-slash"),
        pytest.param("a\uff0fb.com", id="full-width-slash"),
        pytest.param("a\uff20b.com", id="full-width-at"),
        pytest.param("xn--a.com", id="punycode-of-nothing"),
        pytest.param("xn--example-.com", id="punycode-of-ascii"),
        pytest.param("xn--99999999.com", id="punycode-overflow"),
        pytest.param("\ud800.com", id="lone-surrogate"),
    ],
)
def test_what_is_no_host_is_none(host: str) -> None:
    assert ascii_host(host) is None


@given(st.text() | st.text("ab.-ßéЖ例\u200d\u094d[:]1０。xn"))
def test_naming_a_host_again_changes_nothing(host: str) -> None:
    named = ascii_host(host)
    assert named is None or (named.isascii() and ascii_host(named) == named)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param("HTTPS://Example.com", "https://example.com/", id="scheme-and-host"),
        pytest.param("http://example.com:80/", "http://example.com/", id="default-port"),
        pytest.param("https://example.com:443", "https://example.com/", id="default-port-of-https"),
        pytest.param("http://example.com:0443/", "http://example.com:443/", id="other-port"),
        pytest.param("https://e.com/a/./b/../c", "https://e.com/a/c", id="dot-segments"),
        pytest.param("https://e.com/%2e%2E/a/%2e", "https://e.com/a/", id="encoded-dot-segments"),
        pytest.param("https://e.com/../..", "https://e.com/", id="above-the-root"),
        pytest.param("https://e.com//a//", "https://e.com//a//", id="empty-segments-stay"),
        pytest.param("https://e.com/%7euser/%e9", "https://e.com/~user/%E9", id="escapes"),
        pytest.param("https://e.com/é ß", "https://e.com/%C3%A9%20%C3%9F", id="non-ascii-path"),
        pytest.param("https://e.com/100%", "https://e.com/100%25", id="lone-percent"),
        pytest.param("https://e.com/<a>\"'`{|}^[]", "https://e.com/%3Ca%3E%22%27%60%7B%7C%7D%5E%5B%5D", id="illegal"),
        pytest.param("https://e.com?", "https://e.com/", id="empty-query"),
        pytest.param("https://e.com?q=a+b&c=d?e#f", "https://e.com/?q=a+b&c=d?e#f", id="query-and-fragment"),
    ],
)
def test_a_url_has_one_spelling(text: str, url: str) -> None:
    assert str(parse_http_url(text)) == url
    assert canonical_href(text) == canonical_href(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "//example.com", "/a", "http:", "http://", "http:///a", "http:a.com", "http:/a.com", "https://:80",
        "https://a:b@c.com", "https://a@c.com", "https://@c.com", "https://c.com:0", "https://c.com:65536", "https://c.com:",
        "https://c.com:8a", "https://c.com:+80", "https://c.com:٨٠", "https://[::1", "https://[x]", "https://::1/",
        "https://a\\b", "https://a.com/\\b", "https://a.com/\nb", "https://a\t.com", "https://a b.com", "ftp://a.com",
        "javascript://a.com", "https：//a.com", "ｈttps://a.com", " https://a.com", "https://a.com/\ud800",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_a_browser_would_have_to_repair_is_no_url(text: str) -> None:
    with pytest.raises(NotAUrl):
        parse_http_url(text)
    assert canonical_href(text) == text
