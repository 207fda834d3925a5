"""Reads and writes of imports: what each has added, and how its rows come in, thousands at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.errors import StoreUnavailable
from service.domain.life import Status
from service.extensions import Base, db
from service.store.authors import move_author_counters
from service.store.bulk import add_many
from service.store.dialect import is_postgresql, one_of
from service.store.ids import new_id
from service.store.lists import add_to_numbers, columns_of, unnested
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    FlagRow,
    ImportedArticleRow,
    ImportedRow,
    ImportRow,
    NoteRow,
    PastLogRow,
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
    is_dry: bool = False
    progress: Any = None
    report: Any = None
    restored: Any = None


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
    ImportRow.is_dry,
    ImportRow.progress,
    ImportRow.report,
    ImportRow.restored,
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


@dataclass(frozen=True, slots=True)
class Known:
    """A comment that is here already: the import that brought it, if one has, and its path as long as it exists."""

    id: UUID
    import_id: UUID | None
    path: bytes | None


def known(site_id: UUID, keys: Sequence[bytes]) -> dict[bytes, Known]:
    """Return the comments that were imported under these keys."""
    # Asked for one by one: a database that has not counted its rows since they came would read all comments for a join.
    path = select(CommentRow.path).where(CommentRow.id == ImportedRow.comment_id).limit(1).scalar_subquery()
    found: dict[bytes, Known] = {}
    for start in range(0, len(keys), IN_ONE_QUERY):
        part = keys[start : start + IN_ONE_QUERY]
        rows = db.session.execute(
            select(ImportedRow.key, ImportedRow.comment_id, ImportedRow.import_id, path).where(
                ImportedRow.site_id == site_id, one_of(ImportedRow.key, part)
            )
        )
        found.update((row[0], Known(*row[1:])) for row in rows)
    return found


def own_comments(site_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Return those of the ids that a comment of this site has, without asking what brought it."""
    found: dict[UUID, Known] = {}
    for start in range(0, len(ids), IN_ONE_QUERY):
        part = ids[start : start + IN_ONE_QUERY]
        wanted = select(CommentRow.id, CommentRow.path).where(one_of(CommentRow.id, part))
        rows = db.session.execute(wanted.where(CommentRow.site_id == site_id))
        found.update((row[0], Known(row[0], None, row[1])) for row in rows)
    return found


@dataclass(frozen=True)
class NewArticle:
    """An article as an import would make it; `id`, `url` and `opened_at` where they are to be as they were."""

    key: str
    title: str
    is_open: bool
    created_at: datetime
    id: UUID | None = None
    url: str | None = None
    opened_at: datetime | None = None


def take_articles(
    site_id: UUID, wanted: Sequence[NewArticle], *, import_id: UUID, now: datetime
) -> tuple[dict[str, UUID], bool]:
    """Return the articles by key, made where they did not exist, and whether any was made."""
    keys = [article.key for article in wanted]
    there = _article_ids(site_id, keys)
    missing = [
        {
            "id": article.id or new_id(now),
            "site_id": site_id,
            "key": article.key,
            "url": article.key if article.id is None else article.url,
            "title": article.title,
            "open": article.is_open,
            "count": 0,
            "created_at": article.created_at,
            "opened_at": article.opened_at,
        }
        for article in sorted(wanted, key=attrgetter("key"))
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
            select(ArticleRow.key, ArticleRow.id).where(ArticleRow.site_id == site_id, one_of(ArticleRow.key, part))
        )
        found.update((row[0], row[1]) for row in rows)
    return found


@dataclass(frozen=True)
class NewAuthor:
    """An author as an import would make them, with nothing to their name yet."""

    email_hash: bytes
    email_sealed: bytes
    created_at: datetime
    id: UUID | None = None
    proven_at: datetime | None = None
    subject_sealed: bytes | None = None
    address_hash: bytes | None = None


def find_authors(site_id: UUID, hashes: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the authors with these address hashes."""
    found: dict[bytes, UUID] = {}
    for start in range(0, len(hashes), IN_ONE_QUERY):
        part = hashes[start : start + IN_ONE_QUERY]
        rows = db.session.execute(
            select(AuthorRow.email_hash, AuthorRow.id).where(
                AuthorRow.site_id == site_id, one_of(AuthorRow.email_hash, part)
            )
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def add_authors(site_id: UUID, new: Sequence[NewAuthor]) -> dict[bytes, UUID]:
    """Make authors, and return those that were made by address hash; one whose reply has just arrived is not made."""
    # In one order, since whoever makes the same one meanwhile is waited for.
    rows: list[dict[str, Any]] = [
        {
            "id": author.id or new_id(author.created_at),
            "site_id": site_id,
            "email_hash": author.email_hash,
            "email_sealed": author.email_sealed,
            "created_at": author.created_at,
            "proven_at": author.proven_at,
            "subject_sealed": author.subject_sealed,
            "address_hash": author.address_hash,
            **{status.value: 0 for status in Status},
        }
        for author in sorted(new, key=attrgetter("email_hash"))
    ]
    return _add_unless_there(AuthorRow, rows, "email_hash")


def add_to_authors(records: Mapping[UUID, Mapping[Status, int]]) -> None:
    """Add to the numbers of authors, by status; their rows are held in the order of their ids, as everywhere."""
    if not is_postgresql():
        move_author_counters(records)
        return
    if records:
        held = select(AuthorRow.id).where(one_of(AuthorRow.id, list(records))).order_by(AuthorRow.id)
        db.session.execute(held.with_for_update(key_share=True))
        numbers = {author_id: {status.value: n for status, n in of.items()} for author_id, of in records.items()}
        add_to_numbers(AuthorRow, numbers, [status.value for status in Status])


def _add_unless_there(model: type[Base], rows: Sequence[Mapping[str, Any]], name: str) -> dict[Any, UUID]:
    """Insert rows of a site, all but those that somebody else has just made, and return the ids by their key."""
    if not rows:
        return {}
    if not is_postgresql():
        # There is one writer at a time, and it has just looked.
        add_many(model, rows)
        return {row[name]: row["id"] for row in rows}
    # As lists, one a column: of thousands of values by themselves each would have to be found in the statement.
    names = list(rows[0])
    columns = ", ".join(f'"{one}"' for one in names)
    made = db.session.connection().exec_driver_sql(
        f'INSERT INTO "{model.__tablename__}" ({columns}) SELECT * FROM {unnested(model, names)}'  # noqa: S608 - our own names
        f" ON CONFLICT (site_id, {name}) DO NOTHING RETURNING {name}, id",
        columns_of(model, names, rows),
    )
    return {row[0]: row[1] for row in made}


def add_comments(
    comments: Iterable[Mapping[str, Any]],
    revisions: Iterable[Mapping[str, Any]],
    signals: Iterable[Mapping[str, Any]],
    keys: Iterable[Mapping[str, Any]],
    flags: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Store comments, parents before their replies, with their texts, what holds them, and how they are known again.

    Raises StoreUnavailable where somebody has taken away an author or an article meanwhile.
    """
    try:
        add_many(CommentRow, comments)
        add_many(RevisionRow, revisions)
        add_many(SignalRow, signals)
        add_many(FlagRow, flags)
        add_many(ImportedRow, keys)
    except IntegrityError as fault:
        if isinstance(fault.orig, ForeignKeyViolation):
            raise StoreUnavailable("An author or an article was taken away meanwhile; try again.") from fault
        raise


def add_notes(notes: Sequence[Mapping[str, Any]]) -> None:
    """Store what moderators had noted elsewhere, but for what is there already."""
    there = _taken(NoteRow.id, [note["id"] for note in notes])
    add_many(NoteRow, [note for note in notes if note["id"] not in there])


def notes_elsewhere(site_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the ids that a note of another site has."""
    return _taken(NoteRow.id, ids, NoteRow.site_id != site_id)


def add_past_log(entries: Sequence[Mapping[str, Any]], *, site_id: UUID) -> int:
    """Keep entries of the log of another installation, but for those that are there, and return how many are new."""
    of_site = PastLogRow.site_id == site_id
    there = _taken(PastLogRow.hash, [entry["hash"] for entry in entries], of_site)
    new = list({entry["hash"]: entry for entry in entries if entry["hash"] not in there}.values())
    add_many(PastLogRow, new)
    return len(new)


def taken_comments(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the ids that a comment of any site has."""
    return _taken(CommentRow.id, ids)


def taken_receipts(hashes: Sequence[bytes]) -> set[bytes]:
    """Return those of the hashes that lead to a comment."""
    return _taken(CommentRow.receipt_hash, hashes)


def taken_articles(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the ids that an article of any site has."""
    return _taken(ArticleRow.id, ids)


def taken_authors(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the ids that an author of any site has."""
    return _taken(AuthorRow.id, ids)


def _taken(column: InstrumentedAttribute[Any], values: Sequence[Any], *also: ColumnElement[bool]) -> set[Any]:
    found: set[Any] = set()
    for start in range(0, len(values), IN_ONE_QUERY):
        part = list(values[start : start + IN_ONE_QUERY])
        found.update(db.session.scalars(select(column).where(one_of(column, part), *also)))
    return found
