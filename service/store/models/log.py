"""The tables of what was done: each site's log with its end, and that of an installation where it was before."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
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
from service.store.types import UtcDateTime

_IN_A_BATCH = text("batch_id IS NOT NULL")


class LogRow(Base):
    """One thing that was done and by whom: a decision, its undoing, or a change of how a site is run.

    Rows are only ever added, each with the hash of the one before it on its site (`domain/log.py`). Whoever writes of a
    comment holds its row. Retention may take the words and names out of old ones, which `erased_at` says, and words
    about an author who was erased are taken out.
    """

    __tablename__ = "log"
    __table_args__ = (
        UniqueConstraint("site_id", "number"),
        Index("ix_log_comment", "comment_id", "version"),
        Index("ix_log_batch", "batch_id", postgresql_where=_IN_A_BATCH, sqlite_where=_IN_A_BATCH),
        Index("ix_log_actor", "site_id", "actor_id", "number"),
        Index("ix_log_kind", "site_id", "kind", "action", "number"),
        Index("ix_log_time", "site_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    """1, 2, 3 … on each site, without gaps."""
    kind: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(32))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(Text)
    comment_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    """What was decided together, and is undone together."""
    revision: Mapped[int | None]
    version: Mapped[int | None]
    """The comment's version that the decision led to, which orders the decisions on it."""
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    reason_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    waited: Mapped[float | None]
    """Seconds between the moment the comment was queued and the decision."""
    subject: Mapped[str | None] = mapped_column(Text)
    """What a change is about where it is no comment: a setting, a moderator, a token."""
    details: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """For a decision, what undoing it has to bring back; for a change, what was and what is."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When retention took its words; the hashes stay those of what it said."""


class LogHeadRow(Base):
    """The last row of a site's log. Whoever writes into the log holds it until the commit, and takes it last."""

    __tablename__ = "log_heads"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class PastLogRow(Base):
    """An entry of a log that came with one of our own exports: the log of the site where it was before.

    It is kept as it was written, with the hashes of its own chain, beside the site's log and never among it.
    """

    __tablename__ = "past_log"
    __table_args__ = (
        Index("ix_past_log_comment", "comment_id"),
        Index("ix_past_log_site", "site_id", "import_id", "number"),
    )

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """As the entry has it, so that the same one is there once."""
    import_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(BigInteger)
    """1, 2, 3 … as the export had them."""
    comment_id: Mapped[UUID | None]
    """The comment of this site that it is about, where that was imported."""
    entry: Mapped[str] = mapped_column(Text)
