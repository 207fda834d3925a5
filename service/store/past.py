"""Reads of what was written before, in batches, to try something new on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select

from service.domain.life import Status
from service.extensions import db
from service.store.models import AuthorRow, CommentRow, RevisionRow

BATCH = 500  # comments read at once: some hundred kilobytes


@dataclass(frozen=True)
class PastComment:
    """A comment with its latest text and its author, as a rule looks at it."""

    id: UUID
    status: Status
    created_at: datetime
    author_id: UUID
    author_name: str
    author_url: str | None
    client_hash: bytes | None
    body: str
    email_hash: bytes
    email_sealed: bytes


def latest_comments(site_id: UUID, *, before: UUID | None, limit: int) -> Sequence[PastComment]:
    """Return up to `limit` comments of a site that came before one, the newest first; deleted ones have no words."""
    statement = (
        select(
            CommentRow.id,
            CommentRow.status,
            CommentRow.created_at,
            CommentRow.author_id,
            CommentRow.author_name,
            CommentRow.author_url,
            CommentRow.client_hash,
            RevisionRow.body_raw,
            AuthorRow.email_hash,
            AuthorRow.email_sealed,
        )
        .join(RevisionRow, and_(RevisionRow.comment_id == CommentRow.id, RevisionRow.number == CommentRow.revision))
        .join(AuthorRow, AuthorRow.id == CommentRow.author_id)
        .where(CommentRow.site_id == site_id, CommentRow.status != Status.DELETED.value)
        .order_by(CommentRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(CommentRow.id < before)
    return [PastComment(found, Status(status), *rest) for found, status, *rest in db.session.execute(statement)]
