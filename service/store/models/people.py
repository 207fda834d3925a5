"""The tables of who may do what: moderators with their roles and sessions, invitations, tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.extensions import Base
from service.store.types import UtcDateTime


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
