"""Reads and writes of the people at the desk: their accounts, roles, sessions, codes and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from service.domain.permissions import Role
from service.extensions import db
from service.store.models import MembershipRow, ModeratorRow, SessionRow, SiteRow


@dataclass(frozen=True)
class Membership:
    """A moderator's role on a site."""

    site_id: UUID
    site_slug: str
    site_name: str
    role: Role


@dataclass(frozen=True)
class FoundSession:
    """A session and whose it is; the times are in UTC."""

    id: UUID
    moderator_id: UUID
    name: str
    created_at: datetime
    last_seen_at: datetime


def find_session(token_hash: bytes) -> FoundSession | None:
    """Return the session of this cookie, or None where it was revoked or never was; ageing is the caller's affair."""
    row = db.session.execute(
        select(
            SessionRow.id,
            SessionRow.moderator_id,
            ModeratorRow.name,
            SessionRow.created_at,
            SessionRow.last_seen_at,
        )
        .join(ModeratorRow, SessionRow.moderator_id == ModeratorRow.id)
        .where(SessionRow.token_hash == token_hash)
    ).one_or_none()
    return None if row is None else FoundSession(*row)


def record_seen(session_id: UUID, *, now: datetime) -> None:
    """Note that a session was used."""
    db.session.execute(update(SessionRow).where(SessionRow.id == session_id).values(last_seen_at=now))


def memberships_of(moderator_id: UUID) -> list[Membership]:
    """Return a moderator's roles, by the slug of the site."""
    rows = db.session.execute(
        select(MembershipRow.site_id, SiteRow.slug, SiteRow.name, MembershipRow.role)
        .join(SiteRow, MembershipRow.site_id == SiteRow.id)
        .where(MembershipRow.moderator_id == moderator_id)
        .order_by(SiteRow.slug)
    )
    return [Membership(row.site_id, row.slug, row.name, Role(row.role)) for row in rows]
