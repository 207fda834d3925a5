"""Moderators who are signed in, for browsers: made in the store, since signing in has tests of its own."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime

from sqlalchemy import insert, select

from service.adapters.keyring import token_hash
from service.domain.permissions import Role
from service.extensions import db
from service.store.ids import new_id
from service.store.models import MembershipRow, ModeratorRow, SessionRow, SiteRow
from tests.driver import SiteDriver

_numbers = itertools.count(1)


def desk_cookie(site: SiteDriver, role: str = "moderator", name: str = "Noor") -> str:
    """Make a moderator of the site who is signed in, and return the value of their cookie."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    moderator_id = new_id(now)
    email_hash = f"{moderator_id}{next(_numbers)}".encode()
    with site.app.app_context():
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
        db.session.commit()
    return token
