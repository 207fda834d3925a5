"""A filter that learns from decisions: logistic regression on hashed pieces of words, fitted by scikit-learn.

What a filter knows is a function of the lessons it was fitted on, and of nothing else: neither their order in time nor
what was learned and taken back meanwhile. So a decision is unlearned by fitting again without it, exactly, and a worker
that died, or a second one, comes to the same filter. A fit on a full window takes tens of milliseconds; what costs is
cutting a text into pieces, once for each lesson.

Only the worker imports this module: scikit-learn takes a second and some 100 MB that no web process should pay.
"""

from __future__ import annotations

import json
import math
import re
import struct
import unicodedata
import zlib
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

VERSION = 1
"""Of the pieces and of the blob: a filter that was stored under another version is fitted anew from the decisions."""

HASHED_TO = 2**18
"""Weights of a filter. Two thousand comments have some 150,000 different pieces; twice as many weights change nothing
that could be measured."""
WINDOW = 2_000
"""Lessons that are kept, the newest ones: what advertisers write changes within months, and a fit has to stay short."""
READ_AT_START, READ_AT_END = 1_000, 500
"""Characters of a text that are looked at: advertising shows at one of its ends, and no score may take long."""

PASSES = 20  # over all lessons in one fit; ten are too few where there are only some dozens
SHRINKING = 3e-4  # how strongly weights are drawn to zero; from 1e-4 to 1e-3 the figures of `benchmarks.spam` are alike
PIECES = (2, 5)  # characters of the shortest and of the longest piece of a word
LONGEST_WORD = 40  # characters of a word that are cut into pieces; of an address that is its host and more

WEIGHT_OF = {"piece": 1.0, "word": 1.0, "pair": 0.5, "triple": 0.4, "shape": 0.5, "name": 0.4}
"""How long the part of a text's vector is that each kind of feature makes up together, however many there are of it."""

CHUNK = re.compile(r"\S+")
WORD = re.compile(r"\w+")
ADDRESS = re.compile(r"https?:|www\.|\b[\w-]{2,}\.[a-z]{2,6}\b")

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Weighed:
    """A stretch of a text, as character offsets into what was typed, and how much it spoke for spam."""

    start: int
    end: int
    weight: float


class SpamFilter:
    """What was learned from some decisions: weights for the pieces of texts, and their sum for one text."""

    def __init__(self, weights: Weights, intercept: float, *, spam: int, honest: int) -> None:
        self._weights = weights
        self._intercept = intercept
        self.spam = spam
        self.honest = honest

    @property
    def decisions(self) -> int:
        """How many decisions it was fitted on."""
        return self.spam + self.honest

    @property
    def knows_enough(self) -> bool:
        """True where it has seen one decision of each kind; before that its scores would say nothing."""
        return self.spam > 0 and self.honest > 0

    def score(self, text: str, name: str) -> float:
        """Return how probable spam is, between 0 and 1, for what an author of this name wrote."""
        row = _row(text, name)
        margin = float(self._weights[row.indices] @ row.data) + self._intercept
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, margin))))

    def explain(self, text: str, name: str, *, most: int = 5) -> list[Weighed]:
        """Return the stretches of the text that spoke most for spam, in the order of the text; none for an honest one.

        What a piece of a word weighs is spread over its characters. Whole words are shown, neighbours as one.
        """
        read, places = _folded(text)
        found = list(_occurrences(read))
        if not found:
            return []
        each = {feature: number for number, feature in enumerate(dict.fromkeys(f for f, _, _ in found))}
        hashed = _HASHER.transform([[(feature, 1.0)] for feature in each])
        weighs = self._weights[hashed.indices] * hashed.data
        times = np.zeros(len(each))
        for feature, _, _ in found:
            times[each[feature]] += 1
        share = _shares(each)
        along = np.zeros(len(read) + 1)
        for feature, start, end in found:
            number = each[feature]
            part = weighs[number] * share[feature] / times[number] / (end - start)
            along[start:end] += part
        words = [
            (chunk.start(), chunk.end(), float(along[chunk.start() : chunk.end()].sum()))
            for chunk in CHUNK.finditer(read)
        ]
        heaviest = sorted((word for word in words if word[2] > 0), key=lambda word: -word[2])[:most]
        return [
            Weighed(places[start], places[end - 1] + 1, round(weight, 4))
            for start, end, weight in _joined(sorted(heaviest), words)
        ]

    def dumps(self) -> bytes:
        """Return it as some 100 KB that `loads` reads again; scores differ in the fourth digit at most."""
        head = json.dumps({"intercept": self._intercept, "spam": self.spam, "honest": self.honest}).encode()
        packed = zlib.compress(self._weights.astype(np.float16).tobytes(), 1)
        return struct.pack("<HH", VERSION, len(head)) + head + packed

    @classmethod
    def loads(cls, blob: bytes) -> SpamFilter | None:
        """Return what `dumps` wrote, or None where another version of this module did."""
        version, length = struct.unpack_from("<HH", blob)
        if version != VERSION:
            return None
        head = json.loads(blob[4 : 4 + length])
        weights = np.frombuffer(zlib.decompress(blob[4 + length :]), dtype=np.float16).astype(np.float32)
        return cls(weights, head["intercept"], spam=head["spam"], honest=head["honest"])


class Lessons:
    """The decisions a filter is fitted on, each under a key; beyond the window the oldest ones go."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._kept: OrderedDict[Hashable, tuple[csr_matrix, bool]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def learn(self, key: Hashable, text: str, name: str, *, is_spam: bool) -> None:
        """Keep a decision as the newest one; a second one under the same key replaces the first."""
        self._kept.pop(key, None)
        self._kept[key] = (_row(text, name), is_spam)
        while len(self._kept) > self._window:
            self._kept.popitem(last=False)

    def unlearn(self, key: Hashable) -> None:
        """Forget a decision; the next fit is what it would be, had it never been made."""
        self._kept.pop(key, None)

    def fit(self, prior: SpamFilter | None = None) -> SpamFilter:
        """Return the filter of these decisions, which starts from the prior and leaves it behind as they grow.

        After about twenty decisions half of the prior is left, after two hundred a tenth.
        """
        answers = [is_spam for _, is_spam in self._kept.values()]
        # An empty text of each kind, so that a fit is possible from the first decision on.
        rows = [*(row for row, _ in self._kept.values()), csr_matrix((2, HASHED_TO))]
        model = SGDClassifier(loss="log_loss", alpha=SHRINKING, max_iter=PASSES, tol=None, random_state=0, shuffle=True)
        start: dict[str, Any] = {}
        if prior is not None:
            start = {"coef_init": prior._weights.astype(np.float64), "intercept_init": prior._intercept}
        model.fit(vstack(rows, format="csr"), np.array([*answers, False, True]), **start)
        return SpamFilter(
            model.coef_[0].astype(np.float32),
            float(model.intercept_[0]),
            spam=sum(answers),
            honest=len(answers) - sum(answers),
        )


def _row(text: str, name: str) -> csr_matrix:
    return _HASHER.transform([_features(text, name)])


_HASHER = FeatureHasher(n_features=HASHED_TO, input_type="pair")


def _features(text: str, name: str) -> list[tuple[str, float]]:
    read, _ = _folded(text)
    # Each once: that something is said ten times is told by the shape.
    said = dict.fromkeys(feature for feature, _, _ in _occurrences(read))
    return list(_shares([*said, *_shape(text, read), *_pieces_of_name(name)]).items())


def _shares(features: Iterable[str]) -> dict[str, float]:
    """Return what each feature counts: its kind's weight, divided so that the length of the kind's part is that."""
    by_kind: dict[str, list[str]] = {}
    for feature in features:
        by_kind.setdefault(feature.partition(":")[0], []).append(feature)
    return {feature: WEIGHT_OF[kind] / math.sqrt(len(alike)) for kind, alike in by_kind.items() for feature in alike}


def _occurrences(read: str) -> Iterator[tuple[str, int, int]]:
    """Yield every piece of a word, word, pair and triple of a folded text, with its place in it."""
    for chunk in CHUNK.finditer(read):
        begin = chunk.start()
        for piece, start, end in _pieces_of(chunk.group()[:LONGEST_WORD]):
            yield piece, begin + start, begin + end
    words = [(match.group()[:LONGEST_WORD], match.start(), match.end()) for match in WORD.finditer(read)]
    for number, (word, start, end) in enumerate(words):
        yield f"word:{word}", start, end
        if number >= 1:
            yield f"pair:{words[number - 1][0]} {word}", words[number - 1][1], end
        if number >= 2:
            yield f"triple:{words[number - 2][0]} {words[number - 1][0]} {word}", words[number - 2][1], end


@lru_cache(maxsize=16_384)
def _pieces_of(word: str) -> Sequence[tuple[str, int, int]]:
    """Return the pieces of a word with their places in it; most words of a text have been seen before."""
    shortest, longest = PIECES
    # The blanks tell the beginning and the end of a word from its middle.
    bounded = f" {word} "
    if len(bounded) <= longest:
        longest = len(bounded)
    return [
        (f"piece:{bounded[at : at + size]}", max(at - 1, 0), min(at + size - 1, len(word)))
        for size in range(shortest, longest + 1)
        for at in range(len(bounded) - size + 1)
    ]


def _shape(text: str, read: str) -> Iterator[str]:
    """Yield what a person sees before reading: addresses, shouting, length, digits, exclamations, repetition."""
    seen = text[:READ_AT_START]
    words = WORD.findall(read)
    letters = sum(map(str.isalpha, seen))
    loud = sum(map(str.isupper, seen))
    yield f"shape:addresses {min(len(ADDRESS.findall(read)), 3)}"
    yield f"shape:loud {int(4 * loud / letters) if letters >= 8 else 'short'}"
    yield f"shape:length {min(len(words).bit_length(), 8)}"
    yield f"shape:digits {min(sum(map(str.isdigit, seen)), 6) // 2}"
    yield f"shape:exclamations {min(seen.count('!'), 3)}"
    yield f"shape:different {int(4 * len(set(words)) / len(words)) if words else 'none'}"


def _pieces_of_name(name: str) -> list[str]:
    read, _ = _folded(name)
    return list(dict.fromkeys(f"name:{read[at : at + 4]}" for at in range(max(len(read) - 3, 1)))) if read else []


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return what is read of a text, as searches fold it, and where in the text each character of it stands.

    Letters that only look different (ＦＲＥＥ) become the plain ones, and what cannot be seen is left out, since both
    are typed to get past filters.
    """
    places: Sequence[int] = range(len(text))
    if len(text) > READ_AT_START + READ_AT_END:
        places = [*places[:READ_AT_START], *places[-READ_AT_END:]]
        text = text[:READ_AT_START] + text[-READ_AT_END:]
    if text.isascii():
        return text.lower(), places
    plain = [(_plain(character), place) for character, place in zip(text, places, strict=True)]
    return "".join(c for c, _ in plain), [place for c, place in plain for _ in c]


@lru_cache(maxsize=4_096)
def _plain(character: str) -> str:
    if unicodedata.category(character) in {"Cf", "Mn"}:
        return ""
    return unicodedata.normalize("NFKC", character).lower()


def _joined(
    heavy: Sequence[tuple[int, int, float]], words: Sequence[tuple[int, int, float]]
) -> Iterator[tuple[int, int, float]]:
    """Yield the heavy words in their order, those that follow each other directly as one stretch."""
    after = {word[0]: following[0] for word, following in pairwise(words)}
    stretch: tuple[int, int, float] | None = None
    expected: int | None = None
    for start, end, weight in heavy:
        if stretch is not None and start == expected:
            stretch = (stretch[0], end, stretch[2] + weight)
        else:
            if stretch is not None:
                yield stretch
            stretch = (start, end, weight)
        expected = after.get(start)
    if stretch is not None:
        yield stretch
