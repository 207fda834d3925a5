"""What an author may write in each field; every refusal names the field and says what would be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from service.domain.comment import BODY_MAX, NAME_MAX
from service.domain.errors import FieldFault, Invalid
from service.domain.links import parse_website
from service.domain.text import clean_body, clean_line, forbidden_character, is_blank

T = TypeVar("T")


def check_line(field: str, text: str, *, most: int) -> str:
    """Return a name, title or reason as one clean line, perhaps empty; raises Invalid when it is too long."""
    _refuse_forbidden(field, text)
    line = clean_line(text)
    if is_blank(line):
        return ""
    if len(line) > most:
        raise _too_long(field, len(line), most)
    return line


def check_name(name: str, *, email: str) -> str:
    """Return the author's name; raises Invalid where it is empty, too long, or would publish the e-mail address."""
    line = check_line("name", name, most=NAME_MAX)
    if not line:
        raise Invalid("name", "required", "Please give the name under which your reply is to appear.")
    address = email.strip().casefold()
    if address and address in line.casefold():
        raise Invalid("name", "contains_email", "Your name is published, so it must not contain your email address.")
    return line


def check_website(url: str, *, email: str) -> str | None:
    """Return the author's website, or None; raises Invalid where it is none, or would publish the e-mail address."""
    website = parse_website(url)
    address = email.strip().casefold()
    if website and address and address in unquote(website).casefold():
        raise Invalid("url", "contains_email", "Your website is published, so it must not contain your email address.")
    return website


def check_text(field: str, text: str, *, most: int | None = None) -> str:
    """Return a text of several lines, cleaned; raises Invalid for characters that no text contains, or too many."""
    _refuse_forbidden(field, text)
    cleaned = clean_body(text)
    if most is not None and len(cleaned) > most:
        raise _too_long(field, len(cleaned), most)
    return cleaned


def check_body(body: str, *, length: int, has_visible_text: bool) -> str:
    """Return the cleaned body as it was given; raises Invalid where nobody could read anything, or it is too long.

    `length` is what a reader counts as characters, `has_visible_text` whether any is left without the markup.
    """
    if not has_visible_text:
        raise Invalid(
            "body", "required", "Please write something: there is no text in your reply that anybody could read."
        )
    if length > BODY_MAX:
        raise Invalid(
            "body",
            "too_long",
            f"Your reply is longer than {BODY_MAX:,} characters, the most that is accepted.",
            values={"n": BODY_MAX},
        )
    return body


class Faults:
    """Gathers what is wrong with several fields, so that a person is told everything at once."""

    def __init__(self) -> None:
        self._faults: list[FieldFault] = []

    def gather(self, check: Callable[[], T], otherwise: T) -> T:
        """Return what the check returns, or `otherwise` and remember its faults where it raises Invalid."""
        try:
            return check()
        except Invalid as fault:
            self._faults.extend(fault.faults)
            return otherwise

    def raise_if_any(self) -> None:
        """Raise one Invalid with every fault that was gathered; pass where there is none."""
        if self._faults:
            raise Invalid.of(self._faults)


def _too_long(field: str, length: int, most: int) -> Invalid:
    sentence = f"This is {length:,} characters long; at most {most:,} are accepted."
    return Invalid(field, "too_long", sentence, values={"n": most})


def _refuse_forbidden(field: str, text: str) -> None:
    name = forbidden_character(text)
    if name is not None:
        raise Invalid(field, "forbidden_character", f"The character {name} cannot be part of a text; please remove it.")
