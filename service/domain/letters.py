"""What a letter says, before it is put on paper: plain words, quotes and links, none of them escaped yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SUBJECT_MAX = 150  # characters; more is cut off by every mailbox
QUOTE_MAX = 600  # characters of what somebody wrote: enough to know whether to look


class LetterKind(StrEnum):
    """What letters are about; these words stand in the outbox."""

    DECISION = "decision"
    """To an author who asked for it: what became of their reply, and why."""
    CONFIRM = "confirm"
    """To somebody who asks for letters: whether it was they who asked."""
    PROVE = "prove"
    """To an author: whether the address that a reply was sent with is theirs."""
    MINE = "mine"
    """To an author: the way to everything that they wrote on a site."""
    NEWS = "news"
    """To somebody who confirmed it: who answered them, and what is new in a discussion."""
    HELD = "held"
    """To a moderator: a reply waits."""
    DIGEST = "digest"
    """To a moderator, once a day: what waits."""
    LATE = "late"
    """To a moderator: the oldest has waited longer than the site wants."""


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, and who and where."""

    text: str
    by: str = ""


@dataclass(frozen=True)
class Link:
    """A way out of a letter; `is_main` makes a button of it."""

    label: str
    url: str
    is_main: bool = False


@dataclass(frozen=True)
class Content:
    """What one letter says: first paragraphs, then quotes, then links; `why` is below a line, with the way out."""

    subject: str
    paragraphs: Sequence[str]
    quotes: Sequence[Quote] = ()
    links: Sequence[Link] = ()
    why: str = ""
    unsubscribe: Link | None = None


def shortened(text: str, most: int) -> str:
    """Return a text, cut at the end of a word where it is longer than that."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    if " " in cut and not text[most - 1].isspace():
        cut = cut.rsplit(None, 1)[0]
    return f"{cut}…"


def one_line(text: str, most: int = SUBJECT_MAX) -> str:
    """Return a text as it can stand in a header: whatever cannot be seen is a space, and there is one at a time."""
    return shortened(" ".join("".join(char if char.isprintable() else " " for char in text).split()), most)
