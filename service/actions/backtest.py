"""A rule is tried on what was written before it is switched on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from uuid import UUID

from service.actions.limiting import client_keys
from service.actions.toolbox import tools
from service.adapters.patterns import searching
from service.domain.life import Status
from service.domain.rulebook import RuleBook, RuleMatch
from service.domain.rules import Rule, RuleAction, RuleKind
from service.domain.site import Site
from service.store import past, sites
from service.store.past import PastComment
from service.store.session import reading

MOST_CHECKED = 30_000  # comments: months of a busy site
MOST_SECONDS = 8.0  # a person waits for it, and a gateway in between gives up after thirty
MOST_EXAMPLES = 10
FEW = 500  # comments that a new rule is held against before it is switched on without a word
BROAD_FROM = 20  # comments below which a share says nothing
BROAD_SHARE = 0.5
ADDRESSES_TRIED = 256  # of a network whose comments are looked for by keyed hash: a /24, or a few subscribers of IPv6

_PLAIN_TEXTS = ("Thank you.", "Спасибо, очень интересно!", "なるほど、勉強になりました。", "I do not agree at all")
"""What people write everywhere; a pattern that meets all of these meets nearly everything."""


@dataclass(frozen=True)
class Example:
    """A comment that the rule would have met."""

    comment: PastComment
    said: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Backtest:
    """What a rule would have done to the latest comments of its site; `warning` is a sentence, or None.

    `is_broad` says that it meets nearly everything, which has to be confirmed.
    """

    checked: int
    matched: int
    later_approved: int
    examples: Sequence[Example]
    warning: str | None
    is_broad: bool


def backtest(rule: Rule, *, most: int = MOST_CHECKED, seconds: float = MOST_SECONDS) -> Backtest:
    """Return what the rule would have met among the latest comments, up to 30,000 or eight seconds' worth.

    Networks are known for thirty days and by keyed hash alone, so that a wide one cannot be tried; the warning says so.
    """
    checked = matched = approved = 0
    examples: list[Example] = []
    until = time.monotonic() + seconds
    with reading():
        site = sites.get_site(rule.site_id)
        trial = _Trial(rule, site)
        for comment in _latest(rule.site_id, most):
            # Before each, since a costly pattern takes a second for a long text, and a batch has hundreds.
            if checked and time.monotonic() > until:
                break
            checked += 1
            match = trial.met_by(comment)
            if match is None:
                continue
            matched += 1
            approved += comment.status is Status.APPROVED
            if len(examples) < MOST_EXAMPLES:
                examples.append(Example(comment, match.said, match.spans))
    is_broad = rule.action is not RuleAction.TRUST and (_is_most(checked, matched) or _meets_plain_texts(rule))
    warning = _warning(rule, checked, matched, approved, is_broad=is_broad)
    return Backtest(checked, matched, approved, examples, warning, is_broad)


def is_too_broad(rule: Rule) -> bool:
    """True where a rule would meet most of the latest comments, or a pattern most of what anybody writes."""
    return _meets_plain_texts(rule) or backtest(rule, most=FEW, seconds=1.0).is_broad


def _meets_plain_texts(rule: Rule) -> bool:
    if rule.kind is not RuleKind.PATTERN:
        return False
    search = searching(rule.terms)
    return all(search(text) for text in _PLAIN_TEXTS)


def _is_most(checked: int, matched: int) -> bool:
    return checked >= BROAD_FROM and matched >= BROAD_SHARE * checked


def _warning(rule: Rule, checked: int, matched: int, approved: int, *, is_broad: bool) -> str | None:
    if rule.kind is RuleKind.NETWORK and any(_addresses(term) is None for term in rule.terms):
        return (
            "Where comments came from is kept as a keyed hash for thirty days, so that a network wider than "
            f"{ADDRESSES_TRIED} addresses cannot be tried on the past."
        )
    if rule.action is RuleAction.TRUST:
        return None
    if is_broad and not _is_most(checked, matched):
        return f"It meets nearly everything that anybody writes, such as “{_PLAIN_TEXTS[0]}”"
    if is_broad:
        return f"It would meet {matched:,} of the last {checked:,} comments, which is most of what is written here."
    if matched >= BROAD_FROM and approved > matched / 2:
        return f"Of the {matched:,} comments it would have met, {approved:,} were approved: most were good ones."
    return None


def _latest(site_id: UUID, most: int) -> Iterator[PastComment]:
    before: UUID | None = None
    left = most
    while left > 0:
        batch = past.latest_comments(site_id, before=before, limit=min(past.BATCH, left))
        if not batch:
            return
        yield from batch
        before, left = batch[-1].id, left - len(batch)


class _Trial:
    """Finds the past comments that a rule would have met, whatever its action and however long it is to last."""

    def __init__(self, rule: Rule, site: Site) -> None:
        self._rule = rule
        self._site = site
        # What is trusted has no match of its own, so it is tried as if it were to be held.
        self._asked = replace(rule, action=RuleAction.HOLD, expires_at=None)
        self._book = RuleBook([self._asked], patterns=searching)
        self._clients = {
            key
            for term in rule.terms
            if rule.kind is RuleKind.NETWORK
            for address in _addresses(term) or ()
            for key in client_keys(site, address)
        }
        self._needs_addresses = rule.kind is RuleKind.AUTHOR and any(term.startswith("@") for term in rule.terms)

    def met_by(self, comment: PastComment) -> RuleMatch | None:
        kind, now = self._rule.kind, comment.created_at
        if kind in {RuleKind.WORD, RuleKind.PATTERN}:
            found = self._book.of_words(comment.body, comment.author_name, now)
        elif kind is RuleKind.DOMAIN:
            found = self._book.of_domains(comment.body, comment.author_url or "", now)
        elif kind is RuleKind.AUTHOR:
            email = ""
            # Of an author who was erased, or whose address was kept long enough, there is none.
            if self._needs_addresses and comment.email_sealed:
                email = tools().keyring.unseal(comment.email_sealed, context=self._site.id.bytes)
            found = self._book.of_author(comment.author_id, email, (comment.email_hash,), now)
        else:
            found = [RuleMatch(self._asked, ())] if comment.client_hash in self._clients else []
        return next(iter(found), None)


def _addresses(term: str) -> list[str] | None:
    """Return the addresses of a network as clients are known by, or None for more than can be tried."""
    network = ip_network(term)
    each = 1 if network.version == 4 else 1 << 64
    if network.num_addresses > ADDRESSES_TRIED * each:
        return None
    first = int(network.network_address)
    kind = type(network.network_address)
    return [str(kind(first + number * each)) for number in range(max(1, network.num_addresses // each))]
