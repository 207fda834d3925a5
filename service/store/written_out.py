"""Everything of a site as JSON, which the database writes itself: that costs a tenth of reading rows and writing them.

Both databases write ids as UUIDs have them, times as RFC 3339 in UTC, bytes in hexadecimal digits, numbers exactly, and
leave no field out. Comments come by an index that the queue has, so a page costs the same wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import JSON, Boolean, Float, LargeBinary, Uuid
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.life import Status
from service.extensions import Base
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    FlagRow,
    LogRow,
    NoteRow,
    ReasonRow,
    RevisionRow,
    SignalRow,
)
from service.store.snapshot import Snapshot
from service.store.types import UtcDateTime

PAGE = 1_000  # rows of one statement

Column = InstrumentedAttribute[Any]


class Lines(NamedTuple):
    """Some rows as they are written, a line each without the last one's end."""

    number: int
    text: str


def lines(each: Sequence[str]) -> Lines:
    """Return rows that are there one by one."""
    return Lines(len(each), "\n".join(each))


_ARTICLE = {
    "id": ArticleRow.id,
    "key": ArticleRow.key,
    "url": ArticleRow.url,
    "title": ArticleRow.title,
    "open": ArticleRow.open,
    "created_at": ArticleRow.created_at,
    "opened_at": ArticleRow.opened_at,
}
_AUTHOR = {"id": AuthorRow.id, "created_at": AuthorRow.created_at, "proven_at": AuthorRow.proven_at}
_COMMENT = {
    "id": CommentRow.id,
    "article": CommentRow.article_id,
    "parent": CommentRow.parent_id,
    "author": CommentRow.author_id,
    "name": CommentRow.author_name,
    "url": CommentRow.author_url,
    "avatar": CommentRow.avatar,
    "status": CommentRow.status,
    "revision": CommentRow.revision,
    "published_revision": CommentRow.published_revision,
    "version": CommentRow.version,
    "votes": CommentRow.votes,
    "flag_count": CommentRow.flags,
    "flags_settled": CommentRow.flags_settled,
    "score": CommentRow.score,
    "reason": CommentRow.reason,
    "quietly_spam": CommentRow.quietly_spam,
    "receipt": CommentRow.receipt_hash,
    "created_at": CommentRow.created_at,
    "queued_at": CommentRow.queued_at,
    "published_at": CommentRow.published_at,
    "edited_at": CommentRow.edited_at,
    "edit_until": CommentRow.edit_until,
    "appealed_at": CommentRow.appealed_at,
    "badge": CommentRow.author_badge,
}
_REVISION = {
    "number": RevisionRow.number,
    "body": RevisionRow.body_raw,
    "body_html": RevisionRow.body_html,
    "created_at": RevisionRow.created_at,
}
_SIGNAL = {
    "revision": SignalRow.revision,
    "name": SignalRow.name,
    "verdict": SignalRow.verdict,
    "score": SignalRow.score,
    "detail": SignalRow.detail,
    "spans": SignalRow.spans,
    "rule": SignalRow.rule_id,
    "rule_version": SignalRow.rule_version,
}
_FLAG = {
    "revision": FlagRow.revision,
    "reason": FlagRow.reason,
    "detail": FlagRow.detail,
    "created_at": FlagRow.created_at,
}
_REASON = {
    "id": ReasonRow.id,
    "position": ReasonRow.position,
    "title": ReasonRow.title,
    "text": ReasonRow.text,
    "created_at": ReasonRow.created_at,
}
_NOTE = {
    "id": NoteRow.id,
    "comment": NoteRow.comment_id,
    "author": NoteRow.author_id,
    "actor_kind": NoteRow.actor_kind,
    "actor_id": NoteRow.actor_id,
    "actor_name": NoteRow.actor_name,
    "text": NoteRow.text,
    "created_at": NoteRow.created_at,
}
# The very names that are hashed (domain/log.py), so that the chain can be checked from the file alone.
_LOG = {
    name: getattr(LogRow, name)
    for name in (
        "previous_hash", "number", "id", "site_id", "kind", "action", "actor_kind", "actor_id", "actor_name",
        "comment_id", "batch_id", "revision", "version", "from_status", "to_status", "reason_id", "reason", "note",
        "waited", "subject", "details", "created_at", "hash",
    )
}  # fmt: skip


def reasons(view: Snapshot, site_id: UUID) -> Lines:
    """Return the canned reasons of a site, in their order."""
    said = _object(view, "reason", _REASON)
    rows = view.rows(f"SELECT {said} FROM reasons t WHERE site_id = :site ORDER BY position, id", _site(view, site_id))  # noqa: S608
    return lines([row[0] for row in rows])


def articles(view: Snapshot, site_id: UUID) -> Iterator[Lines]:
    """Yield the articles of a site, a page at a time."""
    return _pages(view, site_id, "articles", _object(view, "article", _ARTICLE), ("id",))


def authors(view: Snapshot, site_id: UUID) -> Iterator[list[tuple[str, bytes]]]:
    """Yield the authors of a site, each with the sealed address, a page at a time."""
    # By the hash, for which there is an index with the site; only pages know of that order.
    said, after = _object(view, "author", _AUTHOR), b""
    statement = (
        f"SELECT email_hash, {said}, email_sealed FROM authors t"  # noqa: S608 - our own names
        f" WHERE site_id = :site AND email_hash > :after ORDER BY email_hash LIMIT {PAGE}"
    )
    while page := view.rows(statement, _site(view, site_id) | {"after": after}):
        yield [(row[1], bytes(row[2])) for row in page]
        after = bytes(page[-1][0])


def comments(view: Snapshot, site_id: UUID) -> Iterator[Lines]:
    """Yield the comments of a site with their revisions, signals and flags, a page at a time."""
    said = _object(
        view,
        "comment",
        _COMMENT,
        revisions=_inside(view, RevisionRow, _REVISION, "number"),
        signals=_inside(view, SignalRow, _SIGNAL, "revision, name, id"),
        flags=_inside(view, FlagRow, _FLAG, "created_at, id"),
    )
    for status in (Status.APPROVED, Status.PENDING, Status.REJECTED, Status.SPAM, Status.DELETED):
        yield from _pages(view, site_id, "comments", said, ("queued_at", "id"), status=status.value)


def notes(view: Snapshot, site_id: UUID) -> Iterator[Lines]:
    """Yield what moderators have noted, a page at a time."""
    return _pages(view, site_id, "notes", _object(view, "note", _NOTE), ("id",))


def past_log(view: Snapshot, site_id: UUID) -> Iterator[Lines]:
    """Yield the log of earlier installations, as it came from there, a page at a time."""
    return _pages(view, site_id, "past_log", "entry", ("import_id", "number"))


def log(view: Snapshot, site_id: UUID) -> Iterator[Lines]:
    """Yield the log of a site from its beginning, a page at a time."""
    return _pages(view, site_id, "log", _object(view, "log", _LOG), ("number",))


def _pages(
    view: Snapshot, site_id: UUID, table: str, said: str, keys: tuple[str, ...], **where: str
) -> Iterator[Lines]:
    """Yield what is said of the rows of a table, a page at a time, in the order of the keys."""
    of_keys = ", ".join(keys)
    wanted = "".join(f" AND {name} = :{name}" for name in where)
    rest = f" AND ({of_keys}) > ({', '.join(f':{key}' for key in keys)})"
    rows = f"SELECT {of_keys}, {said} AS said FROM {table} t WHERE site_id = :site{wanted}{{after}}"  # noqa: S608
    rows += f" ORDER BY {of_keys} LIMIT {PAGE}"
    # As one text: a row by itself would cost us more than half of what it costs the database to write it.
    at_once = f"SELECT count(*), string_agg(said, E'\\n'), {', '.join(f'(array_agg({key}))[count(*)]' for key in keys)}"
    at_once = f"{at_once} FROM ({rows}) page" if view.is_postgresql else ""
    values = _site(view, site_id) | where
    after = ""
    while True:
        if view.is_postgresql:
            [[count, text, *last]] = view.rows(at_once.replace("{after}", after), values)
            page = Lines(count, text)
        else:
            found = view.rows(rows.replace("{after}", after), values)
            page, last = lines([row[-1] for row in found]), list(found[-1][:-1]) if found else []
        if not page.number:
            return
        yield page
        values, after = values | dict(zip(keys, last, strict=True)), rest


def _site(view: Snapshot, site_id: UUID) -> dict[str, Any]:
    return {"site": site_id if view.is_postgresql else site_id.hex}


def _object(view: Snapshot, kind: str, fields: dict[str, Column], **inside: str) -> str:
    """Return an SQL expression that writes a row `t` as an object, with its kind first."""
    pairs = {"type": f"'{kind}'"} | {name: _value(view, "t", column) for name, column in fields.items()} | inside
    return f"{_built(view, pairs)}{'::text' if view.is_postgresql else ''}"


def _inside(view: Snapshot, model: type[Base], fields: dict[str, Column], order: str) -> str:
    """Return an SQL expression that writes the rows of another table about a comment `t` as a list."""
    table, values = model.__tablename__, {name: _value(view, "u", column) for name, column in fields.items()}
    rows = f"SELECT * FROM {table} WHERE comment_id = t.id ORDER BY {order}"  # noqa: S608 - our own names
    if view.is_postgresql:
        said = f"SELECT {_named(values)} FROM ({rows}) u"  # noqa: S608 - our own names
        # Of rows themselves it would make a list over several lines.
        return f"(SELECT coalesce(json_agg(row_to_json(v)), '[]'::json) FROM ({said}) v)"  # noqa: S608 - our own names
    return f"json((SELECT json_group_array({_built(view, values)}) FROM ({rows}) u))"  # noqa: S608 - our own names


def _built(view: Snapshot, pairs: dict[str, str]) -> str:
    if view.is_postgresql:
        # A function that is told names and values writes spaces between them; one that is told of a row does not.
        return f"(SELECT row_to_json(o) FROM (SELECT {_named(pairs)}) o)"  # noqa: S608 - our own names
    inside = ", ".join(f"'{name}', {value}" for name, value in pairs.items())
    return f"json_object({inside})"


def _named(pairs: dict[str, str]) -> str:
    return ", ".join(f'{value} AS "{name}"' for name, value in pairs.items())


def _value(view: Snapshot, alias: str, column: Column) -> str:
    name, kind = f'{alias}."{column.key}"', column.type
    if view.is_postgresql:
        return f"encode({name}, 'hex')" if isinstance(kind, LargeBinary) else name
    if isinstance(kind, Uuid):
        cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        return " || '-' || ".join(f"substr({name}, {start}, {length})" for start, length in cuts)
    if isinstance(kind, UtcDateTime):
        return f"replace({name}, ' ', 'T') || '+00:00'"
    if isinstance(kind, LargeBinary):
        return f"lower(hex({name}))"
    if isinstance(kind, Boolean):
        return f"json(CASE WHEN {name} THEN 'true' ELSE 'false' END)"
    if isinstance(kind, Float):
        # As many digits as tell every number from its neighbours.
        return f"json(CASE WHEN {name} IS NOT NULL THEN printf('%!.17g', {name}) END)"
    return f"json({name})" if isinstance(kind, JSON) else name
