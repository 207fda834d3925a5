"""Reads and writes of imports: what each has added, and how its rows come in, thousands at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql

from service.domain.life import Status
from service.extensions import db
from service.store.bulk import add_many
from service.store.dialect import insert_or_ignore, is_postgresql
from service.store.ids import new_id
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    ImportedArticleRow,
    ImportedRow,
    ImportRow,
    RevisionRow,
    SignalRow,
)

IN_ONE_QUERY = 1_000  # values that are asked for at once; SQLite takes some thousands, and each list is compiled anew


@dataclass(frozen=True)
class Import:
    """One row of `imports`."""

    id: UUID
    site_id: UUID
    system: str
    file_name: str
    status: str
    read: int
    imported: int
    skipped: int
    undone: int
    actor_name: str
    created_at: datetime
    finished_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    ImportRow.id,
    ImportRow.site_id,
    ImportRow.system,
    ImportRow.file_name,
    ImportRow.status,
    ImportRow.read,
    ImportRow.imported,
    ImportRow.skipped,
    ImportRow.undone,
    ImportRow.actor_name,
    ImportRow.created_at,
    ImportRow.finished_at,
)


def add_import(new: Import) -> None:
    """Store an import that begins."""
    values = {column.key: getattr(new, column.key) for column in _COLUMNS}
    db.session.execute(insert(ImportRow.__table__).values(values))  # type: ignore[arg-type]


def change_import(import_id: UUID, **columns: Any) -> None:
    """Change the given columns of an import."""
    db.session.execute(
        update(ImportRow)
        .where(ImportRow.id == import_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )


def find_import(import_id: UUID, *, hold: bool = False) -> Import | None:
    """Return an import, held until the commit where that is asked for; None where there is none."""
    statement = select(*_COLUMNS).where(ImportRow.id == import_id)
    row = db.session.execute(statement.with_for_update(key_share=True) if hold else statement).one_or_none()
    return None if row is None else Import(*row)


def latest_imports(site_id: UUID | None, *, limit: int) -> list[Import]:
    """Return the latest imports of a site, or of all, the last one first."""
    statement = select(*_COLUMNS).order_by(ImportRow.id.desc()).limit(limit)
    if site_id is not None:
        statement = statement.where(ImportRow.site_id == site_id)
    return [Import(*row) for row in db.session.execute(statement)]


def known(site_id: UUID, keys: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the comments that were imported under these keys."""
    found: dict[bytes, UUID] = {}
    for start in range(0, len(keys), IN_ONE_QUERY):
        part = keys[start : start + IN_ONE_QUERY]
        rows = db.session.execute(
            select(ImportedRow.key, ImportedRow.comment_id).where(
                ImportedRow.site_id == site_id, ImportedRow.key.in_(part)
            )
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def places(comment_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the paths of comments that exist, by id."""
    found: dict[UUID, bytes] = {}
    for start in range(0, len(comment_ids), IN_ONE_QUERY):
        part = comment_ids[start : start + IN_ONE_QUERY]
        rows = db.session.execute(select(CommentRow.id, CommentRow.path).where(CommentRow.id.in_(part)))
        found.update((row[0], row[1]) for row in rows)
    return found


@dataclass(frozen=True)
class NewArticle:
    """An article as an import would make it."""

    key: str
    title: str
    is_open: bool
    created_at: datetime


def take_articles(
    site_id: UUID, wanted: Sequence[NewArticle], *, import_id: UUID, now: datetime
) -> tuple[dict[str, UUID], bool]:
    """Return the articles by key, made where they did not exist, and whether any was made."""
    keys = [article.key for article in wanted]
    there = _article_ids(site_id, keys)
    missing = [article for article in wanted if article.key not in there]
    for article in missing:
        values = {"id": new_id(now), "site_id": site_id, "key": article.key, "url": article.key, "count": 0}
        values |= {"title": article.title, "open": article.is_open, "created_at": article.created_at}
        made = db.session.execute(insert_or_ignore(ArticleRow, values).returning(ArticleRow.id)).one_or_none()
        if made is not None:
            there[article.key] = made[0]
            add_many(ImportedArticleRow, [{"import_id": import_id, "article_id": made[0]}])
    if len(there) < len(set(keys)):
        # Somebody wrote the first reply under one of them in the same moment.
        there |= _article_ids(site_id, [key for key in keys if key not in there])
    return there, bool(missing)


def _article_ids(site_id: UUID, keys: Sequence[str]) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    for start in range(0, len(keys), IN_ONE_QUERY):
        part = keys[start : start + IN_ONE_QUERY]
        rows = db.session.execute(
            select(ArticleRow.key, ArticleRow.id).where(ArticleRow.site_id == site_id, ArticleRow.key.in_(part))
        )
        found.update((row[0], row[1]) for row in rows)
    return found


@dataclass(frozen=True)
class NewAuthor:
    """An author as an import would make them, with how many of its comments are in which status."""

    email_hash: bytes
    email_sealed: bytes
    created_at: datetime
    record: Mapping[Status, int]


def find_authors(site_id: UUID, hashes: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the authors with these address hashes, their rows held in the order of their ids."""
    found: dict[bytes, UUID] = {}
    for start in range(0, len(hashes), IN_ONE_QUERY):
        part = hashes[start : start + IN_ONE_QUERY]
        rows = db.session.execute(
            select(AuthorRow.email_hash, AuthorRow.id)
            .where(AuthorRow.site_id == site_id, AuthorRow.email_hash.in_(part))
            .order_by(AuthorRow.id)
            .with_for_update(key_share=True)
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def add_authors(site_id: UUID, new: Sequence[NewAuthor]) -> dict[bytes, UUID]:
    """Make authors, and return those that were made by address hash; one whose reply has just arrived is not made."""
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(author.created_at),
            "site_id": site_id,
            "email_hash": author.email_hash,
            "email_sealed": author.email_sealed,
            "created_at": author.created_at,
            **{status.value: author.record.get(status, 0) for status in Status},
        }
        for author in new
    ]
    if not rows:
        return {}
    if not is_postgresql():
        add_many(AuthorRow, rows)
        return {row["email_hash"]: row["id"] for row in rows}
    table: Any = AuthorRow.__table__
    statement = postgresql.insert(table).on_conflict_do_nothing(index_elements=["site_id", "email_hash"])
    made = db.session.connection().execute(statement.returning(table.c.email_hash, table.c.id), rows)
    return {row[0]: row[1] for row in made}


def add_comments(
    comments: Sequence[Mapping[str, Any]],
    revisions: Sequence[Mapping[str, Any]],
    signals: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]],
) -> None:
    """Store comments, parents before their replies, with their texts, what holds them, and how they are known again."""
    add_many(CommentRow, comments)
    add_many(RevisionRow, revisions)
    add_many(SignalRow, signals)
    add_many(ImportedRow, keys)
