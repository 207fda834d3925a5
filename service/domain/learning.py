"""What a filter learns from, and what it tells moderators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.domain.life import POLICY, Action
from service.domain.screening import Signal, Verdict

LEARNED = "learned"
"""The name of the signal that a filter leaves on a revision."""

ALL_SITES = UUID(int=0)
"""In the place of a site's id: what was learned from the decisions of all sites of an installation."""

_TEACHES = {Action.APPROVE: False, Action.RESTORE: False, Action.SPAM: True}
"""Whether a decision says that a text is spam. A rejection says neither: what breaks the rules need not be advertising.
A deletion takes the words away that could be learned from."""


@dataclass(frozen=True)
class DecisionMade:
    """A decision as the log tells it, or the undoing of one."""

    action: Action
    revision: int
    actor_kind: str
    is_undo: bool = False


@dataclass(frozen=True)
class Lesson:
    """What a person said of a revision."""

    revision: int
    is_spam: bool


def lesson_of(made: Sequence[DecisionMade]) -> Lesson | None:
    """Return what the decisions on one comment teach, given in their order; None where none stands that teaches.

    The last one stands that nobody took back. What a site's policy published by itself nobody has looked at.
    """
    standing: list[DecisionMade] = []
    for decision in made:
        if not decision.is_undo:
            standing.append(decision)
        elif standing:
            standing.pop()
    if not standing or standing[-1].actor_kind == POLICY.kind or standing[-1].action not in _TEACHES:
        return None
    return Lesson(standing[-1].revision, _TEACHES[standing[-1].action])


MEASURED_AT = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Thresholds that are measured, so that nobody has to choose one blindly."""


@dataclass(frozen=True)
class Precision:
    """Of the decided comments whose score had reached the threshold, how many people took for spam."""

    threshold: float
    above: int
    spam: int

    @property
    def percent(self) -> str:
        """The share of spam, rounded down, so that 100% means all of them."""
        return f"{100 * self.spam // self.above}%" if self.above else ""


def precision_at(threshold: float, scored: Sequence[tuple[float, bool]]) -> Precision:
    """Measure a threshold on pairs of the score a comment had before it was decided, and whether it was spam."""
    above = [is_spam for score, is_spam in scored if score >= threshold]
    return Precision(threshold, len(above), sum(above))


def learned_signal(
    probability: float, *, decisions: int, from_all_sites: bool, spans: Sequence[tuple[int, int]]
) -> Signal:
    """Return the note that tells what a filter makes of a text, from how many decisions, and which words weighed most.

    It holds nothing up: it moves the comment in a queue that is ordered by score.
    """
    score = min(max(round(probability, 2), 0.01), 0.99)  # what a few decisions tell is never certain
    where = "on all sites of this installation" if from_all_sites else "here"
    times = "1 decision" if decisions == 1 else f"{decisions:,} decisions"
    return Signal(
        LEARNED,
        Verdict.NOTE,
        score,
        f"The filter takes it for spam with {score:.2f} of 1, having learned from {times} {where}.",
        tuple(spans),
    )
