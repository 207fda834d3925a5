"""Whom a site trusts, and what trust changes: what looks suspicious is noted and no longer held."""

from __future__ import annotations

from service.domain.known_readers import ReaderTrust
from service.domain.rules import RuleAction
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal, Verdict


def author_is_trusted(submission: Submission, facts: Facts) -> bool:
    """True for an author at a proven address of whom enough has been approved here, or whom a rule trusts.

    A reader whom the site knows is one from the first reply on, where the site says so.
    """
    if facts.reader_trust is ReaderTrust.TRUSTED:
        return True
    enough = facts.author_is_proven and facts.author_approved >= facts.trusted_after
    return enough or is_trusted_by_rule(submission, facts)


def is_trusted_by_rule(submission: Submission, facts: Facts) -> bool:
    """True where a rule trusts the network, or the author at a proven address: anybody can type an address."""
    rules = facts.rules.of_network(submission.client_address, facts.now)
    if facts.author_is_proven:
        rules += facts.rules.of_author(
            submission.author_id, submission.email, submission.email_hashes, facts.now
        )  # fmt: skip
    return any(match.rule.action is RuleAction.TRUST for match in rules)


def held_unless_trusted(
    submission: Submission,
    facts: Facts,
    name: str,
    score: float,
    detail: str,
    spans: tuple[tuple[int, int], ...] = (),
) -> Signal:
    """Return a signal that holds, or one that only notes where a rule of the site trusts whoever sent the text."""
    if is_trusted_by_rule(submission, facts):
        return Signal(name, Verdict.NOTE, score, f"{detail} A rule of the site trusts the sender.", spans)
    return Signal(name, Verdict.HOLD, score, detail, spans)
