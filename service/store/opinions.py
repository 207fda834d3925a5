"""Reads and writes of whom sites ask for an opinion."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from service.domain.life import Status
from service.domain.opinions import OpinionKind
from service.extensions import db
from service.store import sites
from service.store.dialect import upsert
from service.store.models import CommentRow, OpinionSettingsRow, SignalRow


@dataclass(frozen=True)
class OpinionSettings:
    """Who is asked where; `secret_sealed` is the key or the secret of the signature."""

    kind: OpinionKind
    url: str
    secret_sealed: bytes
    changed_at: datetime


def settings_of(site_id: UUID) -> list[OpinionSettings]:
    """Return whom a site asks, by name."""
    rows = db.session.execute(
        select(
            OpinionSettingsRow.kind,
            OpinionSettingsRow.url,
            OpinionSettingsRow.secret_sealed,
            OpinionSettingsRow.changed_at,
        )
        .where(OpinionSettingsRow.site_id == site_id)
        .order_by(OpinionSettingsRow.kind)
    )
    return [OpinionSettings(OpinionKind(row.kind), row.url, row.secret_sealed, row.changed_at) for row in rows]


def save_settings(site_id: UUID, settings: OpinionSettings) -> None:
    """Store whom a site asks, in the place of what was there of this kind."""
    values = {"url": settings.url, "secret_sealed": settings.secret_sealed, "changed_at": settings.changed_at}
    statement = upsert(OpinionSettingsRow, {"site_id": site_id, "kind": settings.kind.value, **values})
    db.session.execute(statement.on_conflict_do_update(index_elements=["site_id", "kind"], set_=values))
    _note_on_site(site_id)


def remove_settings(site_id: UUID, kind: OpinionKind) -> None:
    """Forget whom a site asks, and the secret."""
    db.session.execute(
        delete(OpinionSettingsRow).where(OpinionSettingsRow.site_id == site_id, OpinionSettingsRow.kind == kind.value)
    )
    _note_on_site(site_id)


def _note_on_site(site_id: UUID) -> None:
    # Beside the site's other settings, so that a submission knows whom to ask without another query.
    asks = " ".join(settings.kind.value for settings in settings_of(site_id))
    sites.change_row(site_id, {"asks": asks})


def drop_signals(comment_id: UUID, revision: int, names: Collection[str]) -> Sequence[float]:
    """Take signals of a revision away, to be replaced; returns their weights."""
    return list(
        db.session.scalars(
            delete(SignalRow)
            .where(SignalRow.comment_id == comment_id, SignalRow.revision == revision, SignalRow.name.in_(names))
            .returning(SignalRow.score)
            .execution_options(synchronize_session=False)
        )
    )


def reword_signal(comment_id: UUID, revision: int, name: str, detail: str) -> None:
    """Let a signal of a revision say something else; what it asked for stays."""
    db.session.execute(
        update(SignalRow)
        .where(SignalRow.comment_id == comment_id, SignalRow.revision == revision, SignalRow.name == name)
        .values(detail=detail)
        .execution_options(synchronize_session=False)
    )


def where_they_stand(comment_ids: Collection[UUID]) -> dict[UUID, tuple[int, Status]]:
    """Return the latest revision of each comment that there is, and its status."""
    rows = db.session.execute(
        select(CommentRow.id, CommentRow.revision, CommentRow.status).where(CommentRow.id.in_(comment_ids))
    )
    return {row.id: (row.revision, Status(row.status)) for row in rows}


def every_secret() -> list[tuple[UUID, OpinionKind, bytes]]:
    """Return the sealed secrets of all sites, by site and kind."""
    rows = db.session.execute(
        select(OpinionSettingsRow.site_id, OpinionSettingsRow.kind, OpinionSettingsRow.secret_sealed)
    )
    return [(row.site_id, OpinionKind(row.kind), row.secret_sealed) for row in rows]


def reseal_secret(site_id: UUID, kind: OpinionKind, sealed: bytes) -> None:
    """Store the same secret under another key."""
    db.session.execute(
        update(OpinionSettingsRow)
        .where(OpinionSettingsRow.site_id == site_id, OpinionSettingsRow.kind == kind.value)
        .values(secret_sealed=sealed)
        .execution_options(synchronize_session=False)
    )
