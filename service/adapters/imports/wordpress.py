"""WXR, the export of WordPress, in its versions 1.0 to 1.2."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.adapters.imports.opening import Readable
from service.adapters.imports.xml import Element, elements
from service.domain.imports import Markup, Source, SourceComment, SourcePage, parse_time, wrong_kind
from service.domain.life import Status

VERSIONS = ("1.0", "1.1", "1.2")
_NAMESPACE = re.compile(r"https?://wordpress\.org/export/([^/]*)/?")
_TOLD = frozenset({"item", "comment", "wxr_version"})
_TAKEN_OUT = frozenset({"comment"})
# fmt: off
_PASSED_OVER = frozenset({
    "encoded", "postmeta", "commentmeta", "category", "description", "author", "term", "tag", "comment_author_IP",
    "comment_user_id",
})
# fmt: on
STATUSES = {
    "1": Status.APPROVED,
    "approve": Status.APPROVED,
    "approved": Status.APPROVED,
    "0": Status.PENDING,
    "hold": Status.PENDING,
    "spam": Status.SPAM,
    "trash": Status.DELETED,
    "post-trashed": Status.DELETED,
}
WRITTEN_BY_PEOPLE = frozenset({"", "comment", "review"})
NOBODY_S_WORDS = frozenset({"pingback", "trackback"})


def read(stream: Readable) -> Iterator[Source]:
    """Yield the pages and comments of an export; raises Invalid where it is broken, no WXR, or of another version."""
    is_wxr = False
    item = 0

    def check_root(attributes: dict[str, str]) -> None:
        nonlocal is_wxr
        for name, value in attributes.items():
            found = _NAMESPACE.fullmatch(value) if name.startswith("xmlns:") else None
            if found is not None:
                _check_version(found[1])
                is_wxr = True

    for element in elements(
        stream, root="rss", told=_TOLD, taken_out=_TAKEN_OUT, dropped=_PASSED_OVER, check_root=check_root
    ):
        if element.name == "wxr_version":
            _check_version(element.text.strip())
            is_wxr = True
        elif element.name == "comment" and element.child("comment_id") is not None:
            is_wxr = True
            yield _comment(element, str(item))
        elif element.name == "item":
            is_closed = element.get("comment_status") == "closed"
            yield SourcePage(str(item), element.get("link"), element.get("title"), is_closed)
            item += 1
    if not is_wxr:
        raise wrong_kind("This is an RSS feed, but no export of WordPress (Tools, Export).")


def _check_version(version: str) -> None:
    if version not in VERSIONS:
        raise wrong_kind(f"This is WXR {version[:20]}; the versions {', '.join(VERSIONS)} are known.")


def _comment(element: Element, page: str) -> SourceComment:
    said = {one.name: one.text.strip() for one in reversed(element.inside)}
    kind = said.get("comment_type", "")
    status = STATUSES.get(said.get("comment_approved", ""))
    refused = ""
    if kind in NOBODY_S_WORDS:
        refused = f"a {kind}: another site made it, and no reader wrote it"
    elif kind not in WRITTEN_BY_PEOPLE:
        refused = f"no comment of a reader but of the kind {kind[:50]}"
    elif status is None:
        refused = f"its status is not known: {said.get('comment_approved', '')[:50] or 'none'}"
    parent = said.get("comment_parent", "")
    # WordPress leaves the time in GMT at zeros where it never published the comment.
    written = parse_time(said.get("comment_date_gmt", "")) or parse_time(said.get("comment_date", ""))
    return SourceComment(
        page,
        said.get("comment_id", ""),
        "" if parent == "0" else parent,
        said.get("comment_content", ""),
        Markup.HTML_LINES,
        written,
        status or Status.PENDING,
        name=said.get("comment_author", ""),
        email=said.get("comment_author_email", ""),
        url=said.get("comment_author_url", ""),
        refused=refused,
    )
