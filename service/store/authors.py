"""Reads and writes of authors: an address on a site, sealed, with its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.domain.life import Status
from service.domain.queue import AuthorRecord
from service.extensions import db
from service.store.dialect import is_postgresql
from service.store.ids import new_id
from service.store.models import AuthorRow, CommentRow
from service.store.prepared import run
from service.store.subscriptions import move_subscriptions
from service.store.together import add_to

RECORD_COLUMNS = (
    AuthorRow.id,
    AuthorRow.pending,
    AuthorRow.approved,
    AuthorRow.rejected,
    AuthorRow.spam,
    AuthorRow.deleted,
    AuthorRow.proven_at,
    AuthorRow.subject_sealed,
)


def take_author(site_id: UUID, *, email_hashes: Sequence[bytes], email_sealed: bytes, now: datetime) -> AuthorRecord:
    """Return the author of this address, made where new, and hold their row until the transaction ends.

    Holding it puts submissions by one author in line, so that the search for an exact duplicate sees them all.
    `email_hashes` has the hash by the current key first; an author still found by an older key is moved to it.
    """
    adopt_older_key(site_id, email_hashes, email_sealed)
    values = new_author(site_id, email_hashes[0], email_sealed, now)
    [record] = run(taking(on_postgresql=is_postgresql()), values)
    return AuthorRecord(*record)


def adopt_older_key(site_id: UUID, email_hashes: Sequence[bytes], email_sealed: bytes) -> None:
    """Move an author who is still found by an older key to the current one, which is the first."""
    current, *older = email_hashes
    if not older:
        return
    db.session.execute(
        update(AuthorRow)
        .where(
            AuthorRow.site_id == site_id,
            AuthorRow.email_hash.in_(older),
            ~select(AuthorRow.id)
            .where(AuthorRow.site_id == site_id, AuthorRow.email_hash == current)
            .correlate(None)
            .exists(),
        )
        .values(email_hash=current, email_sealed=email_sealed)
        .execution_options(synchronize_session=False)
    )


def new_author(site_id: UUID, email_hash: bytes, email_sealed: bytes, now: datetime) -> dict[str, Any]:
    """Return the values for the parameters of `taking`: the row of an author of whom nothing is known yet."""
    row = {"id": new_id(now), "site_id": site_id, "email_hash": email_hash, "email_sealed": email_sealed}
    row |= {"created_at": now} | {status.value: 0 for status in Status}
    return {f"new_{name}": value for name, value in row.items()}


@lru_cache
def taking(*, on_postgresql: bool) -> Any:
    """Return the statement that makes an author or holds their row, and returns RECORD_COLUMNS; it is made once."""
    names = ("id", "site_id", "email_hash", "email_sealed", "created_at", *(status.value for status in Status))
    table: Any = AuthorRow.__table__
    dialect = postgresql if on_postgresql else sqlite
    made = dialect.insert(table).values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
    # Something has to be written for the row to be held, but no part of a key: PostgreSQL would take the row for
    # itself alone then, and wait for every decision on a comment of the author, whose second UPDATE of the comment has
    # the foreign key checked and so shares the author's key.
    # An address that retention has taken is known again once its author writes.
    sealed = case((table.c.email_sealed == b"", made.excluded.email_sealed), else_=table.c.email_sealed)
    kept = {"pending": table.c.pending, "email_sealed": sealed}
    held = made.on_conflict_do_update(index_elements=["site_id", "email_hash"], set_=kept)
    return held.returning(*(table.c[column.key] for column in RECORD_COLUMNS))


def know_reader(
    author: AuthorRecord, *, subject_sealed: bytes, email_sealed: bytes, address_hash: bytes | None, now: datetime
) -> AuthorRecord:
    """Write down that the site knows this author, whose row is held, and return them as they are then.

    An address that comes along is theirs, since the site says so; where none does, the one of before stays.
    """
    values: dict[str, Any] = {"subject_sealed": subject_sealed}
    proven_at = author.proven_at
    if address_hash is not None:
        proven_at = proven_at or now
        values |= {"email_sealed": email_sealed, "address_hash": address_hash, "proven_at": proven_at}
    db.session.execute(
        update(AuthorRow).where(AuthorRow.id == author.id).values(values).execution_options(synchronize_session=False)
    )
    return replace(author, subject_sealed=subject_sealed, proven_at=proven_at)


def move_author_counters(moved: Mapping[UUID, Mapping[Status, int]]) -> None:
    """Add to the counters of authors what moved, by author and status; rows are taken in the order of their ids."""
    changes = {
        author_id: tuple((status, by) for status, by in counts.items() if by) for author_id, counts in moved.items()
    }
    if len(changes) <= 1:
        for author_id, change in changes.items():
            if change:
                add_to(AuthorRow, {"id": author_id}, **{status.value: by for status, by in change})
        return
    held = select(AuthorRow.id).where(AuthorRow.id.in_(changes)).order_by(AuthorRow.id)
    db.session.execute(held.with_for_update(key_share=True)).all()
    for alike in set(changes.values()):
        if alike:
            same = [author_id for author_id, change in changes.items() if change == alike]
            db.session.execute(
                update(AuthorRow)
                .where(AuthorRow.id.in_(same))
                .values({status.value: getattr(AuthorRow, status.value) + by for status, by in alike})
                .execution_options(synchronize_session=False)
            )


def find_author_ids(site_id: UUID, email_hashes: Sequence[bytes]) -> list[UUID]:
    """Return the authors with one of these address hashes; empty where the address is unknown here.

    Several are the same person: as a reader whom the site knows, and before it did.
    """
    known = or_(AuthorRow.email_hash.in_(email_hashes), AuthorRow.address_hash.in_(email_hashes))
    return list(db.session.scalars(select(AuthorRow.id).where(AuthorRow.site_id == site_id, known)))


def find_sealed_email(author_id: UUID) -> bytes | None:
    """Return the sealed address of an author, or None where there is none any more."""
    # That of an author who was erased is empty.
    return db.session.scalar(select(AuthorRow.email_sealed).where(AuthorRow.id == author_id)) or None


@dataclass(frozen=True)
class SealedAddress:
    """What the re-sealing command works on."""

    author_id: UUID
    site_id: UUID
    email_sealed: bytes
    """Empty where no address is known."""
    subject_sealed: bytes | None


def sealed_addresses_after(author_id: UUID | None, *, limit: int) -> list[SealedAddress]:
    """Return the next `limit` authors by id, for a walk through all of them in bounded memory."""
    columns = (AuthorRow.id, AuthorRow.site_id, AuthorRow.email_sealed, AuthorRow.subject_sealed)
    statement = select(*columns).order_by(AuthorRow.id).limit(limit)
    if author_id is not None:
        statement = statement.where(AuthorRow.id > author_id)
    return [SealedAddress(*row) for row in db.session.execute(statement)]


def reseal(address: SealedAddress, *, email_hash: bytes, email_sealed: bytes, **others: bytes | None) -> None:
    """Store the address under the current key; merges with an author made under that key in the meantime.

    `others` are further columns of a reader whom the site knows.
    """
    twin = db.session.scalars(
        select(AuthorRow.id).where(
            AuthorRow.site_id == address.site_id,
            AuthorRow.email_hash == email_hash,
            AuthorRow.id != address.author_id,
        )
    ).one_or_none()
    if twin is None:
        db.session.execute(
            update(AuthorRow)
            .where(AuthorRow.id == address.author_id)
            .values(email_hash=email_hash, email_sealed=email_sealed, **others)
        )
        return
    # Comments are taken before authors, as decisions do. A submission holds its author until it is stored, so whatever
    # arrived meanwhile is there once the author's row is ours.
    move_subscriptions(address.author_id, twin)
    move_comments = update(CommentRow).where(CommentRow.author_id == address.author_id).values(author_id=twin)
    db.session.execute(move_comments)
    record = db.session.execute(
        select(*RECORD_COLUMNS[1:]).where(AuthorRow.id == address.author_id).with_for_update()
    ).one_or_none()
    if record is None:
        return
    db.session.execute(move_comments)
    db.session.execute(
        update(AuthorRow)
        .where(AuthorRow.id == twin)
        .values({status.value: getattr(AuthorRow, status.value) + getattr(record, status.value) for status in Status})
    )
    db.session.execute(delete(AuthorRow).where(AuthorRow.id == address.author_id))
