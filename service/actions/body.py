"""The text of a comment, from what was typed to what would be published."""

from __future__ import annotations

from service.adapters.graphemes import count_graphemes
from service.adapters.markup import has_visible_text, render_body, visible_text
from service.domain import writing
from service.domain.comment import BODY_MAX


def check_body(typed: str) -> str:
    """Return the body cleaned, as it is kept; raises Invalid where it is empty, only markup, or too long."""
    cleaned = writing.check_text("body", typed)
    length = count_graphemes(cleaned, stop_after=BODY_MAX)
    # A text that is too long is refused before anything expensive is done with it.
    return writing.check_body(cleaned, length=length, has_visible_text=length > BODY_MAX or has_visible_text(cleaned))


def preview(typed: str) -> str:
    """Return the very HTML that would be published; raises Invalid as `check_body` does."""
    return render_body(check_body(typed))


EXCERPT = 160  # characters: two lines on a phone, enough to recognise what is answered


def excerpt_of(body_html: str) -> str:
    """Return the beginning of sanitised HTML as plain text, cut at a word and marked where it goes on."""
    text = " ".join(visible_text(body_html).split())
    if len(text) <= EXCERPT:
        return text
    return text[:EXCERPT].rsplit(" ", 1)[0] + "…"
