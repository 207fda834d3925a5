"""Reads and writes of the people at the desk: their accounts, roles, sessions, codes and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, or_, select, update

from service.domain.permissions import Role
from service.extensions import db
from service.store.dialect import insert_or_ignore, upsert
from service.store.ids import new_id
from service.store.models import InvitationRow, MembershipRow, ModeratorRow, RecoveryCodeRow, SessionRow, SiteRow


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


@dataclass(frozen=True)
class Account:
    """An account with what signing in needs; the secrets are sealed or hashed."""

    id: UUID
    name: str
    email_sealed: bytes
    password_hash: str
    totp_sealed: bytes | None
    totp_step: int | None


ACCOUNT_COLUMNS = (
    ModeratorRow.id,
    ModeratorRow.name,
    ModeratorRow.email_sealed,
    ModeratorRow.password_hash,
    ModeratorRow.totp_sealed,
    ModeratorRow.totp_step,
)


def add_moderator(
    moderator_id: UUID, *, name: str, email_hash: bytes, email_sealed: bytes, password_hash: str, now: datetime
) -> bool:
    """Store a new account; False where there is one of this address."""
    values = {
        "id": moderator_id,
        "name": name,
        "email_hash": email_hash,
        "email_sealed": email_sealed,
        "password_hash": password_hash,
        "created_at": now,
    }
    made = db.session.execute(insert_or_ignore(ModeratorRow, values).returning(ModeratorRow.id)).one_or_none()
    return made is not None


def find_account(email_hashes: Sequence[bytes]) -> Account | None:
    """Return the account of an address by any of its hashes, or None."""
    row = db.session.execute(
        select(*ACCOUNT_COLUMNS).where(ModeratorRow.email_hash.in_(email_hashes)).limit(1)
    ).one_or_none()
    return None if row is None else Account(*row)


def get_account(moderator_id: UUID) -> Account:
    """Return an account that exists."""
    return Account(*db.session.execute(select(*ACCOUNT_COLUMNS).where(ModeratorRow.id == moderator_id)).one())


def find_account_by_id(moderator_id: UUID) -> Account | None:
    """Return an account, or None where there is none of this id."""
    row = db.session.execute(select(*ACCOUNT_COLUMNS).where(ModeratorRow.id == moderator_id)).one_or_none()
    return None if row is None else Account(*row)


def change_account(moderator_id: UUID, **changes: Any) -> None:
    """Change only the given columns of an account."""
    db.session.execute(update(ModeratorRow).where(ModeratorRow.id == moderator_id).values(**changes))


def use_totp_step(moderator_id: UUID, step: int) -> bool:
    """Note that the code of a time step was used; False where that one or a later one was before."""
    done = db.session.execute(
        update(ModeratorRow)
        .where(ModeratorRow.id == moderator_id, or_(ModeratorRow.totp_step.is_(None), ModeratorRow.totp_step < step))
        .values(totp_step=step)
        .returning(ModeratorRow.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return done is not None


def replace_recovery_codes(moderator_id: UUID, code_hashes: Sequence[bytes]) -> None:
    """Keep these codes and no others."""
    db.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.moderator_id == moderator_id))
    for code_hash in code_hashes:
        db.session.execute(
            insert(RecoveryCodeRow.__table__).values(moderator_id=moderator_id, code_hash=code_hash)  # type: ignore[arg-type]
        )


def use_recovery_code(moderator_id: UUID, code_hash: bytes) -> bool:
    """Use a code up; False where there is none."""
    done = db.session.execute(
        delete(RecoveryCodeRow)
        .where(RecoveryCodeRow.moderator_id == moderator_id, RecoveryCodeRow.code_hash == code_hash)
        .returning(RecoveryCodeRow.moderator_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return done is not None


def count_recovery_codes(moderator_id: UUID) -> int:
    """Return how many codes are left."""
    counted = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.moderator_id == moderator_id)
    return db.session.scalar(counted) or 0


@dataclass(frozen=True)
class SessionBrief:
    """A session as its owner sees it."""

    id: UUID
    browser: str
    created_at: datetime
    last_seen_at: datetime


def add_session(moderator_id: UUID, *, token_hash: bytes, browser: str, now: datetime) -> None:
    """Store a session by the hash of its cookie."""
    db.session.execute(
        insert(SessionRow.__table__).values(  # type: ignore[arg-type]
            id=new_id(now),
            moderator_id=moderator_id,
            token_hash=token_hash,
            browser=browser,
            created_at=now,
            last_seen_at=now,
        )
    )


def sessions_of(moderator_id: UUID) -> list[SessionBrief]:
    """Return a moderator's sessions, the one seen last first."""
    rows = db.session.execute(
        select(SessionRow.id, SessionRow.browser, SessionRow.created_at, SessionRow.last_seen_at)
        .where(SessionRow.moderator_id == moderator_id)
        .order_by(SessionRow.last_seen_at.desc())
    )
    return [SessionBrief(*row) for row in rows]


def end_session(session_id: UUID, *, moderator_id: UUID) -> None:
    """End one of a moderator's sessions."""
    db.session.execute(delete(SessionRow).where(SessionRow.id == session_id, SessionRow.moderator_id == moderator_id))


def end_sessions(moderator_id: UUID, *, except_for: UUID | None) -> None:
    """End a moderator's sessions, but one where it is named."""
    statement = delete(SessionRow).where(SessionRow.moderator_id == moderator_id)
    db.session.execute(statement if except_for is None else statement.where(SessionRow.id != except_for))


@dataclass(frozen=True)
class Member:
    """Somebody with a role on a site."""

    id: UUID
    name: str
    role: Role
    has_second_factor: bool
    since: datetime


def members_of(site_id: UUID) -> list[Member]:
    """Return who has a role on a site, in the order in which they came."""
    rows = db.session.execute(
        select(
            ModeratorRow.id,
            ModeratorRow.name,
            MembershipRow.role,
            ModeratorRow.totp_sealed.is_not(None),
            MembershipRow.created_at,
        )
        .join(ModeratorRow, MembershipRow.moderator_id == ModeratorRow.id)
        .where(MembershipRow.site_id == site_id)
        .order_by(MembershipRow.created_at, ModeratorRow.id)
    )
    return [Member(row[0], row[1], Role(row[2]), row[3], row[4]) for row in rows]


def hold_members(site_id: UUID) -> dict[UUID, Role]:
    """Return the roles on a site, held until the commit, so that two changes cannot leave it without admins."""
    rows = db.session.execute(
        select(MembershipRow.moderator_id, MembershipRow.role)
        .where(MembershipRow.site_id == site_id)
        .order_by(MembershipRow.moderator_id)
        .with_for_update()
    )
    return {row.moderator_id: Role(row.role) for row in rows}


def set_role(moderator_id: UUID, site_id: UUID, role: Role, *, now: datetime) -> None:
    """Give a moderator a role on a site, in place of one they may have."""
    values = {"moderator_id": moderator_id, "site_id": site_id, "role": role.value, "created_at": now}
    db.session.execute(
        upsert(MembershipRow, values).on_conflict_do_update(
            index_elements=["moderator_id", "site_id"], set_={"role": role.value}
        )
    )


def remove_member(moderator_id: UUID, site_id: UUID) -> None:
    """Take a moderator's role on a site away."""
    db.session.execute(
        delete(MembershipRow).where(MembershipRow.moderator_id == moderator_id, MembershipRow.site_id == site_id)
    )


@dataclass(frozen=True)
class Invitation:
    """An offer of a role on a site."""

    id: UUID
    site_id: UUID
    site_slug: str
    site_name: str
    role: Role
    name: str
    invited_by: str
    created_at: datetime
    expires_at: datetime


def _invitations() -> Select[*tuple[Any, ...]]:
    return select(
        InvitationRow.id,
        InvitationRow.site_id,
        SiteRow.slug,
        SiteRow.name,
        InvitationRow.role,
        InvitationRow.name,
        InvitationRow.invited_by,
        InvitationRow.created_at,
        InvitationRow.expires_at,
    ).join(SiteRow, InvitationRow.site_id == SiteRow.id)


def _invitation(row: Row[*tuple[Any, ...]]) -> Invitation:
    return Invitation(row[0], row[1], row[2], row[3], Role(row[4]), row[5], row[6], row[7], row[8])


def add_invitation(
    invitation_id: UUID,
    *,
    site_id: UUID,
    role: Role,
    name: str,
    token_hash: bytes,
    invited_by: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store an offer by the hash of its link."""
    db.session.execute(
        insert(InvitationRow.__table__).values(  # type: ignore[arg-type]
            id=invitation_id,
            site_id=site_id,
            role=role.value,
            name=name,
            token_hash=token_hash,
            invited_by=invited_by,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_invitation(token_hash: bytes, *, now: datetime) -> Invitation | None:
    """Return the offer behind a link, or None where there is none that is still good."""
    row = db.session.execute(
        _invitations().where(InvitationRow.token_hash == token_hash, InvitationRow.expires_at > now)
    ).one_or_none()
    return None if row is None else _invitation(row)


def invitations_of(site_id: UUID, *, now: datetime) -> list[Invitation]:
    """Return the offers of a site that are still good, the oldest first."""
    rows = db.session.execute(
        _invitations()
        .where(InvitationRow.site_id == site_id, InvitationRow.expires_at > now)
        .order_by(InvitationRow.id)
    )
    return [_invitation(row) for row in rows]


def remove_invitation(invitation_id: UUID, *, site_id: UUID) -> str | None:
    """Take an offer of a site away and return whom it was for; None where there is none."""
    return db.session.execute(
        delete(InvitationRow)
        .where(InvitationRow.id == invitation_id, InvitationRow.site_id == site_id)
        .returning(InvitationRow.name)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()


def sealed_accounts() -> list[tuple[UUID, bytes, bytes | None]]:
    """Return the id, sealed address and sealed second factor of every account, for the re-sealing command."""
    rows = db.session.execute(
        select(ModeratorRow.id, ModeratorRow.email_sealed, ModeratorRow.totp_sealed).order_by(ModeratorRow.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]
