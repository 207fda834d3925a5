"""Characters are counted as a reader sees them, exactly and in linear time."""

from __future__ import annotations

import time

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.graphemes import count_graphemes

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
FLAG_OF_FRANCE = "\U0001f1eb\U0001f1f7"
FLAG_OF_WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

GRAPHEMES = st.sampled_from(
    [
        "a",
        "\r",
        "\n",
        "\u0301",
        "\u200d",
        "\U0001f1eb",
        "\U0001f469",
        "\U0001f3fd",
        "\ufe0f",
        "\u0600",
        "\u1100",
        "\u1161",
    ]
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("hello", 5, id="ascii"),
        pytest.param("a\r\nb", 3, id="crlf-is-one"),
        pytest.param("e\u0301", 1, id="combining-accent"),
        pytest.param(FAMILY, 1, id="family"),
        pytest.param(FAMILY + "!", 2, id="family-and-a-letter"),
        pytest.param(FLAG_OF_FRANCE * 3, 3, id="three-flags"),
        pytest.param(FLAG_OF_FRANCE + "\U0001f1eb", 2, id="a-flag-and-half-of-one"),
        pytest.param("\U0001f1eb\u0301\U0001f1f7", 2, id="a-mark-parts-a-flag"),
        pytest.param(FLAG_OF_WALES, 1, id="flag-of-tags"),
        pytest.param("\u0915\u094d\u0937\u093f", 1, id="devanagari-conjunct"),
        pytest.param("\u1112\u1161\u11ab", 1, id="hangul-syllable-of-jamo"),
    ],
)
def test_a_character_is_what_a_reader_takes_for_one(text: str, count: int) -> None:
    assert count_graphemes(text, stop_after=100) == count


@pytest.mark.parametrize("text", ["abcdef", FAMILY * 6], ids=["ascii", "emoji"])
def test_counting_ends_one_past_the_limit(text: str) -> None:
    assert count_graphemes(text, stop_after=5) == 6
    assert count_graphemes(text, stop_after=6) == 6


@given(st.lists(GRAPHEMES).map("".join) | st.text())
def test_the_stand_in_for_flags_changes_no_count(text: str) -> None:
    assert count_graphemes(text, stop_after=10_000) == len(regex.findall(r"\X", text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\U0001f1eb" * 16_000, id="flags"),
        pytest.param("a" + "\u0301" * 32_000, id="marks"),
        pytest.param("\U0001f469\u200d" * 10_000, id="joined-emoji"),
        pytest.param("\u0915\u094d" * 10_000, id="conjuncts"),
    ],
)
def test_64_kib_of_anything_is_counted_in_a_moment(text: str) -> None:
    started = time.thread_time()
    count_graphemes(text, stop_after=10_000)
    assert time.thread_time() - started < 0.3  # seconds of processor time; a few milliseconds are usual
