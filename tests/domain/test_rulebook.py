"""Which rules a text, a link, an author or a network meets."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from service.domain.rulebook import NO_RULES, host_of, links_of
from service.domain.rules import HASHED, RuleAction, RuleKind
from tests.domain.rule_making import NOW, book, rule

AUTHOR_ID = UUID(int=7)
EMAIL_HASH = bytes(32)


@pytest.mark.parametrize(
    ("term", "body", "said"),
    [
        ("casino", "My CASINO is open", ("CASINO",)),
        ("casino", "c a s i n o and c.a.s.i.n.o", ("c a s i n o", "c.a.s.i.n.o")),
        ("casino", "𝐜𝐚𝐬𝐢𝐧𝐨, cаsino, ca\u200bsino, c4sin0", ("𝐜𝐚𝐬𝐢𝐧𝐨", "cаsino", "ca\u200bsino", "c4sin0")),
        ("casino", "casinos and occasion", ()),
        ("m e r d a", "m.e.r.d.a", ("m.e.r.d.a",)),
        ("m e r d a", "merda", ()),
        ("bi", "biólogo", ()),
        ("café", "cafe", ()),
        ("buy now", "Buy -- now!", ("Buy -- now",)),
        ("賭博", "これは賭博です", ("賭博",)),
    ],
    ids=["case", "spelt out", "disguised", "within words", "spaced term", "spaced term whole", "a part", "accent",
         "phrase", "no spaces"],
)  # fmt: skip
def test_words_are_found_however_they_are_written(term: str, body: str, said: tuple[str, ...]) -> None:
    listed = rule(RuleKind.WORD, term)
    found = book(listed).of_words(body, "", NOW)
    assert [match.rule for match in found] == ([listed] if said else [])
    assert tuple(word for match in found for word in match.said) == said
    assert all(body[start:end] in said for match in found for start, end in match.spans)


def test_a_pattern_is_found_whatever_the_case_and_a_hostile_one_takes_no_time() -> None:
    pills, hostile = rule(RuleKind.PATTERN, r"\bcheap \w+ pills\b"), rule(RuleKind.PATTERN, r"(x+x+)+y")
    found = book(pills, hostile).of_words("É CHEAP blue pills " + "x" * 10_000, "", NOW)
    assert [(match.rule, match.said, match.spans) for match in found] == [(pills, ("CHEAP blue pills",), ((2, 18),))]


@pytest.mark.parametrize("kind", [RuleKind.WORD, RuleKind.PATTERN])
def test_words_and_patterns_are_looked_for_in_the_name_too(kind: RuleKind) -> None:
    (match,) = book(rule(kind, "casino")).of_words("Hello", "Casino Royale", NOW)
    assert (match.said, match.spans, match.is_in_name) == (("Casino",), (), True)


def test_of_rules_with_the_same_term_the_first_is_named_and_each_action_stands_for_itself() -> None:
    first, second = rule(RuleKind.WORD, "casino"), rule(RuleKind.WORD, "casino", "poker")
    spam = rule(RuleKind.WORD, "casino", action=RuleAction.SPAM)
    found = book(first, second, spam).of_words("casino", "", NOW)
    assert [match.rule for match in found] == [spam, first]


@pytest.mark.parametrize("kind", [RuleKind.WORD, RuleKind.PATTERN])
def test_what_a_trusted_term_covers_counts_no_more(kind: RuleKind) -> None:
    held = rule(RuleKind.WORD, "casino")
    rules = book(held, rule(kind, "Casino Theatre", action=RuleAction.TRUST))
    assert rules.of_words("At the Casino Theatre", "", NOW) == []
    (match,) = rules.of_words("At the Casino Theatre, not in a casino", "", NOW)
    assert match.said == ("casino",)
    assert rules.of_words("Hello", "Casino Theatre", NOW) == []


@pytest.mark.parametrize(
    ("body", "website", "said", "spans"),
    [
        ("see https://casino.example/win", "", ("casino.example",), 1),
        ("see www.Casino.example. And http://a.b.casino.example", "", ("www.casino.example", "a.b.casino.example"), 2),
        ("see https://notcasino.example and https://casino.example.org", "", (), 0),
        ("nothing", "https://casino.example/me", ("casino.example",), 0),
        ("https://me@casino.example:8080/", "", ("casino.example",), 1),
    ],
    ids=["itself", "below", "beside", "website", "with port and name"],
)  # fmt: skip
def test_a_domain_is_met_by_links_to_it_and_to_all_below(
    body: str, website: str, said: tuple[str, ...], spans: int
) -> None:
    found = book(rule(RuleKind.DOMAIN, "casino.example")).of_domains(body, website, NOW)
    assert tuple(word for match in found for word in match.said) == said
    assert sum(len(match.spans) for match in found) == spans


@pytest.mark.parametrize(
    ("term", "is_met"),
    [
        (str(AUTHOR_ID), True),
        (str(UUID(int=8)), False),
        (HASHED + EMAIL_HASH.hex(), True),
        (HASHED + bytes([1] * 32).hex(), False),
        ("@spam.example", True),
        ("@mail.spam.example", True),
        ("@pam.example", False),
    ],
    ids=["id", "another id", "address", "another address", "domain above", "domain", "another domain"],
)
def test_an_author_is_met_by_id_by_address_and_by_the_domain_of_the_address(term: str, is_met: bool) -> None:
    rules = book(rule(RuleKind.AUTHOR, term))
    found = rules.of_author(AUTHOR_ID, "ada@mail.spam.example", (EMAIL_HASH, bytes([9] * 32)), NOW)
    assert bool(found) == is_met
    assert rules.of_author(None, "", (), NOW) == []


@pytest.mark.parametrize(
    ("term", "address", "is_met"),
    [
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.0/24", "192.0.3.77", False),
        ("192.0.2.7/32", "192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:192.0.2.77", True),
        ("2001:db8::/48", "2001:db8:0:ffff::1", True),
        ("2001:db8::/48", "2001:db8:1::1", False),
        ("192.0.2.0/24", None, False),
        ("192.0.2.0/24", "nonsense", False),
    ],
)
def test_a_network_is_met_by_the_addresses_in_it(term: str, address: str | None, is_met: bool) -> None:
    assert bool(book(rule(RuleKind.NETWORK, term)).of_network(address, NOW)) == is_met


def test_of_networks_the_narrowest_comes_first() -> None:
    wide = rule(RuleKind.NETWORK, "192.0.0.0/16")
    narrow = rule(RuleKind.NETWORK, "192.0.2.0/24", action=RuleAction.TRUST)
    assert [match.rule for match in book(wide, narrow).of_network("192.0.2.1", NOW)] == [narrow, wide]


def test_a_rule_that_has_expired_is_met_by_nothing() -> None:
    soon = timedelta(seconds=1)
    rules = book(
        rule(RuleKind.WORD, "casino", expires_in=soon),
        rule(RuleKind.PATTERN, "casino", expires_in=soon),
        rule(RuleKind.DOMAIN, "casino.example", expires_in=soon),
        rule(RuleKind.AUTHOR, str(AUTHOR_ID), expires_in=soon),
        rule(RuleKind.NETWORK, "192.0.2.0/24", expires_in=soon),
    )

    def met(after: int) -> int:
        now = NOW + timedelta(seconds=after)
        return (
            len(rules.of_words("casino", "casino", now))
            + len(rules.of_domains("https://casino.example", "", now))
            + len(rules.of_author(AUTHOR_ID, "", (), now))
            + len(rules.of_network("192.0.2.1", now))
        )

    assert (met(0), met(1)) == (5, 0)


def test_no_rules_are_met_by_nothing() -> None:
    assert NO_RULES.of_words("casino", "casino", NOW) == []
    assert NO_RULES.of_domains("https://casino.example", "https://casino.example", NOW) == []
    assert NO_RULES.of_author(AUTHOR_ID, "a@b.example", (EMAIL_HASH,), NOW) == []
    assert NO_RULES.of_network("192.0.2.1", NOW) == []


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://Example.org/path", "example.org"),
        ("www.example.org", "www.example.org"),
        ("http://bücher.example", "xn--bcher-kva.example"),
        ("https://[2001:db8::1]/", None),
        ("https://", None),
        ("", None),
    ],
)
def test_the_host_of_a_link_is_in_the_spelling_of_dns(link: str, host: str | None) -> None:
    assert host_of(link) == host


def test_links_are_found_without_the_punctuation_of_their_sentence() -> None:
    body = "See (https://a.example/x), www.b.example."
    assert [(host, body[start:end]) for host, (start, end) in links_of(body)] == [
        ("a.example", "https://a.example/x"), ("www.b.example", "www.b.example"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "link",
    [
        "http:&#47;&#47;a.example/x",
        "http&colon;//a.example/x",
        "http://&#97;.example/x",
        r"http:\/\/a.example/x",
    ],
)
def test_a_link_is_what_the_browser_makes_of_it(link: str) -> None:
    body = f"😀 [x]({link}) &amp; more"
    assert [(host, body[start:end]) for host, (start, end) in links_of(body)] == [("a.example", link)]
    [found] = book(rule(RuleKind.DOMAIN, "a.example")).of_domains(body, "", NOW)
    assert found.spans == ((6, 6 + len(link)),)


def test_a_pattern_is_looked_for_in_what_a_reader_sees_too() -> None:
    body = "😀 ca&#115;ino &amp; casino"
    [found] = book(rule(RuleKind.PATTERN, "casino")).of_words("ca&#115;ino", "", NOW)
    assert found.said == ("ca&#115;ino",)
    [found] = book(rule(RuleKind.PATTERN, r"sino.*casino")).of_words(body, "", NOW)
    assert found.said == ("&#115;ino &amp; casino",)
