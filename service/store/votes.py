"""Reads and writes of votes. Whoever adds or removes one holds the comment's row, so that its counter stays exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from service.domain.comment import CommentKey
from service.extensions import db
from service.store.comments import of_site
from service.store.dialect import insert_or_ignore
from service.store.models import VoteRow


def add_vote(comment: CommentKey, client_hashes: Sequence[bytes], *, now: datetime) -> int:
    """Store a reader's vote and return how many are new: none where they have voted already, perhaps by an older key.

    `client_hashes` has the hash by the current key first.
    """
    current, *older = client_hashes
    if older and _has_voted(comment.id, older):
        return 0
    values = {
        "comment_id": comment.id,
        "article_id": comment.article_id,
        "client_hash": current,
        "created_at": now,
    }
    made = db.session.execute(insert_or_ignore(VoteRow, values).returning(VoteRow.comment_id)).all()
    return len(made)


def remove_votes(comment_id: UUID, client_hashes: Sequence[bytes]) -> int:
    """Take a reader's vote away and return how many there were: one, or none."""
    gone = db.session.execute(
        delete(VoteRow)
        .where(VoteRow.comment_id == comment_id, VoteRow.client_hash.in_(client_hashes))
        .returning(VoteRow.comment_id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone)


def _has_voted(comment_id: UUID, client_hashes: Sequence[bytes]) -> bool:
    statement = select(VoteRow.comment_id).where(
        VoteRow.comment_id == comment_id, VoteRow.client_hash.in_(client_hashes)
    )
    return db.session.execute(statement.limit(1)).one_or_none() is not None


def drop_votes(site_id: UUID, *, before: datetime, limit: int) -> int:
    """Forget who gave up to `limit` votes on a site before a time; returns how many. The comments keep their counts.

    A row that a withdrawal is just deleting is passed over, so that neither waits for the other.
    """
    key = (VoteRow.comment_id, VoteRow.client_hash)
    oldest = (
        select(*key)
        .where(VoteRow.created_at < before, of_site(VoteRow.comment_id, site_id))
        .order_by(VoteRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = db.session.execute(
        delete(VoteRow)
        .where(tuple_(*key).in_(oldest))
        .returning(VoteRow.comment_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
