"""Reads and writes of imports: what each has added, and how its rows come in, thousands at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from service.domain.life import Status
from service.extensions import Base, db
from service.store.bulk import add_many
from service.store.dialect import is_postgresql
from service.store.ids import new_id
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    ImportedArticleRow,
    ImportedRow,
    ImportRow,
    LogRow,
    NoteRow,
    RevisionRow,
    SignalRow,
    SketchRow,
    VoteRow,
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


def knows_any(site_id: UUID) -> bool:
    """True where anything was ever imported into a site."""
    return db.session.scalar(select(ImportedRow.key).where(ImportedRow.site_id == site_id).limit(1)) is not None


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
    missing = [
        {
            "id": new_id(now),
            "site_id": site_id,
            "key": article.key,
            "url": article.key,
            "title": article.title,
            "open": article.is_open,
            "count": 0,
            "created_at": article.created_at,
        }
        for article in wanted
        if article.key not in there
    ]
    made = _add_unless_there(ArticleRow, missing, "key")
    add_many(ImportedArticleRow, [{"import_id": import_id, "article_id": article_id} for article_id in made.values()])
    there |= made
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
    return _add_unless_there(AuthorRow, rows, "email_hash")


def _add_unless_there(model: type[Base], rows: Sequence[Mapping[str, Any]], name: str) -> dict[Any, UUID]:
    """Insert rows of a site, all but those that somebody else has just made, and return the ids by their key."""
    if not rows:
        return {}
    if not is_postgresql():
        # There is one writer at a time, and it has just looked.
        add_many(model, rows)
        return {row[name]: row["id"] for row in rows}
    # As lists, one a column: of thousands of values by themselves each would have to be found in the statement.
    connection, table = db.session.connection(), model.__table__
    names = list(rows[0])
    lists = ", ".join(f"%s::{table.c[one].type.compile(connection.dialect)}[]" for one in names)
    columns = ", ".join(f'"{one}"' for one in names)
    made = connection.exec_driver_sql(
        f'INSERT INTO "{model.__tablename__}" ({columns}) SELECT * FROM unnest({lists})'  # noqa: S608 - our own names
        f" ON CONFLICT (site_id, {name}) DO NOTHING RETURNING {name}, id",
        tuple([row[one] for row in rows] for one in names),
    )
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


@dataclass(frozen=True)
class Added:
    """A comment that an import has added, with what undoing the import has to know and to count down."""

    key: bytes
    id: UUID
    article_id: UUID
    author_id: UUID
    parent_id: UUID | None
    status: Status
    is_published: bool
    is_shown: bool
    left_because: str
    """What has happened since; empty where nothing has."""


def hold_added(import_id: UUID, depth: int, after: UUID | None, *, limit: int) -> list[Added]:
    """Return up to `limit` comments of an import in one depth, by id, their rows and all that names them as they are.

    The rows are held first, and looked at then, so that a reply or decision that was on its way is seen.
    """
    mine = [ImportedRow.import_id == import_id, ImportedRow.depth == depth]
    if after is not None:
        mine.append(ImportedRow.comment_id > after)
    held = dict(
        db.session.execute(
            select(ImportedRow.comment_id, ImportedRow.key).where(*mine).order_by(ImportedRow.comment_id).limit(limit)
        ).all()
    )
    if not held:
        return []
    ids = list(held)
    db.session.execute(select(CommentRow.id).where(CommentRow.id.in_(ids)).order_by(CommentRow.id).with_for_update())
    reply = aliased(CommentRow)
    because = case(
        (CommentRow.version > 1, "decided or revised"),
        (CommentRow.flags > 0, "flagged"),
        (exists().where(VoteRow.comment_id == CommentRow.id), "voted for"),
        (exists().where(NoteRow.comment_id == CommentRow.id), "noted"),
        (exists().where(LogRow.comment_id == CommentRow.id), "decided or revised"),
        (exists().where(reply.parent_id == CommentRow.id), "replied to"),
        else_="",
    )
    rows = db.session.execute(
        select(
            CommentRow.id,
            CommentRow.article_id,
            CommentRow.author_id,
            CommentRow.parent_id,
            CommentRow.status,
            CommentRow.published_revision,
            CommentRow.shown,
            because,
        )
        .where(CommentRow.id.in_(ids))
        .order_by(CommentRow.id)
    )
    return [
        Added(held[row[0]], row[0], row[1], row[2], row[3], Status(row[4]), row[5] is not None, row[6], row[7])
        for row in rows
    ]


def deepest_added(import_id: UUID) -> int | None:
    """Return the depth of the deepest comment that an import has added and that is still known; None for none."""
    return db.session.scalar(select(func.max(ImportedRow.depth)).where(ImportedRow.import_id == import_id))


def remove_comments(site_id: UUID, added: Sequence[Added]) -> None:
    """Take away comments whose rows are held, with all that belongs to them; their replies have gone before."""
    ids = [one.id for one in added]
    for table in (SignalRow, RevisionRow, SketchRow):
        db.session.execute(delete(table).where(table.comment_id.in_(ids)).execution_options(synchronize_session=False))
    hidden = Counter(one.parent_id for one in added if one.is_shown and one.parent_id is not None)
    db.session.execute(delete(CommentRow).where(CommentRow.id.in_(ids)).execution_options(synchronize_session=False))
    db.session.execute(
        delete(ImportedRow)
        .where(ImportedRow.site_id == site_id, ImportedRow.key.in_([one.key for one in added]))
        .execution_options(synchronize_session=False)
    )
    for by in set(hidden.values()):
        db.session.execute(
            update(CommentRow)
            .where(CommentRow.id.in_([parent_id for parent_id, count in hidden.items() if count == by]))
            .values(shown_replies=CommentRow.shown_replies - by)
            .execution_options(synchronize_session=False)
        )


def remove_lonely_authors(author_ids: Sequence[UUID]) -> None:
    """Take away those of the authors under whose address nothing is left, and of whom nobody has noted anything."""
    db.session.execute(
        select(AuthorRow.id).where(AuthorRow.id.in_(author_ids)).order_by(AuthorRow.id).with_for_update()
    )
    db.session.execute(
        delete(AuthorRow)
        .where(
            AuthorRow.id.in_(author_ids),
            ~exists().where(CommentRow.author_id == AuthorRow.id),
            ~exists().where(NoteRow.author_id == AuthorRow.id),
        )
        .execution_options(synchronize_session=False)
    )


def remove_empty_articles(import_id: UUID, *, limit: int) -> int:
    """Forget up to `limit` articles that an import has made, and take away those that have nothing under them."""
    made = db.session.scalars(
        select(ImportedArticleRow.article_id)
        .where(ImportedArticleRow.import_id == import_id)
        .order_by(ImportedArticleRow.article_id)
        .limit(limit)
    ).all()
    if not made:
        return 0
    db.session.execute(select(ArticleRow.id).where(ArticleRow.id.in_(made)).order_by(ArticleRow.id).with_for_update())
    db.session.execute(
        delete(ArticleRow)
        .where(
            ArticleRow.id.in_(made),
            ArticleRow.opened_at.is_(None),
            ~exists().where(CommentRow.article_id == ArticleRow.id),
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        delete(ImportedArticleRow)
        .where(ImportedArticleRow.import_id == import_id, ImportedArticleRow.article_id.in_(made))
        .execution_options(synchronize_session=False)
    )
    return len(made)
