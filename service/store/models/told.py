"""The tables of what is to be done and told: the outbox, webhooks and their deliveries, letters that were asked for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
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
from service.store.types import UtcDateTime

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
