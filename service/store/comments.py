"""Reads and writes of single comments and their revisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.comment import Comment, Place, split_path
from service.domain.life import Standing, Status
from service.domain.text import folded
from service.extensions import db
from service.store.models import CommentRow, FlagRow, RevisionRow, SignalRow, SketchRow, VoteRow
from service.store.prepared import run
from service.store.together import add_rows

NOBODYS_AVATAR = "0" * 16  # drawn from nothing, where the one of before was drawn from an address
MOST_FLAGGED = 5  # comments of one author under flags that are counted; what follows is the same for more

COMMENT_COLUMNS = (
    CommentRow.id,
    CommentRow.site_id,
    CommentRow.article_id,
    CommentRow.parent_id,
    CommentRow.depth,
    CommentRow.path,
    CommentRow.author_id,
    CommentRow.author_name,
    CommentRow.author_url,
    CommentRow.avatar,
    CommentRow.status,
    CommentRow.revision,
    CommentRow.published_revision,
    CommentRow.version,
    CommentRow.body_html,
    CommentRow.votes,
    CommentRow.flags,
    CommentRow.flags_settled,
    CommentRow.score,
    CommentRow.reason,
    CommentRow.created_at,
    CommentRow.queued_at,
    CommentRow.published_at,
    CommentRow.edited_at,
    CommentRow.edit_until,
    CommentRow.client_hash,
    CommentRow.quietly_spam,
    CommentRow.appealed_at,
    CommentRow.author_badge,
    CommentRow.is_proven,
)


def comment_from_row(row: Sequence[Any]) -> Comment:
    """Build the comment from a row that holds COMMENT_COLUMNS first."""
    before, standing, after = row[:10], row[10:14], row[14 : len(COMMENT_COLUMNS)]
    return Comment(*before, Standing(Status(standing[0]), *standing[1:]), *after)  # type: ignore[call-arg]


def find_comment(comment_id: UUID, *, site_id: UUID, kept: bool = False) -> Comment | None:
    """Return the comment of this site, or None; one that is `kept` is not taken away before the transaction ends."""
    statement = select(*COMMENT_COLUMNS).where(CommentRow.id == comment_id, CommentRow.site_id == site_id)
    if kept:
        statement = statement.with_for_update(read=True, key_share=True)
    row = db.session.execute(statement).one_or_none()
    return None if row is None else comment_from_row(row)


def site_of(comment_id: UUID) -> UUID | None:
    """Return the site of a comment, or None where there is no such comment."""
    return db.session.scalar(select(CommentRow.site_id).where(CommentRow.id == comment_id))


def find_comment_by_receipt(receipt_hash: bytes) -> Comment | None:
    """Return the comment whose receipt has this hash, or None."""
    row = db.session.execute(select(*COMMENT_COLUMNS).where(CommentRow.receipt_hash == receipt_hash)).one_or_none()
    return None if row is None else comment_from_row(row)


def search_text(author_name: str, body_raw: str) -> str:
    """Return what moderators' searches look through: name and text, folded as searches are."""
    return folded(f"{author_name}\n{body_raw}")


@dataclass(frozen=True)
class NewComment:
    """What a submission adds, besides its first revision."""

    id: UUID
    site_id: UUID
    article_id: UUID
    place: Place
    author_id: UUID
    author_name: str
    author_url: str | None
    author_badge: str | None
    avatar: str
    standing: Standing
    body_html: str
    """The published HTML: empty unless the site's policy publishes at once."""
    body_fingerprint: bytes
    search_text: str
    score: float
    has_links: bool
    quietly_spam: bool
    client_hash: bytes | None
    receipt_hash: bytes
    created_at: datetime
    """When it was written, where a server of the site says so; else when it arrived."""
    edit_until: datetime
    is_proven: bool = False


def add_comment(new: NewComment, *, now: datetime) -> None:
    """Store a new comment; its visibility is settled separately by `settle_visibility`."""
    add_rows(
        CommentRow,
        [
            {
                "id": new.id,
                "site_id": new.site_id,
                "article_id": new.article_id,
                "parent_id": new.place.parent_id,
                "root_id": split_path(new.place.path)[0],
                "depth": new.place.depth,
                "path": new.place.path,
                "author_id": new.author_id,
                "author_name": new.author_name,
                "author_url": new.author_url,
                "author_badge": new.author_badge,
                "avatar": new.avatar,
                "status": new.standing.status.value,
                "revision": new.standing.revision,
                "published_revision": new.standing.published_revision,
                "version": new.standing.version,
                "body_html": new.body_html,
                "body_fingerprint": new.body_fingerprint,
                "search_text": new.search_text,
                "shown": False,
                "shown_replies": 0,
                "votes": 0,
                "score": new.score,
                "has_links": new.has_links,
                "quietly_spam": new.quietly_spam,
                "client_hash": new.client_hash,
                "receipt_hash": new.receipt_hash,
                "is_proven": new.is_proven,
                "created_at": new.created_at,
                "queued_at": now,
                "published_at": now if new.standing.is_published else None,
                "edit_until": new.edit_until,
            }
        ],
    )


def hold_comments(comment_ids: Sequence[UUID], *, site_id: UUID) -> list[Comment]:
    """Return those of the comments that are of this site, their rows and their ancestors' held until the commit.

    They are taken from the deepest upwards, all in one order, so that two transactions with several comments each
    cannot wait for each other.
    """
    if len(comment_ids) == 1:
        # Its ancestors are taken later, upwards, as far as something changes.
        wanted = set(comment_ids)
    else:
        paths = db.session.scalars(
            select(CommentRow.path).where(CommentRow.id.in_(comment_ids), CommentRow.site_id == site_id)
        )
        wanted = {ancestor for path in paths for ancestor in split_path(path)}
    rows = db.session.execute(
        select(*COMMENT_COLUMNS)
        .where(CommentRow.id.in_(wanted), CommentRow.site_id == site_id)
        .order_by(CommentRow.depth.desc(), CommentRow.id)
        .with_for_update(key_share=True)
    )
    asked = set(comment_ids)
    return [comment_from_row(row) for row in rows if row.id in asked]


def save_comments(changes: Sequence[tuple[Comment, Standing, Mapping[str, Any]]]) -> None:
    """Write the next standings of comments whose rows are held, each with other columns that change with it."""
    table = CommentRow.__table__
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for comment, after, columns in changes:
        values = {
            "status": after.status.value,
            "revision": after.revision,
            "published_revision": after.published_revision,
            "version": after.version,
            **columns,
        }
        row = {"the_id": comment.id, "the_version": comment.standing.version}
        row |= {f"new_{name}": value for name, value in values.items()}
        by_columns.setdefault(tuple(values), []).append(row)
    for names, rows in by_columns.items():
        statement = (
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("the_id"), table.c.version == bindparam("the_version"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        # On the connection, since a session would look for a primary key of that name. The driver sends them together.
        done = db.session.connection().execute(statement, rows)
        assert done.rowcount == len(rows), "nobody else changes rows that are held"


def settle_visibility(comment_ids: Sequence[UUID]) -> None:
    """Let the public page show what it now has to: published comments, and tombstones above shown replies.

    Walks up as far as something changes, a level at a time, at most the depth of the thread. Every statement decides on
    the rows it has locked, so that two decisions below one tombstone cannot both believe that the other one's reply
    keeps it up.
    """
    ought_to_be_shown = or_(CommentRow.published_revision.is_not(None), CommentRow.shown_replies > 0)
    at = list(comment_ids)
    while at:
        changed = db.session.execute(
            update(CommentRow)
            .where(CommentRow.id.in_(at), CommentRow.shown != ought_to_be_shown)
            .values(shown=ought_to_be_shown)
            .returning(CommentRow.parent_id, CommentRow.shown)
            .execution_options(synchronize_session=False)
        ).all()
        moved = Counter[UUID]()
        for parent_id, is_shown in changed:
            if parent_id is not None:
                moved[parent_id] += 1 if is_shown else -1
        at = list(moved)
        for by in set(moved.values()) - {0}:
            db.session.execute(
                update(CommentRow)
                .where(CommentRow.id.in_([parent_id for parent_id, change in moved.items() if change == by]))
                .values(shown_replies=CommentRow.shown_replies + by)
                .execution_options(synchronize_session=False)
            )


def erase_texts(comment_ids: Sequence[UUID]) -> None:
    """Take away every word of comments and the names they stood under; their places and their decisions remain."""
    db.session.execute(
        update(CommentRow)
        .where(CommentRow.id.in_(comment_ids))
        .values(
            author_name="",
            author_url=None,
            author_badge=None,
            avatar=NOBODYS_AVATAR,
            body_html="",
            search_text="",
            body_fingerprint=b"",
            client_hash=None,
            has_links=False,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(RevisionRow)
        .where(RevisionRow.comment_id.in_(comment_ids))
        .values(body_raw="", body_html="")
        .execution_options(synchronize_session=False)
    )
    # Signals quote the text they were found in, and readers may quote it in a flag.
    db.session.execute(
        delete(SignalRow).where(SignalRow.comment_id.in_(comment_ids)).execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(FlagRow)
        .where(FlagRow.comment_id.in_(comment_ids))
        .values(detail=None, client_hash=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        delete(SketchRow).where(SketchRow.comment_id.in_(comment_ids)).execution_options(synchronize_session=False)
    )
    # Nobody can vote for it any more, so nobody has to be recognised.
    db.session.execute(
        delete(VoteRow).where(VoteRow.comment_id.in_(comment_ids)).execution_options(synchronize_session=False)
    )


def find_published_parent(comment_id: UUID, *, article_id: UUID, hold: bool) -> tuple[UUID, bytes] | None:
    """Return the id and path of a published comment of this article, or None for anything else.

    `hold` keeps its row as it is until the transaction ends, for a reply that will change its count of shown replies.
    """
    statement = select(CommentRow.id, CommentRow.path).where(
        CommentRow.id == comment_id,
        CommentRow.article_id == article_id,
        CommentRow.published_revision.is_not(None),
    )
    if hold:
        statement = statement.with_for_update(key_share=True)
    row = db.session.execute(statement).one_or_none()
    return None if row is None else (row.id, row.path)


def hold_comment(comment_id: UUID) -> None:
    """Keep the row of a comment as it is until the transaction ends."""
    db.session.execute(
        select(CommentRow.id).where(CommentRow.id == comment_id).with_for_update(key_share=True)
    ).one_or_none()


def hold_published(comment_id: UUID, *, site_id: UUID) -> Comment | None:
    """Return a published comment of this site, its row kept as it is until the transaction ends; None for any other."""
    row = db.session.execute(
        select(*COMMENT_COLUMNS)
        .where(CommentRow.id == comment_id, CommentRow.site_id == site_id, CommentRow.published_revision.is_not(None))
        .with_for_update(key_share=True)
    ).one_or_none()
    return None if row is None else comment_from_row(row)


def add_to_score(comment_id: UUID, by: float) -> None:
    """Let what was found later weigh in the queue's order; the comment's row is held."""
    db.session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id)
        .values(score=CommentRow.score + by)
        .execution_options(synchronize_session=False)
    )


def count_vote(comment_id: UUID, by: int) -> int:
    """Add `by` to the votes of a comment and return how many it has then."""
    return db.session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id)
        .values(votes=CommentRow.votes + by)
        .returning(CommentRow.votes)
        .execution_options(synchronize_session=False)
    ).scalar_one()


def count_flag(comment_id: UUID) -> int:
    """Add one to the flags of a comment and return how many it has then."""
    return db.session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id)
        .values(flags=CommentRow.flags + 1)
        .returning(CommentRow.flags)
        .execution_options(synchronize_session=False)
    ).scalar_one()


def past_of_author(author_id: UUID, article_id: UUID, body_fingerprint: bytes, *, since: datetime) -> tuple[bool, int]:
    """Return whether the author sent the same text under this article after `since`, and what `count_flagged` tells.

    A comment that was deleted is no longer the same text.
    """
    known = {"author": author_id, "article": article_id, "fingerprint": body_fingerprint, "since": since}
    [[is_there, flagged]] = run(_PAST, known)
    return bool(is_there), flagged


def count_flagged(author_id: UUID, *, besides: UUID | None) -> int:
    """Return how many comments of an author readers have flagged without anybody overruling it, up to a few."""
    found = db.session.connection().execute(_FLAGGED, {"author": author_id}).scalars()
    return sum(comment_id != besides for comment_id in found)


_FLAGGED = (
    select(CommentRow.id)
    .where(
        CommentRow.author_id == bindparam("author"),
        or_(CommentRow.status == Status.PENDING.value, CommentRow.status == Status.APPROVED.value),
        CommentRow.flags > 0,
        CommentRow.flags_settled.is_(None),
    )
    .limit(MOST_FLAGGED)
)
_SAME = select(CommentRow.id).where(
    CommentRow.author_id == bindparam("author"),
    CommentRow.article_id == bindparam("article"),
    CommentRow.body_fingerprint == bindparam("fingerprint"),
    CommentRow.created_at > bindparam("since"),
    CommentRow.status != Status.DELETED.value,
)
_PAST = select(_SAME.exists(), select(func.count()).select_from(_FLAGGED.subquery()).scalar_subquery())


def drop_client_keys(site_id: UUID, *, before: datetime, limit: int) -> int:
    """Forget the client keys of up to `limit` comments of a site made before a time; returns how many."""
    oldest = (
        select(CommentRow.id)
        .where(CommentRow.created_at < before, CommentRow.client_hash.is_not(None), CommentRow.site_id == site_id)
        .order_by(CommentRow.created_at)
        .limit(limit)
    )
    done = db.session.execute(
        update(CommentRow)
        .where(CommentRow.id.in_(oldest))
        .values(client_hash=None)
        .returning(CommentRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def of_site(comment_id: ColumnElement[UUID] | InstrumentedAttribute[UUID], site_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a comment which a row names is of this site."""
    return select(CommentRow.id).where(CommentRow.id == comment_id, CommentRow.site_id == site_id).exists()


def published_names(comment_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the author names of those comments that are published."""
    wanted = list(comment_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(CommentRow.id, CommentRow.author_name).where(
            CommentRow.id.in_(wanted), CommentRow.published_revision.is_not(None)
        )
    )
    return {row.id: row.author_name for row in rows}
