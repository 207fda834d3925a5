"""Patterns that people write, run by RE2: in time linear to the text, whatever the pattern.

The syntax is https://github.com/google/re2/wiki/Syntax: no look-around and no back-references, for the sake of that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import re2

from service.domain.rulebook import PatternSearch, Spans

MOST_MEMORY = 4 << 20  # octets for the automata of one pattern; one that needs more to be written down is refused
MOST_SPANS = 20  # matches of one pattern in one text that are shown; nobody reads more
MOST_LOOKS = 2 * MOST_SPANS  # matches of one pattern in one text that are looked at, empty ones among them
_PROBES = ("", "a", "a b", " ", "!!")
"""Texts in which a pattern that can do without any character has a place to do so: the ends, bounds of words, signs."""

_LONG_TEXTS = (
    "Well, I said 42 times: nobody_at all would pay $5 for it! " * 40,
    "the quick brown foxes, jumped. " * 75,
    "a" * 2_000,
)
_LOOKED_AT = (100, 400, 2_000)  # characters of them, one after the other, so that not even the trial takes long
MOST_SECONDS = 0.05  # of a processor for one of these; an ordinary pattern takes a thousandth of that

_FAULTS = {
    "missing )": "a round bracket is opened and never closed",
    "unexpected )": "a round bracket is closed that was never opened",
    "missing ]": "a square bracket is opened and never closed",
    "trailing \\": "it ends with a backslash that stands before nothing",
    "invalid perl operator": "such a group does not exist here; there is no looking ahead or behind",
    "invalid escape sequence": "such a backslash means nothing here; there are no back-references",
    "no argument for repetition operator": "there is nothing before it to repeat",
    "bad repetition operator": "repetitions cannot follow each other",
    "invalid repetition size": "repetitions are written as the less and the more, up to 1000",
    "invalid character class range": "there is no such range or class of characters",
}
"""What RE2 calls the faults that people make, and what is wrong in words."""
_FAULTS_WITHOUT_PART = {"missing )", "unexpected )"}
"""Faults of which RE2 names the whole pattern, or what the words say already."""


def what_is_wrong_with(pattern: str) -> str | None:
    """Return why RE2 cannot run a pattern and which part of it, in words for people, or None where it can."""
    try:
        compiled = re2.compile(pattern, options=_options())
    except re2.error as fault:
        said = fault.args[0]
        return _in_words(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))
    # At every place of a text it would begin anew, look as far as it can, and find nothing: minutes for a long one.
    if any(not match.group() for probe in _PROBES for match in compiled.finditer(probe)):
        return "all of it may be left out, so it would meet every text; is there a `|`, `?` or `*` too many"
    # Linear in the text all the same, but repetitions within repetitions multiply what is done for each character.
    trials = (text[:length] for length in _LOOKED_AT for text in _LONG_TEXTS)
    if any(_seconds_for(compiled, text) > MOST_SECONDS for text in trials):
        return "it takes too long to look for; repetitions within repetitions, such as `(a{0,30}){0,30}`, multiply"
    return None


def _seconds_for(compiled: Any, text: str) -> float:
    began = time.thread_time()
    for _ in islice(compiled.finditer(text), MOST_LOOKS):
        pass
    return time.thread_time() - began


def _in_words(said: str) -> str:
    """Return what is wrong as a clause of a sentence; a fault that is not listed keeps the words of RE2."""
    kind, _, part = said.partition(": ")
    words = _FAULTS.get(kind)
    if words is None:
        return said
    return f"{words} (`{part}`)" if part and kind not in _FAULTS_WITHOUT_PART else words


def searching(patterns: Sequence[str]) -> PatternSearch:
    """Return what finds each of several patterns in a text; a pattern that cannot be run raises re2.error here.

    One search costs about two microseconds. The set of RE2 that looks for all at once is far faster, but finds nothing
    where its memory does not suffice, without a word, and a rule is not to fail so.
    """
    compiled = [re2.compile(pattern, options=_options()) for pattern in patterns]

    def search(text: str) -> Mapping[int, Spans]:
        found = {}
        for number, pattern in enumerate(compiled):
            if pattern.search(text) is None:
                continue
            looks = islice(pattern.finditer(text), MOST_LOOKS)
            if spans := tuple(match.span() for match in looks if match.group())[:MOST_SPANS]:
                found[number] = spans
        return found

    return search


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    return options
