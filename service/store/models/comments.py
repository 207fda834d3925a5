"""The tables of articles, authors, comments and what belongs to a comment.

Comments and what belongs to one have `article_id` in every key, so that PostgreSQL can divide these tables by its hash
(docs/scaling.md). It stands last there: they are asked for by the comment's id alone, too."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.extensions import Base
from service.store.types import UtcDateTime


class ArticleRow(Base):
    """An article that somebody wrote under, or that an integrator registered."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("site_id", "key"),
        # The desk's list, the newest first.
        Index("ix_articles_site", "site_id", "id"),
        # What the site's days close, in the order in which they do; SQLite takes an index whose words are the query's.
        Index(
            "ix_articles_closing",
            "site_id",
            text("coalesce(opened_at, created_at)"),
            postgresql_where=text("open"),
            sqlite_where=text("open = 1"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    key: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    open: Mapped[bool]
    count: Mapped[int]
    """Published comments, kept by the transactions that publish and unpublish."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a person opened it again; the site's days until it closes count from then."""


class AuthorRow(Base):
    """One e-mail address on one site: sealed, and found by keyed hash; with the author's record in counters.

    A reader whom the site itself knows is found by the keyed hash of the name it has for them (`sub`) in the place of
    the address's; `address_hash` is that of the address then, where the site told one.
    """

    __tablename__ = "authors"
    __table_args__ = (
        UniqueConstraint("site_id", "email_hash"),
        Index(
            "ix_authors_address",
            "site_id",
            "address_hash",
            postgresql_where=text("address_hash IS NOT NULL"),
            sqlite_where=text("address_hash IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    email_hash: Mapped[bytes] = mapped_column(LargeBinary)
    email_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Empty where no address is known: a site knows its reader without one, or retention has taken it."""
    subject_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the site calls a reader whom it knows; None for everybody else."""
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    pending: Mapped[int]
    approved: Mapped[int]
    rejected: Mapped[int]
    spam: Mapped[int]
    deleted: Mapped[int]
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the author proved that the address is theirs; without it they gain no trust."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


_SHOWN = text("shown")
_PUBLISHED = text("published_revision IS NOT NULL")
_KEPT = text("status IN ('rejected', 'spam') AND search_text <> ''")

_NO_WORDS = "./@-+<&_"
"""They would make PostgreSQL's parser see one web address, file, number or tag where a moderator looks for a word."""
# One replace() each: translate() takes them all out at once, and six times as long.
_PARTED = reduce(lambda said, sign: f"replace({said}, '{sign}', ' ')", _NO_WORDS, "search_text")
SEARCHED_WORDS = f"to_tsvector('simple'::regconfig, {_PARTED})"
"""What a search on PostgreSQL looks through. A query has to say exactly this for the index to be used."""


NARROWED = {"links": "has_links", "flagged": "flags > 0", "edited": "revision > 1"}
"""What a queue can be narrowed to, each with the condition of an index of its own. A query has to say exactly this."""


def of_a_comment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["comment_id", "article_id"], ["comments.id", "comments.article_id"])


class CommentRow(Base):
    """A comment: its place in the thread, where it stands, and what readers see of it."""

    __tablename__ = "comments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    article_id: Mapped[UUID] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    parent_id: Mapped[UUID | None]
    root_id: Mapped[UUID]
    depth: Mapped[int]
    path: Mapped[bytes] = mapped_column(LargeBinary)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("authors.id"))
    author_name: Mapped[str] = mapped_column(Text)
    author_url: Mapped[str | None] = mapped_column(Text)
    author_badge: Mapped[str | None] = mapped_column(Text)
    """What the site said of its reader when they wrote it, such as "Staff"."""
    avatar: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    published_revision: Mapped[int | None]
    version: Mapped[int]
    body_html: Mapped[str] = mapped_column(Text)
    body_fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    search_text: Mapped[str] = mapped_column(Text)
    shown: Mapped[bool]
    """True where the public page has a line for it: it is published, or it is the tombstone above shown replies."""
    shown_replies: Mapped[int]
    votes: Mapped[int]
    flags: Mapped[int] = mapped_column(server_default=text("0"))
    flags_settled: Mapped[int | None]
    """The last revision whose flags a person has overruled."""
    score: Mapped[float]
    has_links: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[str | None] = mapped_column(Text)
    quietly_spam: Mapped[bool] = mapped_column(server_default=text("false"))
    """True where the screening, and no person, has called it spam: its author is told that it is pending."""
    client_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    receipt_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """That of 256 random bits: no two are the same, so no index has to see to it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edit_until: Mapped[datetime] = mapped_column(UtcDateTime)
    appealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_proven: Mapped[bool] = mapped_column(server_default=text("false"))
    """True where it came from whoever has proven the address, and not only with the address typed in."""

    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'spam', 'deleted')", name="status"),
        # What is answered stands under the same article.
        ForeignKeyConstraint(["parent_id", "article_id"], ["comments.id", "comments.article_id"]),
        Index("ix_comments_receipt", "receipt_hash"),
        # The public page, in each of its orders.
        Index("ix_comments_oldest", "article_id", "path", postgresql_where=_SHOWN, sqlite_where=_SHOWN),
        Index(
            "ix_comments_newest",
            "article_id",
            text("root_id DESC"),
            "path",
            postgresql_where=_SHOWN,
            sqlite_where=_SHOWN,
        ),
        Index(
            "ix_comments_top",
            "article_id",
            text("votes DESC"),
            "id",
            postgresql_where=text("shown AND parent_id IS NULL"),
            sqlite_where=text("shown AND parent_id IS NULL"),
        ),
        # The feeds of a site and of an article, which are read from their end.
        *(
            Index(
                f"ix_comments_{of}_feed",
                f"{of}_id",
                "published_at",
                "id",
                postgresql_where=_PUBLISHED,
                sqlite_where=_PUBLISHED,
            )
            for of in ("site", "article")
        ),
        # The moderation queue, by time and by score, of a site and of one article.
        Index("ix_comments_queue", "site_id", "status", "queued_at", "id"),
        Index("ix_comments_queue_score", "site_id", "status", "score", "id"),
        Index("ix_comments_article_queue", "article_id", "status", "queued_at", "id"),
        # The same for one author, and for what a queue can be narrowed to.
        Index("ix_comments_author_queue", "author_id", "status", "queued_at", "id"),
        *(
            Index(
                f"ix_comments_queue_{name}",
                "site_id",
                "status",
                "queued_at",
                "id",
                postgresql_where=text(condition),
                sqlite_where=text(condition),
            )
            for name, condition in NARROWED.items()
        ),
        # The search for exact duplicates. The article comes first, so that what is added lies side by side.
        Index("ix_comments_same", "article_id", "author_id", "body_fingerprint"),
        # What is asked when a comment is taken away altogether: whether anything answers it.
        Index(
            "ix_comments_parent",
            "parent_id",
            postgresql_where=text("parent_id IS NOT NULL"),
            sqlite_where=text("parent_id IS NOT NULL"),
        ),
        # Client keys that have to be dropped.
        Index(
            "ix_comments_client",
            "created_at",
            postgresql_where=text("client_hash IS NOT NULL"),
            sqlite_where=text("client_hash IS NOT NULL"),
        ),
        # Texts that retention is to take, and has not taken yet.
        Index("ix_comments_kept", "site_id", "status", "queued_at", "id", postgresql_where=_KEPT, sqlite_where=_KEPT),
        Index(
            "ix_comments_words",
            text(SEARCHED_WORDS.replace(":", r"\:")),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
    )


class RevisionRow(Base):
    """One numbered text of a comment, as typed and as sanitised, with the version of the sanitiser."""

    __tablename__ = "revisions"
    __table_args__ = (of_a_comment(),)

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    body_raw: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    sanitiser_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignalRow(Base):
    """What a screening phase found in one revision.

    While that revision waits for a person, `waiting_since` is the comment's `queued_at`, so that the queue of one
    reason is read from an index however long the whole queue is.
    """

    __tablename__ = "signals"
    __table_args__ = (
        # In this order it is also what the signals of a revision are found by.
        PrimaryKeyConstraint("comment_id", "revision", "id", "article_id"),
        of_a_comment(),
        Index(
            "ix_signals_queue",
            "site_id",
            "name",
            "waiting_since",
            "comment_id",
            postgresql_where=text("waiting_since IS NOT NULL"),
            sqlite_where=text("waiting_since IS NOT NULL"),
        ),
    )

    id: Mapped[UUID]
    site_id: Mapped[UUID]
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment_id: Mapped[UUID]
    article_id: Mapped[UUID]
    revision: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    detail: Mapped[str] = mapped_column(Text)
    spans: Mapped[list[list[int]]] = mapped_column(JSON)
    rule_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    """The rule of the site that asked for it, as it was then; rules may be gone by now, and the log tells of them."""


class SketchRow(Base):
    """One of the three numbers by which texts that say nearly the same find each other, as long as that is of use."""

    __tablename__ = "sketches"
    __table_args__ = (
        Index("ix_sketches_number", "site_id", "number", "created_at"),
        Index("ix_sketches_time", "created_at"),
        of_a_comment(),
    )

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdempotencyRow(Base):
    """The answer once given to an Idempotency-Key; sealed, since it holds a receipt."""

    __tablename__ = "idempotency_keys"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    answer_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
