"""Reads and writes of the sketches by which texts that say nearly the same find each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_, union_all

from service.domain.likeness import ENOUGH_ALIKE
from service.extensions import db
from service.store.models import SketchRow

MOST_SEEN = 50  # recent comments that are looked at for one number; a campaign has thousands, and some are enough


def count_alike(site_id: UUID, numbers: Sequence[int], *, since: datetime, besides: UUID | None = None) -> int:
    """Return how many comments of the site made after `since` share enough numbers, up to a few dozen."""
    if len(numbers) < ENOUGH_ALIKE:
        return 0
    each = [
        select(
            select(SketchRow.comment_id)
            .where(SketchRow.site_id == site_id, SketchRow.number == number, SketchRow.created_at > since)
            .order_by(SketchRow.created_at.desc())
            .limit(MOST_SEEN)
            .subquery()
        )
        for number in numbers
    ]
    shared = Counter(db.session.scalars(union_all(*each)))
    return sum(times >= ENOUGH_ALIKE for comment_id, times in shared.items() if comment_id != besides)


def keep_sketch(comment_id: UUID, site_id: UUID, numbers: Sequence[int], *, now: datetime) -> None:
    """Store the numbers of a comment's text; those of an earlier text have to be dropped before."""
    rows = [{"comment_id": comment_id, "site_id": site_id, "number": n, "created_at": now} for n in numbers]
    if rows:
        db.session.execute(insert(SketchRow.__table__).values(rows))  # type: ignore[arg-type]


def drop_sketches_of(comment_ids: Sequence[UUID]) -> None:
    """Forget the numbers of comments whose words are gone or have changed."""
    db.session.execute(
        delete(SketchRow).where(SketchRow.comment_id.in_(comment_ids)).execution_options(synchronize_session=False)
    )


def drop_sketches(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` numbers of comments made before a time; returns how many."""
    oldest = (
        select(SketchRow.comment_id, SketchRow.number)
        .where(SketchRow.created_at < before)
        .order_by(SketchRow.created_at)
        .limit(limit)
    )
    done = db.session.execute(
        delete(SketchRow)
        .where(tuple_(SketchRow.comment_id, SketchRow.number).in_(oldest))
        .returning(SketchRow.comment_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
