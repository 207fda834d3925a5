"""Reads of everything that one author wrote, and the proof of their address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from service.domain.comment import Revision
from service.domain.mine import Subscribed, Written
from service.domain.queue import AuthorRecord, LoggedDecision
from service.extensions import db
from service.store.articles import ARTICLE_COLUMNS, article_from_columns
from service.store.authors import RECORD_COLUMNS
from service.store.comments import COMMENT_COLUMNS, comment_from_row
from service.store.log import ABOUT_COMMENTS, ENTRY_COLUMNS, entry_from_row, logged_decision
from service.store.models import ArticleRow, AuthorRow, CommentRow, LogRow, RevisionRow, SignalRow, SubscriptionRow
from service.store.notes import notes_about

APPEALED = "appealed"


@dataclass(frozen=True)
class KnownAuthor:
    """An author's row; `email_sealed` is empty where no address is kept."""

    site_id: UUID
    email_hash: bytes
    email_sealed: bytes
    first_seen_at: datetime
    record: AuthorRecord


def find_author(author_id: UUID) -> KnownAuthor | None:
    """Return an author by id, or None."""
    row = db.session.execute(
        select(
            AuthorRow.site_id, AuthorRow.email_hash, AuthorRow.email_sealed, AuthorRow.created_at, *RECORD_COLUMNS
        ).where(AuthorRow.id == author_id)
    ).one_or_none()
    return None if row is None else KnownAuthor(*row[:4], AuthorRecord(*row[4:]))


def prove(author_id: UUID, *, asked_at: datetime, now: datetime) -> bool:
    """Note that the author has proven the address; False where that was done since they asked, or they were erased."""
    done = db.session.execute(
        update(AuthorRow)
        .where(
            AuthorRow.id == author_id,
            AuthorRow.email_sealed != b"",
            or_(AuthorRow.proven_at.is_(None), AuthorRow.proven_at < asked_at),
        )
        .values(proven_at=now)
        .returning(AuthorRow.id)
        .execution_options(synchronize_session=False)
    )
    return done.one_or_none() is not None


def mark_proven(comment_id: UUID) -> None:
    """Note that a comment came from whoever has proven the address; its row is held."""
    db.session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id)
        .values(is_proven=True)
        .execution_options(synchronize_session=False)
    )


def written_by(
    author_ids: Sequence[UUID], *, before: UUID | None, limit: int, with_notes: bool = False
) -> list[Written]:
    """Return up to `limit` comments of authors, the newest first, from before one of them; deleted ones as well."""
    query = (
        select(*COMMENT_COLUMNS).where(CommentRow.author_id.in_(author_ids)).order_by(CommentRow.id.desc()).limit(limit)
    )
    if before is not None:
        query = query.where(CommentRow.id < before)
    found = [comment_from_row(row) for row in db.session.execute(query)]
    ids = [comment.id for comment in found]
    # By themselves, since a join for a few dozen comments is planned as a walk through all articles.
    stood_under = select(*ARTICLE_COLUMNS).where(ArticleRow.id.in_({comment.article_id for comment in found}))
    articles = {article.id: article for article in map(article_from_columns, db.session.execute(stood_under))}
    texts, decided, appeals = _texts(ids), _decided(ids), _appeals(ids)
    notes = notes_about(ids, []) if with_notes and ids else []
    return [
        Written(
            comment,
            articles[comment.article_id],
            texts.get(comment.id, []),
            decided.get(comment.id, []),
            appeals.get(comment.id),
            [note for note in notes if note.comment_id == comment.id],
        )
        for comment in found
    ]


def subscriptions_of(author_ids: Sequence[UUID]) -> list[Subscribed]:
    """Return the letters that authors asked for, the first one first."""
    rows = db.session.execute(
        select(SubscriptionRow.kind, ArticleRow.key, SubscriptionRow.created_at, SubscriptionRow.confirmed_at)
        .join(ArticleRow, ArticleRow.id == SubscriptionRow.article_id)
        .where(SubscriptionRow.author_id.in_(author_ids))
        .order_by(SubscriptionRow.id)
    )
    return [Subscribed(*row) for row in rows]


def _texts(ids: list[UUID]) -> dict[UUID, list[Revision]]:
    rows = db.session.execute(
        select(
            RevisionRow.comment_id,
            RevisionRow.number,
            RevisionRow.body_raw,
            RevisionRow.body_html,
            RevisionRow.created_at,
        )
        .where(RevisionRow.comment_id.in_(ids))
        .order_by(RevisionRow.comment_id, RevisionRow.number)
    )
    texts: dict[UUID, list[Revision]] = {}
    for row in rows:
        texts.setdefault(row[0], []).append(Revision(*row[1:]))
    return texts


def _decided(ids: list[UUID]) -> dict[UUID, list[LoggedDecision]]:
    rows = db.session.execute(
        select(*ENTRY_COLUMNS)
        .where(LogRow.comment_id.in_(ids), LogRow.kind.in_(ABOUT_COMMENTS))
        .order_by(LogRow.comment_id, LogRow.version)
    )
    decided: dict[UUID, list[LoggedDecision]] = {}
    for row in rows:
        decided.setdefault(row.comment_id, []).append(logged_decision(entry_from_row(row).entry))
    return decided


def _appeals(ids: list[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(
        select(SignalRow.comment_id, SignalRow.detail).where(SignalRow.comment_id.in_(ids), SignalRow.name == APPEALED)
    )
    return {row.comment_id: row.detail for row in rows}
