"""What other systems export, in one shape; and the rules by which it becomes comments of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from html import unescape
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

from service.domain.article_keys import parse_article_key
from service.domain.comment import NAME_MAX, TITLE_MAX
from service.domain.emails import parse_email
from service.domain.errors import Invalid
from service.domain.known_readers import BADGE_MAX
from service.domain.life import Status
from service.domain.site import Site
from service.domain.text import clean_line, is_blank
from service.domain.writing import check_website

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before there were web pages nobody can have commented on one; exports write years 0, 1 and 1970 for "unknown"."""
AHEAD = timedelta(days=1)  # no clock is further ahead than its time zone
LONGEST_BODY = 200_000  # characters; six times the longest comment that was met, and short of what a search can index
NOBODY = "Anonymous"

_ADDRESS_LIKE = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")


class System(StrEnum):
    """The systems whose exports are read, and our own."""

    WORDPRESS = "wordpress"
    DISQUS = "disqus"
    ISSO = "isso"
    REMARK42 = "remark42"
    COMMENTO = "commento"
    COMENTARIO = "comentario"
    POSTBAG = "postbag"
    """Our own export, which is restored as it was."""


class Markup(StrEnum):
    """How an exported text is written."""

    HTML = "html"
    HTML_LINES = "html_lines"
    """HTML in which line breaks count, as WordPress keeps comments."""
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page of an export; comments name it by its `id`, which may be met before it or after."""

    id: str
    url: str
    title: str = ""
    closed: bool = False
    kept: str = ""
    """What else is to be restored as it was, as JSON; of our own exports alone, here and below."""


@dataclass(frozen=True, slots=True)
class SourcePerson:
    """Somebody whom comments name by an id."""

    id: str
    name: str
    email: str = ""
    url: str = ""
    kept: str = ""


class SourceComment(NamedTuple):
    """A comment of an export, as it was found; `refused` is the reason for which it is not to be imported."""

    page: str
    id: str
    parent: str
    text: str
    markup: Markup
    written: datetime | None
    status: Status
    name: str = ""
    email: str = ""
    url: str = ""
    person: str = ""
    votes: int = 0
    refused: str = ""
    kept: str = ""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Something else that one of our own exports has, as JSON; its `kind` is the type of the line."""

    kind: str
    text: str


Source = SourcePage | SourcePerson | SourceComment | SourceRecord


def malformed(where: str, what: str) -> Invalid:
    """Return the refusal of a file that is broken at a place; nothing of it is imported."""
    return Invalid("file", "malformed", f"{where}: {what} Nothing was imported.")


def wrong_kind(what: str) -> Invalid:
    """Return the refusal of a file that is whole but no export of this system, or of a version that nobody knows."""
    return Invalid("file", "wrong_kind", f"{what} Nothing was imported.")


def parse_time(text: str) -> datetime | None:
    """Return a time as exports write it, taken as GMT where it names no zone; None where it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def is_possible(written: datetime, *, now: datetime) -> bool:
    """True for a time at which somebody can have written a comment."""
    return EARLIEST <= written <= now + AHEAD


def tidy_name(raw: str, *, email: str) -> str:
    """Return a name that can be published: entities resolved, never an e-mail address, cut where it is too long."""
    if raw.isascii() and raw.isprintable() and "&" not in raw and "@" not in raw and (not email or "@" in email):
        # Nearly every name, and nothing of what is looked for below is in it.
        line = clean_line(raw)[:NAME_MAX].rstrip()
        return NOBODY if is_blank(line) else line
    line = clean_line(unescape(raw).replace("\x00", "").encode("utf-8", "ignore").decode())
    if email and email.casefold() in line.casefold():
        line = re.sub(re.escape(email), "", line, flags=re.I)
    line = clean_line(_ADDRESS_LIKE.sub("", line))[:NAME_MAX].rstrip()
    return NOBODY if is_blank(line) else line


def tidy_badge(raw: str | None) -> str | None:
    """Return what may stand beside a name, cut where it is too long, or None for nothing."""
    line = clean_line((raw or "").replace("\x00", "").encode("utf-8", "ignore").decode())[:BADGE_MAX].rstrip()
    return None if is_blank(line) else line


@lru_cache(maxsize=10_000)
def tidy_email(raw: str) -> str:
    """Return an address of good form, or nothing."""
    try:
        return parse_email(raw) if raw and not raw.isspace() else ""
    except (Invalid, UnicodeError):
        return ""


def tidy_website(raw: str, *, email: str) -> str | None:
    """Return a website that may stand beside a name, or None."""
    text = raw.strip()
    if not text or text in {"http://", "https://"}:
        return None
    try:
        return check_website(text, email=email)
    except (Invalid, UnicodeError):
        return None


def tidy_title(raw: str) -> str:
    """Return a title as one line, cut where it is too long."""
    line = clean_line(unescape(raw).replace("\x00", "").encode("utf-8", "ignore").decode())
    return "" if is_blank(line) else line[:TITLE_MAX]


@dataclass(frozen=True, slots=True)
class PageKey:
    """The key of the article that a page becomes; `refused` says why it cannot become one, `origin` where it is."""

    value: str
    refused: str = ""
    origin: str | None = None


def key_of_page(url: str, site: Site) -> PageKey:
    """Return the key of a page's article, on one of the site's origins where that can be.

    A path alone is taken to be on the site's first origin, and a host that the site lists with the other scheme is
    taken to have moved to that: exports are older than certificates. What was elsewhere keeps its address.
    """
    text = url.strip()
    if text.startswith("/") and not text.startswith("//") and site.origins:
        text = site.origins[0] + text
    elif text.startswith("//"):
        text = f"https:{text}"
    if not text:
        return PageKey("", "its page has no address in the file")
    try:
        key = parse_article_key(text)
    except Invalid as fault:
        return PageKey("", f"the address of its page cannot be used ({fault.detail})")
    if not key.is_url:
        return PageKey("", f"the address of its page is no URL: {key.value}")
    if site.lists_origin(key.origin):
        return PageKey(key.value, origin=key.origin)
    assert key.origin is not None, "a URL has an origin"
    moved = _other_scheme(key.origin)
    if site.lists_origin(moved):
        return PageKey(moved + key.value.removeprefix(key.origin), origin=moved)
    return PageKey(key.value, origin=key.origin)


def key_as_it_is(key: str) -> PageKey:
    """Return the key of an article that had it before, on whatever origin."""
    try:
        found = parse_article_key(key)
    except Invalid as fault:
        return PageKey("", f"the key of its article cannot be used ({fault.detail})")
    return PageKey(found.value, origin=found.origin)


def _other_scheme(origin: str) -> str:
    parts = urlsplit(origin)
    return f"{'http' if parts.scheme == 'https' else 'https'}://{parts.netloc}"


ELSEWHERE = "its pages are there and can be read; they take no new replies until this is one of the site's origins"
"""What is said of an origin that a file names and the site does not list."""


@dataclass(slots=True)
class Node:
    """A comment of one article while its place is looked for; `page` is the one in which its parent is to be found."""

    seq: int
    page: str
    id: str
    parent: str
    written: datetime
    key: bytes
    """By which the same comment of the same system is known again."""
    status: Status
    size: int = 0
    """Characters of its text."""
    answers: Node | None = None
    replies: int = 0
    rank: int = 0
    """How many of the same second stand before it, since most exports know no smaller time."""


def arrange(nodes: Sequence[Node]) -> dict[int, str]:
    """Give each node the one that it answers, and return notes by `seq` for those that lost their parent.

    Parents may come later in the file. One that is missing leaves a top-level comment behind, and so does the first
    comment of a circle, which answers a comment that answers it.
    """
    by_id: dict[tuple[str, str], Node] = {}
    for node in nodes:
        if node.id:
            by_id.setdefault((node.page, node.id), node)
    notes: dict[int, str] = {}
    for node in nodes:
        if not node.parent:
            continue
        node.answers = by_id.get((node.page, node.parent))
        if node.answers is None:
            notes[node.seq] = f"the comment that it answers ({node.parent[:100]}) is not there, so it begins a thread"
    for first in _break_circles(nodes):
        notes[first.seq] = "it answers a comment that answers it, so it begins a thread"
    for node in nodes:
        if node.answers is not None:
            node.answers.replies += 1
    return notes


def _break_circles(nodes: Sequence[Node]) -> list[Node]:
    broken: list[Node] = []
    settled: set[int] = set()
    for start in nodes:
        way: dict[int, Node] = {}
        node: Node | None = start
        while node is not None and node.seq not in settled and node.seq not in way:
            way[node.seq] = node
            node = node.answers
        if node is not None and node.seq in way:
            on_the_way = list(way.values())
            circle = on_the_way[on_the_way.index(node) :]
            first = min(circle, key=lambda one: (one.written, one.seq))
            first.answers = None
            broken.append(first)
        settled.update(way)
    return broken


def without_the_empty(nodes: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Return the nodes that are kept, and those that are deleted and have nothing below them that is not."""
    gone: set[int] = set()
    leaves = [node for node in nodes if node.status is Status.DELETED and not node.replies]
    while leaves:
        leaf = leaves.pop()
        gone.add(leaf.seq)
        above = leaf.answers
        if above is not None:
            above.replies -= 1
            if above.status is Status.DELETED and not above.replies:
                leaves.append(above)
    return [node for node in nodes if node.seq not in gone], [node for node in nodes if node.seq in gone]


def threads(nodes: Sequence[Node]) -> list[list[Node]]:
    """Return the threads of an article, the oldest first, each with parents before their replies."""
    below: dict[int, list[Node]] = {}
    tops: list[Node] = []
    for node in nodes:
        if node.answers is None:
            tops.append(node)
        else:
            below.setdefault(node.answers.seq, []).append(node)
    found = []
    for top in _by_age(tops):
        thread, at = [top], 0
        while at < len(thread):
            thread += _by_age(below.get(thread[at].seq, ()))
            at += 1
        found.append(thread)
    return found


def _by_age(nodes: Sequence[Node]) -> list[Node]:
    in_order = sorted(nodes, key=_age)
    for before, node in pairwise(in_order):
        node.rank = before.rank + 1 if before.written == node.written else 0
    return in_order


def _age(node: Node) -> tuple[datetime, int]:
    return node.written, node.seq


HELD_AS: Mapping[Status, str] = {
    Status.PENDING: "It waited for a moderator in {system} when it was imported.",
    Status.SPAM: "{system} had it as spam when it was imported.",
}
"""What explains why an imported comment is not published."""
