"""Reads and writes of what sites sign their readers' tokens with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from service.domain.known_readers import KeyKind
from service.extensions import db
from service.store.models import ReaderKeyRow


@dataclass(frozen=True)
class ReaderKey:
    """One secret, or the key set; `sealed` opens in the context of its site."""

    id: UUID
    site_id: UUID
    kind: KeyKind
    sealed: bytes
    created_at: datetime


def keys_of(site_id: UUID | None) -> Sequence[ReaderKey]:
    """Return what a site signs with, or every site, the oldest first."""
    query = select(
        ReaderKeyRow.id, ReaderKeyRow.site_id, ReaderKeyRow.kind, ReaderKeyRow.sealed, ReaderKeyRow.created_at
    ).order_by(ReaderKeyRow.id)
    rows = db.session.execute(query if site_id is None else query.where(ReaderKeyRow.site_id == site_id))
    return [ReaderKey(row.id, row.site_id, KeyKind(row.kind), row.sealed, row.created_at) for row in rows]


def add_key(key: ReaderKey) -> None:
    """Store a secret or a key set beside those that are there; the site has to be held."""
    values = {"id": key.id, "site_id": key.site_id, "kind": key.kind.value, "sealed": key.sealed}
    db.session.execute(insert(ReaderKeyRow).values(**values, created_at=key.created_at))


def remove_key(key_id: UUID) -> None:
    """Forget a secret or a key set."""
    db.session.execute(delete(ReaderKeyRow).where(ReaderKeyRow.id == key_id))


def reseal_key(key_id: UUID, sealed: bytes) -> None:
    """Store the same under another key of ours."""
    db.session.execute(update(ReaderKeyRow).where(ReaderKeyRow.id == key_id).values(sealed=sealed))
