"""A backup of Remark42: a line that tells of users and posts, then a comment a line."""

from __future__ import annotations

from collections.abc import Iterator

from service.adapters.imports.json_stream import JsonStream
from service.adapters.imports.opening import Readable
from service.adapters.imports.values import integer, record, text, truth
from service.domain.imports import Markup, Source, SourceComment, SourcePage, parse_time, wrong_kind
from service.domain.life import Status

VERSION = 1


def read(stream: Readable) -> Iterator[Source]:
    """Yield the pages and comments of a backup; raises Invalid where it is broken, or of another version."""
    json = JsonStream(stream)
    if json.peek() != "{":
        raise wrong_kind("This is no backup of Remark42, which is a JSON object a line.")
    head = json.value()
    if "version" not in head or not isinstance(head.get("posts", []), list | None):
        raise wrong_kind("This is no backup of Remark42: its first line tells no version.")
    if head["version"] != VERSION:
        raise wrong_kind(f"This is version {str(head['version'])[:20]} of Remark42's backup; {VERSION} is known.")
    closed = {
        text(post, "url") for post in head.get("posts") or [] if isinstance(post, dict) and truth(post, "read_only")
    }
    last = ""
    while json.peek():
        if json.peek() != "{":
            raise json.fault("a comment is wanted here, as an object.")
        item = json.value()
        url = text(record(item, "locator"), "url")
        if url != last:
            last = url
            yield SourcePage(url, url, text(item, "title"), url in closed)
        user, typed = record(item, "user"), text(item, "orig")
        yield SourceComment(
            url,
            text(item, "id"),
            text(item, "pid"),
            typed or text(item, "text"),
            Markup.MARKDOWN if typed else Markup.HTML,
            parse_time(text(item, "time")),
            Status.DELETED if truth(item, "delete") else Status.APPROVED,
            name=text(user, "name"),
            votes=integer(item, "score"),
        )
