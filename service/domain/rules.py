"""The rules of a site: words, patterns, domains, authors and networks to hold, call spam, refuse or trust."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NoReturn
from uuid import UUID

from service.domain.emails import email_lookup_form, parse_email
from service.domain.errors import Invalid
from service.domain.folding import words_of
from service.domain.text import clean_line
from service.domain.urls import ascii_host

MOST_RULES = 5_000  # of one site; a list of words is one rule, so these are more than anybody can look after
MOST_PATTERNS = 500  # of one site; each is looked for on its own, and together they cost a text a millisecond
MOST_TERMS = 70_000  # lines of one rule: the longest public lists of words have 65,000
MOST_TERMS_OF_SITE = 150_000  # lines of all rules together, which every process keeps in memory
TERM_MAX = 200  # characters of one line; a longer phrase is no phrase but a text
PATTERN_MAX = 1_000  # characters of a pattern
NOTE_MAX = 500  # characters of what colleagues are told about a rule
LONGEST_LIFE = timedelta(days=3653)  # ten years; a rule for longer needs no end
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
WIDEST_NETWORK = {4: 8, 6: 16}  # bits of prefix; a wider one would be a part of the world, not a network


class RuleKind(StrEnum):
    """What a rule looks at."""

    WORD = "word"
    """Words and phrases in the name and the text, one a line, found as whole words however they are written."""
    PATTERN = "pattern"
    """A regular expression in the syntax of RE2, looked for in the name and the text, whatever the case."""
    DOMAIN = "domain"
    """Domains of links and websites, one a line, each with all below it."""
    AUTHOR = "author"
    """Authors, one a line: an author's id, an e-mail address, or `@domain` for all addresses of a domain."""
    NETWORK = "network"
    """Networks that replies come from, one a line, as `192.0.2.0/24`, `2001:db8::/48` or a single address."""


class RuleAction(StrEnum):
    """What a rule asks for; `trust` keeps what looks suspicious from being held."""

    HOLD = "hold"
    SPAM = "spam"
    REJECT = "reject"
    TRUST = "trust"


@dataclass(frozen=True)
class Rule:
    """One rule at one version; every change of it counts the version up.

    `terms` are the lines of its value, checked. Of an e-mail address only its keyed hash stands there, as `email:` and
    hexadecimal digits; what was typed is sealed elsewhere.
    """

    id: UUID
    site_id: UUID
    kind: RuleKind
    action: RuleAction
    terms: tuple[str, ...]
    note: str
    expires_at: datetime | None
    version: int
    created_by: str
    created_at: datetime
    changed_at: datetime
    term_count: int
    """How many lines the value has; a rule in a list may hold the first ones alone."""
    addresses_sealed: bytes | None = None

    def is_in_force(self, now: datetime) -> bool:
        """False from the moment on at which it expires."""
        return self.expires_at is None or now < self.expires_at

    @property
    def title(self) -> str:
        """What people call the rule: its note where there is one, else the beginning of its value."""
        first = "an address" if self.terms[0].startswith(HASHED) else self.terms[0]
        value = first if self.term_count == 1 else f"{first} … ({self.term_count:,} lines)"
        return self.note or value


HASHED = "email:"
"""Before the keyed hash of an e-mail address, which stands in the place of the address itself."""

_HASHED_ADDRESS = re.compile(HASHED + "[0-9a-f]{64}")


def check_terms(
    kind: RuleKind, value: str, *, email_hash: Callable[[str], bytes], compiles: Callable[[str], str | None]
) -> tuple[str, ...]:
    """Return the lines of a rule's value in their one spelling, each once; raises Invalid with the field `value`.

    `email_hash` gives the keyed hash of an address; `compiles` gives what is wrong with a pattern, or None.
    """
    if kind is RuleKind.PATTERN:
        return (_pattern(value.strip(), compiles),)
    lines = [line for raw in value.splitlines() if (line := clean_line(raw))]
    if not lines:
        _refuse("required", f"A rule needs a value: {_EXAMPLES[kind]}.")
    if len(lines) > MOST_TERMS:
        _refuse("too_many", f"A rule has at most {MOST_TERMS:,} lines; this one has {len(lines):,}.")
    checks: dict[RuleKind, Callable[[str], str]] = {
        RuleKind.WORD: _word,
        RuleKind.DOMAIN: _domain,
        RuleKind.NETWORK: _network,
        RuleKind.AUTHOR: lambda line: _author(line, email_hash),
    }
    check = checks[kind]
    checked: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        try:
            checked[check(line)] = None
        except Invalid as fault:
            if len(lines) == 1:
                raise
            _refuse(fault.faults[0].code, f"Line {number:,}, {_quoted(line)}: {fault.detail}")
    return tuple(checked)


def check_note(note: str) -> str:
    """Return the note as one line; raises Invalid where it is too long."""
    line = clean_line(note)
    if len(line) > NOTE_MAX:
        raise Invalid("note", "too_long", f"A note has at most {NOTE_MAX} characters; this one has {len(line):,}.")
    return line


def check_expiry(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return when the rule ends; raises Invalid for a moment that is over or more than ten years ahead."""
    if expires_at is None:
        return None
    if expires_at <= now:
        raise Invalid("expires_at", "in_the_past", "A rule expires in the future; leave the field empty for never.")
    if expires_at - now > LONGEST_LIFE:
        raise Invalid("expires_at", "out_of_range", "A rule expires within ten years; leave the field empty for never.")
    return expires_at


_EXAMPLES = {
    RuleKind.WORD: "a word or phrase a line, such as `buy now`",
    RuleKind.PATTERN: r"a regular expression, such as `\bcheap \w+ pills\b`",
    RuleKind.DOMAIN: "a domain a line, such as `casino.example`",
    RuleKind.AUTHOR: "an address, `@domain` or author's id a line, such as `@spam.example`",
    RuleKind.NETWORK: "a network a line, such as `192.0.2.0/24`",
}


def _word(line: str) -> str:
    if len(line) > TERM_MAX:
        _refuse("too_long", f"A word or phrase has at most {TERM_MAX} characters.")
    if not words_of(line):
        _refuse("not_a_word", "A word has at least one letter or digit; for signs and emoji choose `pattern` instead.")
    return line


def _pattern(value: str, compiles: Callable[[str], str | None]) -> str:
    if not value:
        _refuse("required", f"A rule needs a value: {_EXAMPLES[RuleKind.PATTERN]}.")
    if len(value) > PATTERN_MAX:
        _refuse("too_long", f"A pattern has at most {PATTERN_MAX:,} characters; this one has {len(value):,}.")
    if len(value.splitlines()) > 1:
        _refuse("not_a_pattern", r"A pattern is one line; a line break in a text is written as `\n`.")
    fault = compiles(value)
    if fault is not None:
        _refuse("not_a_pattern", f"This pattern cannot be used: {fault}.")
    return value


def _domain(line: str) -> str:
    bare = line.partition("://")[2] or line
    bare = bare.partition("/")[0].removeprefix("*.").removeprefix(".")
    host = ascii_host(bare) if "." in bare else None
    if host is None:
        _refuse("not_a_domain", f"A domain looks like `casino.example`; {_quoted(line)} is none.")
    return host


def _network(line: str) -> str:
    try:
        network = ipaddress.ip_network(line)
    except ValueError:
        network = _with_host_bits(line)
    if "%" in line:
        _refuse("not_a_network", f"{_quoted(line)} names an interface of one machine; leave out `%` and what follows.")
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        # Requests are known by the address of IPv4 that such a one stands for.
        network = ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    widest = WIDEST_NETWORK[network.version]
    if network.prefixlen < widest:
        _refuse("too_wide", f"A network of IPv{network.version} has at least {widest} bits of prefix, as `/{widest}`.")
    return str(network)


def _with_host_bits(line: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        meant = ipaddress.ip_network(line, strict=False)
    except ValueError:
        _refuse("not_a_network", f"A network looks like `192.0.2.0/24` or `2001:db8::/48`; {_quoted(line)} is none.")
    _refuse("not_a_network", f"{_quoted(line)} is an address within a network; the network itself is `{meant}`.")


def _author(line: str, email_hash: Callable[[str], bytes]) -> str:
    if _HASHED_ADDRESS.fullmatch(line):
        return line
    if line.startswith("@"):
        host = ascii_host(line[1:]) if "." in line else None
        if host is None:
            _refuse(
                "not_a_domain", f"All addresses of a domain are written as `@spam.example`; {_quoted(line)} is none."
            )
        return f"@{host}"
    if "@" in line:
        try:
            address = parse_email(line)
        except Invalid as fault:
            _refuse("not_an_email", fault.detail)
        return HASHED + email_hash(email_lookup_form(address)).hex()
    try:
        return str(UUID(line))
    except ValueError:
        _refuse(
            "not_an_author",
            "An author is an e-mail address, `@domain` for all addresses of a domain, or an author's id.",
        )


def _quoted(line: str) -> str:
    return f"“{line if len(line) <= 60 else line[:59] + '…'}”"


def _refuse(code: str, sentence: str) -> NoReturn:
    raise Invalid("value", code, sentence)
