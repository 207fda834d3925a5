"""Reads and writes of flags. Whoever adds one holds the comment's row, so that its counter stays exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from service.domain.comment import CommentKey
from service.domain.flags import Flag, FlagReason, LoggedFlag
from service.extensions import db
from service.store.comments import of_site
from service.store.dialect import insert_or_ignore
from service.store.ids import new_id
from service.store.models import FlagRow


def add_flag(comment: CommentKey, flag: Flag, client_hashes: Sequence[bytes], *, revision: int, now: datetime) -> bool:
    """Store a reader's flag; False where they have flagged the comment already, perhaps by an older key.

    `client_hashes` has the hash by the current key first.
    """
    current, *older = client_hashes
    if older and _has_flagged(comment.id, older):
        return False
    values = {
        "id": new_id(now),
        "comment_id": comment.id,
        "article_id": comment.article_id,
        "client_hash": current,
        "revision": revision,
        "reason": flag.reason.value,
        "detail": flag.detail,
        "created_at": now,
    }
    made = db.session.execute(insert_or_ignore(FlagRow, values).returning(FlagRow.id)).one_or_none()
    return made is not None


def _has_flagged(comment_id: UUID, client_hashes: Sequence[bytes]) -> bool:
    statement = select(FlagRow.id).where(FlagRow.comment_id == comment_id, FlagRow.client_hash.in_(client_hashes))
    return db.session.execute(statement.limit(1)).one_or_none() is not None


def unsettled_reasons(comment_id: UUID, *, settled: int | None) -> dict[FlagReason, int]:
    """Count the flags of the revisions after the last settled one, by reason."""
    rows = db.session.execute(
        select(FlagRow.reason, func.count())
        .where(FlagRow.comment_id == comment_id, FlagRow.revision > (settled or 0))
        .group_by(FlagRow.reason)
    )
    return {FlagReason(reason): count for reason, count in rows}


def reasons_of(comment_ids: Sequence[UUID]) -> dict[UUID, dict[FlagReason, int]]:
    """Count all flags of the given comments by reason, in one query; those without any are left out."""
    found: dict[UUID, dict[FlagReason, int]] = {}
    if not comment_ids:
        return found
    rows = db.session.execute(
        select(FlagRow.comment_id, FlagRow.reason, func.count())
        .where(FlagRow.comment_id.in_(comment_ids))
        .group_by(FlagRow.comment_id, FlagRow.reason)
    )
    for comment_id, reason, count in rows:
        found.setdefault(comment_id, {})[FlagReason(reason)] = count
    return found


def latest_flags(comment_id: UUID, *, limit: int) -> list[LoggedFlag]:
    """Return up to `limit` flags of a comment in full, the latest first."""
    rows = db.session.execute(
        select(FlagRow.reason, FlagRow.detail, FlagRow.revision, FlagRow.created_at)
        .where(FlagRow.comment_id == comment_id)
        .order_by(FlagRow.created_at.desc(), FlagRow.id.desc())
        .limit(limit)
    )
    return [LoggedFlag(FlagReason(row.reason), row.detail, row.revision, row.created_at) for row in rows]


def drop_client_keys(site_id: UUID, *, before: datetime, limit: int) -> int:
    """Forget who made up to `limit` flags on a site before a time; returns how many. What they said stays.

    A row that a withdrawal is just emptying is passed over, so that neither waits for the other.
    """
    oldest = (
        select(FlagRow.id)
        .where(FlagRow.created_at < before, FlagRow.client_hash.is_not(None), of_site(FlagRow.comment_id, site_id))
        .order_by(FlagRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = db.session.execute(
        update(FlagRow)
        .where(FlagRow.id.in_(oldest))
        .values(client_hash=None)
        .returning(FlagRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
