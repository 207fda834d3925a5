"""What a submission goes through before anybody sees it: an ordered list of pure phases.

A phase takes the submission and the facts gathered beforehand and returns a signal or None; it reads nothing and waits
for nobody. The order of PHASES is the policy. All signals of a revision are stored with it and shown to the moderator
together; the first that rejects ends the screening, and then nothing is stored. An empty or too long text is refused
before, with all other faults of the form at once (`domain/writing.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.domain.screening.facts import Facts, Phase, Submission
from service.domain.screening.forms import (
    hold_honeypot,
    hold_newcomers_under_flood,
    hold_sent_too_fast,
    hold_while_redis_is_away,
    hold_wrong_form_token,
    note_proof_of_work,
)
from service.domain.screening.links import (
    has_links,
    hold_edit_that_adds_a_link,
    hold_link_shorteners,
    hold_many_links,
    hold_own_email,
)
from service.domain.screening.manner import (
    hold_near_duplicate,
    note_repetition,
    note_shouting,
    reject_exact_duplicate,
)
from service.domain.screening.rules import match_authors, match_domains, match_networks, match_words
from service.domain.screening.signals import (
    Signal,
    Verdict,
    may_be_published_at_once,
    rejection_among,
    status_asked_for,
    total_score,
)
from service.domain.screening.standing import (
    appealed_signal,
    flagged_signal,
    hold_by_policy,
    hold_edit_of_what_was_flagged,
    hold_reported_author,
    hold_while_opinions_are_overdue,
    note_first_time_author,
    reject_under_closed_article,
)

__all__ = [
    "FOUND_AGAIN",
    "PHASES",
    "Facts",
    "Phase",
    "Signal",
    "Submission",
    "Verdict",
    "appealed_signal",
    "flagged_signal",
    "has_links",
    "may_be_published_at_once",
    "rejection_among",
    "screen",
    "status_asked_for",
    "total_score",
]

PHASES: Sequence[Phase] = (
    # What is refused stops here, so it comes first.
    reject_under_closed_article,
    reject_exact_duplicate,
    # The site's own rules.
    match_words,
    match_domains,
    match_authors,
    match_networks,
    # What the form tells.
    hold_honeypot,
    hold_wrong_form_token,
    hold_sent_too_fast,
    note_proof_of_work,
    hold_while_redis_is_away,
    # What the text is like.
    hold_near_duplicate,
    hold_many_links,
    hold_link_shorteners,
    hold_own_email,
    hold_edit_that_adds_a_link,
    note_shouting,
    note_repetition,
    # Who writes.
    hold_edit_of_what_was_flagged,
    hold_reported_author,
    note_first_time_author,
    hold_newcomers_under_flood,
    # Who cannot be asked.
    hold_while_opinions_are_overdue,
    # And at last, whether the site reads everything first.
    hold_by_policy,
)

FOUND_AGAIN = frozenset(
    {
        "rule_word", "rule_pattern", "rule_domain", "rule_author", "near_duplicate", "many_links", "link_shortener",
        "own_email", "edit_adds_link", "shouting", "repetition", "reported_author", "first_time_author", "flood",
        "opinions_overdue", "policy",
    }
)  # fmt: skip
"""Signals of phases that can be asked again of a stored text. The others tell of the moment when it was sent, or were
found later by somebody else, and so does what is added and not named here: they hold it until a person has looked."""

FAILED = "screening_failed"
FAILED_SCORE = 1.0  # as much as a link too many: a person has to do the work of the phase


def screen(
    submission: Submission,
    facts: Facts,
    *,
    phases: Sequence[Phase] = PHASES,
    on_failure: Callable[[str, Exception], None] = lambda name, fault: None,
) -> tuple[Signal, ...]:
    """Return what the phases found, in their order, as far as the first that rejects; empty where none found anything.

    A phase that raises holds the text for a person: that is never an error for the sender, and never a free pass.
    `on_failure` is told the phase's name and what was raised.
    """
    found: list[Signal] = []
    for phase in phases:
        try:
            signals = phase(submission, facts)
        except Exception as fault:  # noqa: BLE001 - whatever went wrong, a person looks and nobody gets an error
            on_failure(phase.__name__, fault)
            detail = f"The check `{phase.__name__}` failed, so a person has to look; the service's log says why."
            signals = Signal(FAILED, Verdict.HOLD, FAILED_SCORE, detail)
        found += (signals,) if isinstance(signals, Signal) else signals or ()
        if found and found[-1].verdict is Verdict.REJECT:
            break
    return tuple(found)
