"""How two texts are known to be nearly the same without being kept beside each other: a sketch of five numbers.

The words of a text are taken in runs of three, every run is hashed, and the least hash of each fifth of all hashes is
kept: one permutation hashing (Li, Owen and Zhang 2012), a kind of MinHash (Broder 1997). Of two texts that share a
part p of their runs each number is the same with probability p, so three of five are a good sign. Two of three find as
many copies, but people who share no more than a turn of phrase ("one of the best") meet by chance four times as often.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from service.domain.folding import words_of
from service.domain.rulebook import LINK

NUMBERS = 5
ENOUGH_ALIKE = 3  # numbers of five that two texts share, to be called nearly the same
RUN = 3  # words
FEWEST_WORDS = 10  # below that, people say the same without having copied it: "Great article, thank you very much!"
MOST_WORDS = 400  # the beginning of a long text tells as much, and this keeps the work bounded

WORD = 12  # what a word weighs, so that a half, a third and a quarter of one are whole numbers
_LESS_THAN_A_WORD = (
    (re.compile("[\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"), WORD // 2),  # ideographs
    (re.compile("[\u3040-\u30ff\u31f0-\u31ff]"), WORD // 3),  # kana
    (re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), WORD // 4),  # Thai, Lao, Burmese, Khmer
)
"""Where words are not spaced each character stands for one (domain/folding.py), but says less than a word does: three
ideographs are a hotel's surroundings, and everybody who was there writes of them."""

_QUOTED = re.compile(r"^ {0,3}>.*$", re.MULTILINE)
"""A line of somebody else's text, as Markdown and mail quote it."""


def sketch(text: str) -> tuple[int, ...]:
    """Return up to five numbers of 64 bits with sign for a text, or none for one too short to tell anything by.

    Links and digits do not count: what is sent to a thousand sites differs in these. Nor do lines quoted from another
    text, unless nothing else is written: whoever answers a comment in its own words is no copy of it.
    """
    words = _words(_QUOTED.sub(" ", text)) or _words(text)
    weights = [WORD if len(word) > 1 or word.isascii() else _weight(word) for word in words]
    if sum(weights) < FEWEST_WORDS * WORD:
        return ()
    runs = [" ".join(run).encode("utf-8", "surrogatepass") for run in _runs(words, weights)]
    digests = b"".join([blake2b(run, digest_size=8).digest() for run in runs])
    least: dict[int, int] = {}
    for number in sorted(struct.unpack(f">{len(runs)}q", digests)):
        least.setdefault(number % NUMBERS, number)
    return tuple(least[part] for part in sorted(least))


def _words(text: str) -> list[str]:
    return [word for word, _, _ in words_of(LINK.sub(" ", text)) if not word.isdigit()][:MOST_WORDS]


def _runs(words: Sequence[str], weights: Sequence[int]) -> Iterator[Sequence[str]]:
    """Yield from each word on as many as weigh three words together, as long as there are so many."""
    if weights.count(WORD) == len(weights):
        yield from zip(words, words[1:], words[2:], strict=False)
        return
    after = weight = 0
    for first in range(len(words)):
        while weight < RUN * WORD:
            if after == len(words):
                return
            weight += weights[after]
            after += 1
        yield words[first:after]
        weight -= weights[first]


def _weight(word: str) -> int:
    """Return what one character counts that may stand for a word."""
    if "\u4e00" <= word <= "\u9fff":  # nearly every ideograph that is written; a look at one costs less than a search
        return WORD // 2
    return next((weight for script, weight in _LESS_THAN_A_WORD if script.match(word)), WORD)
