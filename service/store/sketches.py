"""Reads and writes of the sketches by which texts that say nearly the same find each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, select, tuple_, union_all

from service.domain.comment import CommentKey
from service.domain.likeness import ENOUGH_ALIKE
from service.extensions import db
from service.store.models import SketchRow
from service.store.prepared import run
from service.store.together import add_rows

NOBODY = UUID(int=0)  # no comment has this id
MOST_SEEN = 50  # recent comments that are looked at for one number; a campaign has thousands, and some are enough


def count_alike(site_id: UUID, numbers: Sequence[int], *, since: datetime, besides: UUID | None = None) -> int:
    """Return how many comments of the site made after `since` share enough numbers, up to a few dozen."""
    if len(numbers) < ENOUGH_ALIKE:
        return 0
    known = parameters(site_id, numbers, since=since, besides=besides)
    [[count]] = run(alike(len(numbers)), known)
    return int(count)


def parameters(
    site_id: UUID, numbers: Sequence[int], *, since: datetime, besides: UUID | None = None
) -> dict[str, Any]:
    """Return the values for the parameters of `alike`."""
    known = {"site_id": site_id, "since": since, "besides": besides or NOBODY}
    return known | {f"number{at}": number for at, number in enumerate(numbers)}


@lru_cache
def alike(numbers: int) -> Select[int]:
    """Return the statement that counts for that many numbers; it is made once, so that it is compiled once."""
    each = [
        select(
            select(SketchRow.comment_id)
            .where(
                SketchRow.site_id == bindparam("site_id", type_=SketchRow.site_id.type),
                SketchRow.number == bindparam(f"number{at}", type_=SketchRow.number.type),
                SketchRow.created_at > bindparam("since", type_=SketchRow.created_at.type),
            )
            .order_by(SketchRow.created_at.desc())
            .limit(MOST_SEEN)
            .subquery()
        )
        for at in range(numbers)
    ]
    seen = union_all(*each).subquery()
    shared = (
        select(seen.c.comment_id)
        .where(seen.c.comment_id != bindparam("besides", type_=SketchRow.comment_id.type))
        .group_by(seen.c.comment_id)
        .having(func.count() >= ENOUGH_ALIKE)
        .subquery()
    )
    return select(func.count()).select_from(shared)


def keep_sketch(comment: CommentKey, numbers: Sequence[int], *, now: datetime) -> None:
    """Store the numbers of a comment's text; those of an earlier text have to be dropped before."""
    numbered = [{"number": number} for number in numbers]
    add_rows(
        SketchRow,
        numbered,
        comment_id=comment.id,
        article_id=comment.article_id,
        site_id=comment.site_id,
        created_at=now,
    )


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
