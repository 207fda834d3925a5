"""Files that wait to be imported, in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from service.extensions import db
from service.store.bulk import add_many
from service.store.ids import first_id
from service.store.models import ImportPieceRow


def add_pieces(site_id: UUID, import_id: UUID, first: int, pieces: Sequence[bytes]) -> None:
    """Store pieces of a file, the first of them under the number `first`."""
    rows = [
        {"import_id": import_id, "number": first + n, "site_id": site_id, "piece": piece}
        for n, piece in enumerate(pieces)
    ]
    add_many(ImportPieceRow, rows)


def piece(import_id: UUID, number: int) -> bytes | None:
    """Return a piece, or None behind the last one."""
    statement = select(ImportPieceRow.piece).where(
        ImportPieceRow.import_id == import_id, ImportPieceRow.number == number
    )
    return db.session.scalar(statement)


def has_pieces(import_id: UUID) -> bool:
    """True while the file is there."""
    return bool(with_pieces([import_id]))


def with_pieces(import_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the imports whose file is there."""
    first = ImportPieceRow.number == 0
    return set(
        db.session.scalars(select(ImportPieceRow.import_id).where(ImportPieceRow.import_id.in_(import_ids), first))
    )


def drop_pieces(import_id: UUID) -> None:
    """Throw a file away."""
    db.session.execute(
        delete(ImportPieceRow).where(ImportPieceRow.import_id == import_id).execution_options(synchronize_session=False)
    )


def drop_old_pieces(*, before: datetime) -> int:
    """Throw away all files that came before a time, and return how many pieces those were."""
    done = db.session.execute(
        delete(ImportPieceRow)
        .where(ImportPieceRow.import_id < first_id(before))
        .returning(ImportPieceRow.number)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
