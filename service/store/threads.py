"""The public page of an article: published comments depth-first, a keyset page at a time.

Each order is read from an index of its own and costs the same on the last page as on the first. A page is at most two
queries here: what is left of the thread the cursor stands in, then the threads after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Uuid,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.comment import PublishedComment, split_path
from service.domain.sorting import Sort
from service.extensions import db
from service.store.models import CommentRow
from service.store.prepared import run


@dataclass(frozen=True)
class Position:
    """The last comment of a page: where the next page goes on."""

    root_votes: int
    root_id: UUID
    path: bytes


@dataclass(frozen=True)
class ThreadPage:
    """One page of a thread; `next` is None on the last one."""

    comments: Sequence[PublishedComment]
    next: Position | None


_SHOWN: ColumnElement[bool] = literal_column("(comments.shown)")
"""As the indexes of a page say it: SQLite uses none of them for what SQLAlchemy makes of a truth value, `shown = 1`."""
_COLUMNS = (
    CommentRow.id,
    CommentRow.parent_id,
    CommentRow.depth,
    CommentRow.author_name,
    CommentRow.author_url,
    CommentRow.author_badge,
    CommentRow.avatar,
    CommentRow.body_html,
    CommentRow.published_at,
    CommentRow.edited_at,
    CommentRow.votes,
    CommentRow.published_revision,
    CommentRow.path,
)


def read_thread(article_id: UUID, *, sort: Sort, after: Position | None, limit: int) -> ThreadPage:
    """Return up to `limit` comments that follow the position `after`, or the first ones."""
    rows: list[tuple[Any, ...]] = []
    # One more than asked for tells whether there is a next page, without counting.
    given: dict[str, Any] = {"article_id": article_id, "most": limit + 1}
    if after is not None:
        given |= {"root_votes": after.root_votes, "root_id": after.root_id, "path": after.path}
    for statement in _statements(sort, after is not None):
        given["wanted"] = limit + 1 - len(rows)
        if given["wanted"] > 0:
            rows += run(statement, given)
    page = rows[:limit]
    has_more = len(rows) > limit
    return ThreadPage([_published(row) for row in page], _position(page[-1]) if has_more else None)


def position_before(article_id: UUID, comment_id: UUID, *, limit: int) -> Position | None:
    """Return where a page of `limit` comments, oldest first, begins so that a comment is on it; None is the first page.

    It begins with the comment's own thread where that reaches, else with the comment. One that is not shown is nowhere,
    and gets the first page.
    """
    mine = (CommentRow.article_id == article_id, _SHOWN)
    wanted = select(CommentRow.path).where(*mine, CommentRow.id == comment_id).scalar_subquery()
    # The path alone, which says the thread too: so the index has the whole answer, however long the article is.
    statement = select(CommentRow.path).where(*mine, CommentRow.path <= wanted)
    paths = db.session.scalars(statement.order_by(CommentRow.path.desc()).limit(limit + 1)).all()
    if len(paths) <= limit:
        return None
    root_id = split_path(paths[0])[0]
    before = next((path for path in paths if split_path(path)[0] != root_id), paths[1])
    return Position(0, split_path(before)[0], before)


def find_published(article_id: UUID, comment_id: UUID) -> PublishedComment | None:
    """Return a published comment of an article, or None for anything else, also for a tombstone."""
    statement = _select(literal(0)).where(
        CommentRow.article_id == article_id, CommentRow.id == comment_id, CommentRow.published_revision.is_not(None)
    )
    row = db.session.execute(statement).one_or_none()
    return None if row is None else _published(tuple(row))


@cache
def _statements(sort: Sort, is_continued: bool) -> tuple[Select[*tuple[Any, ...]], ...]:
    """Return the queries of a page, made once for each kind of page: that takes longer than PostgreSQL does.

    They are given `article_id`, the lines that are still `wanted`, the `most` that a page needs, and, where an earlier
    page is continued, the `root_votes`, `root_id` and `path` of its last line.
    """
    mine = (CommentRow.article_id == bindparam("article_id"), _SHOWN)
    wanted = bindparam("wanted", type_=Integer)
    path, root_id = bindparam("path", type_=LargeBinary), bindparam("root_id", type_=Uuid)
    root_votes = bindparam("root_votes", type_=Integer)
    if sort is Sort.OLDEST:
        # The path begins with the thread's first identifier, which begins with its time: one order for everything.
        statement = _select(literal(0)).where(*mine).order_by(CommentRow.path).limit(wanted)
        return (statement.where(CommentRow.path > path) if is_continued else statement,)
    statements = []
    if is_continued:
        # The votes are those that the cursor knew: the threads after this one are found by them.
        rest = _select(root_votes).where(*mine, CommentRow.root_id == root_id, CommentRow.path > path)
        statements.append(rest.order_by(CommentRow.path).limit(wanted))
    if sort is Sort.NEWEST:
        threads = _select(literal(0)).where(*mine).order_by(CommentRow.root_id.desc(), CommentRow.path)
        if is_continued:
            threads = threads.where(CommentRow.root_id < root_id)
    else:
        roots = select(CommentRow.id, CommentRow.votes).where(*mine, CommentRow.parent_id.is_(None))
        if is_continued:
            roots = roots.where(
                CommentRow.votes <= root_votes, or_(CommentRow.votes < root_votes, CommentRow.id > root_id)
            )
        # A thread has at least one line, so a page never needs more threads than lines.
        most = bindparam("most", type_=Integer)
        found = roots.order_by(CommentRow.votes.desc(), CommentRow.id).limit(most).subquery()
        threads = (
            _select(found.c.votes)
            .join(found, CommentRow.root_id == found.c.id)
            .where(*mine)
            .order_by(found.c.votes.desc(), found.c.id, CommentRow.path)
        )
    return (*statements, threads.limit(wanted))


def _select(root_votes: ColumnElement[int] | InstrumentedAttribute[int]) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS, root_votes.label("root_votes"))


def _published(row: tuple[Any, ...]) -> PublishedComment:
    comment_id, parent_id, depth, name, url, badge, avatar, body_html, published_at, edited_at, votes = row[:11]
    if row[11] is None:  # the revision that readers see
        return PublishedComment(comment_id, parent_id, depth, "", None, "", "", None, None, votes, deleted=True)
    return PublishedComment(
        id=comment_id,
        parent_id=parent_id,
        depth=depth,
        author_name=name,
        author_url=url,
        avatar=avatar,
        body_html=body_html,
        published_at=published_at,
        edited_at=edited_at,
        votes=votes,
        deleted=False,
        author_badge=badge,
    )


def _position(row: tuple[Any, ...]) -> Position:
    *_, path, root_votes = row
    return Position(root_votes, split_path(path)[0], path)
