"""Terms are found as whole words, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.wordlists import Match, WordList


@pytest.mark.parametrize(
    ("term", "text", "marked"),
    [
        ("m e r d a", "m.e.r.d.a", "m.e.r.d.a"),
        ("m e r d a", "merda", None),
        ("merda", "m.e.r.d.a", "m.e.r.d.a"),
        ("merda", "MERDA!", "MERDA"),
        ("bi", "biólogo", None),
        ("bi", "so bi it is", "bi"),
        ("café", "cafe", None),
        ("café", "un CAFÉ, s'il", "CAFÉ"),
        ("cafe", "café", None),
        ("SGI", "buy 𝐒𝐆𝐈 today", "𝐒𝐆𝐈"),
        ("kill yourself", "Kill... YOURSELF", "Kill... YOURSELF"),
        ("kill yourself", "kill him and yourself", None),
        ("viagra", "vi@gra v1agra", "vi@gra"),
        ("viagra", "v\u200bi\u200bagra", "v\u200bi\u200bagra"),
        ("cop", "в избе сор", None),
        ("黄色", "这是黄色的", "黄色"),
        ("黄色", "黄、色", "黄、色"),
        ("don't", "DON’T", "DON’T"),
        ("f*ck", "f*ck", "f*ck"),
        ("ass", "class assignment", None),
        ("ass", "what an a$$!", "a$$"),
        ("spam", "I s p a m", "s p a m"),
        ("cialis", "s p e c i a l i s t", None),
        ("spam", "only &#115;p&#97;m here", "&#115;p&#97;m"),
        ("spam", "only sp**am** here", "sp**am"),
        ("хуй", "ну и xyй", "xyй"),
        ("كلب", "يا كَـــلْب", "كَـــلْب"),
    ],
)
def test_a_term_is_found_where_it_is_meant(term: str, text: str, marked: str | None) -> None:
    found = WordList([term]).matches(text)
    assert [text[match.start : match.end] for match in found[:1]] == ([] if marked is None else [marked])
    assert all(match.term == term for match in found)


def test_every_mention_is_found_and_the_longest_of_those_that_begin_alike() -> None:
    words = WordList(["red", "red card", "card"])
    text = "Red card, red is a card"
    assert words.matches(text) == [
        Match("red card", 0, 8), Match("card", 4, 8), Match("red", 10, 13), Match("card", 19, 23),
    ]  # fmt: skip


@pytest.mark.parametrize("terms", [[], [""], ["!?"], ["\u200b"]])
def test_a_list_without_words_finds_nothing(terms: list[str]) -> None:
    assert WordList(terms).matches("anything !? at all") == []


def test_asking_twice_is_asking_once() -> None:
    words = WordList(["spam"])
    assert words.matches("spam spam") == words.matches("spam spam")


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=8), min_size=1, max_size=6))
def test_a_word_of_a_text_that_is_listed_is_found(words: list[str]) -> None:
    text = " ".join(words)
    for word in words:
        assert any(match.term == word for match in WordList([word]).matches(text)), word
