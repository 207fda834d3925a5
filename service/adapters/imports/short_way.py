"""The short way from a clean text to its HTML, for texts in which little is markup: a thirtieth of the time.

Most comments of an archive are prose, and most others have a link, an emphasis or a quote. What is written here is put
together out of text that is escaped and tags that are known; whatever else a text has sends it to `render_body`, by way
of Markdown and bleach. A property test holds that both ways lead to the very same HTML.
"""

from __future__ import annotations

import re

from service.adapters.markup import MOST_TAGS, REL
from service.domain.links import is_safe_href
from service.domain.urls import canonical_href

# Whatever could mean something to Markdown or to HTML, or is blank to one of them and not to the other.
_NEVER_PLAIN = r"\t\x00-\x09\x0b-\x1f\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_NOT_PLAIN = re.compile(rf"[\\`*_\[\]<>&~{_NEVER_PLAIN}]|://")
_NOT_PLAIN_AT_THE_START = re.compile(r"[ #=+-]|\d{1,9}[.)]")
_BLANK_LINES = re.compile(r"\n{2,}")
_END_OF_LINE = re.compile(r" *\n")
_ADDRESS = r"https?://[a-z0-9.-]+(?:/[A-Za-z0-9/._~%+=?,:;@-]*)?"
# Everything that is not plain and still has one meaning; the last is what has not, and ends the short way.
_MEANING = re.compile(
    rf"</?(?P<tag>em|strong|del|code)>|<a href=\"(?P<href>{_ADDRESS})\">|(?P<end_of_link></a>)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<amid>(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))|(?P<and>&(?= ))"
    rf"|(?<![^ \n(])(?P<address>{_ADDRESS}(?<=[A-Za-z0-9/]))(?=[.,!?]?(?:[ \n]|\Z))"
    rf"|[\\`*_\[\]<>&~{_NEVER_PLAIN}]|://"
)
_AS_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def render_short(body: str) -> str | None:
    """Return what `render_body` makes of a clean text, or None where that has to be asked."""
    is_plain = _NOT_PLAIN.search(body) is None
    if is_plain and "\n" not in body:
        line = body.strip(" ")
        return f"<p>{line}</p>" if line and not _NOT_PLAIN_AT_THE_START.match(body) else None
    blocks: list[str] = []
    for block in _BLANK_LINES.split(_END_OF_LINE.sub("\n", body).rstrip(" \n")):
        rendered = _quote(block) if block[:1] == ">" else _paragraph(block, is_plain=is_plain)
        if rendered is None:
            return None
        blocks.append(rendered)
    found = "\n".join(blocks)
    return None if found.count("<") > MOST_TAGS // 2 else found


def _quote(block: str) -> str | None:
    """Return a quote whose every line is marked, with nothing but paragraphs in it."""
    lines = block.split("\n")
    if any(line != ">" and line[:2] != "> " for line in lines):
        return None
    # It may begin and end with lines that say nothing, but not be made of them.
    parts = _BLANK_LINES.split("\n".join(line[2:] for line in lines).strip("\n"))
    paragraphs = [_paragraph(part, is_plain=False) for part in parts]
    inside = [paragraph for paragraph in paragraphs if paragraph is not None]
    if len(inside) < len(paragraphs):
        return None
    return "\n".join(("<blockquote>", *inside, "</blockquote>"))


def _paragraph(block: str, *, is_plain: bool) -> str | None:
    if not block or any(map(_NOT_PLAIN_AT_THE_START.match, block.split("\n"))):
        return None
    said = block if is_plain else _inline(block)
    if said is None:
        return None
    return f"<p>{said.replace(chr(10), '<br>' + chr(10))}</p>"


def _inline(text: str) -> str | None:
    """Return the inside of a paragraph, in which each tag is closed in its order and stands in no other of its kind."""
    pieces: list[str] = []
    inside: list[str] = []
    at = 0
    for found in _MEANING.finditer(text):
        pieces.append(text[at : found.start()])
        at = found.end()
        kind = found.lastgroup
        if kind == "tag":
            name = found["tag"]
            if found[0][1] != "/":
                if name in inside:
                    return None
                inside.append(name)
            elif not inside or inside.pop() != name:
                return None
            pieces.append(found[0])
        elif kind == "href":
            link = _link(found["href"])
            if link is None or "a" in inside:
                return None
            inside.append("a")
            pieces.append(link)
        elif kind == "end_of_link":
            if not inside or inside.pop() != "a":
                return None
            pieces.append("</a>")
        elif kind == "address":
            link = _link(found["address"])
            if link is None or "a" in inside:
                return None
            pieces.append(f"{link}{found['address']}</a>")
        elif kind == "escaped":
            pieces.append(_AS_HTML.get(found["escaped"], found["escaped"]))
        elif kind == "amid":
            pieces.append("_")
        elif kind == "and":
            pieces.append("&amp;")
        else:
            return None
    return None if inside else "".join(pieces) + text[at:]


def _link(href: str) -> str | None:
    """Return the start of a link to an address in its one spelling; None for any other."""
    return f'<a href="{href}" rel="{REL}">' if canonical_href(href) == href and is_safe_href(href) else None
