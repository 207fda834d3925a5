"""The text of a comment, from what was typed to what would be published."""

from __future__ import annotations

import html
import re

from service.adapters.graphemes import count_graphemes
from service.adapters.markup import has_visible_text, render_body, visible_text
from service.domain import writing
from service.domain.comment import BODY_MAX
from service.domain.text import is_blank

SOON_READ = 500
"""Characters of a text in which what a reader could see is looked for at once. In a longer one made to be slow that
takes a second, so it waits until the limits are spent; a text of letters is seen through at once either way."""


def check_body(typed: str) -> str:
    """Return the body cleaned, as it is kept; raises Invalid where it is empty, too long, or only (a little) markup."""
    cleaned = writing.check_text("body", typed)
    length = count_graphemes(cleaned, stop_after=BODY_MAX)
    return writing.check_body(cleaned, length=length, has_visible_text=len(cleaned) > SOON_READ or _is_visible(cleaned))


def render(raw: str) -> str:
    """Return a checked body as sanitised HTML; raises Invalid where a long one turns out to be only markup."""
    writing.check_body(raw, length=0, has_visible_text=len(raw) <= SOON_READ or _is_visible(raw))
    return render_body(raw)


def preview(typed: str) -> str:
    """Return the very HTML that would be published; raises Invalid as `check_body` and `render` do."""
    return render(check_body(typed))


def _is_visible(text: str) -> bool:
    return not is_blank(text) and has_visible_text(text)


def plain_text(body_html: str) -> str:
    """Return what a reader sees of a comment's sanitised HTML, a line for each paragraph."""
    return visible_text(body_html)


def link_targets(body_html: str) -> list[str]:
    """Return where the links in sanitised HTML lead, each once: plain text does not show it."""
    return list(dict.fromkeys(html.unescape(found) for found in _HREF.findall(body_html)))


_HREF = re.compile(r'<a [^>]*?href="([^"]*)"')
EXCERPT = 160  # characters: two lines on a phone, enough to recognise what is answered


def excerpt_of(body_html: str) -> str:
    """Return the beginning of sanitised HTML as plain text, cut at a word and marked where it goes on."""
    text = " ".join(visible_text(body_html).split())
    if len(text) <= EXCERPT:
        return text
    return text[:EXCERPT].rsplit(" ", 1)[0] + "…"
