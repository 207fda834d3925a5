"""The log of decisions; rows are added and read, never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from service.domain.life import Action, Actor, PastDecision, Standing, Status
from service.domain.queue import LoggedDecision
from service.extensions import db
from service.store.ids import new_id
from service.store.models import DecisionRow


def add_decision(
    *,
    site_id: UUID,
    comment_id: UUID,
    action: Action,
    revision: int,
    before: Standing,
    after: Standing,
    actor: Actor,
    reason: str | None,
    note: str | None,
    now: datetime,
) -> LoggedDecision:
    """Write a decision into the log and return it; it belongs in the transaction that carries the decision out."""
    decision = LoggedDecision(new_id(now), action, revision, before.status, after.status, actor, reason, note, now)
    db.session.execute(
        insert(DecisionRow.__table__).values(  # type: ignore[arg-type]
            id=decision.id,
            site_id=site_id,
            comment_id=comment_id,
            action=action.value,
            revision=revision,
            version=after.version,
            from_status=before.status.value,
            to_status=after.status.value,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            reason=reason,
            note=note,
            created_at=now,
        )
    )
    return decision


def decisions_on(comment_id: UUID) -> list[LoggedDecision]:
    """Return every decision on a comment, the first one first."""
    rows = db.session.execute(
        select(
            DecisionRow.id,
            DecisionRow.action,
            DecisionRow.revision,
            DecisionRow.from_status,
            DecisionRow.to_status,
            DecisionRow.actor_kind,
            DecisionRow.actor_id,
            DecisionRow.actor_name,
            DecisionRow.reason,
            DecisionRow.note,
            DecisionRow.created_at,
        )
        .where(DecisionRow.comment_id == comment_id)
        .order_by(DecisionRow.version)
    )
    return [
        LoggedDecision(
            row.id,
            Action(row.action),
            row.revision,
            Status(row.from_status),
            Status(row.to_status),
            Actor(row.actor_kind, row.actor_id, row.actor_name),
            row.reason,
            row.note,
            row.created_at,
        )
        for row in rows
    ]


def last_decision(comment_id: UUID) -> PastDecision | None:
    """Return the decision that stands, or None where nobody has decided."""
    row = db.session.execute(
        select(
            DecisionRow.action,
            DecisionRow.revision,
            DecisionRow.actor_kind,
            DecisionRow.actor_id,
            DecisionRow.actor_name,
            DecisionRow.created_at,
        )
        .where(DecisionRow.comment_id == comment_id)
        .order_by(DecisionRow.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    actor = Actor(row.actor_kind, row.actor_id, row.actor_name)
    return PastDecision(Action(row.action), row.revision, actor, row.created_at)
