"""What is done goes into the site's log, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from service.domain.comment import Comment
from service.domain.life import Action, Actor, Standing
from service.domain.log import LogEntry, LogKind
from service.store import log
from service.store.ids import new_id


def decision_entry(
    comment_id: UUID,
    site_id: UUID,
    action: Action,
    before: Standing,
    after: Standing,
    actor: Actor,
    *,
    now: datetime,
    kind: LogKind = LogKind.DECISION,
    **others: Any,
) -> LogEntry:
    """Return the entry of the log that tells of a decision; `others` are further fields of LogEntry."""
    return LogEntry(
        id=new_id(now),
        site_id=site_id,
        kind=kind,
        action=action.value,
        actor=actor,
        created_at=now,
        comment_id=comment_id,
        revision=after.revision,
        version=after.version,
        from_status=before.status.value,
        to_status=after.status.value,
        **others,
    )


def kept_for_undoing(comment: Comment) -> dict[str, Any]:
    """Return what the entry of a decision keeps of the comment before it, as JSON; `as_it_was` reads it again."""
    return {
        "published_revision": comment.standing.published_revision,
        "reason": comment.reason,
        "published_at": comment.published_at and comment.published_at.isoformat(),
        "edited_at": comment.edited_at and comment.edited_at.isoformat(),
        "flags_settled": comment.flags_settled,
    }


def as_it_was(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of the comment, besides its standing, as they were before the decision."""
    return {
        "reason": kept["reason"],
        "published_at": _moment(kept["published_at"]),
        "edited_at": _moment(kept["edited_at"]),
        "flags_settled": kept["flags_settled"],
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def record(
    site_id: UUID,
    kind: LogKind,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one change into the site's log; call it last in the transaction, since it holds the end of the log.

    `details` is JSON, `{"field": [before, after]}` where something changed. It never holds an address or a secret.
    """
    entry = LogEntry(
        id=new_id(now),
        site_id=site_id,
        kind=kind,
        action=action,
        actor=actor,
        created_at=now,
        subject=subject,
        details=details,
    )
    log.add_entries([entry])
