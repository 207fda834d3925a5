"""What a reader sees where Markdown writes it otherwise: `&#99;asino` is shown as casino, and `http:&#47;&#47;` links.

Rules are about what people read, so words and links are looked for behind references, escapes and tags that vanish.
The forms are those of CommonMark: character references, backslashes before punctuation, comments, inline tags.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

_WRITTEN_OTHERWISE = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});"
    r"|\\(?=[!-/:-@\[-`{-~])"
    # A comment ends at the next `<` at the latest, lest many that do not end cost time.
    r"|<!--[^<]*?-->"
    r"|</?(?:em|strong|del|code)>",
    re.IGNORECASE,
)


class AsRead(NamedTuple):
    """A text as it is read, and for each of its characters where it began and ended as typed."""

    text: str
    starts: list[int]
    ends: list[int]

    def typed(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of the text, of one character at least, stands as typed."""
        return self.starts[start], self.ends[end - 1]


def text_as_read(text: str) -> str:
    """Return the text as a reader sees it, for whoever does not ask where anything of it stands."""
    return _WRITTEN_OTHERWISE.sub(_shown, text)


def as_read(text: str) -> AsRead | None:
    """Return the text as a reader sees it, or None where it is read as it is typed, as nearly every text is."""
    if _WRITTEN_OTHERWISE.search(text) is None:
        return None
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _WRITTEN_OTHERWISE.finditer(text):
        letters.append(text[at : match.start()])
        starts += range(at, match.start())
        ends += range(at + 1, match.start() + 1)
        shown = _shown(match)
        letters.append(shown)
        starts += [match.start()] * len(shown)
        ends += [match.end()] * len(shown)
        at = match.end()
    letters.append(text[at:])
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return AsRead("".join(letters), starts, ends)


def _shown(match: re.Match[str]) -> str:
    return html.unescape(match[0]) if match[0].startswith("&") else ""
