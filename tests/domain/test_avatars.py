"""An avatar says nothing but its seed: small, self-contained, always the same."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.avatars import draw_avatar, is_avatar_seed

SEEDS = st.integers(0, 2**64 - 1).map("{:016x}".format)
SVG = "{http://www.w3.org/2000/svg}"


@given(SEEDS)
def test_an_avatar_is_a_small_drawing_that_refers_to_nothing(seed: str) -> None:
    drawing = draw_avatar(seed)
    assert drawing == draw_avatar(seed)
    assert len(drawing.encode()) <= 1_000
    root = ElementTree.fromstring(drawing)
    assert {element.tag for element in root.iter()} == {SVG + "svg", SVG + "rect", SVG + "path"}
    assert not re.search(r"href|url\(|script|style|on\w+=", drawing.replace('xmlns="http://www.w3.org/2000/svg"', ""))
    assert root.attrib["aria-hidden"] == "true"


@given(SEEDS)
def test_an_avatar_is_symmetric_and_never_empty(seed: str) -> None:
    runs = re.findall(r"M(\d) (\d)h(\d)v1h-\3z", draw_avatar(seed))
    cells = {(int(x) + step, int(y)) for x, y, width in runs for step in range(int(width))}
    assert cells == {(6 - x, y) for x, y in cells}
    assert cells <= {(x, y) for x in range(1, 6) for y in range(1, 6)}
    assert len(cells) >= 5


def test_different_seeds_are_drawn_differently() -> None:
    assert len({draw_avatar(f"{n * 2_654_435_761 % 2**64:016x}") for n in range(1, 200)}) > 190


@pytest.mark.parametrize(
    ("text", "is_seed"),
    [
        pytest.param("0123456789abcdef", True, id="a-seed"),
        pytest.param("0123456789ABCDEF", False, id="upper-case"),
        pytest.param("0123456789abcde", False, id="too-short"),
        pytest.param("0123456789abcdef0", False, id="too-long"),
        pytest.param("0123456789abcdef\n", False, id="newline-after"),
        pytest.param("0123456789abcde\u0661", False, id="arabic-digit"),
        pytest.param("", False, id="empty"),
        pytest.param('"/><script>', False, id="markup"),
    ],
)
def test_only_sixteen_lower_case_hexadecimal_digits_are_a_seed(text: str, is_seed: bool) -> None:
    assert is_avatar_seed(text) is is_seed
    if not is_seed:
        with pytest.raises(ValueError, match="16 hexadecimal"):
            draw_avatar(text)
