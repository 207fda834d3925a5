"""Lists of words and phrases, and where a text says them: whole words, however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.domain.folding import Word, readings_of, words_of


@dataclass(frozen=True)
class Match:
    """A term that a text says, and where, as offsets of characters in the text as typed."""

    term: str
    start: int
    end: int


_BETWEEN = "\n"
"""What stands between the words of a term in a key; no word has it."""


class WordList:
    """Terms of one or more words each, made once and asked for every text; 65,000 of them cost hardly more than ten.

    A term is found as a run of whole words with anything but words between them: `m e r d a` is found in `m.e.r.d.a`,
    not in `merda`; `bi` is not found in `biólogo`. A term of one word is also found spelt out (`s p a m`). In scripts
    that do not divide words a term is found anywhere.
    """

    # Texts, numbers and tuples of numbers alone: a tree of a hundred thousand small objects would be walked by every
    # full collection of garbage, and make a whole process slow.
    def __init__(self, terms: Iterable[str]) -> None:
        self._terms: dict[str, str] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        for term in terms:
            words = [word.text for word in words_of(term)]
            if words:
                self._terms.setdefault(_BETWEEN.join(words), term)
                known = self._lengths.get(words[0], ())
                if len(words) not in known:
                    self._lengths[words[0]] = tuple(sorted((*known, len(words)), reverse=True))

    def matches(self, text: str) -> list[Match]:
        """Return the terms that the text says, in their order; of those that begin at one word the longest."""
        words = words_of(text)
        found: dict[int, Match] = {}
        for place in range(len(words)):
            match = self._longest_from(words, place)
            if match is not None:
                found[place] = match
        for reading in readings_of(text, words):
            term = self._terms.get(reading.word.text)
            if term is not None and reading.first not in found:
                found[reading.first] = Match(term, reading.word.start, reading.word.end)
        return [found[place] for place in sorted(found)]

    def _longest_from(self, words: Sequence[Word], place: int) -> Match | None:
        for length in self._lengths.get(words[place].text, ()):
            last = place + length
            if last > len(words):
                continue
            term = self._terms.get(_BETWEEN.join([word.text for word in words[place:last]]))
            if term is not None:
                return Match(term, words[place].start, words[last - 1].end)
        return None
