"""A cursor goes on in the list that it came from, and in no other."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.cursors import decode_cursor, encode_cursor
from service.domain.errors import Invalid

KEY, OLDER_KEY, FOREIGN_KEY = b"k" * 32, b"o" * 32, b"f" * 32
SCOPE = "comments:site=demo:article=https://example.com/:sort=oldest"
POSITIONS = st.lists(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=5)


@given(st.text(), POSITIONS)
def test_a_position_comes_back_as_it_went(scope: str, position: list[str | int | float]) -> None:
    assert decode_cursor(encode_cursor(scope, position, key=KEY), scope, keys=[KEY]) == tuple(position)


def test_a_cursor_is_fit_for_a_url_and_short() -> None:
    cursor = encode_cursor(SCOPE, ["2026-01-01T00:00:00Z", "01890000-0000-7000-8000-000000000000"], key=KEY)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) < 120


def test_a_cursor_of_an_older_key_is_honoured() -> None:
    assert decode_cursor(encode_cursor(SCOPE, [7], key=OLDER_KEY), SCOPE, keys=[KEY, OLDER_KEY]) == (7,)


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("", id="empty"),
        pytest.param("x", id="one-character"),
        pytest.param("AAAA", id="too-short-for-a-signature"),
        pytest.param("next", id="a-word"),
        pytest.param("=" * 40, id="padding"),
        pytest.param("a" * 1_000_000, id="huge"),
        pytest.param("ｃursor", id="full-width"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param("\x00", id="nul"),
        pytest.param("../../etc/passwd", id="path"),
        pytest.param(base64.urlsafe_b64encode(b"\0" * 16 + b"[1]").decode().rstrip("="), id="made-up-signature"),
        pytest.param(encode_cursor(SCOPE, [1], key=FOREIGN_KEY), id="foreign-key"),
        pytest.param(encode_cursor(SCOPE + "x", [1], key=KEY), id="another-list"),
        pytest.param(encode_cursor(SCOPE, [1], key=KEY) + "=", id="with-padding"),
        pytest.param(encode_cursor(SCOPE, [1], key=KEY) + "\n", id="with-a-newline"),
    ],
)
def test_anything_else_is_no_cursor_of_this_list(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor, SCOPE, keys=[KEY])
    assert (refused.value.faults[0].field, refused.value.faults[0].code) == ("cursor", "not_a_cursor_of_this_list")


def test_a_scope_cannot_borrow_from_the_position() -> None:
    borrowed = encode_cursor("list", ["a"], key=KEY)
    for scope in ("list[", 'list["a"', "lis", "list\0"):
        with pytest.raises(Invalid):
            decode_cursor(borrowed, scope, keys=[KEY])


@given(st.text() | st.text("ABCabc019-_"))
def test_garbage_is_refused_and_nothing_else_happens(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(cursor, SCOPE, keys=[KEY, OLDER_KEY])


@given(st.integers(0, 70), st.integers(1, 255))
def test_no_octet_can_be_changed(at: int, by: int) -> None:
    genuine = encode_cursor(SCOPE, ["2026-01-01T00:00:00Z", "01890000-0000-7000"], key=KEY)
    octets = bytearray(base64.urlsafe_b64decode(genuine + "=" * (-len(genuine) % 4)))
    octets[at % len(octets)] ^= by
    forged = base64.urlsafe_b64encode(octets).decode().rstrip("=")
    with pytest.raises(Invalid):
        decode_cursor(forged, SCOPE, keys=[KEY])
