"""Isso: its database as it is, or the generic JSON that it imports itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

from service.adapters.imports.json_stream import JsonStream
from service.adapters.imports.opening import Readable
from service.adapters.imports.values import listed, text
from service.domain.imports import Markup, Source, SourceComment, SourcePage, malformed, parse_time, wrong_kind
from service.domain.life import Status

MODES = {1: Status.APPROVED, 2: Status.PENDING, 4: Status.DELETED}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_TIME = 10**11  # seconds; thousands of years, which Python has no dates for


def read(stream: Readable) -> Iterator[Source]:
    """Yield the pages and comments of the generic JSON: a list of threads, each with its comments."""
    json = JsonStream(stream)
    if json.peek() != "[":
        raise wrong_kind("This is neither Isso's database nor its generic JSON, which is a list of threads.")
    for number, _ in enumerate(json.places()):
        if json.peek() != "{":
            raise json.fault("one of the threads is no object.")
        page = f"thread {number}"
        said: dict[str, Any] = {}
        has_comments = False
        # What the thread is called may stand after its comments.
        for name in json.members():
            if name == "comments":
                has_comments = True
                for item in listed(json, "comments"):
                    yield _comment(page, item)
            else:
                said[name] = json.value()
        if not has_comments or "id" not in said:
            raise wrong_kind("This is no generic JSON of Isso: a thread has no id, or no comments.")
        yield SourcePage(page, text(said, "id"), unquote_plus(text(said, "title")))
    json.end()


def _comment(page: str, item: dict[str, Any]) -> SourceComment:
    parent = text(item, "parent")
    return SourceComment(
        page,
        text(item, "id"),
        parent,
        text(item, "text"),
        Markup.MARKDOWN,
        parse_time(text(item, "created")),
        Status.APPROVED,
        name=text(item, "author"),
        email=text(item, "email"),
        url=text(item, "website"),
    )


def read_database(path: Path) -> Iterator[Source]:
    """Yield the pages and comments of Isso's own database, which is only read."""
    try:
        database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        try:
            yield from _read_database(database)
        finally:
            database.close()
    except sqlite3.DatabaseError as fault:
        if "no such" in str(fault):
            raise wrong_kind(
                "This database is not Isso's: it has no threads and comments as Isso keeps them."
            ) from fault
        raise malformed("in the database", "the file is damaged or cut off.") from fault


def _read_database(database: sqlite3.Connection) -> Iterator[Source]:
    # Whatever bytes stand in a text, they are no reason to give up all others.
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for thread_id, uri, title in database.execute("SELECT id, uri, title FROM threads"):
        yield SourcePage(str(thread_id), str(uri or ""), str(title or ""))
    rows = database.execute(
        "SELECT tid, id, parent, created, mode, text, author, email, website, likes, dislikes FROM comments"
    )
    for tid, number, parent, created, mode, words, author, email, website, likes, dislikes in rows:
        status = MODES.get(mode)
        written = None
        if isinstance(created, int | float) and abs(created) < _LONGEST_TIME:
            written = _EPOCH + timedelta(seconds=created)
        yield SourceComment(
            str(tid),
            str(number),
            "" if parent is None else str(parent),
            str(words or ""),
            Markup.MARKDOWN,
            written,
            status or Status.PENDING,
            name=str(author or ""),
            email=str(email or ""),
            url=str(website or ""),
            votes=int(likes or 0) - int(dislikes or 0),
            refused="" if status else f"its mode is not known: {mode}",
        )
