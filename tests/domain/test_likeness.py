"""Which texts are known to say nearly the same."""

from __future__ import annotations

import pytest

from service.domain.likeness import ENOUGH_ALIKE, NUMBERS, sketch

SPAM = (
    "I lost my job last year and then found this wonderful trader who doubled my savings within three weeks, "
    "write to him at once and he will help your family as he helped mine, God bless him"
)


def shared(one: str, other: str) -> int:
    """Return how many numbers two texts share."""
    return len(set(sketch(one)) & set(sketch(other)))


@pytest.mark.parametrize(
    "copy",
    [
        SPAM.upper(),
        SPAM.replace("trader", "trader https://x7f.example/19283"),
        SPAM.replace(", ", " ... "),
        f"{SPAM} 83746",
        SPAM.replace("o", "о"),
        f"{SPAM} hugs",
    ],
    ids=["case", "a link", "punctuation", "a number", "look-alikes", "a word more"],
)
def test_copies_that_differ_in_little_are_nearly_the_same(copy: str) -> None:
    assert shared(SPAM, copy) >= ENOUGH_ALIKE


@pytest.mark.parametrize(
    "other",
    [
        "I found this article very interesting and wonder whether the author could say more about the second table, "
        "since the numbers there do not agree with those of the report that is cited",
        "Last year I lost my keys, and my family found them within three weeks; God bless them all for their patience",
    ],
)
def test_texts_about_other_things_are_not(other: str) -> None:
    assert shared(SPAM, other) < ENOUGH_ALIKE


@pytest.mark.parametrize("text", ["", "Thank you very much, this was a great article!", "👍" * 50, "1 2 3 " * 20])
def test_short_texts_have_no_sketch_since_people_say_the_same(text: str) -> None:
    assert sketch(text) == ()


def test_a_sketch_is_a_few_numbers_of_64_bits_for_any_script_and_length() -> None:
    for text in (SPAM, "これは非常に長い日本語の文章であり、単語の間に空白はありません。", "слово за слово " * 500):
        numbers = sketch(text)
        assert 1 <= len(numbers) <= NUMBERS
        assert all(-(2**63) <= number < 2**63 for number in numbers)
