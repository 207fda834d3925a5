"""Reads and writes of which letters moderators want about their sites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from service.domain.letters import MailChoice
from service.domain.permissions import Caller, Role
from service.extensions import db
from service.store.models import MembershipRow, ModeratorRow, SiteRow


@dataclass(frozen=True)
class Chosen:
    """What a moderator has chosen for one of their sites."""

    site_id: UUID
    site_slug: str
    site_name: str
    choice: MailChoice


def choices_of(moderator_id: UUID) -> list[Chosen]:
    """Return what a moderator has chosen for each of their sites, by the slug of the site."""
    rows = db.session.execute(
        select(SiteRow.id, SiteRow.slug, SiteRow.name, MembershipRow.mail)
        .join(MembershipRow, MembershipRow.site_id == SiteRow.id)
        .where(MembershipRow.moderator_id == moderator_id)
        .order_by(SiteRow.slug)
    )
    return [Chosen(row[0], row[1], row[2], MailChoice(row[3])) for row in rows]


def choose(moderator_id: UUID, site_id: UUID, choice: MailChoice, *, now: datetime) -> None:
    """Store which letters a moderator wants; a first digest comes with the next day."""
    _change(moderator_id, site_id, mail=choice.value, mailed_at=now)


def is_chosen(site_id: UUID, choice: MailChoice) -> bool:
    """True where any moderator of a site wants these letters."""
    found = select(MembershipRow.moderator_id).where(
        MembershipRow.site_id == site_id, MembershipRow.mail == choice.value
    )
    return db.session.scalar(found.limit(1)) is not None


def who_chose(site_id: UUID, choice: MailChoice) -> list[UUID]:
    """Return the moderators of a site who want these letters."""
    found = select(MembershipRow.moderator_id).where(
        MembershipRow.site_id == site_id, MembershipRow.mail == choice.value
    )
    return list(db.session.scalars(found.order_by(MembershipRow.moderator_id)))


def due_digests(*, before: datetime) -> list[tuple[UUID, UUID]]:
    """Return whose digest of which site was written for no later day."""
    row = MembershipRow
    found = select(row.moderator_id, row.site_id).where(
        row.mail == MailChoice.DIGEST.value, or_(row.mailed_at.is_(None), row.mailed_at < before)
    )
    return [(one.moderator_id, one.site_id) for one in db.session.execute(found)]


def take_digest(moderator_id: UUID, site_id: UUID, *, before: datetime, now: datetime) -> bool:
    """Note that a digest is written; False where another worker has written it."""
    row = MembershipRow
    taken = db.session.execute(
        update(row)
        .where(
            row.moderator_id == moderator_id,
            row.site_id == site_id,
            row.mail == MailChoice.DIGEST.value,
            or_(row.mailed_at.is_(None), row.mailed_at < before),
        )
        .values(mailed_at=now)
        .returning(row.moderator_id)
        .execution_options(synchronize_session=False)
    )
    return taken.one_or_none() is not None


def find_caller(moderator_id: UUID, site_id: UUID) -> tuple[Caller, MailChoice] | None:
    """Return a moderator as they may act on a site now, and what they chose; None where they have no role there."""
    row = db.session.execute(
        select(ModeratorRow.name, SiteRow.slug, MembershipRow.role, MembershipRow.mail)
        .join(MembershipRow, MembershipRow.moderator_id == ModeratorRow.id)
        .join(SiteRow, SiteRow.id == MembershipRow.site_id)
        .where(MembershipRow.moderator_id == moderator_id, MembershipRow.site_id == site_id)
    ).one_or_none()
    if row is None:
        return None
    caller = Caller.of_moderator(moderator_id, row.name, site_id=site_id, site_slug=row.slug, role=Role(row.role))
    return caller, MailChoice(row.mail)


def _change(moderator_id: UUID, site_id: UUID, **values: object) -> None:
    db.session.execute(
        update(MembershipRow)
        .where(MembershipRow.moderator_id == moderator_id, MembershipRow.site_id == site_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
