"""What an edit changes, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.differences import ChangeKind, TextChange, differences

S, A, R = ChangeKind.SAME, ChangeKind.ADDED, ChangeKind.REMOVED


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("one two", "one two", [(S, "one two")]),
        ("one two", "one three", [(S, "one "), (R, "two"), (A, "three")]),
        ("", "new", [(A, "new")]),
        ("gone", "", [(R, "gone")]),
        ("", "", []),
        ("Fine.", "Fine!", [(S, "Fine"), (R, "."), (A, "!")]),
        ("a\n\nb", "a\nb", [(S, "a"), (R, "\n\n"), (A, "\n"), (S, "b")]),
    ],
    ids=["nothing", "a word", "all new", "all gone", "empty", "a sign", "a line"],
)
def test_the_pieces_say_what_became_of_each_word(before: str, after: str, pieces: list[tuple[ChangeKind, str]]) -> None:
    assert differences(before, after) == [TextChange(kind, text) for kind, text in pieces]


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = differences(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind is not A) == before
    assert "".join(piece.text for piece in pieces if piece.kind is not R) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 5000, "b " * 5000),
        ("a b " * 2500, "b a " * 2500),
        ("\n" * 10_000, "x\n" * 5000),
        ("word " * 2000, "word " * 1999 + "other"),
    ],
    ids=["all other words", "turned round", "lines", "one of many"],
)
def test_the_longest_texts_do_not_hold_a_page_up(before: str, after: str) -> None:
    # A comparison of all words with all words would take minutes, and the suite would not end.
    pieces = differences(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind is not A) == before
    assert "".join(piece.text for piece in pieces if piece.kind is not R) == after
