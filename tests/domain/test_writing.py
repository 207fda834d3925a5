"""What may be written into each field, and how all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.domain.comment import BODY_MAX, NAME_MAX
from service.domain.errors import Invalid
from service.domain.writing import Faults, check_body, check_line, check_name, check_text


def fault_of(check: Callable[[], object]) -> tuple[str, str]:
    """Return the field and the code of the one fault that a check finds."""
    with pytest.raises(Invalid) as refused:
        check()
    (fault,) = refused.value.faults
    return fault.field, fault.code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" a \t b\n", "a b"), ("", ""), ("   ", ""), ("\u200b\u200d", ""), ("x" * 10, "x" * 10), (" " * 99 + "x", "x")],
    ids=["spaces", "empty", "blank", "zero width", "just fits", "long only with spaces"],
)
def test_a_line_is_kept_tidy(typed: str, kept: str) -> None:
    assert check_line("title", typed, most=10) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [("x" * 11, "too_long"), ("a\0b", "forbidden_character"), ("\udfff", "forbidden_character")],
    ids=["too long", "NUL", "a lone surrogate"],
)
def test_a_line_that_cannot_be_kept_is_refused(typed: str, code: str) -> None:
    assert fault_of(lambda: check_line("title", typed, most=10)) == ("title", code)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("  \u200b ", "required"),
        ("x" * (NAME_MAX + 1), "too_long"),
        ("ada@example.org", "contains_email"),
        ("I am ADA@Example.ORG!", "contains_email"),
    ],
    ids=["empty", "invisible", "too long", "the address", "the address in a sentence"],
)
def test_a_name_that_nobody_should_bear_is_refused(name: str, code: str) -> None:
    assert fault_of(lambda: check_name(name, email=" ada@example.org ")) == ("name", code)


@pytest.mark.parametrize("email", ["", "  ", "someone@else.example"])
def test_a_name_is_kept_where_it_does_not_hold_the_address(email: str) -> None:
    assert check_name(" Ada  Lovelace ", email=email) == "Ada Lovelace"


def test_a_text_keeps_its_lines_and_has_a_bound_where_one_is_given() -> None:
    assert check_text("note", "a\r\nb  \n", most=3) == "a\nb"
    assert fault_of(lambda: check_text("note", "a\nbc", most=3)) == ("note", "too_long")
    assert check_text("note", "x" * 50_000) == "x" * 50_000


@pytest.mark.parametrize(
    ("length", "has_text", "code"),
    [(1, False, "required"), (BODY_MAX + 1, True, "too_long")],
    ids=["nothing to read", "too long"],
)
def test_a_body_that_cannot_be_published_is_refused(length: int, has_text: bool, code: str) -> None:
    assert fault_of(lambda: check_body("body", length=length, has_visible_text=has_text)) == ("body", code)


def test_a_body_of_the_greatest_length_is_kept() -> None:
    assert check_body("body", length=BODY_MAX, has_visible_text=True) == "body"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    faults = Faults()
    assert faults.gather(lambda: check_name("", email=""), "nobody") == "nobody"
    assert faults.gather(lambda: "fine", "") == "fine"
    faults.gather(lambda: check_line("title", "\0", most=3), "")
    with pytest.raises(Invalid) as refused:
        faults.raise_if_any()
    assert [fault.field for fault in refused.value.faults] == ["name", "title"]
    assert refused.value.detail == "2 fields need a correction."


def test_where_nothing_is_wrong_nothing_is_raised() -> None:
    Faults().raise_if_any()
