"""Characters as a reader counts them: a family of emoji is one, "é" is one however it is spelled (UAX #29)."""

from __future__ import annotations

from itertools import islice

import regex  # type: ignore[import-untyped]

_GRAPHEME = regex.compile(r"\X")
# `\X` looks back over the whole run of regional indicators at each of them, which takes a second for 16,000 flags.
# A pair of them, or a last one alone, breaks from its neighbours as any letter does, so a letter stands in for it.
_FLAG = regex.compile("[\U0001f1e6-\U0001f1ff]{1,2}")


def count_graphemes(text: str, *, stop_after: int) -> int:
    """Count user-perceived characters, exactly up to `stop_after`; where there are more, give `stop_after + 1`."""
    if text.isascii() and "\r" not in text:
        return min(len(text), stop_after + 1)
    return sum(1 for _ in islice(_GRAPHEME.finditer(_FLAG.sub("A", text)), stop_after + 1))
