"""The tables. One class a table; reads and writes live in one module a noun beside this file.

Hot statements are written with Core against these classes; no row object leaves the store.

Comments and what belongs to one have `article_id` in every key, so that PostgreSQL can divide these tables by its hash
(docs/scaling.md). It stands last there: they are asked for by the comment's id alone, too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
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


class SiteRow(Base):
    """A site, with everything that differs by site."""

    __tablename__ = "sites"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(Text)
    origins: Mapped[list[str]] = mapped_column(JSON)
    policy: Mapped[str] = mapped_column(String(16))
    limits: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    max_depth: Mapped[int]
    revise_seconds: Mapped[int]
    flag_threshold: Mapped[int] = mapped_column(server_default=text("3"))
    trusted_after: Mapped[int] = mapped_column(server_default=text("3"))
    close_after_days: Mapped[int | None]
    rules_version: Mapped[int] = mapped_column(server_default=text("0"))
    """One further with every change of the site's rules, so that processes know when to read them again."""
    flood_level: Mapped[int] = mapped_column(server_default=text("0"))
    flood_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spam_threshold: Mapped[float | None]
    asks: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    """The kinds of those whom the site asks for an opinion, as `opinion_settings` has them, with spaces between."""
    tells: Mapped[str] = mapped_column(Text, server_default=text("''"))
    """The types of events that somebody listens to, with spaces between; the others are not even written down."""
    late_after_minutes: Mapped[int] = mapped_column(server_default=text("1440"))
    """How long the oldest that waits may have waited before the queue is told to be late; 0 for never."""
    late_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was told that the queue is late; None while it is not."""
    reader_trust: Mapped[str] = mapped_column(String(16), server_default=text("'proven'"))
    retention: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """Days by what is kept, null for ever; null as a whole for the terms that hold where nobody has set any."""
    version: Mapped[int] = mapped_column(server_default=text("0"))
    """One further with every change that people make of this row."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ArticleRow(Base):
    """An article that somebody wrote under, or that an integrator registered."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("site_id", "key"),
        # The desk's list, the newest first.
        Index("ix_articles_site", "site_id", "id"),
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
_IN_A_BATCH = text("batch_id IS NOT NULL")

SEARCHED_WORDS = "to_tsvector('simple'::regconfig, translate(search_text, './@-+<&_', '        '))"
"""What a search on PostgreSQL looks through. The characters taken out would make its parser see one web address, file,
number or tag where a moderator looks for a word in it. A query has to say exactly this for the index to be used."""


NARROWED = {"links": "has_links", "flagged": "flags > 0", "edited": "revision > 1"}
"""What a queue can be narrowed to, each with the condition of an index of its own. A query has to say exactly this."""


def _of_a_comment() -> ForeignKeyConstraint:
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
        # The author's record, and the search for exact duplicates.
        Index("ix_comments_author", "author_id", "article_id", "body_fingerprint"),
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
            "ix_comments_search",
            text(SEARCHED_WORDS.replace(":", r"\:")),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
    )


class RevisionRow(Base):
    """One numbered text of a comment, as typed and as sanitised, with the version of the sanitiser."""

    __tablename__ = "revisions"
    __table_args__ = (_of_a_comment(),)

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
        _of_a_comment(),
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
        _of_a_comment(),
    )

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RuleRow(Base):
    """A rule of a site at its present version; the log has the earlier ones."""

    __tablename__ = "rules"
    __table_args__ = (
        CheckConstraint("kind IN ('word', 'pattern', 'domain', 'author', 'network')", name="kind"),
        CheckConstraint("action IN ('hold', 'spam', 'reject', 'trust')", name="action"),
        Index("ix_rules_site", "site_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    terms: Mapped[str] = mapped_column(Text)
    """One a line; of an e-mail address its keyed hash."""
    term_count: Mapped[int]
    addresses_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The e-mail addresses among the terms, one a line."""
    note: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int]
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VoteRow(Base):
    """One reader's vote for a comment, as long as their client key is kept; `comments.votes` counts it for good."""

    __tablename__ = "votes"
    __table_args__ = (_of_a_comment(),)

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class FlagRow(Base):
    """One reader's flag: what they say is wrong with which revision. It outlives the key that tells it is theirs."""

    __tablename__ = "flags"
    __table_args__ = (
        UniqueConstraint("comment_id", "client_hash", "article_id"),
        _of_a_comment(),
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


class OpinionSettingsRow(Base):
    """Whom a site asks for an opinion, where, and with which sealed key or secret."""

    __tablename__ = "opinion_settings"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReaderKeyRow(Base):
    """What a site signs its readers' tokens with: a secret that both know, or public keys of its own."""

    __tablename__ = "reader_keys"
    __table_args__ = (Index("ix_reader_keys_site", "site_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The secret, or the key set as JSON."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RetentionRunRow(Base):
    """How far forgetting has come on a site, or, under the id of zeros, with what belongs to no site."""

    __tablename__ = "retention_runs"

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """None while it is going on, or was cut off: whoever comes next goes on with it."""
    removed: Mapped[Any] = mapped_column(JSON)
    """What was removed since it started, by its name; written with each batch."""
    at: Mapped[Any] = mapped_column(JSON)
    """Where it is to go on."""
    last: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """What the run before has come to, for people to see while one goes on."""


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


class ReasonRow(Base):
    """A canned reason of a site: what moderators pick, and the text that the author reads."""

    __tablename__ = "reasons"
    __table_args__ = (Index("ix_reasons_site", "site_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
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


class ModeratorRow(Base):
    """A person with an account at the desk; the address they sign in with is sealed, and found by keyed hash."""

    __tablename__ = "moderators"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    email_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    email_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    password_hash: Mapped[str] = mapped_column(Text)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The secret of the second factor; None until one is set up and proven."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last time step whose code was used: no code is good twice (RFC 6238, section 5.2)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MembershipRow(Base):
    """A moderator's role on a site."""

    __tablename__ = "memberships"

    moderator_id: Mapped[UUID] = mapped_column(ForeignKey("moderators.id"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mail: Mapped[str] = mapped_column(String(16), server_default=text("'none'"))
    """Which letters the moderator wants about the site."""
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the last digest was written, or letters were last chosen."""


class RecoveryCodeRow(Base):
    """A code that stands in for the second factor, once; the row goes when it is used."""

    __tablename__ = "recovery_codes"

    moderator_id: Mapped[UUID] = mapped_column(ForeignKey("moderators.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class SessionRow(Base):
    """A browser in which a moderator is signed in, by the hash of its cookie; the row goes when it is revoked."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    moderator_id: Mapped[UUID] = mapped_column(ForeignKey("moderators.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    browser: Mapped[str] = mapped_column(Text)
    """What the browser calls itself, in a few words, so that people know their sessions apart."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InvitationRow(Base):
    """An offer of a role on a site, by the hash of its link; the row goes when it is accepted or called back."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    """Whom it is for, in the words of who invites."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TokenRow(Base):
    """An API token, by its hash alone."""

    __tablename__ = "tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotencyRow(Base):
    """The answer once given to an Idempotency-Key; sealed, since it holds a receipt."""

    __tablename__ = "idempotency_keys"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    answer_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SiteCounterRow(Base):
    """How many comments of a site are in a status, spread over slots so that writers do not queue for one row."""

    __tablename__ = "site_counters"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]


_TO_DO = text("failed_at IS NULL")
_GIVEN_UP = text("failed_at IS NOT NULL")
_IS_EVENT = text("kind = 'event'")


class OutboxRow(Base):
    """Something that is to be done after the transaction that wrote it; done, it is gone.

    Whoever works on it has it until `claimed_until`, and `due_at` is that moment too, so that one index tells what is
    free. What failed for the last time stays, with `failed_at`.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "due_at", "id", postgresql_where=_TO_DO, sqlite_where=_TO_DO),
        Index("ix_outbox_alike", "site_id", "kind", postgresql_where=_TO_DO, sqlite_where=_TO_DO),
        Index("ix_outbox_given_up", "failed_at", postgresql_where=_GIVEN_UP, sqlite_where=_GIVEN_UP),
        # Events are handed on comment by comment, in their order.
        Index("ix_outbox_events", "comment_id", postgresql_where=_IS_EVENT, sqlite_where=_IS_EVENT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(32))
    comment_id: Mapped[UUID | None]
    revision: Mapped[int | None]
    payload: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


class WebhookRow(Base):
    """An endpoint of a site to which events are sent."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_site", "site_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    events: Mapped[str] = mapped_column(Text)
    """The types that are sent to it, with spaces between."""
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    earlier_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The one before, with which requests are signed as well until `earlier_until`."""
    earlier_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_reason: Mapped[str] = mapped_column(Text)
    failures: Mapped[int]
    """In a row, since the last success."""
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when nothing is sent to it, since it has failed several times in a row."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


_WAITS = text("status = 'waiting'")
_DUE = text("due_at IS NOT NULL")
_DEAD = text("status = 'given_up'")


class DeliveryRow(Base):
    """An event on its way to an endpoint, and what came of each attempt; kept for thirty days.

    Whoever sends it has it until `due_at`. What waits behind an earlier event of its comment is not due at all, so that
    no search for what is due passes over it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'delivered', 'given_up')", name="status"),
        Index("ix_deliveries_due", "webhook_id", "due_at", "event_id", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("ix_deliveries_order", "webhook_id", "comment_id", "place", postgresql_where=_WAITS, sqlite_where=_WAITS),
        Index("ix_deliveries_given_up", "webhook_id", "event_id", postgresql_where=_DEAD, sqlite_where=_DEAD),
    )

    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    comment_id: Mapped[UUID | None]
    place: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[Any] = mapped_column(JSON)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    """Since it was first sent, or last asked to be sent again."""
    tries: Mapped[Any] = mapped_column(JSON)
    """What came of the latest attempts, the first of them first."""


class SubscriptionRow(Base):
    """A letter, or letters, that an author asked for on a receipt; the address is the one sealed with their row."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("author_id", "kind", "target_id"),
        CheckConstraint("kind IN ('decision', 'answers', 'article')", name="kind"),
        Index("ix_subscriptions_target", "target_id", "kind"),
        Index("ix_subscriptions_site", "site_id"),
        Index(
            "ix_subscriptions_unconfirmed",
            "created_at",
            postgresql_where=text("confirmed_at IS NULL"),
            sqlite_where=text("confirmed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    author_id: Mapped[UUID]
    article_id: Mapped[UUID]
    comment_id: Mapped[UUID]
    """The author's own, on whose receipt they asked."""
    kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[UUID]
    """The comment or article that it is about."""
    language: Mapped[str] = mapped_column(String(8))
    receipt_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The receipt's token, of which nobody else has more than the hash."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    letter_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the letter goes out that waits in the outbox, if one does."""
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the last letter went out."""


class SubscriptionNewsRow(Base):
    """A published comment that a subscriber is told of once; it stays for a while, so that it is not told again."""

    __tablename__ = "subscription_news"

    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_subscription_news_time", "created_at"),)


class UnaskedLetterRow(Base):
    """How many letters went to an address on a day for which nobody had confirmed that it is theirs."""

    __tablename__ = "unasked_letters"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]


class FilterRow(Base):
    """What was learned from the decisions of a site, or, under the site id of zeros, from those of all sites."""

    __tablename__ = "filters"

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    learned_to: Mapped[int] = mapped_column(BigInteger)
    """The number of the last entry of the site's log that it knows of."""
    decisions: Mapped[int]
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
