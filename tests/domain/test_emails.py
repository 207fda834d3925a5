"""E-mail addresses of every country are taken, and nothing that could become two or a header."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.emails import email_lookup_form, parse_email
from service.domain.errors import Invalid


def code_of(raw: str) -> str:
    with pytest.raises(Invalid) as refused:
        parse_email(raw)
    (fault,) = refused.value.faults
    assert fault.field == "email"
    assert "@" not in fault.detail or "the @" in fault.detail or "name@example.com" in fault.detail
    return fault.code


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        pytest.param("ada@example.com", "ada@example.com", id="plain"),
        pytest.param("  ada@example.com\n", "ada@example.com", id="trimmed"),
        pytest.param("Ada@EXAMPLE.Com", "Ada@example.com", id="domain-lower-cased"),
        pytest.param("a@b.c", "a@b.c", id="single-letters"),
        pytest.param("ada+postbag@example.com", "ada+postbag@example.com", id="plus-tag"),
        pytest.param("first.last@sub.example.co.uk", "first.last@sub.example.co.uk", id="dots"),
        pytest.param("ada@site.test", "ada@site.test", id="test-domain"),
        pytest.param("ada@site.invalid", "ada@site.invalid", id="invalid-domain"),
        pytest.param("ada@localhost", "ada@localhost", id="localhost"),
        pytest.param("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", id="every-atom-character"),
        pytest.param("ada@münchen.de", "ada@xn--mnchen-3ya.de", id="idn"),
        pytest.param("ada@faß.de", "ada@xn--fa-hia.de", id="idn-sharp-s"),
        pytest.param("ada@ｅxample.com", "ada@example.com", id="full-width-domain"),
        pytest.param("用户@例え.jp", "用户@xn--r8jz45g.jp", id="eai"),
        pytest.param("jose\u0301@example.com", "jos\u00e9@example.com", id="nfc"),
        pytest.param("अजय@डाटा.भारत", "अजय@xn--c2bd1gb.xn--h2brj9c", id="devanagari"),
        pytest.param("x" * 64 + "@example.com", "x" * 64 + "@example.com", id="longest-local-part"),
    ],
)
def test_addresses_are_written_one_way(raw: str, address: str) -> None:
    assert parse_email(raw) == address
    assert parse_email(address) == address


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("ada", id="no-at"),
        pytest.param("ada@", id="no-domain"),
        pytest.param("@example.com", id="no-local-part"),
        pytest.param("ada@@example.com", id="two-ats"),
        pytest.param("ada@b@example.com", id="at-in-local-part"),
        pytest.param("ada@example", id="no-dot"),
        pytest.param("ada@.example.com", id="leading-dot-in-domain"),
        pytest.param("ada@example.com.", id="trailing-dot"),
        pytest.param("ada@example..com", id="two-dots-in-domain"),
        pytest.param(".ada@example.com", id="leading-dot"),
        pytest.param("ada.@example.com", id="trailing-dot-in-local-part"),
        pytest.param("a..da@example.com", id="two-dots"),
        pytest.param("a da@example.com", id="space"),
        pytest.param("ada@exa mple.com", id="space-in-domain"),
        pytest.param("ada@example.com\r\nBcc: b@example.com", id="header-injection"),
        pytest.param("ada\n@example.com", id="newline"),
        pytest.param("ada\x00@example.com", id="nul"),
        pytest.param("ada@example.com,b@example.com", id="comma"),
        pytest.param("ada@example.com;b@example.com", id="semicolon"),
        pytest.param("Ada <ada@example.com>", id="display-name"),
        pytest.param("<ada@example.com>", id="angle-brackets"),
        pytest.param("mailto:ada@example.com", id="mailto"),
        pytest.param('"ada"@example.com', id="quoted"),
        pytest.param("ada@[192.0.2.1]", id="address-literal"),
        pytest.param("ada@192.0.2.1", id="ip-address"),
        pytest.param("ada@-example.com", id="hyphen-first"),
        pytest.param("ada@exa_mple.com", id="underscore-in-domain"),
        pytest.param("ada@" + "x" * 64 + ".com", id="label-too-long"),
        pytest.param("a\u200bda@example.com", id="zero-width-space"),
        pytest.param("a\u202eda@example.com", id="bidi-override"),
        pytest.param("a\ufeffda@example.com", id="byte-order-mark"),
        pytest.param("ada\uff20x@example.com", id="full-width-at"),
        pytest.param("ada\uff0cx@example.com", id="full-width-comma"),
        pytest.param("ada\ud800@example.com", id="lone-surrogate"),
        pytest.param("ada@exam\u00adple.com", id="soft-hyphen-in-domain"),
        pytest.param("ada@xn--999999999.com", id="impossible-punycode"),
    ],
)
def test_what_is_no_single_plain_address_is_refused(raw: str) -> None:
    assert code_of(raw) == "not_an_email"


@pytest.mark.parametrize("raw", ["", "   ", "\u200b", "\n"], ids=["empty", "spaces", "zero-width", "newline"])
def test_an_address_is_required(raw: str) -> None:
    assert code_of(raw) == "required"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("x" * 65 + "@example.com", id="local-part"),
        pytest.param("é" * 33 + "@example.com", id="local-part-in-octets"),
        pytest.param("ada@" + "x." * 130 + "com", id="whole"),
        pytest.param("a" * 300, id="no-address-at-all"),
        pytest.param("a" * 50 + "@" + "ü1234567." * 13 + "de", id="whole-once-encoded"),
    ],
)
def test_an_address_has_at_most_254_characters_and_its_local_part_64_octets(raw: str) -> None:
    assert code_of(raw) == "too_long"


def test_the_look_up_form_does_not_tell_case_apart() -> None:
    assert email_lookup_form("ADA@example.com") == email_lookup_form("ada@example.com")
    assert email_lookup_form("ÉLODIE@example.com") == email_lookup_form("élodie@example.com")
    assert email_lookup_form("ada@example.com") != email_lookup_form("ada+x@example.com")


@given(st.text() | st.text("a@.+-é \n<").map(lambda s: s + "@example.com"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_email(text)
    except Invalid:
        return
    assert parse_email(address) == address
    assert len(address) <= 254
    assert address.count("@") == 1
    assert not any(char.isspace() or char in '<>,;:"\\()[]' for char in address)


@pytest.mark.parametrize("piece", ["a", "a.", "é", "@", ".", "a@"], ids=str)
def test_a_megabyte_is_refused_in_a_moment(piece: str) -> None:
    started = time.thread_time()
    assert code_of(piece * 500_000) == "too_long"
    assert time.thread_time() - started < 0.5  # seconds of processor time
