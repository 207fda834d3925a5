"""What was learned, and what it was learned from: the decisions in a site's log, and the texts that they are on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from service.domain.learning import LEARNED, DecisionMade
from service.domain.life import Action
from service.domain.log import LogKind
from service.extensions import db
from service.store.dialect import insert_or_ignore
from service.store.log import ABOUT_COMMENTS
from service.store.models import CommentRow, FilterRow, LogHeadRow, LogRow, RevisionRow, SignalRow

AT_ONCE = 500  # comments whose decisions or texts one query asks for; SQLite bounds the parameters of a statement


@dataclass(frozen=True)
class StoredFilter:
    """A filter as it lies in the table; `learned_to` is the last entry of the site's log that it knows of."""

    blob: bytes
    learned_to: int
    decisions: int
    version: int
    updated_at: datetime


@dataclass(frozen=True)
class Text:
    """What an author wrote in one revision, and the name it stands under; both are empty once they were taken back."""

    body_raw: str
    author_name: str


def find_filter(site_id: UUID) -> StoredFilter | None:
    """Return what was learned on a site, or None."""
    row = db.session.execute(
        select(
            FilterRow.blob, FilterRow.learned_to, FilterRow.decisions, FilterRow.version, FilterRow.updated_at
        ).where(FilterRow.site_id == site_id)
    ).one_or_none()
    return None if row is None else StoredFilter(*row)


def filter_versions(site_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the versions of those of the filters that there are, which tell whether one in memory is still the one."""
    rows = db.session.execute(select(FilterRow.site_id, FilterRow.version).where(FilterRow.site_id.in_(site_ids)))
    return {row.site_id: row.version for row in rows}


def save_filter(
    site_id: UUID, blob: bytes, *, learned_to: int, decisions: int, expected_version: int | None, now: datetime
) -> bool:
    """Store a filter in the place of the version that it was made from; False where another one stands there by now."""
    values = {"blob": blob, "learned_to": learned_to, "decisions": decisions, "updated_at": now}
    if expected_version is None:
        first = insert_or_ignore(FilterRow, values | {"site_id": site_id, "version": 1})
        return db.session.execute(first.returning(FilterRow.version)).one_or_none() is not None
    done = db.session.execute(
        update(FilterRow)
        .where(FilterRow.site_id == site_id, FilterRow.version == expected_version)
        .values(**values, version=expected_version + 1)
        .returning(FilterRow.version)
        .execution_options(synchronize_session=False)
    )
    return done.one_or_none() is not None


def sites_that_learned(*, limit: int) -> list[UUID]:
    """Return the sites whose filters changed last."""
    return list(
        db.session.scalars(
            select(FilterRow.site_id).where(FilterRow.learned_to > 0).order_by(FilterRow.updated_at.desc()).limit(limit)
        )
    )


def end_of_log(site_id: UUID) -> int:
    """Return the number of the last entry of a site's log, 0 where there is none."""
    return db.session.scalar(select(LogHeadRow.number).where(LogHeadRow.site_id == site_id)) or 0


def decided_between(site_id: UUID, after: int, to: int) -> list[UUID]:
    """Return the comments that were decided on in a stretch of the log, in the order of the last decision on each."""
    last = func.max(LogRow.number)
    rows = db.session.execute(
        select(LogRow.comment_id, last)
        .where(
            LogRow.site_id == site_id,
            LogRow.number > after,
            LogRow.number <= to,
            LogRow.kind.in_(ABOUT_COMMENTS),
            LogRow.comment_id.is_not(None),
        )
        .group_by(LogRow.comment_id)
        .order_by(last)
    )
    return [row.comment_id for row in rows if row.comment_id is not None]


def decisions_made(comment_ids: Sequence[UUID], *, to: int) -> dict[UUID, list[DecisionMade]]:
    """Return every decision on each of the comments and every undoing of one up to an entry, the first one first."""
    made: dict[UUID, list[DecisionMade]] = defaultdict(list)
    for start in range(0, len(comment_ids), AT_ONCE):
        rows = db.session.execute(
            select(LogRow.comment_id, LogRow.kind, LogRow.action, LogRow.revision, LogRow.actor_kind)
            .where(
                LogRow.comment_id.in_(comment_ids[start : start + AT_ONCE]),
                LogRow.kind.in_(ABOUT_COMMENTS),
                LogRow.number <= to,
            )
            .order_by(LogRow.comment_id, LogRow.version)
        )
        for comment_id, kind, action, revision, actor_kind in rows:
            is_undo = kind == LogKind.UNDO.value
            assert comment_id is not None, "it was asked for by its id"
            assert revision is not None, "a decision names the revision that was read"
            made[comment_id].append(DecisionMade(Action(action), revision, actor_kind, is_undo=is_undo))
    return made


def scores_of(numbered: Sequence[tuple[UUID, int]]) -> dict[UUID, float]:
    """Return the score that the filter gave one revision of each comment, for those that have one."""
    wanted = dict(numbered)
    scores: dict[UUID, float] = {}
    ids = list(wanted)
    for start in range(0, len(ids), AT_ONCE):
        rows = db.session.execute(
            select(SignalRow.comment_id, SignalRow.revision, SignalRow.score).where(
                SignalRow.comment_id.in_(ids[start : start + AT_ONCE]), SignalRow.name == LEARNED
            )
        )
        scores |= {row.comment_id: row.score for row in rows if row.revision == wanted[row.comment_id]}
    return scores


def texts_of(numbered: Sequence[tuple[UUID, int]]) -> dict[UUID, Text]:
    """Return the text of one revision of each comment."""
    wanted = dict(numbered)
    texts: dict[UUID, Text] = {}
    ids = list(wanted)
    for start in range(0, len(ids), AT_ONCE):
        rows = db.session.execute(
            select(RevisionRow.comment_id, RevisionRow.number, RevisionRow.body_raw, CommentRow.author_name)
            .join(CommentRow, CommentRow.id == RevisionRow.comment_id)
            .where(RevisionRow.comment_id.in_(ids[start : start + AT_ONCE]))
        )
        texts |= {row[0]: Text(row[2], row[3]) for row in rows if row[1] == wanted[row[0]]}
    return texts
