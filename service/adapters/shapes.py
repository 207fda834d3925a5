"""The sanitiser's verdict on the shape of a text, remembered: what it costs depends on tags, and comments share few.

HTML is taken apart into its tags and what stands between them. Letters that mean nothing to HTML, and links that are
known to be safe, are replaced by a mark each; what the sanitiser makes of the rest is true of every text of this shape.
So nothing comes out that the sanitiser has not let through, and what it refuses is refused wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from service.adapters.raw_tags import ALLOWED_TAGS
from service.domain.links import is_safe_href

_FIRST_MARK = 0xE000  # of the Private Use Area, whose characters are letters like any other to HTML
_MOST_MARKS = 256  # in one text; one with more has a shape that nobody else's has
_LONGEST_SHAPE = 4_000  # characters that are remembered
_MOST_SHAPES = 2_000  # so a megabyte or two; a thousand comments with markup have some hundred

# What HTML takes for itself, would replace, or reads as space, is no part of what is replaced by a mark.
_SPECIAL = (
    "<>&\x00-\x1f\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U0001fffe-\U0010ffff"
)
_PIECE = re.compile(
    rf"(?P<words>[^ {_SPECIAL}][^{_SPECIAL}]*)"
    r"|<a href=\"(?P<href>https?://[A-Za-z0-9:/?#._~%=+,;@!$()*-]+)\">"
    rf"|(?P<kept></?(?:{'|'.join(sorted(ALLOWED_TAGS))})>|&(?:amp|lt|gt|quot);|[ \n]+)"
)
_MARK = re.compile("[\ue000-\ue0ff]|https://mark\\.invalid/([0-9]+)")

Clean = Callable[[str], str]
Template = tuple[tuple[str, ...], tuple[int, ...]]
"""What stands around the marks, and which mark stands between."""


class Shapes:
    """Cleans HTML by `clean`, which is asked once for each shape."""

    def __init__(self, clean: Clean) -> None:
        self._clean = clean
        self._template = lru_cache(_MOST_SHAPES)(self._made)

    def clean(self, html: str) -> str:
        """Return the very text that `clean` would return; what has no shape of this kind goes to it as it is."""
        taken = _taken_apart(html)
        if taken is None:
            return self._clean(html)
        shape, filling = taken
        template = self._template(shape)
        if template is None:
            return self._clean(html)
        around, marks = template
        pieces = [around[0]]
        for mark, text in zip(marks, around[1:], strict=True):
            pieces += (filling[mark], text)
        return "".join(pieces)

    def _made(self, shape: str) -> Template | None:
        """Return what becomes of a shape; None where not each mark comes out once, so that nothing can be filled in."""
        cleaned = self._clean(shape)
        found = list(_MARK.finditer(cleaned))
        marks = tuple(int(one[1]) if one[1] else ord(one[0]) - _FIRST_MARK for one in found)
        if len(set(marks)) < len(marks) or len(marks) != len(_MARK.findall(shape)):
            return None
        ends = [0, *(one.end() for one in found)]
        starts = [*(one.start() for one in found), len(cleaned)]
        return tuple(cleaned[end:start] for end, start in zip(ends, starts, strict=True)), marks


def _taken_apart(html: str) -> tuple[str, list[str]] | None:
    """Return the shape of HTML, and what its marks stand for; None where something is neither."""
    shape: list[str] = []
    filling: list[str] = []
    at = 0
    for piece in _PIECE.finditer(html):
        if piece.start() != at or len(filling) == _MOST_MARKS:
            return None
        at = piece.end()
        kind = piece.lastgroup
        if kind == "kept":
            shape.append(piece[0])
        elif kind == "words":
            shape.append(chr(_FIRST_MARK + len(filling)))
            filling.append(piece[0])
        else:
            href = piece["href"]
            if not is_safe_href(href):
                return None
            shape.append(f'<a href="https://mark.invalid/{len(filling)}">')
            filling.append(href)
    made = "".join(shape)
    return (made, filling) if at == len(html) and len(made) <= _LONGEST_SHAPE else None
