"""Reads and writes of API tokens; the token itself is never stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update

from service.domain.permissions import Caller, Scope
from service.extensions import db
from service.store.ids import new_id
from service.store.models import SiteRow, TokenRow


@dataclass(frozen=True)
class Token:
    """What is known of a token; times are None where it was never used, or not revoked."""

    id: UUID
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add_token(*, site_id: UUID, name: str, token_hash: bytes, scopes: Iterable[Scope], now: datetime) -> UUID:
    """Store a token by its hash and return its id."""
    token_id = new_id(now)
    db.session.execute(
        insert(TokenRow.__table__).values(  # type: ignore[arg-type]
            id=token_id,
            site_id=site_id,
            name=name,
            token_hash=token_hash,
            scopes=sorted(scope.value for scope in scopes),
            created_at=now,
        )
    )
    return token_id


def find_caller(token_hash: bytes) -> tuple[Caller, datetime | None] | None:
    """Return whom a token stands for and when it was last used; None where it is unknown or revoked."""
    row = db.session.execute(
        select(TokenRow.id, TokenRow.name, TokenRow.site_id, SiteRow.slug, TokenRow.scopes, TokenRow.last_used_at)
        .join(SiteRow, TokenRow.site_id == SiteRow.id)
        .where(TokenRow.token_hash == token_hash, TokenRow.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    caller = Caller.of_token(row.id, row.name, site_id=row.site_id, site_slug=row.slug, scopes=scopes)
    return caller, row.last_used_at


def record_use(token_id: UUID, *, now: datetime) -> None:
    """Note that a token was used."""
    db.session.execute(update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=now))


def revoke_token(token_id: UUID, *, site_id: UUID, now: datetime) -> str | None:
    """Make a token of the site useless from now on and return its name; None where there is none in use."""
    return db.session.execute(
        update(TokenRow)
        .where(TokenRow.id == token_id, TokenRow.site_id == site_id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(TokenRow.name)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()


def list_tokens(site_id: UUID) -> list[Token]:
    """Return the tokens of a site, the first made first."""
    rows = db.session.execute(
        select(
            TokenRow.id,
            TokenRow.name,
            TokenRow.scopes,
            TokenRow.created_at,
            TokenRow.last_used_at,
            TokenRow.revoked_at,
        )
        .where(TokenRow.site_id == site_id)
        .order_by(TokenRow.id)
    )
    return [
        Token(
            row.id, row.name, frozenset(Scope(s) for s in row.scopes), row.created_at, row.last_used_at, row.revoked_at
        )
        for row in rows
    ]
