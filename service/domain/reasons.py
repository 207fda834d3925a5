"""Canned reasons: what moderators pick when they reject, and the text that the author reads on the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from service.domain.comment import REASON_MAX
from service.domain.errors import Invalid
from service.domain.writing import check_line

REASON_TITLE_MAX = 100  # characters; a title is read in a glance
MOST_REASONS = 30  # a site; beyond that nobody finds the right one faster than they would type it

FIRST_REASONS = (
    # title, text
    ("Off the subject", "Your reply is not about the article. You are welcome to write about what it says."),
    ("A personal attack", "Your reply attacks a person. Please answer what they said, and leave aside who they are."),
    ("Advertising", "Your reply advertises a product or a service, which has no place under our articles."),
    (
        "Private details",
        "Your reply names private details of somebody. Please leave out addresses, numbers and the like.",
    ),
    ("Said already", "What you say has been said above, so this reply would add nothing. Votes show that you agree."),
)
"""What a new site begins with; its admins change them as they like."""


@dataclass(frozen=True)
class Reason:
    """A canned reason of a site; `title` is for moderators, `text` for the author, `position` orders them."""

    id: UUID
    title: str
    text: str
    position: int


def check_title(title: str) -> str:
    """Return the title as one clean line; raises Invalid where it is empty or too long."""
    return _needed("title", check_line("title", title, most=REASON_TITLE_MAX), "Say in a few words what the reason is.")


def check_reason_text(text: str) -> str:
    """Return what the author reads, as one clean line; raises Invalid where it is empty or too long."""
    return _needed("text", check_line("text", text, most=REASON_MAX), "Write what the author is to read.")


def check_has_room(count: int) -> None:
    """Pass where a site with so many reasons may have one more; else raise Invalid."""
    if count >= MOST_REASONS:
        sentence = f"A site has at most {MOST_REASONS} canned reasons; change or remove one of them."
        raise Invalid("title", "too_many", sentence)


def check_position(position: int, *, count: int) -> int:
    """Return the place among so many reasons, from 0; raises Invalid for one beyond the last."""
    if not 0 <= position < count:
        raise Invalid("position", "out_of_range", f"The place is from 0, the first, to {count - 1}, the last.")
    return position


def _needed(field: str, line: str, sentence: str) -> str:
    if not line:
        raise Invalid(field, "required", sentence)
    return line
