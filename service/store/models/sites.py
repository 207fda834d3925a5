"""The tables of sites and of what each one has set up: rules, canned reasons, keys, terms, counters."""

from __future__ import annotations

from datetime import datetime
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
    closed_told_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The moment up to which it is told what the site's days have closed; None where nobody has looked yet."""
    reader_trust: Mapped[str] = mapped_column(String(16), server_default=text("'proven'"))
    retention: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """Days by what is kept, null for ever; null as a whole for the terms that hold where nobody has set any."""
    version: Mapped[int] = mapped_column(server_default=text("0"))
    """One further with every change that people make of this row."""
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


class SiteCounterRow(Base):
    """How many comments of a site are in a status, spread over slots so that writers do not queue for one row."""

    __tablename__ = "site_counters"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
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
