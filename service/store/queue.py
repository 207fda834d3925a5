"""The moderation queue: comments by status with what is needed to decide, a keyset page at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from service.domain.flags import FlagFile
from service.domain.life import Status
from service.domain.queue import AuthorRecord, ParentBrief, QueueItem
from service.domain.sorting import QueueSort
from service.domain.text import folded
from service.extensions import db
from service.store.articles import ARTICLE_COLUMNS, article_from_columns
from service.store.authors import RECORD_COLUMNS
from service.store.comments import COMMENT_COLUMNS, comment_from_row
from service.store.dialect import is_postgresql
from service.store.flags import reasons_of
from service.store.models import NARROWED, SEARCHED_WORDS, ArticleRow, AuthorRow, CommentRow, SignalRow
from service.store.notes import notes_about
from service.store.revisions import revisions_of, signals_of


@dataclass(frozen=True)
class QueueFilter:
    """Which comments to list; None asks for nothing in particular.

    `author_ids` lists the authors to find, and finds nothing when it is empty. `words` is free text. `narrowed` names
    what they all have to be: `links`, `flagged`, `edited`.
    """

    status: Status
    article_key: str | None = None
    reason: str | None = None
    author_ids: Sequence[UUID] | None = None
    words: str | None = None
    narrowed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class QueuePosition:
    """The last comment of a page."""

    queued_at: datetime
    score: float
    id: UUID


@dataclass(frozen=True)
class QueuePage:
    """One page of the queue; `next` is None on the last one."""

    items: Sequence[QueueItem]
    next: QueuePosition | None


def read_queue(
    site_id: UUID, wanted: QueueFilter, *, sort: QueueSort, after: QueuePosition | None, limit: int
) -> QueuePage:
    """Return up to `limit` comments that match and follow the position `after`, or the first ones; eight queries."""
    # What waits for one reason stands in an index of its own, in the order of the queue.
    by_signals = (
        wanted.reason is not None
        and wanted.status is Status.PENDING
        and sort not in {QueueSort.SCORE, QueueSort.PROMISING}
    )
    matching = _found(site_id, wanted, by_signals=by_signals)
    found = _in_order(matching, sort, after, by_signals=by_signals).limit(limit + 1).subquery()
    # The comments are found first, by an index; what belongs to them is fetched for those of the page alone.
    statement = _select_items().join(found, found.c.id == CommentRow.id)
    rows = db.session.execute(_in_order(statement, sort, None)).all()
    items = _items(rows[:limit])
    last = items[-1].comment if len(rows) > limit else None
    return QueuePage(items, None if last is None else QueuePosition(last.queued_at, last.score, last.id))


def find_item(comment_id: UUID, *, site_id: UUID) -> QueueItem | None:
    """Return one comment of the site with what is needed to decide on it, or None."""
    rows = db.session.execute(_select_items().where(CommentRow.id == comment_id, CommentRow.site_id == site_id)).all()
    return next(iter(_items(rows)), None)


def _select_items() -> Select[*tuple[Any, ...]]:
    return (
        select(*COMMENT_COLUMNS, *ARTICLE_COLUMNS, *RECORD_COLUMNS)
        .join(ArticleRow, CommentRow.article_id == ArticleRow.id)
        .join(AuthorRow, CommentRow.author_id == AuthorRow.id)
    )


def _items(rows: Sequence[Any]) -> list[QueueItem]:
    comments = [comment_from_row(row) for row in rows]
    latest = [(comment.id, comment.standing.revision) for comment in comments]
    texts = revisions_of(latest)
    approved = revisions_of(
        [
            (comment.id, comment.standing.published_revision)
            for comment in comments
            if comment.standing.published_revision and comment.standing.is_waiting_edit
        ]
    )
    notes = notes_about([comment.id for comment in comments], {comment.author_id for comment in comments})
    signals = signals_of(latest)
    reasons = reasons_of([comment.id for comment in comments if comment.flags])
    parents = _parents({comment.parent_id for comment in comments if comment.parent_id is not None})
    article_start, author_start = len(COMMENT_COLUMNS), len(COMMENT_COLUMNS) + len(ARTICLE_COLUMNS)
    return [
        QueueItem(
            comment=comment,
            article=article_from_columns(row[article_start:author_start]),
            author=AuthorRecord(*row[author_start:]),
            revision=texts[comment.id],
            signals=signals[comment.id, comment.standing.revision],
            parent=None if comment.parent_id is None else parents.get(comment.parent_id),
            flags=FlagFile(reasons.get(comment.id, {})),
            approved=approved.get(comment.id),
            notes=[n for n in notes if n.comment_id == comment.id or n.author_id == comment.author_id],
        )
        for comment, row in zip(comments, rows, strict=True)
    ]


def _parents(ids: set[UUID]) -> dict[UUID, ParentBrief]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(CommentRow.id, CommentRow.author_name, CommentRow.body_html).where(CommentRow.id.in_(ids))
    )
    return {row.id: ParentBrief(*row) for row in rows}


_Wanted = aliased(ArticleRow)


def _found(site_id: UUID, wanted: QueueFilter, *, by_signals: bool) -> Select[*tuple[Any, ...]]:
    conditions = _conditions(site_id, wanted)
    if by_signals:
        return _found_by_signals(site_id, wanted, conditions)
    found = select(CommentRow.id).where(
        CommentRow.site_id == site_id, CommentRow.status == wanted.status.value, *conditions
    )
    return found if wanted.reason is None else found.where(_has_signal(wanted.reason))


def _found_by_signals(
    site_id: UUID, wanted: QueueFilter, conditions: Sequence[ColumnElement[bool]]
) -> Select[*tuple[Any, ...]]:
    # What waits is pending, so the signals alone tell which comments these are. Joined with the comments without need,
    # they were read together with all that is pending, since PostgreSQL cannot know that each of them will match.
    # The screening may have found the same thing twice in one text.
    found = (
        select(SignalRow.comment_id.label("id"), SignalRow.waiting_since)
        .where(SignalRow.site_id == site_id, SignalRow.name == wanted.reason, SignalRow.waiting_since.is_not(None))
        .distinct()
    )
    return found.join(CommentRow, CommentRow.id == SignalRow.comment_id).where(*conditions) if conditions else found


def _has_signal(name: str) -> ColumnElement[bool]:
    return (
        select(SignalRow.id)
        .where(SignalRow.comment_id == CommentRow.id, SignalRow.revision == CommentRow.revision, SignalRow.name == name)
        .exists()
    )


def _conditions(site_id: UUID, wanted: QueueFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        # Without a type, since SQLite uses no index for what SQLAlchemy makes of a truth value, `… = 1`.
        literal_column(f"(comments.{NARROWED[name]})")
        for name in sorted(wanted.narrowed)
    ]
    if wanted.article_key is not None:
        # A single value, not a join: the article's own index then gives the comments in their order.
        article_id = (
            select(_Wanted.id).where(_Wanted.site_id == site_id, _Wanted.key == wanted.article_key).scalar_subquery()
        )
        conditions.append(CommentRow.article_id == article_id)
    if wanted.author_ids is not None:
        # One author's comments are read in the order of the queue; several, after a merge of keys, are sorted.
        only = wanted.author_ids[0] if len(wanted.author_ids) == 1 else None
        conditions.append(CommentRow.author_id.in_(wanted.author_ids) if only is None else CommentRow.author_id == only)
    if wanted.words is not None:
        conditions.append(_matches(wanted.words))
    return conditions


_WORD = re.compile(r"[^\W_]+")
# Latin, Greek and Cyrillic. PostgreSQL takes a run of Chinese for one word and divides Hindi where we would not; what
# has other letters is searched as substrings.
_DIVIDED_ALIKE = re.compile(r"[\x00-\u02af\u0370-\u0482\u048a-\u052f\u1e00-\u206f]*")


def _matches(words: str) -> ColumnElement[bool]:
    typed = folded(words)
    terms = _WORD.findall(typed)
    if is_postgresql() and terms and _DIVIDED_ALIKE.fullmatch(typed):
        # The index is asked for one word, the longest, which few comments have: of each beginning it collects all that
        # have it, whatever else is asked. Where that is many, the planner walks the queue in its order, and a look for
        # the letters spares most comments on the way from being divided into words, which takes far longer. Written
        # as a number that is not 0, a condition is expected to spare few, so that the word alone decides.
        letters = [func.strpos(CommentRow.search_text, term) != 0 for term in terms]
        others = [cast(_begins(terms), Integer) != 0] if len(terms) > 1 else []
        return and_(*letters, _begins([max(terms, key=len)]), *others)
    return and_(*(CommentRow.search_text.contains(term, autoescape=True) for term in terms or [typed]))


def _begins(terms: Sequence[str]) -> ColumnElement[bool]:
    # Written out, not sent beside the statement: PostgreSQL would soon plan the statement once for all words, and walk
    # the queue for a rare one. The terms are letters and digits.
    said = bindparam(None, " & ".join(f"'{term}':*" for term in terms), Text(), literal_execute=True)
    query = func.to_tsquery(literal_column("'simple'::regconfig"), said)
    return literal_column(SEARCHED_WORDS).op("@@", return_type=Boolean())(query)


_Statement = TypeVar("_Statement", bound=Select[Any])


def _in_order(
    statement: _Statement, sort: QueueSort, after: QueuePosition | None, *, by_signals: bool = False
) -> _Statement:
    if sort is QueueSort.SCORE:
        statement = statement.order_by(CommentRow.score.desc(), CommentRow.id.desc())
        if after is None:
            return statement
        return statement.where(
            CommentRow.score <= after.score, or_(CommentRow.score < after.score, CommentRow.id < after.id)
        )
    if sort is QueueSort.PROMISING:
        statement = statement.order_by(CommentRow.score, CommentRow.id)
        if after is None:
            return statement
        return statement.where(
            CommentRow.score >= after.score, or_(CommentRow.score > after.score, CommentRow.id > after.id)
        )
    # The columns of the very index that is read, which hold the same.
    when: Any = SignalRow.waiting_since if by_signals else CommentRow.queued_at
    which: Any = SignalRow.comment_id if by_signals else CommentRow.id
    if sort is QueueSort.NEWEST:
        statement = statement.order_by(when.desc(), which.desc())
        if after is None:
            return statement
        return statement.where(tuple_(when, which) < tuple_(after.queued_at, after.id))
    statement = statement.order_by(when, which)
    if after is None:
        return statement
    return statement.where(tuple_(when, which) > tuple_(after.queued_at, after.id))
