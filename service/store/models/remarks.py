"""The tables of what readers and moderators say of a comment: votes, flags, notes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.extensions import Base
from service.store.models.comments import of_a_comment
from service.store.types import UtcDateTime


class VoteRow(Base):
    """One reader's vote for a comment, as long as their client key is kept; `comments.votes` counts it for good."""

    __tablename__ = "votes"
    __table_args__ = (of_a_comment(),)

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class FlagRow(Base):
    """One reader's flag: what they say is wrong with which revision. It outlives the key that tells it is theirs."""

    __tablename__ = "flags"
    __table_args__ = (
        UniqueConstraint("comment_id", "client_hash", "article_id"),
        of_a_comment(),
        CheckConstraint("reason IN ('spam', 'abuse', 'off_topic', 'other')", name="reason"),
        # Client keys that have to be dropped.
        Index(
            "ix_flags_client",
            "created_at",
            postgresql_where=text("client_hash IS NOT NULL"),
            sqlite_where=text("client_hash IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    comment_id: Mapped[UUID]
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    revision: Mapped[int]
    reason: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoteRow(Base):
    """What a moderator tells colleagues about a comment or about an author; readers never see it.

    Whoever writes about a comment holds its row, so that it is not taken away meanwhile.
    """

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_comment", "comment_id", "id"), Index("ix_notes_author", "author_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    comment_id: Mapped[UUID | None]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("authors.id"))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
