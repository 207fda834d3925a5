"""Moderators who are signed in, made in the store where signing in is not the subject; and what the desk left there."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update

from service.adapters.keyring import token_hash
from service.domain.permissions import Role
from service.extensions import db
from service.store.ids import new_id
from service.store.models import LogRow, MembershipRow, ModeratorRow, ReasonRow, SessionRow, SiteRow
from service.store.session import reading, writing
from tests.driver import SiteDriver

_numbers = itertools.count(1)


def desk_cookie(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> str:
    """Make a moderator of the site who is signed in, and return the value of their cookie."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    moderator_id = new_id(now)
    email_hash = f"{moderator_id}{next(_numbers)}".encode()
    with site.app.app_context(), writing():
        site_id = db.session.execute(select(SiteRow.id).where(SiteRow.slug == site.slug)).scalar_one()
        account = {"id": moderator_id, "name": name, "email_hash": email_hash, "email_sealed": b"", "password_hash": ""}
        db.session.execute(insert(ModeratorRow).values(**account, created_at=now))
        db.session.execute(
            insert(MembershipRow).values(
                moderator_id=moderator_id, site_id=site_id, role=Role(role).value, created_at=now
            )
        )
        db.session.execute(
            insert(SessionRow).values(
                id=new_id(now),
                moderator_id=moderator_id,
                token_hash=token_hash(token),
                browser="a test",
                created_at=now,
                last_seen_at=now,
            )
        )
    return token


def end_session(site: SiteDriver, cookie: str) -> None:
    """End the session of this cookie, as its time or another browser does."""
    with site.app.app_context(), writing():
        db.session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash(cookie)))


def sign_in_again(site: SiteDriver, cookie: str) -> str:
    """Replace the session of this cookie by a new one of the same person, and return its cookie."""
    token = secrets.token_urlsafe(32)
    with site.app.app_context(), writing():
        db.session.execute(
            update(SessionRow)
            .where(SessionRow.token_hash == token_hash(cookie))
            .values(id=new_id(datetime.now(UTC)), token_hash=token_hash(token))
        )
    return token


def reasons_for(site: SiteDriver, *titles: str) -> None:
    """Give the site canned reasons of these titles, in the place of those that it has."""
    now = datetime.now(UTC)
    with site.app.app_context(), writing():
        site_id = db.session.execute(select(SiteRow.id).where(SiteRow.slug == site.slug)).scalar_one()
        db.session.execute(delete(ReasonRow).where(ReasonRow.site_id == site_id))
        for position, title in enumerate(titles):
            words = {
                "position": position,
                "title": title,
                "text": f"{title}, in words for the author.",
                "created_at": now,
            }
            db.session.execute(insert(ReasonRow).values(id=new_id(now), site_id=site_id, **words))


def decisions_logged(site: SiteDriver) -> list[tuple[str, str, str]]:
    """Return (action, comment, moderator) of every decision in the site's log, in order."""
    with site.app.app_context(), reading():
        rows = db.session.execute(
            select(LogRow.action, LogRow.comment_id, LogRow.actor_name)
            .join(SiteRow, SiteRow.id == LogRow.site_id)
            .where(SiteRow.slug == site.slug, LogRow.kind == "decision")
            .order_by(LogRow.number)
        )
        return [(row.action, str(row.comment_id), row.actor_name) for row in rows]
