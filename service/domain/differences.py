"""What an edit changes, word by word, for a moderator who has read the approved text before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 4_000  # of both texts together; beyond that lines are compared, since the work grows with the square
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class ChangeKind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class TextChange:
    """A piece of text and what became of it."""

    kind: ChangeKind
    text: str


def differences(before: str, after: str) -> Sequence[TextChange]:
    """Return the pieces that both texts are made of, in order; without the added ones they are the earlier text."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        old, new = _LINES.findall(before), _LINES.findall(after)
    pieces: list[TextChange] = []
    # Without the heuristic for long texts, which takes frequent words, such as spaces, for noise.
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(TextChange(ChangeKind.SAME, "".join(old[old_start:old_end])))
            continue
        if old_start < old_end:
            pieces.append(TextChange(ChangeKind.REMOVED, "".join(old[old_start:old_end])))
        if new_start < new_end:
            pieces.append(TextChange(ChangeKind.ADDED, "".join(new[new_start:new_end])))
    return pieces
