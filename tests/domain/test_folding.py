"""Words are what people mean, however they are written, and know where they stand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.folding import readings_of, words_of


def said(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Spam, SPAM and\tspam", ["spam", "spam", "and", "spam"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("İSTANBUL ılık", ["istanbul", "ilik"]),
        ("ＦＵＬＬ ｗｉｄｔｈ", ["full", "width"]),
        ("𝐒𝐆𝐈 𝓼𝓰𝓲 Ⓢⓖⓘ", ["sgi", "sgi", "sgi"]),
        ("s\u200bp\u200da\u2060m\ufeff", ["spam"]),
        ("so\u00adft hy\u00adphen", ["soft", "hyphen"]),
        ("caf\u00e9 cafe\u0301 cafe", ["caf\u00e9", "caf\u00e9", "cafe"]),
        ("v1agra 1t 2026 $5", ["viagra", "it", "2026", "5"]),
        ("vi\u0430gr\u0430", ["viagra"]),
        ("it is \u0441\u043e\u0440 here", ["it", "is", "cop", "here"]),
        ("\u044d\u0442\u043e \u0441\u043e\u0440 iPhone", ["\u044d\u0442\u043e", "\u0441\u043e\u0440", "iphone"]),
        ("κόσμος", ["κόσμοσ"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("黄色网站", ["黄", "色", "网", "站"]),
        ("snake_case don't", ["snake", "case", "don", "t"]),
        ("🆂🅶🅸 🅢🅖🅘 ꜱɢɪ 🅱️ed", ["sgi", "sgi", "sgi", "bed"]),
        ("s\u0336p\u0336a\u0336m\u0336 s\u0332p\u0332am", ["spam", "spam"]),
        ("كـــلب كَلْب", ["كلب", "كلب"]),
        ("כֶּלֶב", ["כלב"]),
        ("&#99;asino cas&shy;ino &lt;b&gt;", ["casino", "casino", "b"]),
        ("ca<em>si</em>no ca<!-- > -->sino", ["casino", "casino"]),
        ("", []),
        ("!?… 🎉", []),
    ],
)
def test_words_are_what_is_meant(text: str, words: list[str]) -> None:
    assert said(text) == words


def test_a_word_knows_where_it_stood() -> None:
    text = "Ein s\u200bp\u200ba\u200bm, 𝐒𝐆𝐈! sp&#97;m<em>"
    stood = ["Ein", "s\u200bp\u200ba\u200bm", "𝐒𝐆𝐈", "sp&#97;m"]
    assert [text[word.start : word.end] for word in words_of(text)] == stood


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("buy s p a m now", ["spam"]),
        ("s.p.a.m", ["spam"]),
        ("a b", []),
        ("sp@m and f$ck€r", ["spam", "fscker"]),
        ("me @home", ["ahome"]),
        ("$pam a$$ cla$$y", ["spam", "ass", "classy"]),
        ("sp**am** *sp*am", ["spam", "spam"]),
        ("I s p a m", ["ispam", "spam"]),
        ("è m.e.r.d.a", ["èmerda", "merda", "merda"]),
        ("s p a m  y o u", ["spamyou", "spam", "you"]),
        ("xyй с0бака дypak", ["хуй", "собака", "дурак"]),
        ("黄 色 网 站", []),
    ],
)
def test_letters_spelt_out_and_signs_among_them_are_also_read_as_words(text: str, read: list[str]) -> None:
    assert [reading.word.text for reading in readings_of(text, words_of(text))] == read


LETTERS = st.text(st.sampled_from("aàеoоsс\u0301\u200b\u200d @$.,1 0\n黄ß𝐚Ⅷİ_") | st.characters(), max_size=60)


@given(LETTERS)
def test_words_stand_in_their_order_and_never_across_a_space(text: str) -> None:
    begun = 0
    for word in words_of(text):
        # One sign may be several words: ¼ is 1 and 4.
        assert word.start >= begun
        assert word.start < word.end <= len(text)
        assert word.text
        assert " " not in text[word.start : word.end]
        assert "\n" not in text[word.start : word.end]
        begun = word.start


@given(LETTERS)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = said(text)
    assert said(" ".join(once)) == once


@given(LETTERS, LETTERS)
def test_what_is_said_before_a_line_changes_no_boundary_after_it(before: str, after: str) -> None:
    split = len(words_of(before))
    whole = words_of(f"{before}\n{after}")
    assert [word.end - word.start for word in whole[:split]] == [word.end - word.start for word in words_of(before)]


@pytest.mark.parametrize(
    "piece", ["a", "а", "黄", "s.", "e\u0301", "\u200b", "a@", "1a", "İ", "s.s ", "<!--", "&a;", "яa "]
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def taken(times: int) -> float:
        text = piece * times
        # The shortest of a few, since this machine has other work as well; the words are not to come from the cache.
        return min(spent_on(text) for _ in range(3))

    def spent_on(text: str) -> float:
        began = time.process_time()
        for _ in readings_of(text, words_of.__wrapped__(text)):
            pass
        return time.process_time() - began

    taken(1_000)
    # Ten times the text would take a hundred times as long where something is quadratic.
    assert taken(20_000) < 40 * max(taken(2_000), 0.002)


COMMON = "aZ09@$*.é Éßüçñøœčđīį¡«»¿ аяЁёЖ -–—‘’“”、。「」あヴァ中国龥"


@given(st.text(st.sampled_from(COMMON), max_size=30))
def test_the_short_way_for_common_letters_comes_to_the_same_words(text: str) -> None:
    # The soft hyphen is folded away, and makes the text go the long way.
    marked = f"{text} \u00ad"
    assert words_of.__wrapped__(text) == words_of.__wrapped__(marked)
