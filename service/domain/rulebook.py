"""The rules of a site made ready: built once for each version of them, and asked about every text.

Nothing here reads a clock or a store. Patterns run in an engine that is given from outside, since the regular
expressions of the standard library can take for ever on a text made for it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.domain.as_read import as_read
from service.domain.rules import HASHED, Rule, RuleAction, RuleKind
from service.domain.urls import ascii_host
from service.domain.wordlists import WordList

LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>]*[^\s<>.,:;!?\"')\]}]", re.IGNORECASE)
"""A link as far as a reader would call it that: without the punctuation of the sentence it stands in."""
_AUTHORITY = re.compile(r"[^/?#\s]*")

Spans = tuple[tuple[int, int], ...]
PatternSearch = Callable[[str], Mapping[int, Spans]]
"""Given a text, where which of the patterns match, by their number; those that match nowhere are left out."""
STRENGTH = (RuleAction.REJECT, RuleAction.SPAM, RuleAction.HOLD)


@dataclass(frozen=True)
class RuleMatch:
    """A rule that a text meets: the words that made it, as typed, and where they stand in the body."""

    rule: Rule
    said: tuple[str, ...]
    spans: Spans = ()
    is_in_name: bool = False


class RuleBook:
    """All rules of a site; 65,000 terms cost a text hardly more than ten.

    Where several rules of one kind and action have the same term, the oldest is named. A term to trust keeps what it
    covers from being held against anybody: `Scunthorpe` trusted, the word within it counts no more.
    """

    def __init__(self, rules: Iterable[Rule], *, patterns: Callable[[Sequence[str]], PatternSearch]) -> None:
        self._words: dict[RuleAction, tuple[WordList, dict[str, Rule]]] = {}
        self._domains: dict[str, list[Rule]] = {}
        self._authors: dict[str, list[Rule]] = {}
        self._networks: dict[tuple[int, int], dict[int, list[Rule]]] = {}
        self._patterns: list[Rule] = []
        words: dict[RuleAction, dict[str, Rule]] = {}
        for rule in rules:
            if rule.kind is RuleKind.PATTERN:
                self._patterns.append(rule)
                continue
            for term in rule.terms:
                if rule.kind is RuleKind.WORD:
                    words.setdefault(rule.action, {}).setdefault(term, rule)
                elif rule.kind is RuleKind.NETWORK:
                    network = ipaddress.ip_network(term)
                    of_length = self._networks.setdefault((network.version, network.prefixlen), {})
                    of_length.setdefault(int(network.network_address), []).append(rule)
                else:
                    listed = self._domains if rule.kind is RuleKind.DOMAIN else self._authors
                    listed.setdefault(term, []).append(rule)
        for action, terms in words.items():
            self._words[action] = (WordList(terms), terms)
        self._search = patterns([rule.terms[0] for rule in self._patterns]) if self._patterns else None

    def of_words(self, body: str, name: str, now: datetime) -> list[RuleMatch]:
        """Return the rules on words and patterns that the body or the name meets, those to trust left out."""
        found = []
        for rule, spans in self._met(body, now):
            found.append(RuleMatch(rule, tuple(dict.fromkeys(body[start:end] for start, end in spans)), spans))
        named = {match.rule.id for match in found}
        for rule, spans in self._met(name, now) if name else ():
            if rule.id not in named:
                found.append(RuleMatch(rule, tuple(name[start:end] for start, end in spans), is_in_name=True))
        return found

    def of_domains(self, body: str, website: str, now: datetime) -> list[RuleMatch]:
        """Return the rules on domains that links of the body, or the author's website, lead to."""
        if not self._domains:
            return []
        by_rule: dict[UUID, tuple[Rule, dict[str, None], list[tuple[int, int]]]] = {}
        for host, span in [*links_of(body), *((host, None) for host in [host_of(website)] if host)]:
            for rule in self._of_host(host, now):
                _, said, spans = by_rule.setdefault(rule.id, (rule, {}, []))
                said[host] = None
                if span is not None:
                    spans.append(span)
        return [RuleMatch(rule, tuple(said), tuple(spans)) for rule, said, spans in by_rule.values()]

    def trusts_domain(self, host: str, now: datetime) -> bool:
        """True for a host that a rule of the site trusts."""
        return any(rule.action is RuleAction.TRUST for rule in self._of_host(host, now))

    def of_author(
        self, author_id: UUID | None, email: str, email_hashes: Iterable[bytes], now: datetime
    ) -> list[RuleMatch]:
        """Return the rules on this author: by their id, their address, or its domain."""
        if not self._authors:
            return []
        by = {HASHED + email_hash.hex(): "the address" for email_hash in email_hashes}
        by |= {f"@{domain}": f"@{domain}" for domain in _parents_of(email.rpartition("@")[2])}
        by |= {} if author_id is None else {str(author_id): "the author"}
        return [
            RuleMatch(rule, (said,)) for term, said in by.items() for rule in self._authors.get(term, ())
            if rule.is_in_force(now)
        ]  # fmt: skip

    def of_network(self, client_address: str | None, now: datetime) -> list[RuleMatch]:
        """Return the rules on the networks that a request came from, the narrowest network first."""
        if not self._networks or client_address is None:
            return []
        try:
            address = ipaddress.ip_address(client_address)
        except ValueError:
            return []
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        found = []
        for version, prefix in sorted(self._networks, reverse=True):
            if version == address.version:
                network = ipaddress.ip_network((int(address), prefix), strict=False)
                for rule in self._networks[version, prefix].get(int(network.network_address), ()):
                    if rule.is_in_force(now):
                        found.append(RuleMatch(rule, (str(network),)))
        return found

    def _met(self, text: str, now: datetime) -> list[tuple[Rule, Spans]]:
        """Return the rules on words and patterns that a text meets and where, less what a trusted term covers."""
        by_pattern = self._found_by_pattern(text, now)
        trusted = [span for rule, span in self._found(RuleAction.TRUST, text, now)]
        trusted += [span for rule, spans in by_pattern if rule.action is RuleAction.TRUST for span in spans]
        met: dict[UUID, tuple[Rule, list[tuple[int, int]]]] = {}
        for action in STRENGTH:
            for rule, span in self._found(action, text, now):
                met.setdefault(rule.id, (rule, []))[1].append(span)
        for rule, spans in by_pattern:
            if rule.action is not RuleAction.TRUST:
                met.setdefault(rule.id, (rule, []))[1].extend(spans)
        kept = [
            (rule, tuple(s for s in spans if not any(_covers(t, s) for t in trusted))) for rule, spans in met.values()
        ]
        return [(rule, spans) for rule, spans in kept if spans]

    def _found(self, action: RuleAction, text: str, now: datetime) -> list[tuple[Rule, tuple[int, int]]]:
        words, terms = self._words.get(action, (None, {}))
        found = [] if words is None else [(terms[match.term], match) for match in words.matches(text)]
        return [(rule, (match.start, match.end)) for rule, match in found if rule.is_in_force(now)]

    def _found_by_pattern(self, text: str, now: datetime) -> list[tuple[Rule, Spans]]:
        if self._search is None:
            return []
        found = dict(self._search(text))
        seen = as_read(text)
        if seen is not None and seen.text:
            for number, spans in self._search(seen.text).items():
                found.setdefault(number, tuple(seen.typed(start, end) for start, end in spans))
        return [(self._patterns[number], spans) for number, spans in sorted(found.items())
                if self._patterns[number].is_in_force(now)]  # fmt: skip

    def _of_host(self, host: str, now: datetime) -> list[Rule]:
        return [
            rule for domain in _parents_of(host) for rule in self._domains.get(domain, ()) if rule.is_in_force(now)
        ]  # fmt: skip


NO_RULES = RuleBook((), patterns=lambda patterns: lambda text: {})


def link_spans(body: str) -> list[tuple[str, tuple[int, int]]]:
    """Return every link in a text as a reader's browser has it, with its span as typed."""
    seen = as_read(body)
    if seen is None:
        return [(match[0], match.span()) for match in LINK.finditer(body)]
    return [(match[0], seen.typed(*match.span())) for match in LINK.finditer(seen.text)]


def links_of(body: str) -> list[tuple[str, tuple[int, int]]]:
    """Return the host of every link in a text, with the span of the link; what has no host is left out."""
    found = [(host_of(link), span) for link, span in link_spans(body)]
    return [(host, span) for host, span in found if host is not None]


def host_of(link: str) -> str | None:
    """Return the host of a link in the spelling of DNS, or None where it has none."""
    behind = link.partition("://")[2] if "://" in link else link
    authority = _AUTHORITY.match(behind)
    return ascii_host(authority[0].rpartition("@")[2].partition(":")[0]) if authority else None


def _parents_of(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 1)] or [host]


def _covers(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
