"""Raw HTML tags inside Markdown: keep those that are allowed and properly nested, show every other as it was typed.

This is no sanitiser, for bleach still comes after it. It decides what a person meant, and it keeps html5lib in linear
time, which misnested formatting would make quadratic ("<em>" left open is reopened in every later paragraph).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from service.domain.links import is_safe_href
from service.domain.urls import canonical_href

BLOCK_TAGS = frozenset({"p", "pre", "blockquote", "ul", "ol", "li"})
INLINE_TAGS = frozenset({"a", "em", "strong", "del", "code"})
ALLOWED_TAGS = BLOCK_TAGS | INLINE_TAGS | {"br"}

_ENDS_BY_ITSELF = frozenset({"p", "li"})  # HTML lets their end tags be left out
_DEEPEST = 24  # elements within each other, of every kind

_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<attributes>[\s/].*)?>", re.S)
_ATTRIBUTE = re.compile(r"""\s([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")


# Only with its semicolon: browsers leave `&section=2` in an attribute alone, html.unescape makes `§ion=2` of it.
# And only of a sane length: html.unescape and bleach raise ValueError for a number of more than 4,300 digits.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Piece(Protocol):
    """The part of a Markdown token that is read and rewritten here."""

    type: str
    tag: str
    nesting: Literal[-1, 0, 1]
    content: str
    markup: str

    @property
    def children(self) -> Sequence[Piece] | None: ...


@dataclass
class _Element:
    """An element that is open: `typed` is its raw tag, or None where Markdown opened it and will close it."""

    name: str
    piece: Piece
    typed: str | None


class RawTags:
    """Walks the tokens of one comment; refused tags become text if `shown`, and vanish where emptiness is judged."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._open: list[_Element] = []

    def settle(self, tokens: Iterable[Piece]) -> None:
        """Rewrite the tokens in place, so that whatever raw tags remain are well nested and not deep."""
        for token in tokens:
            if token.type == "inline":
                self._settle_inline(token.children or [])
            elif not token.type.startswith("paragraph"):  # a raw block ends the paragraph it was written in
                self._meet_markdown(token)
        self._close_raw_above(0)

    def _settle_inline(self, pieces: Sequence[Piece]) -> None:
        before: Piece | None = None
        for piece in pieces:
            if piece.type == "html_inline":
                if self._meet_raw(piece) and before is not None and before.type == "softbreak":
                    _make_newline(before)
            elif piece.type == "softbreak":
                if self._is_in("pre") or (before is not None and _is_raw_block(before)):
                    _make_newline(piece)
            elif piece.type == "image" and self._is_in("a"):
                _make_text(piece, piece.content)  # an image becomes a link, and links do not stand in links
            else:
                self._meet_markdown(piece)
            before = piece
        self._close_raw_above(self._first_inline())

    def _meet_markdown(self, piece: Piece) -> None:
        """Follow what Markdown opens and closes; emphasis inside too much else stays as it was typed."""
        if piece.type in {"s_open", "s_close"}:
            piece.tag = "del"
        if piece.nesting > 0:
            self._open.append(_Element(piece.tag, piece, None))
            if len(self._open) > _DEEPEST and piece.markup and piece.tag in INLINE_TAGS:
                _make_text(piece, piece.markup)
        elif piece.nesting < 0:
            barrier = max(index for index, element in enumerate(self._open) if element.typed is None)
            self._close_raw_above(barrier + 1)
            if self._open.pop().piece.type == "text":
                _make_text(piece, piece.markup)

    def _meet_raw(self, piece: Piece) -> bool:
        """Keep or refuse one raw tag; True where it is a block's and was kept."""
        typed = piece.content
        found = _TAG.fullmatch(typed)
        name = found["name"].lower() if found else ""
        if typed.startswith("<!--"):
            piece.content = ""
        elif found is None or name not in ALLOWED_TAGS:
            self._refuse(piece, typed)
        elif found["slash"]:
            if self._close(name):
                piece.content = f"</{name}>"
                return name in BLOCK_TAGS
            self._refuse(piece, typed)
        elif name == "br":
            piece.content = "<br>"
        elif (canonical := self._opening_tag(name, found["attributes"] or "")) is not None:
            self._open.append(_Element(name, piece, typed))
            piece.content = canonical
            return name in BLOCK_TAGS
        else:
            self._refuse(piece, typed)
        return False

    def _opening_tag(self, name: str, attributes: str) -> str | None:
        """Give the tag as it goes on to bleach, or None where it may not stand here."""
        if name in BLOCK_TAGS:
            if self._open and self._open[-1].name in INLINE_TAGS:
                return None
            self._end_by_itself("p")
            if name == "li":
                self._end_by_itself("li")
        if len(self._open) >= _DEEPEST:
            return None
        if name != "a":
            return f"<{name}>"
        href = _href(attributes)
        if self._is_in("a") or not is_safe_href(href):
            return None
        return f'<a href="{html.escape(href)}">'

    def _close(self, name: str) -> bool:
        """Close the raw element that an end tag names, with those left open inside it; False where there is none."""
        for index in range(len(self._open) - 1, -1, -1):
            element = self._open[index]
            if element.typed is None:
                return False
            if element.name == name:
                self._close_raw_above(index + 1)
                self._open.pop()
                return True
            if element.name not in _ENDS_BY_ITSELF and not (name in BLOCK_TAGS and element.name in INLINE_TAGS):
                return False
        return False

    def _end_by_itself(self, name: str) -> None:
        if self._open and self._open[-1].name == name and self._open[-1].typed is not None:
            self._open.pop()

    def _close_raw_above(self, index: int) -> None:
        """Forget the elements from `index` on; a start tag that was never closed becomes the text that was typed."""
        for element in self._open[index:]:
            if element.typed is not None and element.name not in _ENDS_BY_ITSELF:
                self._refuse(element.piece, element.typed)
        del self._open[index:]

    def _first_inline(self) -> int:
        return next((at for at, element in enumerate(self._open) if element.name in INLINE_TAGS), len(self._open))

    def _is_in(self, name: str) -> bool:
        return any(element.name == name for element in self._open)

    def _refuse(self, piece: Piece, typed: str) -> None:
        _make_text(piece, typed if self._shown else "")


def _href(attributes: str) -> str:
    """Give the target of a link as a browser reads it: the first `href` of the tag, character references resolved."""
    for name, *values in _ATTRIBUTE.findall(attributes):
        if name.lower() == "href":
            return canonical_href(_REFERENCE.sub(lambda found: html.unescape(found[0]), "".join(values)).strip())
    return ""


def _is_raw_block(piece: Piece) -> bool:
    return piece.type == "html_inline" and piece.content.strip("</>") in BLOCK_TAGS


def _make_text(piece: Piece, content: str) -> None:
    piece.type, piece.tag, piece.nesting, piece.content = "text", "", 0, content


def _make_newline(piece: Piece) -> None:
    _make_text(piece, "\n")
