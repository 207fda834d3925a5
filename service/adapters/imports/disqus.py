"""The XML that Disqus exports: threads, and posts that name them."""

from __future__ import annotations

from collections.abc import Iterator

from service.adapters.imports.opening import Readable
from service.adapters.imports.xml import Element, elements
from service.domain.imports import Markup, Source, SourceComment, SourcePage, parse_time
from service.domain.life import Status

_TOLD = frozenset({"thread", "post"})


def read(stream: Readable) -> Iterator[Source]:
    """Yield the pages and comments of an export; raises Invalid where it is broken or of another kind."""
    for element in elements(stream, root="disqus", told=_TOLD):
        if element.name == "thread":
            closed = element.get("isClosed") == "true"
            yield SourcePage(element.attributes.get("id", ""), element.get("link"), element.get("title"), closed)
        elif element.name == "post":
            yield _comment(element)


def _comment(post: Element) -> SourceComment:
    status = Status.APPROVED
    if post.get("isDeleted") == "true":
        status = Status.DELETED
    elif post.get("isSpam") == "true":
        status = Status.SPAM
    elif post.get("isApproved") == "false":
        status = Status.PENDING
    author, thread, parent = post.child("author"), post.child("thread"), post.child("parent")
    return SourceComment(
        thread.attributes.get("id", "") if thread is not None else "",
        post.attributes.get("id", ""),
        parent.attributes.get("id", "") if parent is not None else "",
        post.get("message"),
        Markup.HTML,
        parse_time(post.get("createdAt")),
        status,
        name=author.get("name") if author is not None else "",
        email=author.get("email") if author is not None else "",
        url=author.get("link") if author is not None else "",
    )
