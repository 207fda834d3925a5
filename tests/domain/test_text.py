"""Names, titles and comments lose what no reader sees and keep everything a language needs."""

from __future__ import annotations

import hashlib
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.text import body_fingerprint, clean_body, clean_line, forbidden_character, is_blank

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
FLAG_OF_WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
TRICKY = st.text(
    st.sampled_from(
        " \t\r\n\x00\x0b\x1f\x7f\x85\xa0\xadaeé\u0301\u0316\u034f\u061c\u094d\u0d4d\u115f\u200b\u200c\u200d\u200e"
    )
    | st.sampled_from(
        "\u2028\u2029\u202e\u2060\u2066\u3000\u3164\ufe0f\ufeff\uffff\U0001f469\U000e0067\u1100\u1161\u0344"
    )
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("hello \U0001f600", None, id="nothing-forbidden"),
        pytest.param("a\x00b", "NUL (U+0000)", id="nul"),
        pytest.param("a\ud800b", "a lone surrogate (U+D800)", id="high-surrogate"),
        pytest.param("\udfff", "a lone surrogate (U+DFFF)", id="low-surrogate"),
    ],
)
def test_what_cannot_be_stored_is_named(text: str, named: str | None) -> None:
    assert forbidden_character(text) == named


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("  Ada   Lovelace ", "Ada Lovelace", id="spaces"),
        pytest.param("Ada\tLove\r\nlace", "Ada Love lace", id="tab-and-newline"),
        pytest.param("Ada\u2003\u00a0\u3000L", "Ada L", id="unicode-spaces"),
        pytest.param("Ada\x00\x07\x1b\x7f\x9d", "Ada", id="controls"),
        pytest.param("e\u0301", "\u00e9", id="nfc"),
        pytest.param("e\u202e\u0301", "\u00e9", id="nfc-after-removal"),
        pytest.param("\u202eadA\u202c", "adA", id="bidi-override"),
        pytest.param("\u2066Ada\u2069", "Ada", id="bidi-isolate"),
        pytest.param("A\u200ed\u200fa\u061c", "Ada", id="implicit-marks"),
        pytest.param("\u200bAda\u200b\ufeff", "Ada", id="zero-width-at-the-ends"),
        pytest.param("\u200b \u200b Ada \u2060 \u3164", "Ada", id="zero-width-among-spaces"),
        pytest.param("\ufe0fAda", "Ada", id="variation-selector-first"),
        pytest.param("\u2764\ufe0f", "\u2764\ufe0f", id="emoji-heart-keeps-its-selector"),
        pytest.param(FAMILY, FAMILY, id="family"),
        pytest.param(FLAG_OF_WALES, FLAG_OF_WALES, id="flag-of-tags"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="persian-non-joiner"),
        pytest.param("ക്\u200dഷ", "ക്\u200dഷ", id="malayalam-joiner"),
        pytest.param("രമേശന്\u200d", "രമേശന്\u200d", id="malayalam-joiner-at-the-end"),
        pytest.param("Ada\u200d", "Ada", id="joiner-with-nothing-to-join"),
        pytest.param("a\uffff\ufdd0b", "ab", id="noncharacters"),
        pytest.param("\u200b \n\u3164", "", id="nothing-visible"),
    ],
)
def test_a_line_is_tidy(text: str, line: str) -> None:
    assert clean_line(text) == line


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf", id="line-breaks"),
        pytest.param("a\tb", "a\tb", id="tab-stays"),
        pytest.param("a\x00\x08\x0b\x0c\x1f\x7f\x9fb", "ab", id="controls"),
        pytest.param("\n \n\t\n    code\n\n", "    code", id="indentation-of-the-first-line-stays"),
        pytest.param("text  \n\n \u00a0\n", "text", id="whitespace-after"),
        pytest.param("a  \nb", "a  \nb", id="hard-break-stays"),
        pytest.param("\u202etxt\u202c \u2067x\u2069", "txt x", id="bidi-controls"),
        pytest.param("שלום\u200f!", "שלום\u200f!", id="implicit-mark-stays"),
        pytest.param(FAMILY, FAMILY, id="family"),
        pytest.param("e\u0301", "\u00e9", id="nfc"),
        pytest.param("\n\n", "", id="nothing"),
    ],
)
def test_a_body_keeps_its_lines(text: str, body: str) -> None:
    assert clean_body(text) == body


@given(TRICKY | st.text())
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_body(clean_body(text)) == clean_body(text)


@given(TRICKY | st.text())
def test_a_line_is_one_line_in_nfc_without_controls(text: str) -> None:
    line = clean_line(text)
    assert unicodedata.is_normalized("NFC", line)
    assert line == line.strip()
    assert "  " not in line
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} or "\u202a" <= char <= "\u202e" for char in line)


@given(TRICKY | st.text())
def test_a_body_has_no_controls_but_newline_and_tab(text: str) -> None:
    body = clean_body(text)
    assert unicodedata.is_normalized("NFC", body)
    assert not any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in body)
    assert body.strip() == clean_body(text.strip()).strip()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\t\u00a0\u3000\u2028", id="whitespace"),
        pytest.param("\x00\x1b\x9f", id="controls"),
        pytest.param("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e", id="format-characters"),
        pytest.param("\u3164\u115f\u1160\uffa0", id="hangul-fillers"),
        pytest.param("\u2800", id="braille-blank"),
        pytest.param("\ufe0f\ufe00\u180b", id="variation-selectors"),
        pytest.param("\u0301\u20e3\u093f", id="marks-alone"),
        pytest.param("\U000e0067\U000e007f", id="tags"),
        pytest.param("\u17b4\u034f", id="invisible-vowel-and-grapheme-joiner"),
    ],
)
def test_blank_is_what_shows_nothing(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", ".", "é", "क्", FAMILY, "\u2764\ufe0f", " \u200bx", "ㅋ"], ids=ascii)
def test_one_visible_character_is_enough(text: str) -> None:
    assert not is_blank(text)


def test_the_same_text_in_other_whitespace_is_an_exact_duplicate() -> None:
    assert body_fingerprint(" Thank  you\r\n\r\nall ") == body_fingerprint("Thank you\nall")
    assert body_fingerprint("caf\u00e9") == body_fingerprint("cafe\u0301")
    assert body_fingerprint("Thank you") != body_fingerprint("thank you")
    assert body_fingerprint("Thank you") != body_fingerprint("Thankyou")
    assert len(body_fingerprint("")) == 32


@given(TRICKY)
def test_whitespace_of_any_kind_is_one_space_of_the_fingerprint(text: str) -> None:
    assert body_fingerprint(text) == hashlib.sha256(" ".join(clean_body(text).split()).encode()).digest()


def test_more_than_thirty_marks_on_a_letter_are_kept_with_joiners_between() -> None:
    line = clean_line("x" + "\u0316\u0300" * 40)
    assert line.replace("\u034f", "").count("\u0300") == 40
    assert line.count("\u034f") == 2
    assert clean_line(line) == line


@pytest.mark.parametrize("clean", [clean_line, clean_body], ids=["line", "body"])
def test_64_kib_of_marks_are_cleaned_in_a_moment(clean: object) -> None:
    started = time.thread_time()
    assert callable(clean)
    clean("x" + "\u0316\u0300" * 16_000)
    assert (
        time.thread_time() - started < 0.3
    )  # seconds of processor time; without stream-safe runs it takes a whole one
