"""Other systems' texts as Markdown of ours, so that an author's edit is sane, and as the sanitised HTML it comes to.

HTML becomes Markdown first: paragraphs, quotes, lists and code as blocks, links and emphasis as the tags that our
Markdown allows. What is kept is what an edit would bring forth again.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import NamedTuple

from service.adapters.markup import render_body, visible_text
from service.domain.imports import LONGEST_BODY, Markup
from service.domain.links import is_safe_href
from service.domain.screening import has_links
from service.domain.text import clean_body, clean_fingerprint, folded, is_blank
from service.domain.urls import canonical_href

_MOST_TAGS = 2_000  # in one text; more are no writing, and the parser of the standard library may be slow on them
# fmt: off
_BLOCKS = frozenset({
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "table", "tr", "dl", "dd",
    "dt", "figure", "figcaption", "hr", "address",
})
_INLINE = {
    "em": "em", "i": "em", "cite": "em", "strong": "strong", "b": "strong", "del": "del", "s": "del", "strike": "del",
    "code": "code", "tt": "code", "kbd": "code",
}
# fmt: on
_UNREAD = frozenset({"script", "style", "iframe", "object", "noscript", "template", "title"})
_URL = re.compile(r"https?://[^\s<>\"`\\|^{}\[\]]+", re.I)
_MAY_BE_SPECIAL = re.compile(r"[\\`*\[\]<~_&]")
_SPECIAL = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_AT_THE_START = re.compile(r"(?:[-+>]|\d{1,9}(?=[.)]))")
_BEGINS_WITH_A_LETTER = re.compile(r"<p>[A-Za-z0-9]")
_WHITESPACE = re.compile(r"[ \t\r\n\f]+")
_ANY_TAG = re.compile(r"<[^<>]*>")


class Body(NamedTuple):
    """A text in every form that is stored: as Markdown and HTML, for searches and for comparing."""

    raw: str
    html: str
    searched: str
    fingerprint: bytes
    has_links: bool
    fault: str = ""
    """Why it cannot be imported."""


def body_of(text: str, markup: Markup) -> Body:
    """Return a text as it is stored; its fault where nobody could read anything, or it is longer than can be kept."""
    if len(text) > 4 * LONGEST_BODY:
        return _refused(f"its text has {len(text):,} characters; {LONGEST_BODY:,} can be kept")
    raw = clean_body(text if markup is Markup.MARKDOWN else to_markdown(text, keeps_lines=markup is Markup.HTML_LINES))
    if len(raw) > LONGEST_BODY:
        return _refused(f"its text has {len(raw):,} characters; {LONGEST_BODY:,} can be kept")
    if is_blank(raw):
        return _refused("there is no text in it")
    rendered = render_body(raw)
    if _BEGINS_WITH_A_LETTER.match(rendered) is None and is_blank(visible_text(rendered)):
        return _refused("there is no text in it that anybody could read")
    return Body(raw, rendered, folded(raw), clean_fingerprint(raw), "://" in raw and has_links(raw))


def _refused(fault: str) -> Body:
    return Body("", "", "", b"", False, fault)


def to_markdown(text: str, *, keeps_lines: bool) -> str:
    """Return HTML as Markdown; `keeps_lines` where line breaks count, and empty lines part paragraphs."""
    if "<" not in text and "&" not in text:
        return _escaped_lines(text, keeps_lines=keeps_lines)
    if text.count("<") > _MOST_TAGS:
        return _escaped_lines(html.unescape(_ANY_TAG.sub(" ", text)), keeps_lines=True)
    writer = _Writer(keeps_lines=keeps_lines)
    writer.feed(text.replace("\r\n", "\n").replace("\r", "\n"))
    writer.close()
    return writer.written()


def _escaped_lines(text: str, *, keeps_lines: bool) -> str:
    if not keeps_lines:
        return _at_the_start(escaped(_WHITESPACE.sub(" ", text).strip()))
    return "\n".join(_at_the_start(escaped(line.strip())) for line in text.replace("\r\n", "\n").split("\n"))


def escaped(text: str) -> str:
    """Return text in which Markdown sees no markup; web addresses stay as they are."""
    if not _MAY_BE_SPECIAL.search(text):
        return text
    pieces, at = [], 0
    for url in _URL.finditer(text):
        pieces += [_SPECIAL.sub(r"\\\g<0>", text[at : url.start()]), url[0]]
        at = url.end()
    return "".join(pieces) + _SPECIAL.sub(r"\\\g<0>", text[at:])


def _at_the_start(line: str) -> str:
    found = _AT_THE_START.match(line)
    if found is None:
        return line
    return f"\\{line}" if not found[0].isdigit() else f"{found[0]}\\{line[found.end() :]}"


@dataclass(slots=True)
class _List:
    marker: str
    is_in_item: bool = False


class _Writer(HTMLParser):
    """Writes Markdown while the parser meets tags and text."""

    def __init__(self, *, keeps_lines: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._keeps_lines = keeps_lines
        self._out: list[str] = []
        self._prefixes: list[str] = []
        self._marker = ""
        self._gap = 0
        """Line ends before the next text; two part blocks."""
        self._is_at_start = True
        self._inline: list[str] = []
        self._lists: list[_List] = []
        self._unread = 0
        self._pre: list[str] | None = None

    def written(self) -> str:
        """Return the whole text, with what was left open ended."""
        if self._pre is not None:
            self._end_pre(self._pre)
        self._end_inline()
        return "".join(self._out)

    def updatepos(self, _i: int, j: int) -> int:
        """Go on to `j` without counting lines and columns, which take a sixth of the time and which nobody asks for."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Meet the start of an element."""
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "pre":
            self._block()
            self._pre = []
        elif self._pre is not None or self._unread:
            return
        elif tag == "br":
            self._gap += 1
        elif tag == "blockquote":
            self._block()
            self._prefixes.append("> ")
        elif tag in {"ul", "ol"}:
            self._block(1 if self._lists else 2)
            self._lists.append(_List("1. " if tag == "ol" else "- "))
        elif tag == "li":
            self._end_item()
            self._block(1 if self._lists else 2)
            if self._lists:
                self._lists[-1].is_in_item = True
                self._marker = self._lists[-1].marker
                self._prefixes.append(" " * len(self._marker))
        elif tag in _BLOCKS:
            self._block()
        elif tag in _INLINE:
            self._begin_inline(_INLINE[tag], f"<{_INLINE[tag]}>")
        elif tag == "a":
            href = canonical_href((dict(attrs).get("href") or "").strip())
            if is_safe_href(href) and "a" not in self._inline:
                self._begin_inline("a", f'<a href="{html.escape(href)}">')
        elif tag == "img":
            self._image(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        """Meet the end of an element."""
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "pre" and self._pre is not None:
            self._end_pre(self._pre)
        elif self._pre is not None or self._unread:
            return
        elif tag == "blockquote" and "> " in self._prefixes:
            self._block()
            self._end_item()
            while self._prefixes and self._prefixes.pop() != "> ":
                pass
        elif tag in {"ul", "ol"} and self._lists:
            self._end_item()
            self._lists.pop()
            self._block(1 if self._lists else 2)
        elif tag == "li":
            self._end_item()
        elif tag in _BLOCKS:
            self._block()
        else:
            name = _INLINE.get(tag, tag)
            if name in self._inline:
                while (ended := self._inline.pop()) != name:
                    self._out.append(f"</{ended}>")
                self._out.append(f"</{name}>")

    def handle_data(self, data: str) -> None:
        """Meet text."""
        if self._unread:
            return
        if self._pre is not None:
            self._pre.append(data)
            return
        lines = data.split("\n") if self._keeps_lines else [data]
        for number, line in enumerate(lines):
            if number:
                self._gap += 1
            self._line(line)

    def _line(self, line: str) -> None:
        text = _WHITESPACE.sub(" ", line)
        if self._gap or self._is_at_start:
            text = text.lstrip(" ")
        if text:
            is_first = self._gap > 0 or self._is_at_start
            self._begin_line()
            self._out.append(_at_the_start(escaped(text)) if is_first else escaped(text))

    def _begin_line(self) -> None:
        """Write the line ends that are due, and what stands before every line here."""
        if not self._is_at_start and not self._gap:
            return
        if self._gap and not self._is_at_start:
            if self._gap >= 2:
                self._end_inline()
            outer = "".join(self._prefixes[:-1] if self._marker else self._prefixes)
            self._out.append("\n" if self._gap == 1 else f"\n{outer.rstrip()}\n")
        if self._marker:
            self._out.append("".join(self._prefixes[:-1]) + self._marker)
            self._marker = ""
        else:
            self._out.append("".join(self._prefixes))
        self._gap, self._is_at_start = 0, False

    def _block(self, gap: int = 2) -> None:
        self._end_inline()
        self._gap = max(self._gap, gap)

    def _begin_inline(self, name: str, tag: str) -> None:
        if name not in self._inline:
            self._begin_line()
            self._out.append(tag)
            self._inline.append(name)

    def _end_inline(self) -> None:
        while self._inline:
            self._out.append(f"</{self._inline.pop()}>")

    def _end_item(self) -> None:
        self._end_inline()
        self._marker = ""
        if self._lists and self._lists[-1].is_in_item:
            self._lists[-1].is_in_item = False
            if self._prefixes and self._prefixes[-1].isspace():
                self._prefixes.pop()

    def _end_pre(self, pieces: list[str]) -> None:
        self._pre = None
        code = "".join(pieces).strip("\n")
        if not code.strip():
            return
        fence = "```"
        while fence in code:
            fence += "`"
        for line in (fence, *code.split("\n"), fence):
            self._begin_line()
            self._out.append(line)
            self._gap = 1
        self._gap = 2

    def _image(self, attributes: dict[str, str | None]) -> None:
        source = canonical_href((attributes.get("src") or "").strip())
        said = (attributes.get("alt") or "").strip()
        if is_safe_href(source) and "a" not in self._inline:
            self._begin_line()
            self._out.append(f'<a href="{html.escape(source)}">{escaped(said) or source}</a>')
        elif said:
            self._line(said)
