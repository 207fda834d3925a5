"""Phases that look at how a text is written, and whether it was sent before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from service.domain.folding import Word, words_of
from service.domain.screening.facts import Facts, Submission
from service.domain.screening.signals import Signal, Verdict
from service.domain.screening.trust import held_unless_trusted

FEWEST_LETTERS = 20  # "OK" and "NASA" are no shouting
SHOUTED = 0.7  # of the letters; a sentence with an acronym or two stays far below
LAUGHING = frozenset("哈呵嘿嘻笑草ㅋㅎهhHkKwW5")
"""What people laugh with in writing, in any number: `ههههههههه` as well as `哈哈哈哈哈` or, in Thai, `555555555`."""
LONG_RUN = re.compile(rf"((?![{''.join(sorted(LAUGHING))}])[^\W_]|[！？])\1{{7,}}|([!?]){{5,}}")
"""A letter or digit eight times over, or five marks: more than any language writes. With dots and dashes people trail
off or draw a line, brackets smile, and emoji stand in rows."""
FEWEST_WORDS = 12
REPEATED = 0.5  # of the words that are one and the same; the commonest word of a language stays below a fifth


def reject_exact_duplicate(submission: Submission, facts: Facts) -> Signal | None:
    """Refuse the very text that the author sent under this article within a day: most are double clicks."""
    if not facts.is_duplicate:
        return None
    return Signal("duplicate", Verdict.REJECT, 0.0, "The author has sent exactly this text under this article already.")


def hold_near_duplicate(submission: Submission, facts: Facts) -> Signal | None:
    """Hold a text that the site has been sent lately in nearly the same words, by whomever and under any article."""
    if not facts.alike:
        return None
    others = "another recent comment" if facts.alike == 1 else f"{facts.alike} other recent comments"
    return held_unless_trusted(submission, facts, "near_duplicate", 1.5, f"It says nearly the same as {others} here.")


def note_shouting(submission: Submission, facts: Facts) -> Signal | None:
    """Note a text mostly in capitals; scripts without capitals cannot shout, whatever acronyms stand among them."""
    upper = sum(map(str.isupper, submission.body))
    letters = sum(map(str.isalpha, submission.body)) if upper else 0
    if letters < FEWEST_LETTERS or upper < SHOUTED * letters:
        return None
    return Signal("shouting", Verdict.NOTE, 0.3, f"{upper * 100 // letters}% of its letters are capitals.")


def note_repetition(submission: Submission, facts: Facts) -> Signal | None:
    """Note a text that says the same again and again: a character, or a word."""
    runs = tuple(match.span() for match in LONG_RUN.finditer(submission.body))
    if runs:
        return Signal("repetition", Verdict.NOTE, 0.3, "A character is repeated again and again.", runs)
    said = submission.body
    words: Sequence[Word] = words_of(said)
    # Nearly every text is done with here, before anybody looks who laughs.
    if max(Counter([word.text for word in words]).values(), default=0) < REPEATED * FEWEST_WORDS:
        return None
    words = [word for word in words if not LAUGHING.issuperset(said[word.start : word.end])]
    if len(words) < FEWEST_WORDS:
        return None
    word, times = Counter(word.text for word in words).most_common(1)[0]
    if times < REPEATED * len(words):
        return None
    spans = tuple((found.start, found.end) for found in words if found.text == word)
    return Signal("repetition", Verdict.NOTE, 0.3, f"{times} of its {len(words)} words are “{word}”.", spans)
