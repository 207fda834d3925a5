"""Lists of words and phrases, and where a text says them: whole words, however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from service.domain.folding import Word, readings_of, words_of


@dataclass(frozen=True)
class Match:
    """A term that a text says, and where, as offsets of characters in the text as typed."""

    term: str
    start: int
    end: int


@dataclass
class _Node:
    """What may follow the words so far, and the term that they are where one ends here."""

    after: dict[str, _Node] = field(default_factory=dict)
    term: str | None = None


class WordList:
    """Terms of one or more words each, made once and asked for every text; 65,000 of them cost no more than ten.

    A term is found as a run of whole words with anything but words between them: `m e r d a` is found in `m.e.r.d.a`,
    not in `merda`; `bi` is not found in `biólogo`. A term of one word is also found spelt out (`s p a m`). In scripts
    that do not divide words a term is found anywhere.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self._first = _Node()
        self._longest = 0
        for term in terms:
            words = [word.text for word in words_of(term)]
            node = self._first
            for word in words:
                node = node.after.setdefault(word, _Node())
            if words:
                node.term = node.term or term
                self._longest = max(self._longest, len(words))

    def matches(self, text: str) -> list[Match]:
        """Return the terms that the text says, in their order; of those that begin at one word the longest."""
        words = words_of(text)
        found: dict[int, Match] = {}
        for place in range(len(words)):
            match = self._longest_from(words, place)
            if match is not None:
                found[place] = match
        for reading in readings_of(text, words):
            node = self._first.after.get(reading.word.text)
            if node is not None and node.term is not None and reading.first not in found:
                found[reading.first] = Match(node.term, reading.word.start, reading.word.end)
        return [found[place] for place in sorted(found)]

    def _longest_from(self, words: Sequence[Word], place: int) -> Match | None:
        node, match = self._first, None
        for word in words[place : place + self._longest]:
            following = node.after.get(word.text)
            if following is None:
                break
            node = following
            if node.term is not None:
                match = Match(node.term, words[place].start, word.end)
        return match
