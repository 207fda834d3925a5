"""What a screening phase finds, and what is asked for by all that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from service.domain.life import Status


class Verdict(StrEnum):
    """What a signal asks for, the strongest first."""

    REJECT = "reject"
    """It is not taken at all, and the sender is told why."""
    SPAM = "spam"
    """It never reaches the queue, and the sender is answered as anybody else."""
    HOLD = "hold"
    """A person has to look, whatever the site's policy."""
    NOTE = "note"
    """The moderator is told, and nothing else follows."""


@dataclass(frozen=True)
class Signal:
    """What one phase found: its name, what it asks for, how much it weighs, and the words that made it.

    `detail` is a sentence for moderators; `spans` are (start, end) character offsets into the revision's raw body.
    `rule_id` and `rule_version` name the rule of the site that asked for it, None where none did.
    """

    name: str
    verdict: Verdict
    score: float
    detail: str
    spans: tuple[tuple[int, int], ...] = ()
    rule_id: UUID | None = None
    rule_version: int | None = None


def rejection_among(signals: Sequence[Signal]) -> Signal | None:
    """Return the signal that refuses the text, or None; it is the last one, since nothing is looked at after it."""
    return next((signal for signal in signals if signal.verdict is Verdict.REJECT), None)


def may_be_published_at_once(signals: Sequence[Signal]) -> bool:
    """True where no signal asks for more than a note."""
    return all(signal.verdict is Verdict.NOTE for signal in signals)


def status_asked_for(signals: Sequence[Signal], *, is_published: bool) -> Status:
    """Return where a revision with these signals goes: approved, pending or spam.

    What readers see already is never taken down by an edit of it; such an edit waits for a person, as any other does.
    """
    if may_be_published_at_once(signals):
        return Status.APPROVED
    is_spam = any(signal.verdict is Verdict.SPAM for signal in signals)
    return Status.SPAM if is_spam and not is_published else Status.PENDING


def total_score(signals: Sequence[Signal]) -> float:
    """Return the weight of all signals together, by which the queue can be sorted."""
    return sum(signal.score for signal in signals)
