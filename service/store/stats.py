"""What a site's desk has done in a stretch of time, counted by the database.

Arrivals are found by the time that begins a comment's id, since the table has no index by site and time: what other
sites received in that time is passed over. Decisions are those of people; what the policy publishes waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from service.domain.life import Status
from service.domain.log import LogKind
from service.extensions import db
from service.store.dialect import is_postgresql
from service.store.ids import first_id
from service.store.models import ArticleRow, CommentRow, LogRow, ReasonRow, SignalRow

PEOPLE = ("token", "moderator")


@dataclass(frozen=True)
class Stretch:
    """A site and a time; `until` is the first moment that is left out."""

    site_id: UUID
    since: datetime
    until: datetime

    def arrived(self) -> ColumnElement[bool]:
        """Return the condition for comments that were sent then."""
        # A millisecond has many ids; the one after `until` leaves none of them out.
        return and_(
            CommentRow.id >= first_id(self.since),
            CommentRow.id < first_id(self.until, milliseconds_later=1),
            CommentRow.site_id == self.site_id,
            CommentRow.created_at >= self.since,
            CommentRow.created_at < self.until,
        )

    def decided(self, row: type[LogRow] = LogRow) -> ColumnElement[bool]:
        """Return the condition for decisions that people made then."""
        return and_(
            row.site_id == self.site_id,
            row.created_at >= self.since,
            row.created_at < self.until,
            row.kind == LogKind.DECISION.value,
            row.actor_kind.in_(PEOPLE),
        )


@dataclass(frozen=True)
class Rate:
    """How decisions went for one thing: a reason, an article, a moderator. `actions` counts them by action."""

    id: str
    name: str
    actions: dict[str, int]
    undone: int = 0

    @property
    def total(self) -> int:
        """All decisions."""
        return sum(self.actions.values())


def arrivals_by_hour(stretch: Stretch) -> dict[datetime, int]:
    """Return how many comments were sent in each hour that had any."""
    return _by_hour(CommentRow.created_at, stretch.arrived())


def decisions_by_hour(stretch: Stretch) -> dict[datetime, int]:
    """Return how many decisions were made in each hour that had any."""
    return _by_hour(LogRow.created_at, stretch.decided())


def _by_hour(column: InstrumentedAttribute[datetime], condition: ColumnElement[bool]) -> dict[datetime, int]:
    # SQLite keeps UTC as `2026-11-24 09:30:00.000000`.
    hour: ColumnElement[Any] = (
        func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24") if is_postgresql() else func.substr(column, 1, 13)
    )
    rows = db.session.execute(select(hour.label("hour"), func.count()).where(condition).group_by("hour"))
    return {datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC): count for text, count in rows}


def oldest_pending(site_id: UUID) -> datetime | None:
    """Return since when the comment waits that waits longest, or None where none does."""
    return db.session.execute(
        select(func.min(CommentRow.queued_at)).where(
            CommentRow.site_id == site_id, CommentRow.status == Status.PENDING.value
        )
    ).scalar_one()


def time_to_decision(stretch: Stretch, shares: Sequence[float]) -> list[float | None]:
    """Return the percentiles of the seconds that comments waited for a decision, interpolated; None for no decisions.

    Both databases give the same: SQLite, which has no percentiles, is asked for the two values around each.
    """
    waited = stretch.decided() & LogRow.waited.is_not(None)
    if is_postgresql():
        columns = [func.percentile_cont(share).within_group(LogRow.waited) for share in shares]
        return list(db.session.execute(select(*columns).where(waited)).one())
    count = db.session.execute(select(func.count()).where(waited)).scalar_one()
    return [_percentile(waited, count, share) for share in shares]


def _percentile(waited: ColumnElement[bool], count: int, share: float) -> float | None:
    if not count:
        return None
    place, part = divmod(share * (count - 1), 1)
    ordered = select(LogRow.waited).where(waited).order_by(LogRow.waited)
    around = [row.waited for row in db.session.execute(ordered.offset(int(place)).limit(2)) if row.waited is not None]
    return float(around[0] + (around[-1] - around[0]) * part)


def rates_by_moderator(stretch: Stretch) -> list[Rate]:
    """Return what each person and token decided, and how much of it was taken back, by whomever."""
    # A name can change; the latest in the alphabet stands for the id.
    name, key = func.max(LogRow.actor_name).label("name"), LogRow.actor_id.label("id")
    rows = db.session.execute(
        select(key, name, LogRow.action, func.count().label("decisions"))
        .where(stretch.decided())
        .group_by(key, LogRow.action)
    ).all()
    decision, undoing = aliased(LogRow), aliased(LogRow)
    # An undoing leads from the very version that the decision led to; there are far fewer of them.
    undone = db.session.execute(
        select(decision.actor_id, func.count())
        .join(
            undoing,
            and_(undoing.comment_id == decision.comment_id, undoing.version == decision.version + 1),
        )
        .where(
            stretch.decided(decision),
            undoing.site_id == stretch.site_id,
            undoing.kind == LogKind.UNDO.value,
        )
        .group_by(decision.actor_id)
    )
    return _rates(rows, {str(actor_id): count for actor_id, count in undone})


def rates_by_article(stretch: Stretch, *, limit: int) -> list[Rate]:
    """Return how decisions went under each of the articles that had most of them."""
    busiest = (
        select(CommentRow.article_id, func.count())
        .join(LogRow, LogRow.comment_id == CommentRow.id)
        .where(stretch.decided())
        .group_by(CommentRow.article_id)
        .order_by(func.count().desc(), CommentRow.article_id)
        .limit(limit)
        .subquery()
    )
    rows = db.session.execute(
        select(
            ArticleRow.key.label("id"),
            func.max(ArticleRow.title).label("name"),
            LogRow.action,
            func.count().label("decisions"),
        )
        .select_from(LogRow)
        .join(CommentRow, CommentRow.id == LogRow.comment_id)
        .join(busiest, busiest.c.article_id == CommentRow.article_id)
        .join(ArticleRow, ArticleRow.id == CommentRow.article_id)
        .where(stretch.decided())
        .group_by(ArticleRow.key, LogRow.action)
    )
    return _rates(rows.all())


def rates_by_reason(stretch: Stretch) -> list[Rate]:
    """Return how decisions went on what was held for each reason; what had two reasons counts for both."""
    # The screening may have found the same thing at several places of one text.
    found = (
        select(LogRow.id, SignalRow.name, LogRow.action)
        .join(SignalRow, and_(SignalRow.comment_id == LogRow.comment_id, SignalRow.revision == LogRow.revision))
        .where(stretch.decided())
        .distinct()
        .subquery()
    )
    rows = db.session.execute(
        select(found.c.name.label("id"), found.c.name.label("name"), found.c.action, func.count().label("decisions"))
        .select_from(found)
        .group_by(found.c.name, found.c.action)
    )
    return _rates(rows.all())


def rates_by_canned_reason(stretch: Stretch) -> list[Rate]:
    """Return how often each canned reason was given to authors; one that was removed since has no name."""
    rows = db.session.execute(
        select(
            LogRow.reason_id.label("id"),
            func.coalesce(func.max(ReasonRow.title), "").label("name"),
            LogRow.action,
            func.count().label("decisions"),
        )
        .outerjoin(ReasonRow, ReasonRow.id == LogRow.reason_id)
        .where(stretch.decided(), LogRow.reason_id.is_not(None))
        .group_by(LogRow.reason_id, LogRow.action)
    )
    return _rates(rows.all())


def _rates(rows: Sequence[Any], undone: dict[str, int] | None = None) -> list[Rate]:
    found: dict[str, Rate] = {}
    for row in rows:
        key = str(row.id)
        rate = found.setdefault(key, Rate(key, row.name, {}, (undone or {}).get(key, 0)))
        rate.actions[row.action] = row.decisions
    return sorted(found.values(), key=lambda rate: (-rate.total, rate.name, rate.id))
