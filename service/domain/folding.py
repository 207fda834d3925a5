"""Texts as lists of words are compared with them: what people mean, in spite of how it is written.

A text is folded into words: case, width and style of letters do not matter, invisible characters are gone, and letters
that only look like others are taken for what they look like. Accents matter: `café` is not `cafe`. Every word knows
where it stands in the text as it was typed, so that a match can be marked there.

The forms are those of Unicode: NFKC and case folding (UAX #15), and a few of the confusables of UTS #39.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from service.domain.as_read import as_read

# Of the letters that UTS #39 lists as confusable, those that people use to write Latin words past a list.
_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝвкмнтгпьӏ", "aeopcyxijshdqwbkmhtrnbl", strict=True))
_GREEK = dict(zip("αορυιντκχεηγω", "aopuivtkxenyw", strict=True))
_LATIN = {"ı": "i", "ɡ": "g", "ɑ": "a"}
# Styles that Unicode does not know as such: small capitals, and white letters in black circles and squares.
_LATIN |= dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_LATIN |= {chr(first + place): chr(97 + place) for first in (0x1F150, 0x1F170) for place in range(26)}
_LOOKS_LIKE = str.maketrans(_CYRILLIC | _GREEK)
_LOOKS_CYRILLIC = str.maketrans("aeopcyxijskmnrthb034", "аеорсухіјѕкмпгтнвозч")
"""The other way round, for words that are Cyrillic but for some letters, as `xyй` is."""
_FOREIGN_TO_CYRILLIC = re.compile("[a-zA-Z034]")
_LETTERS_OF = {"cyrillic": re.compile(r"[\u0400-\u052f]"), "greek": re.compile(r"[\u0370-\u03ff]")}
_MAPPED_OF = {"cyrillic": frozenset(_CYRILLIC), "greek": frozenset(_GREEK)}
_SIGNS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e"})

_DIGITS = frozenset("013457")

# Signs that are written or left out as one likes, and say nothing: the stretcher and the vowels of Arabic, the points
# of Hebrew, and the lines through and about letters that make them look struck out.
_ARABIC = [0x640, *range(0x610, 0x61B), *range(0x64B, 0x653), 0x670, *range(0x6D6, 0x6DD)]
_HEBREW = range(0x591, 0x5C8)
_LINES = [0x305, 0x332, 0x333, *range(0x334, 0x339), 0x33F]
_LEFT_OUT = dict.fromkeys([*_ARABIC, *_HEBREW, *_LINES])

_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in {"Mn", "Mc"})
# Written without spaces between words: each character stands as a word of its own, and a term is a run of them.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED += "\uf900-\ufaff\U00020000-\U0003ffff"
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_][{_MARKS}]*)+")
_ASCII_WORD = re.compile("[a-z0-9]+")
_SIGN_AMID = re.compile(r"[@$€*~`\\]{1,4}")
"""What is read as a letter within a word, and what Markdown has for letters in another style and does not show."""
_HAS_SIGNS = re.compile(r"[^\W_][@$€*~`\\]{1,4}[^\W_]|[@$€][^\W_]|[^\W_][@$€]")
_SIGNS_BEFORE = re.compile(r"[@$€]{1,3}\Z")
_SIGNS_BEHIND = re.compile(r"[@$€]{1,3}")
_SIGNS_AROUND = frozenset("@$€")
_SIGNS_AMID = frozenset("@$€*~`\\")
_CLUSTER = re.compile(
    rf"(?s).[{_MARKS}\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]*"
)
# What folds to one character each, by its lower case alone: ASCII, the commonest letters with accents, Russian, Chinese
# and kana, and the punctuation that stands beside them. Most texts have nothing else, and are folded ten times as fast.
_IS_PLAIN = re.compile(
    "[\x00-\x7f\u00a1\u00ab\u00bb\u00bf\u00c0-\u00de\u00e0-\u012f\u0401\u0410-\u044f\u0451"
    "\u2010\u2013\u2014\u2018-\u201f\u3001\u3002\u300c\u300d\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*"
)
SPELT_OUT = 3
"""Single letters one after the other from which on they are also read as one word, as in `s p a m`."""

_SAID_ALONE = frozenset("aeiouyàèéóавиксуоя")
"""Letters that are words by themselves, and stand before others without belonging to them."""

LATELY_FOLDED = 16  # texts whose words are kept: several phases ask for those of the same one


class Word(NamedTuple):
    """A folded word, and where it stands in the text as typed, as offsets of characters."""

    text: str
    start: int
    end: int


class Reading(NamedTuple):
    """Another way to read some of the words: those from `first` to before `after` are one."""

    first: int
    after: int
    word: Word


@lru_cache(maxsize=LATELY_FOLDED)
def words_of(text: str) -> tuple[Word, ...]:
    """Return the folded words of a text in their order; a text without letters and digits has none."""
    seen = as_read(text)
    if seen is not None:
        return tuple(Word(word.text, *seen.typed(word.start, word.end)) for word in _words_of(seen.text))
    return _words_of(text)


def _words_of(text: str) -> tuple[Word, ...]:
    if text.isascii():
        words = [Word(match[0], *match.span()) for match in _ASCII_WORD.finditer(text.lower())]
        if _DIGITS.isdisjoint(text):
            return tuple(words)
    elif _IS_PLAIN.fullmatch(text):
        words = _seen_as_latin(text.lower(), _as_they_stand(text.lower()))
    else:
        folded, starts, ends = _folded(text)
        words = [Word(m[0], starts[m.start()], ends[m.end() - 1]) for m in _WORD.finditer(folded)]
        words = _seen_as_latin(folded, words)
    return tuple(_with_signs_read(word) for word in words)


def _as_they_stand(folded: str) -> list[Word]:
    return [Word(match[0], match.start(), match.end()) for match in _WORD.finditer(folded)]


def readings_of(text: str, words: Sequence[Word]) -> Iterator[Reading]:
    """Yield what else the words of a text can be read as.

    Letters spelt out as in `s p a m`, signs as in `sp@m` and `$pam`, letters in another style as in `sp**am**`, and
    Cyrillic words with Latin letters among them.
    """
    yield from _spelt_out(text, words)
    if _HAS_SIGNS.search(text):
        yield from _with_signs_among(text, words)
    if not text.isascii() and _LETTERS_OF["cyrillic"].search(text):
        yield from _seen_as_cyrillic(text, words)


def _spelt_out(text: str, words: Sequence[Word]) -> Iterator[Reading]:
    first = 0
    for place in range(len(words) + 1):
        if place < len(words) and _is_letter(words[place].text):
            continue
        if place - first >= SPELT_OUT:
            for begin, after in _letters_together(text, words, first, place):
                yield _reading(words, begin, after, "".join(word.text for word in words[begin:after]))
        first = place + 1


def _letters_together(text: str, words: Sequence[Word], first: int, after: int) -> Iterator[tuple[int, int]]:
    """Yield which of these letters may be one word: all, those with the same between them, and less an `I` before.

    So `a m.e.r.d.a` and `f u c k  y o u` have the words that people see in them.
    """
    runs = {(first, after): None}
    between = [text[words[place].end : words[place + 1].start] for place in range(first, after - 1)]
    begin = first
    for alike in (len(list(run)) for _, run in groupby(between)):
        runs[begin, begin + alike + 1] = None
        begin += alike
    for begin, end in runs:
        for start in (begin, begin + 1) if words[begin].text in _SAID_ALONE else (begin,):
            if end - start >= SPELT_OUT:
                yield start, end


def _with_signs_among(text: str, words: Sequence[Word]) -> Iterator[Reading]:
    first = 0
    for place in range(1, len(words) + 1):
        end = words[place - 1].end
        if place < len(words) and text[end] in _SIGNS_AMID and _SIGN_AMID.fullmatch(text[end : words[place].start]):
            continue
        start = words[first].start
        # Most words have no sign at all beside them, and looking closer takes longer than the rest.
        if place - first == 1 and _SIGNS_AROUND.isdisjoint((text[start - 1 : start], text[end : end + 1])):
            first = place
            continue
        letters = words[first].text
        for before, word in pairwise(words[first:place]):
            letters += _letters_of_signs(text[before.end : word.start]) + word.text
        if place - first > 1:
            yield _reading(words, first, place, letters)
        left, right = _SIGNS_BEFORE.search(text, max(0, start - 3), start), _SIGNS_BEHIND.match(text, end)
        if left or right:
            letters = (_letters_of_signs(left[0]) if left else "") + letters
            letters += _letters_of_signs(right[0]) if right else ""
            word = Word(letters, left.start() if left else start, right.end() if right else end)
            yield Reading(first, place, word)
        first = place


def _letters_of_signs(signs: str) -> str:
    return "".join(letter for letter in signs.translate(_SIGNS) if letter.isalpha())


def _seen_as_cyrillic(text: str, words: Sequence[Word]) -> Iterator[Reading]:
    for place, word in enumerate(words):
        said = text[word.start : word.end]
        if _LETTERS_OF["cyrillic"].search(said) and _FOREIGN_TO_CYRILLIC.search(said):
            folded = _folded(said)[0].translate(_LOOKS_CYRILLIC)
            yield Reading(place, place + 1, Word(folded, word.start, word.end))


def _reading(words: Sequence[Word], first: int, after: int, letters: str) -> Reading:
    return Reading(first, after, Word(letters, words[first].start, words[after - 1].end))


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isalpha() and not _IS_UNSPACED.match(text)


def _folded(text: str) -> tuple[str, list[int], list[int]]:
    """Return the folded text, and for each of its characters where it began and ended as typed."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _CLUSTER.finditer(text):
        for letter in _fold(match[0]):
            letters.append(letter)
            starts.append(match.start())
            ends.append(match.end())
    return "".join(letters), starts, ends


@lru_cache(maxsize=4096)
def _fold(cluster: str) -> str:
    visible = "".join(letter for letter in cluster if unicodedata.category(letter) not in {"Cf", "Me"})
    visible = "".join(letter for letter in visible if not "\ufe00" <= letter <= "\ufe0f" and letter != "\u034f")
    folded = unicodedata.normalize("NFKC", visible).casefold().translate(_LEFT_OUT)
    folded = unicodedata.normalize("NFKC", folded)
    return "".join(_LATIN.get(letter, letter) for letter in folded.replace("i\u0307", "i"))


def _seen_as_latin(folded: str, words: list[Word]) -> list[Word]:
    """Return the words of a folded text, its letters taken for those they look like where somebody means it so.

    A word that mixes its letters with Latin ones is a Latin word. One of Cyrillic or Greek letters alone is Russian or
    Greek, unless the whole text has no letter of that script but such as look Latin: `сор` in a Russian sentence is no
    cop.
    """
    if not any(letters.search(folded) for letters in _LETTERS_OF.values()):
        return words
    real = {
        script
        for script, letters in _LETTERS_OF.items()
        if any(letter not in _MAPPED_OF[script] for word in words for letter in letters.findall(word.text))
    }
    latin_is_written = any(re.search("[a-z]", word.text) for word in words)
    return [_seen(word, real, latin_is_written) for word in words]


def _seen(word: Word, real: set[str], latin_is_written: bool) -> Word:
    scripts = {script for script, letters in _LETTERS_OF.items() if letters.search(word.text)}
    if not scripts:
        return word
    is_mixed = re.search("[a-z]", word.text) is not None
    if is_mixed or (latin_is_written and not scripts & real):
        return Word(word.text.translate(_LOOKS_LIKE), word.start, word.end)
    return word


def _with_signs_read(word: Word) -> Word:
    # A number is a number; digits among letters stand for letters, in a list as in a text.
    if word.text.isalpha() or _DIGITS.isdisjoint(word.text) or not any(letter.isalpha() for letter in word.text):
        return word
    return Word(word.text.translate(_SIGNS), word.start, word.end)
