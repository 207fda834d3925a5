"""Taking away what is known of an author and of the comments they wrote, besides the comments themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from service.domain.log import LogKind
from service.extensions import db
from service.store.models import (
    AuthorRow,
    CommentRow,
    DeliveryRow,
    LogRow,
    NoteRow,
    OutboxRow,
    PastLogRow,
    SubscriptionNewsRow,
    SubscriptionRow,
    WebhookRow,
)

ABOUT_TEXTS = ("score", "opinion", "report", "letter")
"""The jobs that would look at a text, ask others about it, or write to somebody about it."""


def forget_author(author_id: UUID, *, site_id: UUID, stands_for: bytes) -> bool:
    """Take the address and everything noted from an author's row, which is held then; False where there is no such one.

    `stands_for` takes the place of the hash that the address was found by, so that nobody finds the row again.
    """
    found = db.session.execute(
        update(AuthorRow)
        .where(AuthorRow.id == author_id, AuthorRow.site_id == site_id)
        .values(email_hash=stands_for, email_sealed=b"", address_hash=None, subject_sealed=None, proven_at=None)
        .returning(AuthorRow.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    db.session.execute(
        delete(NoteRow).where(NoteRow.author_id == author_id).execution_options(synchronize_session=False)
    )
    forget_subscriptions(author_id)
    return found is not None


def forget_subscriptions(author_id: UUID) -> None:
    """Take away what letters an author asked for, and what they were to be told in them."""
    theirs = select(SubscriptionRow.id).where(SubscriptionRow.author_id == author_id)
    for gone in (
        delete(SubscriptionNewsRow).where(SubscriptionNewsRow.subscription_id.in_(theirs)),
        delete(SubscriptionRow).where(SubscriptionRow.author_id == author_id),
    ):
        db.session.execute(gone.execution_options(synchronize_session=False))


def hold_authors(author_ids: Sequence[UUID]) -> None:
    """Hold the rows of authors until the transaction ends."""
    rows = select(AuthorRow.id).where(AuthorRow.id.in_(author_ids)).order_by(AuthorRow.id)
    db.session.execute(rows.with_for_update(key_share=True)).all()


def comment_ids_of(author_ids: Sequence[UUID], *, after: UUID | None, limit: int) -> list[UUID]:
    """Return the next `limit` comments of authors, in the order of their ids."""
    query = select(CommentRow.id).where(CommentRow.author_id.in_(author_ids)).order_by(CommentRow.id).limit(limit)
    return list(db.session.scalars(query if after is None else query.where(CommentRow.id > after)))


def forget_about(comment_ids: Sequence[UUID], *, site_id: UUID) -> None:
    """Take away what was noted about comments, and what was to be done with their words; their rows are held.

    What is told to webhooks goes out all the same, without the reasons that moderators gave. The log of an installation
    where the comments were before loses its words about them, too.
    """
    for gone in (
        delete(NoteRow).where(NoteRow.comment_id.in_(comment_ids)),
        delete(OutboxRow).where(
            OutboxRow.site_id == site_id, OutboxRow.kind.in_(ABOUT_TEXTS), OutboxRow.comment_id.in_(comment_ids)
        ),
    ):
        db.session.execute(gone.execution_options(synchronize_session=False))
    waiting = select(OutboxRow.id, OutboxRow.payload).where(
        OutboxRow.kind == "event", OutboxRow.comment_id.in_(comment_ids)
    )
    for job_id, payload in db.session.execute(waiting.order_by(OutboxRow.id).with_for_update()).all():
        if _without_reason(payload.get("facts")):
            db.session.execute(
                update(OutboxRow)
                .where(OutboxRow.id == job_id)
                .values(payload=payload)
                .execution_options(synchronize_session=False)
            )
    endpoints = select(WebhookRow.id).where(WebhookRow.site_id == site_id)
    told = select(DeliveryRow.webhook_id, DeliveryRow.event_id, DeliveryRow.facts).where(
        DeliveryRow.webhook_id.in_(endpoints), DeliveryRow.comment_id.in_(comment_ids)
    )
    for webhook_id, event_id, facts in db.session.execute(told).all():
        if _without_reason(facts):
            db.session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id == event_id)
                .values(facts=facts)
                .execution_options(synchronize_session=False)
            )

    past = select(PastLogRow.hash, PastLogRow.entry).where(
        PastLogRow.site_id == site_id, PastLogRow.comment_id.in_(comment_ids)
    )
    for entry_hash, text in db.session.execute(past).all():
        said = json.loads(text)
        if not isinstance(said, dict):
            continue
        without = said | {"reason": None, "note": None}
        if isinstance(without.get("details"), dict) and "reason" in without["details"]:
            without["details"] = without["details"] | {"reason": None}
        db.session.execute(
            update(PastLogRow)
            .where(PastLogRow.site_id == site_id, PastLogRow.hash == entry_hash)
            .values(entry=json.dumps(without, ensure_ascii=False, separators=(",", ":")))
            .execution_options(synchronize_session=False)
        )


def find_erasure(site_id: UUID, proof_id: UUID) -> tuple[int, datetime] | None:
    """Return how many comments an erasure was of, and when it was done, as the log has it; None for none."""
    row = db.session.execute(
        select(LogRow.details, LogRow.created_at).where(
            LogRow.site_id == site_id,
            LogRow.kind == LogKind.ERASURE.value,
            LogRow.action == "erase",
            LogRow.subject == str(proof_id),
        )
    ).one_or_none()
    return None if row is None else (row.details["comments"], row.created_at)


def _without_reason(facts: Any) -> bool:
    """Take a moderator's reason out of the facts of an event; False where there is none."""
    decision = facts.get("decision") if isinstance(facts, dict) else None
    if not isinstance(decision, dict) or not decision.get("reason"):
        return False
    decision["reason"] = None
    return True
