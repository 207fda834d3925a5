"""Comment text to HTML: CommonMark first, bleach last. No other file imports markdown-it or bleach.

Three fences stand one behind the other. Markdown escapes everything but the tags it writes itself and raw inline tags.
Of raw tags only allowlisted, properly nested ones remain, rewritten without attributes but `href`; the others become
the text that was typed. Then bleach parses what is left as a browser would, and lets out its allowlist
and nothing else.
"""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bleach.sanitizer import Cleaner
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from service.adapters.raw_tags import ALLOWED_TAGS, RawTags
from service.adapters.shapes import Shapes
from service.domain.links import is_safe_href
from service.domain.text import BIDI_CONTROLS, clean_body, is_blank
from service.domain.urls import canonical_href

# Counted up whenever the same text would come out otherwise, so that stored HTML can be rendered anew.
SANITISER_VERSION: int = 1

_BleachToken = dict[str, Any]

REL = "nofollow ugc noopener"
_DEEPEST_BLOCK = 12  # quotes and lists within each other; no conversation needs more, and deeper markers stay as text
_MOST_BRACKETS = 1_000  # "[" in one comment; Markdown looks for a link behind each, and ten thousand cost 0.15 s
# Start and end tags in one comment. bleach takes some 25 us for each, and a body made of nothing but them would hold a
# worker for a quarter of a second; beyond this number, which no essay reaches, the text is shown as it was typed.
_MOST_TAGS = 2_000
_LONGEST_BARE_URL = 2_048  # characters, as in domain/links.py

_LIST_NOT_FROM_ONE = re.compile(r"(?!0{0,8}1[.)])[0-9]")
_URL_SCHEME_BEFORE = re.compile(r"(?<![A-Za-z0-9])https?\Z", re.I)
_BARE_URL = re.compile(rf"https?://[^\s<>\"`\\|^{{}}\[\]\x00-\x1f\x7f]{{1,{_LONGEST_BARE_URL}}}", re.I)
_NOT_AT_THE_END_OF_A_URL = "?!.,:;*_~'\"“”‘’«»„…。，、；：！？）」』】》"
_CODE = frozenset({"code_inline", "code_block", "fence"})
_BIDI_CONTROL = re.compile(f"[{BIDI_CONTROLS}]")
_NEWLINES_HTML_DROPS = re.compile(r"<pre>\n+")
_BLOCK_EDGE = re.compile(r"<(?:br|/?(?:p|pre|blockquote|ul|ol|li))>")
_TAG = re.compile(r"<[^>]*>")
_TAG_LIKE = re.compile(r"<[/!?a-zA-Z][^<>]*>")
# Tags, entities, references with their targets, and the names of code languages: most comments have none of them.
_MAY_HIDE_LETTERS = re.compile(r"[<&\[`~]")
# `**`, `---` or "```" say nothing; `-_-`, `:)` and `!!!` do. Runs are matched possessively,
# since a long one could otherwise be divided in exponentially many ways.
_ONLY_PUNCTUATION_OF_MARKDOWN = re.compile(r"(?:([*_~`#>-])\1++)+|[*_~`#>-]|!?\[\](?:\(\))?")

# Of letters without marks and these signs neither Markdown nor a parser of HTML makes anything else. A line begins with
# a letter or an opening sign, so that it begins no list, quote or code.
_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u0481\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"
_LETTERS += "\uac00-\ud7a3"
_PLAIN_LINE = rf"""[{_LETTERS}"'(“‘„«][{_LETTERS}0-9 "'(),.:;?!%/“”‘’„«»–—…、。-]*"""
_PLAIN = re.compile(rf"{_PLAIN_LINE}(?:\n+{_PLAIN_LINE})*")


def render_body(body_raw: str) -> str:
    """Give the HTML of a comment, safe to stand in any page: allowlisted tags only, links checked and not endorsed.

    Never raises. Nothing typed is lost but comments and attributes: a tag that is not allowed appears as text.
    """
    body = clean_body(body_raw)
    return _plain_paragraphs(body) if _is_plain(body) else _with_markup(body)


def _is_plain(body: str) -> bool:
    """True where a cleaned body holds nothing but letters, digits and signs of which no markup is made."""
    has_few_lines = body.count("\n") < _MOST_TAGS // 2
    return has_few_lines and _PLAIN.fullmatch(body) is not None and "://" not in body and " \n" not in body


def _plain_paragraphs(body: str) -> str:
    """Give what Markdown and bleach make of a plain body, at a fiftieth of their cost; most comments are plain."""
    paragraphs = (lines.strip("\n").replace("\n", "<br>\n") for lines in body.split("\n\n"))
    return "\n".join(f"<p>{lines}</p>" for lines in paragraphs if lines)


def _with_markup(body: str) -> str:
    rendered = _as_typed(body) if _has_too_many_brackets(body) else _tools.markdown.render(body)
    if rendered.count("<") > _MOST_TAGS:
        rendered = _as_typed(body)
    rendered = _BIDI_CONTROL.sub("", rendered)  # again, for a character reference may have brought one back
    # html5lib leaves an empty paragraph on each side of a block that was written inside one, and a browser would drop
    # newlines right after <pre>, so that the same HTML cleaned again would differ.
    return _NEWLINES_HTML_DROPS.sub("<pre>", _tools.shapes.clean(rendered).replace("<p></p>", "")).strip()


def visible_text(body_html: str) -> str:
    """Give what a reader sees of sanitised HTML, a line for each block; of other HTML it may show anything."""
    text = html.unescape(_TAG.sub("", _BLOCK_EDGE.sub("\n", body_html)))
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line)


def has_visible_text(body_raw: str) -> bool:
    """Whether anything is left of a comment without its tags, comments, entities and Markdown punctuation.

    `<p></p>`, `**` and `&nbsp;` say nothing; `List<String>` and code that shows a tag do.
    """
    body = clean_body(body_raw)
    if not _MAY_HIDE_LETTERS.search(body) and any(char.isalpha() and not is_blank(char) for char in body):
        return True
    if _has_too_many_brackets(body):
        return True
    words: list[str] = []
    for token in _tools.markdown.parse(body, {"without_raw_tags": True}):
        for part in token.children or [token]:
            if part.type == "image" or (part.type in _CODE and not is_blank(part.content)):
                return True
            words.append(part.content if part.type == "text" else " " if part.type.endswith("break") else "")
        words.append(" ")
    text = _TAG_LIKE.sub("", "".join(words))
    return any(not is_blank(word) and not _ONLY_PUNCTUATION_OF_MARKDOWN.fullmatch(word) for word in text.split())


class _Tools(threading.local):
    """One Markdown parser and one Cleaner for each thread, since html5lib's parser keeps its state in itself."""

    def __init__(self) -> None:
        self.markdown = _markdown()
        self.cleaner = Cleaner(
            tags=ALLOWED_TAGS,
            attributes={"a": ["href"]},
            protocols={"http", "https", "mailto"},
            strip=False,
            strip_comments=True,
            filters=[_only_safe_links],  # type: ignore[list-item]  # any iterable of tokens does
        )
        self.shapes = Shapes(self.cleaner.clean)


def _only_safe_links(source: Iterable[_BleachToken]) -> Iterator[_BleachToken]:
    """Mark every link `nofollow`, and take away the tags of a link whose target we do not vouch for.

    bleach itself would let `javascript:1` through, taking it for a host and a port.
    """
    is_kept: list[bool] = []
    for token in source:
        if token["type"] == "StartTag" and token["name"] == "a":
            is_kept.append(is_safe_href(html.unescape(token["data"].get((None, "href"), ""))))
            token["data"][(None, "rel")] = REL
            if is_kept[-1]:
                yield token
        elif token["type"] != "EndTag" or token["name"] != "a" or is_kept.pop():
            yield token


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"breaks": True, "xhtmlOut": False})
    # What the allowlist has no tags for stays readable as it was typed, and raw HTML blocks are read as paragraphs.
    markdown.disable(["html_block", "heading", "lheading", "hr"]).enable("strikethrough")
    markdown.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    markdown.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.inline.ruler.after("newline", "bare_url", _link_bare_url)
    markdown.core.ruler.before("text_join", "raw_tags", _settle_raw_tags)
    markdown.add_render_rule("text", _escape_text)
    markdown.add_render_rule("image", _link_to_image)
    markdown.normalizeLink = canonical_href  # type: ignore[assignment, method-assign]
    markdown.validateLink = is_safe_href  # type: ignore[assignment, method-assign]
    return markdown


def _quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return state.level < _DEEPEST_BLOCK and blockquote(state, start, end, silent)


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Begin no list whose first number is not 1: without a `start` attribute "3." would be shown as "1."."""
    if state.level >= _DEEPEST_BLOCK:
        return False
    if not silent and _LIST_NOT_FROM_ONE.match(state.src, state.bMarks[start] + state.tShift[start]):
        return False
    return list_block(state, start, end, silent)


def _link_bare_url(state: StateInline, silent: bool) -> bool:
    """Link an http(s) URL that stands in the text as it is; the `://` is met after its scheme went by as text."""
    if silent or state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    scheme = _URL_SCHEME_BEFORE.search(state.pending[-6:])
    found = _BARE_URL.match(state.src, state.pos - len(scheme[0]), state.posMax) if scheme else None
    if scheme is None or found is None:
        return False
    url = _without_closing_punctuation(found[0])
    href = canonical_href(url)
    if not is_safe_href(href):
        return False
    state.pending = state.pending[: -len(scheme[0])]
    state.push("link_open", "a", 1).attrs = {"href": href}
    state.push("text", "", 0).content = url
    state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme[0])
    return True


def _escape_text(_: Any, tokens: Sequence[Token], index: int, *__: object) -> str:
    """Escape text as it must be between tags, and leave quotes alone: bleach pays for every character reference."""
    return html.escape(tokens[index].content, quote=False)


def _link_to_image(_: Any, tokens: Sequence[Token], index: int, *__: object) -> str:
    """Show a link instead of an image, named by the image's description or else by its address."""
    href = str(tokens[index].attrs["src"])
    return f'<a href="{html.escape(href)}">{html.escape(tokens[index].content or href, quote=False)}</a>'


def _as_typed(body: str) -> str:
    return f"<pre><code>{html.escape(body, quote=False)}</code></pre>"


def _has_too_many_brackets(body: str) -> bool:
    return body.count("[") > _MOST_BRACKETS


def _settle_raw_tags(state: StateCore) -> None:
    RawTags(shown="without_raw_tags" not in state.env).settle(state.tokens)


def _without_closing_punctuation(url: str) -> str:
    """Leave a full stop or bracket after a URL to the sentence, but not a bracket that the URL itself opened."""
    unopened = url.count(")") - url.count("(")
    while True:
        url = url.rstrip(_NOT_AT_THE_END_OF_A_URL)
        if unopened <= 0 or not url.endswith(")"):
            return url
        url, unopened = url[:-1], unopened - 1


_tools = _Tools()
