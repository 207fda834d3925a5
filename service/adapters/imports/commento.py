"""The JSON of Commento, and that of its successor Comentario, whose first version is nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.adapters.imports.json_stream import JsonStream
from service.adapters.imports.opening import Readable
from service.adapters.imports.values import integer, listed, text, truth
from service.domain.imports import (
    Markup,
    Source,
    SourceComment,
    SourcePage,
    SourcePerson,
    parse_time,
    wrong_kind,
)
from service.domain.life import Status

STATES = {
    "approved": Status.APPROVED,
    "unapproved": Status.PENDING,
    "pending": Status.PENDING,
    "flagged": Status.PENDING,
    "spam": Status.SPAM,
}
_NOBODY = frozenset({"anonymous", "00000000-0000-0000-0000-000000000000"})


def read_commento(stream: Readable) -> Iterator[Source]:
    """Yield the comments of Commento's export; raises Invalid where it is broken, or of another version than 1."""
    yield from _read(stream, "Commento", frozenset({1}))


def read_comentario(stream: Readable) -> Iterator[Source]:
    """Yield the comments of Comentario's export; raises Invalid where it is broken, or of a version but 1 and 3."""
    yield from _read(stream, "Comentario", frozenset({1, 3}))


def _read(stream: Readable, system: str, versions: frozenset[int]) -> Iterator[Source]:
    json = JsonStream(stream)
    if json.peek() != "{":
        raise wrong_kind(f"This is no export of {system}, which is one JSON object.")
    version: Any = None
    has_comments = False
    pages: set[str] = set()
    for name in json.members():
        if name == "version":
            version = json.value()
            if version not in versions or isinstance(version, bool):
                known = ", ".join(map(str, sorted(versions)))
                raise wrong_kind(f"This is version {str(version)[:20]} of {system}'s export; known: {known}.")
        elif name == "comments":
            has_comments = True
            for item in listed(json, "comments"):
                if "commentHex" in item:
                    yield from _first_version(item, pages)
                else:
                    yield _later_version(item)
        elif name == "commenters":
            for item in listed(json, "commenters"):
                key = text(item, "commenterHex") or text(item, "id")
                link = text(item, "link") or text(item, "websiteUrl")
                yield SourcePerson(f"person {key}", text(item, "name"), text(item, "email"), link)
        elif name == "pages":
            for item in listed(json, "pages"):
                closed = truth(item, "isReadonly")
                yield SourcePage(f"page {text(item, 'id')}", text(item, "path"), text(item, "title"), closed)
        else:
            json.skip()
    json.end()
    if version is None or not has_comments:
        raise wrong_kind(f"This is no export of {system}: it has no version, or no list of comments.")


def _first_version(item: dict[str, Any], pages: set[str]) -> Iterator[Source]:
    host = text(item, "domain") or text(item, "host")
    path = text(item, "url") or text(item, "path")
    url = path if "://" in path or not host else f"https://{host}/{path.lstrip('/')}"
    # A page that was told of is told of again when it has not been met for a while.
    if url not in pages:
        if len(pages) >= 10_000:
            pages.clear()
        pages.add(url)
        yield SourcePage(f"url {url}", url)
    parent, person = text(item, "parentHex"), text(item, "commenterHex")
    status = Status.DELETED if truth(item, "deleted") else STATES.get(text(item, "state"))
    markdown = text(item, "markdown")
    yield SourceComment(
        f"url {url}",
        text(item, "commentHex"),
        "" if parent == "root" else parent,
        markdown or text(item, "html"),
        Markup.MARKDOWN if markdown else Markup.HTML,
        parse_time(text(item, "creationDate")),
        status or Status.PENDING,
        person="" if person in _NOBODY else f"person {person}",
        votes=integer(item, "score"),
        refused="" if status else f"its state is not known: {text(item, 'state')[:50] or 'none'}",
    )


def _later_version(item: dict[str, Any]) -> SourceComment:
    status = Status.PENDING
    if truth(item, "isDeleted"):
        status = Status.DELETED
    elif truth(item, "isApproved"):
        status = Status.APPROVED
    elif not truth(item, "isPending"):
        # Neither approved nor waiting: a moderator has rejected it, and nobody is to see it.
        status = Status.SPAM
    markdown, person = text(item, "markdown"), text(item, "userCreated")
    return SourceComment(
        f"page {text(item, 'pageId')}",
        text(item, "id"),
        text(item, "parentId"),
        markdown or text(item, "html"),
        Markup.MARKDOWN if markdown else Markup.HTML,
        parse_time(text(item, "createdTime")),
        status,
        name=text(item, "authorName"),
        person="" if person in _NOBODY else f"person {person}",
        votes=integer(item, "score"),
    )
