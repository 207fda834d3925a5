"""The answers once given to Idempotency-Keys, stored in the transaction that earned them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from service.extensions import db
from service.store.dialect import insert_or_ignore
from service.store.models import IdempotencyRow


@dataclass(frozen=True)
class GivenAnswer:
    """An earlier answer and the fingerprint of the request that it answered."""

    key_hash: bytes
    fingerprint: bytes
    answer_sealed: bytes


def find_answer(site_id: UUID, key_hashes: Sequence[bytes], *, since: datetime) -> GivenAnswer | None:
    """Return the latest answer given after `since` to a key with one of these hashes, or None."""
    row = db.session.execute(
        select(IdempotencyRow.key_hash, IdempotencyRow.fingerprint, IdempotencyRow.answer_sealed)
        .where(
            IdempotencyRow.site_id == site_id,
            IdempotencyRow.key_hash.in_(key_hashes),
            IdempotencyRow.created_at > since,
        )
        .order_by(IdempotencyRow.created_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else GivenAnswer(*row)


def keep_answer(
    site_id: UUID, key_hash: bytes, *, fingerprint: bytes, answer_sealed: bytes, now: datetime, since: datetime
) -> bool:
    """Store an answer; False where another transaction has stored one for this key, and ours must be undone.

    An answer from before `since` has expired and gives way.
    """
    db.session.execute(
        delete(IdempotencyRow).where(
            IdempotencyRow.site_id == site_id, IdempotencyRow.key_hash == key_hash, IdempotencyRow.created_at <= since
        )
    )
    values = {
        "site_id": site_id,
        "key_hash": key_hash,
        "fingerprint": fingerprint,
        "answer_sealed": answer_sealed,
        "created_at": now,
    }
    statement = insert_or_ignore(IdempotencyRow, values).returning(IdempotencyRow.created_at)
    return db.session.execute(statement).one_or_none() is not None


def drop_answers(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` answers given before a time; returns how many."""
    key = tuple_(IdempotencyRow.site_id, IdempotencyRow.key_hash)
    oldest = (
        select(IdempotencyRow.site_id, IdempotencyRow.key_hash)
        .where(IdempotencyRow.created_at < before)
        .order_by(IdempotencyRow.created_at)
        .limit(limit)
    )
    done = db.session.execute(
        delete(IdempotencyRow)
        .where(key.in_(oldest))
        .returning(IdempotencyRow.created_at)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
