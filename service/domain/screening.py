"""What a submission goes through before anybody sees it: an ordered list of pure phases.

A phase takes the submission and the facts gathered beforehand and returns a signal or None; it reads nothing and waits
for nobody. The order of PHASES is the policy. Every signal is stored with the revision and shown to the moderator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from service.domain.flags import FlagReason, counted_in_words
from service.domain.site import DEFAULT_TRUSTED_AFTER, Policy

MANY_LINKS = 3
"""Links in one comment from which on a person should look first; honest replies rarely cite more than two sources."""

FLAGGED_SCORE = 2.0
"""More than any screen: a person has said something is wrong, and everybody can see it meanwhile."""

LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>]*[^\s<>.,:;!?\"')\]}]", re.IGNORECASE)
"""A link as far as a reader would call it that: without the punctuation of the sentence it stands in."""


class Verdict(StrEnum):
    """What a signal asks for; `hold` keeps the revision in the queue, `note` only tells the moderator."""

    HOLD = "hold"
    NOTE = "note"


@dataclass(frozen=True)
class Signal:
    """What one phase found: its name, what it asks for, how much it weighs, and the words that made it.

    `detail` is a sentence for moderators; `spans` are (start, end) character offsets into the revision's raw body.
    """

    name: str
    verdict: Verdict
    score: float
    detail: str
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Submission:
    """What the author sent, cleaned; `is_edit` for a later revision. `email` is the address that is never published."""

    body: str
    is_edit: bool
    email: str = ""


@dataclass(frozen=True)
class Facts:
    """What the phases may know besides the text, gathered by the action in a bounded number of queries."""

    policy: Policy
    author_approved: int
    """Comments by this author on this site that are approved now."""
    author_is_proven: bool = False
    """Whether the author has shown that the address is theirs; nobody gains trust from a guessed one."""
    trusted_after: int = DEFAULT_TRUSTED_AFTER
    flags: Mapping[FlagReason, int] = field(default_factory=dict)
    """What readers say of the comment that is edited, where it is enough to call for a review."""


Phase = Callable[[Submission, Facts], Signal | None]


def hold_many_links(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text with three links or more, whatever the policy: most advertising has them."""
    links = tuple(match.span() for match in LINK.finditer(submission.body))
    if len(links) < MANY_LINKS:
        return None
    return Signal("many_links", Verdict.HOLD, 1.0, f"It has {len(links)} links; {MANY_LINKS} or more are held.", links)


def has_links(body: str) -> bool:
    """True where a text has at least one link, by which moderators can narrow the queue."""
    return LINK.search(body) is not None


def hold_own_email(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text that holds its author's own address, whatever the policy: a person decides whether that was meant."""
    if not submission.email:
        return None
    found = tuple(m.span() for m in re.finditer(re.escape(submission.email), submission.body, re.IGNORECASE))
    if not found:
        return None
    return Signal("own_email", Verdict.HOLD, 0.5, "It contains the author's own email address.", found)


def flagged_signal(flags: Mapping[FlagReason, int]) -> Signal:
    """Return what brings a published comment back to the queue: who says what of it, in numbers."""
    return Signal("flagged", Verdict.HOLD, FLAGGED_SCORE, counted_in_words(flags))


def hold_edit_of_what_was_flagged(submission: Submission, facts: Facts) -> Signal | None:
    """Hold an edit of what readers have flagged, whatever the policy: an author cannot edit a review away."""
    return flagged_signal(facts.flags) if facts.flags else None


def note_first_time_author(submission: Submission, facts: Facts) -> Signal | None:
    """Note that nothing by this author has been approved here yet."""
    if facts.author_approved:
        return None
    return Signal("first_time_author", Verdict.NOTE, 0.1, "Nothing by this author has been approved here yet.")


def hold_by_policy(submission: Submission, facts: Facts) -> Signal | None:
    """Hold everything where a person reads every reply and every edit; with `first`, those of authors without trust."""
    what = "edit" if submission.is_edit else "reply"
    if facts.policy is Policy.ALL:
        return Signal("policy", Verdict.HOLD, 0.0, f"The site holds every {what} until a person has approved it.")
    if facts.policy is Policy.FIRST and not author_is_trusted(facts):
        return Signal("policy", Verdict.HOLD, 0.0, _why_not_trusted(what, facts))
    return None


def author_is_trusted(facts: Facts) -> bool:
    """True for an author at a proven address of whom enough has been approved here."""
    return facts.author_is_proven and facts.author_approved >= facts.trusted_after


def _why_not_trusted(what: str, facts: Facts) -> str:
    held = f"The site holds every {what} until its author"
    if not facts.author_is_proven:
        return f"{held} has proven the address and has {facts.trusted_after} approved; the address is not proven."
    return f"{held} has {facts.trusted_after} approved; this one has {facts.author_approved}."


PHASES: Sequence[Phase] = (
    hold_many_links,
    hold_own_email,
    hold_edit_of_what_was_flagged,
    note_first_time_author,
    hold_by_policy,
)


def screen(submission: Submission, facts: Facts) -> tuple[Signal, ...]:
    """Return what the phases found, in their order; an empty tuple where none had anything to say."""
    return tuple(signal for phase in PHASES if (signal := phase(submission, facts)) is not None)


def may_be_published_at_once(signals: Sequence[Signal]) -> bool:
    """True where no signal asks for a hold."""
    return all(signal.verdict is not Verdict.HOLD for signal in signals)


def total_score(signals: Sequence[Signal]) -> float:
    """Return the weight of all signals together, by which the queue can be sorted."""
    return sum(signal.score for signal in signals)
