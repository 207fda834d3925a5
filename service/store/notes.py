"""Reads and writes of moderators' private notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, or_, select

from service.domain.life import Actor
from service.domain.queue import Note
from service.extensions import db
from service.store.ids import new_id
from service.store.models import NoteRow


def add_note(
    *, site_id: UUID, comment_id: UUID | None, author_id: UUID | None, actor: Actor, text: str, now: datetime
) -> Note:
    """Store a note on a comment or on an author, and return it."""
    note = Note(new_id(now), comment_id, author_id, actor.name, text, now)
    db.session.execute(
        insert(NoteRow.__table__).values(  # type: ignore[arg-type]
            id=note.id,
            site_id=site_id,
            comment_id=comment_id,
            author_id=author_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            text=text,
            created_at=now,
        )
    )
    return note


def notes_about(comment_ids: Iterable[UUID], author_ids: Iterable[UUID]) -> list[Note]:
    """Return the notes on these comments and on these authors, the oldest first, in one query."""
    rows = db.session.execute(
        select(NoteRow.id, NoteRow.comment_id, NoteRow.author_id, NoteRow.actor_name, NoteRow.text, NoteRow.created_at)
        .where(or_(NoteRow.comment_id.in_(list(comment_ids)), NoteRow.author_id.in_(list(author_ids))))
        .order_by(NoteRow.id)
    )
    return [Note(*row) for row in rows]
