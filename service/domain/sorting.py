"""The orders in which lists can be asked for."""

from __future__ import annotations

from enum import StrEnum


class Sort(StrEnum):
    """The orders of top-level comments; replies below each always stand oldest first, as a conversation reads."""

    OLDEST = "oldest"
    NEWEST = "newest"
    TOP = "top"


class QueueSort(StrEnum):
    """By the time at which the revision under review arrived, or by the weight of its signals.

    `score` has the heaviest first, for whoever looks for trouble; `promising` the lightest, so that good replies are
    published while what is suspicious waits, and of equal ones the oldest.
    """

    OLDEST = "oldest"
    NEWEST = "newest"
    SCORE = "score"
    PROMISING = "promising"

    @classmethod
    def usual(cls, *, waits: bool, is_narrowed: bool) -> QueueSort:
        """Return the order of a list for which none is asked: what waits has the good ones first, the rest the oldest.

        What is looked for within the queue stands oldest first: whoever looks wants to find, not to choose.
        """
        return cls.PROMISING if waits and not is_narrowed else cls.OLDEST
