"""A moderator who is signed in, for tests of the desk's pages: made in the store, since signing in has its own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from flask.testing import FlaskClient
from sqlalchemy import insert

from service.adapters.keyring import token_hash
from service.domain.permissions import Role
from service.extensions import db
from service.store.ids import new_id
from service.store.models import MembershipRow, ModeratorRow, SessionRow
from service.store.session import writing
from service.store.sites import find_site
from tests.driver import SiteDriver


def cookie_of(site: SiteDriver, role: Role = Role.VIEWER, name: str = "Noor") -> str:
    """Make a moderator of the site who is signed in, and return the value of their cookie."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    moderator_id = new_id(now)
    account = {"name": name, "email_hash": moderator_id.bytes, "email_sealed": b"", "password_hash": ""}
    session = {"token_hash": token_hash(token), "browser": "a test", "created_at": now, "last_seen_at": now}
    with site.app.app_context(), writing():
        site_id = find_site(site.slug).id
        db.session.execute(insert(ModeratorRow).values(id=moderator_id, created_at=now, **account))
        db.session.execute(
            insert(MembershipRow).values(moderator_id=moderator_id, site_id=site_id, role=role.value, created_at=now)
        )
        db.session.execute(insert(SessionRow).values(id=new_id(now), moderator_id=moderator_id, **session))
    return token


def signed_in(site: SiteDriver, role: Role = Role.VIEWER) -> FlaskClient:
    """Return the browser of such a moderator."""
    client = site.app.test_client()
    client.set_cookie("postbag", cookie_of(site, role))
    return client
