"""What an import has added, looked at and taken away again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from service.domain.life import Status
from service.extensions import db
from service.store.models import (
    ArticleRow,
    AuthorRow,
    CommentRow,
    FlagRow,
    ImportedArticleRow,
    ImportedRow,
    LogRow,
    NoteRow,
    PastLogRow,
    RevisionRow,
    SignalRow,
    SketchRow,
    VoteRow,
)


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


def hold_added(import_id: UUID, depth: int, after: UUID | None, *, since: datetime, limit: int) -> list[Added]:
    """Return up to `limit` comments of an import in one depth, by id, their rows and all that names them as they are.

    The rows are held first, and looked at then, so that a reply or decision that was on its way is seen. What
    came with the import is older than `since`, when it began.
    """
    mine = [ImportedRow.import_id == import_id, ImportedRow.depth == depth]
    if after is not None:
        mine.append(ImportedRow.comment_id > after)
    known = select(ImportedRow.comment_id, ImportedRow.key, ImportedRow.version).where(*mine)
    rows = db.session.execute(known.order_by(ImportedRow.comment_id).limit(limit)).all()
    held, versions = {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
    if not held:
        return []
    ids = list(held)
    db.session.execute(select(CommentRow.id).where(CommentRow.id.in_(ids)).order_by(CommentRow.id).with_for_update())
    reply = aliased(CommentRow)
    because = case(
        (exists().where(FlagRow.comment_id == CommentRow.id, FlagRow.created_at > since), "flagged"),
        (exists().where(VoteRow.comment_id == CommentRow.id), "voted for"),
        (exists().where(NoteRow.comment_id == CommentRow.id, NoteRow.created_at > since), "noted"),
        (exists().where(LogRow.comment_id == CommentRow.id), "decided or revised"),
        (exists().where(reply.parent_id == CommentRow.id), "replied to"),
        else_="",
    )
    found = db.session.execute(
        select(
            CommentRow.id,
            CommentRow.article_id,
            CommentRow.author_id,
            CommentRow.parent_id,
            CommentRow.status,
            CommentRow.published_revision,
            CommentRow.shown,
            because,
            CommentRow.version,
        )
        .where(CommentRow.id.in_(ids))
        .order_by(CommentRow.id)
    )
    return [
        Added(
            held[row[0]],
            row[0],
            row[1],
            row[2],
            row[3],
            Status(row[4]),
            row[5] is not None,
            row[6],
            "decided or revised" if row[8] != versions[row[0]] else row[7],
        )
        for row in found
    ]


def deepest_added(import_id: UUID) -> int | None:
    """Return the depth of the deepest comment that an import has added and that is still known; None for none."""
    return db.session.scalar(select(func.max(ImportedRow.depth)).where(ImportedRow.import_id == import_id))


def remove_comments(site_id: UUID, added: Sequence[Added]) -> None:
    """Take away comments whose rows are held, with all that belongs to them; their replies have gone before."""
    ids = [one.id for one in added]
    for table in (SignalRow, RevisionRow, SketchRow, FlagRow, NoteRow):
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


def remove_lonely_authors(author_ids: Sequence[UUID], *, since: datetime) -> None:
    """Take away those of the authors under whose address nothing is left, and of whom nobody has noted anything since.

    What was noted of them before that came with the import.
    """
    db.session.execute(
        select(AuthorRow.id).where(AuthorRow.id.in_(author_ids)).order_by(AuthorRow.id).with_for_update()
    )
    db.session.execute(
        delete(NoteRow)
        .where(
            NoteRow.author_id.in_(author_ids),
            NoteRow.created_at <= since,
            ~exists().where(CommentRow.author_id == NoteRow.author_id),
        )
        .execution_options(synchronize_session=False)
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


def remove_authors_of_nothing(site_id: UUID) -> None:
    """Take away the authors of a site who have written nothing at all: an import makes them ahead of their comments.

    Where it was killed between the two, they have nothing but an address.
    """
    db.session.execute(
        delete(AuthorRow)
        .where(
            AuthorRow.site_id == site_id,
            *(getattr(AuthorRow, status.value) == 0 for status in Status),
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


def remove_past_log(import_id: UUID, *, site_id: UUID, limit: int) -> int:
    """Take away up to `limit` entries of the log that came with an import, and return how many they were."""
    some = select(PastLogRow.hash).where(PastLogRow.site_id == site_id, PastLogRow.import_id == import_id).limit(limit)
    done = db.session.execute(
        delete(PastLogRow)
        .where(PastLogRow.site_id == site_id, PastLogRow.hash.in_(some))
        .returning(PastLogRow.hash)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
