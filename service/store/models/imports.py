"""The tables of imports: what each one has added, so that it can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.extensions import Base
from service.store.types import UtcDateTime


class ImportRow(Base):
    """One taking over of another system's comments, and what came of it."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_site", "site_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    system: Mapped[str] = mapped_column(String(16))
    file_name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    """waiting, running, tried, done, failed, undoing or undone.

    A command that was killed stays running, and the same file again goes on with it; what a worker does is taken up by
    another one.
    """
    read: Mapped[int]
    imported: Mapped[int]
    skipped: Mapped[int]
    undone: Mapped[int] = mapped_column(server_default=text("0"))
    actor_name: Mapped[str] = mapped_column(Text)
    is_dry: Mapped[bool] = mapped_column(server_default=text("false"))
    """True where it only says what it would do."""
    progress: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """What is being done, and how much of how much of it: `["reading", 3, 10]`."""
    report: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """What the API and the desk tell of it afterwards: what was skipped and why, or what is wrong with the file."""
    restored: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """What one of our own exports has brought beside comments, so that it can be taken back with them."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportedRow(Base):
    """By which a comment of another system is known again, so that the same file adds nothing a second time.

    `key` is a hash of the system, the article and the comment's id there, or of what it says where it has none.
    """

    __tablename__ = "imported"
    __table_args__ = (Index("ix_imported_import", "import_id", "depth", "comment_id"),)

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    comment_id: Mapped[UUID]
    import_id: Mapped[UUID]
    depth: Mapped[int]
    """That of the comment: what an import added is taken back from the replies upwards."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """The version of the comment as it came; one that has another by now was decided or revised here."""


class ImportedArticleRow(Base):
    """An article that an import has made, which goes with it where nothing is left under it."""

    __tablename__ = "imported_articles"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)


class ImportPieceRow(Base):
    """A piece of a file that waits to be imported by a worker, wherever that runs; all go when it is done."""

    __tablename__ = "import_pieces"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[UUID]
    piece: Mapped[bytes] = mapped_column(LargeBinary)
