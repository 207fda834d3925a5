"""What can be a rule, and what somebody is told whose rule is none."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from service.adapters.patterns import what_is_wrong_with
from service.domain.errors import Invalid
from service.domain.rules import (
    HASHED,
    MOST_TERMS,
    PATTERN_MAX,
    TERM_MAX,
    RuleKind,
    check_expiry,
    check_note,
    check_terms,
)
from tests.domain.rule_making import NOW, rule

HASH = bytes(range(32))
AUTHOR_ID = "0199f2a0-0000-7000-8000-000000000001"


def checked(kind: RuleKind, value: str) -> tuple[str, ...]:
    """Return the lines as they would be stored."""
    return check_terms(kind, value, email_hash=lambda address: HASH, compiles=what_is_wrong_with)


@pytest.mark.parametrize(
    ("kind", "value", "terms"),
    [
        (RuleKind.WORD, "casino", ("casino",)),
        (RuleKind.WORD, "  buy   now \r\n\r\ncasino\ncasino\n", ("buy now", "casino")),
        (RuleKind.PATTERN, r" \bcheap \w+ pills\b ", (r"\bcheap \w+ pills\b",)),
        (RuleKind.DOMAIN, "Casino.Example", ("casino.example",)),
        (RuleKind.DOMAIN, "https://www.casino.example/win?x=1", ("www.casino.example",)),
        (RuleKind.DOMAIN, "*.casino.example\n.bücher.example", ("casino.example", "xn--bcher-kva.example")),
        (RuleKind.NETWORK, "2001:DB8::/48\n198.51.100.7", ("2001:db8::/48", "198.51.100.7/32")),
        (RuleKind.NETWORK, "::ffff:192.0.2.0/120\n::ffff:192.0.2.1", ("192.0.2.0/24", "192.0.2.1/32")),
        (RuleKind.AUTHOR, "Ada@Example.org", (HASHED + HASH.hex(),)),
        (RuleKind.AUTHOR, f"@Spam.Example\n{AUTHOR_ID.upper()}", ("@spam.example", AUTHOR_ID)),
        (RuleKind.AUTHOR, HASHED + HASH.hex(), (HASHED + HASH.hex(),)),
    ],
    ids=["word", "lines", "pattern", "domain", "a link for a domain", "domain with all below", "networks",
         "IPv4 in IPv6", "address", "domain and id of authors", "an address as it was read back"],
)  # fmt: skip
def test_a_value_is_stored_in_its_one_spelling(kind: RuleKind, value: str, terms: tuple[str, ...]) -> None:
    assert checked(kind, value) == terms
    assert checked(kind, "\n".join(terms)) == terms


@pytest.mark.parametrize(
    ("kind", "value", "code", "said"),
    [
        (RuleKind.WORD, " \n ", "required", "a word or phrase a line"),
        (RuleKind.WORD, "...", "not_a_word", "at least one letter or digit; for signs and emoji"),
        (RuleKind.WORD, "a" * (TERM_MAX + 1), "too_long", "at most 200 characters"),
        (RuleKind.WORD, "good\n!!!", "not_a_word", "Line 2, “!!!”"),
        (RuleKind.PATTERN, "", "required", "a regular expression"),
        (RuleKind.PATTERN, "(unclosed", "not_a_pattern", "a round bracket is opened and never closed."),
        (RuleKind.PATTERN, "(?=ahead)", "not_a_pattern", "there is no looking ahead or behind (`(?=`)"),
        (RuleKind.PATTERN, r"\w(?:(?:[\w ,.]{0,30}){0,30}€€)?", "not_a_pattern", "it takes too long to look for"),
        (RuleKind.PATTERN, "viagra|", "not_a_pattern", "all of it may be left out"),
        (RuleKind.PATTERN, r"\b(?:(?:[ab]{0,30}){0,30}c)?", "not_a_pattern", "all of it may be left out"),
        (RuleKind.PATTERN, "(a{900}){900}", "not_a_pattern", "up to 1000 (`{900}`)"),
        (RuleKind.PATTERN, r"\pX", "not_a_pattern", "no such range or class of characters (`\\pX`)"),
        (RuleKind.PATTERN, "x" * (PATTERN_MAX + 1), "too_long", "at most 1,000 characters"),
        (RuleKind.DOMAIN, "casino", "not_a_domain", "“casino” is none"),
        (RuleKind.DOMAIN, "not a domain.example", "not_a_domain", "looks like `casino.example`"),
        (RuleKind.NETWORK, "300.1.1.1", "not_a_network", "looks like `192.0.2.0/24`"),
        (RuleKind.NETWORK, "192.0.2.1/24", "not_a_network", "the network itself is `192.0.2.0/24`"),
        (RuleKind.NETWORK, "fe80::1%eth0", "not_a_network", "names an interface"),
        (RuleKind.NETWORK, "::ffff:0:0/96", "too_wide", "IPv4 has at least 8 bits"),
        (RuleKind.NETWORK, "0.0.0.0/0", "too_wide", "at least 8 bits"),
        (RuleKind.NETWORK, "2000::/3", "too_wide", "at least 16 bits"),
        (RuleKind.AUTHOR, "Ada", "not_an_author", "an e-mail address, `@domain`"),
        (RuleKind.AUTHOR, "ada@", "not_an_email", ""),
        (RuleKind.AUTHOR, "@nowhere", "not_a_domain", "`@spam.example`"),
        (RuleKind.AUTHOR, HASHED + "12", "not_an_author", "an e-mail address"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_with_what_would_be_right(kind: RuleKind, value: str, code: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(kind, value)
    (fault,) = refused.value.faults
    assert (fault.field, fault.code) == ("value", code)
    assert said in fault.detail


def test_the_longest_public_lists_fit_into_one_rule_and_longer_ones_are_told_how_long_they_are() -> None:
    assert len(checked(RuleKind.WORD, "\n".join(f"word{number}" for number in range(65_000)))) == 65_000
    with pytest.raises(Invalid, match="100,000") as refused:
        checked(RuleKind.WORD, "\n".join(f"word{number}" for number in range(100_000)))
    assert f"{MOST_TERMS:,}" in refused.value.detail


@pytest.mark.parametrize(("after", "code"), [(0, "in_the_past"), (-60, "in_the_past"), (4000 * 86_400, "out_of_range")])
def test_a_rule_expires_in_the_future_and_within_ten_years(after: int, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_expiry(NOW + timedelta(seconds=after), now=NOW)
    assert (refused.value.faults[0].field, refused.value.faults[0].code) == ("expires_at", code)
    assert check_expiry(None, now=NOW) is None
    assert check_expiry(NOW + timedelta(seconds=1), now=NOW) == NOW + timedelta(seconds=1)


def test_a_note_is_a_line_of_at_most_500_characters() -> None:
    assert check_note(" spam \n wave ") == "spam wave"
    with pytest.raises(Invalid):
        check_note("x" * 501)


def test_a_rule_ends_at_the_very_moment_it_expires() -> None:
    ending = rule(RuleKind.WORD, "casino", expires_in=timedelta(minutes=1))
    assert ending.is_in_force(NOW + timedelta(seconds=59))
    assert not ending.is_in_force(NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("terms", "note", "title"),
    [
        (("casino",), "", "casino"),
        (("casino", "poker"), "", "casino … (2 lines)"),
        (("casino", "poker"), "gambling", "gambling"),
        ((HASHED + HASH.hex(),), "", "an address"),
        ((str(UUID(int=5)),), "", str(UUID(int=5))),
    ],
)  # fmt: skip
def test_a_rule_is_called_by_its_note_or_the_beginning_of_its_value(
    terms: tuple[str, ...], note: str, title: str
) -> None:
    assert rule(RuleKind.WORD, *terms, note=note).title == title
