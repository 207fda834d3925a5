"""Phases that carry out the rules of the site: every signal names its rule, the version, and the words it met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.domain.rulebook import RuleMatch
from service.domain.rules import RuleAction, RuleKind
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal, Verdict

MOST_SAID = 5  # words quoted in a sentence; all of them are marked in the text
LONGEST_SAID = 60  # characters of one of them: a pattern may meet a whole text
_VERDICTS = {RuleAction.HOLD: Verdict.HOLD, RuleAction.SPAM: Verdict.SPAM, RuleAction.REJECT: Verdict.REJECT}
_SCORES = {RuleAction.HOLD: 1.0, RuleAction.SPAM: 3.0, RuleAction.REJECT: 0.0}
_ASKED = {RuleAction.HOLD: "held", RuleAction.SPAM: "taken for spam", RuleAction.REJECT: "refused"}


def match_words(submission: Submission, facts: Facts) -> tuple[Signal, ...]:
    """Hold, refuse or call spam what has a listed word, phrase or pattern, in the text or in the name."""
    return _signals(facts.rules.of_words(submission.body, submission.name, facts.now))


def match_domains(submission: Submission, facts: Facts) -> tuple[Signal, ...]:
    """Hold, refuse or call spam what links to a listed domain, in the text or as the author's website."""
    return _signals(facts.rules.of_domains(submission.body, submission.website, facts.now))


def match_authors(submission: Submission, facts: Facts) -> tuple[Signal, ...]:
    """Hold, refuse or call spam what a listed author sends."""
    return _signals(facts.rules.of_author(submission.author_id, submission.email, submission.email_hashes, facts.now))


def match_networks(submission: Submission, facts: Facts) -> tuple[Signal, ...]:
    """Hold, refuse or call spam what comes from a listed network; of several the narrowest says what happens."""
    found = facts.rules.of_network(submission.client_address, facts.now)
    return _signals(found[:1])


def _signals(found: Iterable[RuleMatch]) -> tuple[Signal, ...]:
    asked = [match for match in found if match.rule.action is not RuleAction.TRUST]
    rejected = [match for match in asked if match.rule.action is RuleAction.REJECT]
    # The first that refuses stops everything, so nothing else is worth telling beside it.
    return tuple(_signal(match) for match in rejected[:1] or asked)


def _signal(match: RuleMatch) -> Signal:
    rule = match.rule
    return Signal(
        f"rule_{rule.kind.value}",
        _VERDICTS[rule.action],
        _SCORES[rule.action],
        _sentence(match),
        match.spans,
        rule.id,
        rule.version,
    )


def _sentence(match: RuleMatch) -> str:
    rule, asked = match.rule, _ASKED[match.rule.action]
    by = f"by the rule “{rule.note}”" if rule.note else "by a rule of the site"
    if rule.kind in {RuleKind.WORD, RuleKind.PATTERN, RuleKind.DOMAIN}:
        where = "The name has" if match.is_in_name else "The text has"
        if rule.kind is RuleKind.DOMAIN:
            where = "A link leads to" if match.spans else "The author’s website leads to"
        return f"{where} {_quoted(match.said)}, which {'is' if len(match.said) == 1 else 'are'} {asked} {by}."
    if rule.kind is RuleKind.AUTHOR:
        return f"What comes from this author ({match.said[0]}) is {asked} {by}."
    return f"What comes from the network {match.said[0]} is {asked} {by}."


def _quoted(said: Sequence[str]) -> str:
    quoted = [f"“{one if len(one) <= LONGEST_SAID else one[: LONGEST_SAID - 1] + '…'}”" for one in said[:MOST_SAID]]
    if len(said) > MOST_SAID:
        quoted.append(f"{len(said) - MOST_SAID} more")
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
