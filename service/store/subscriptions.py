"""Reads and writes of what readers want letters about, and of what such a letter is to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update

from service.domain.letters import SubscriptionKind
from service.extensions import db
from service.store.dialect import insert_or_ignore, upsert
from service.store.ids import new_id
from service.store.models import CommentRow, SubscriptionNewsRow, SubscriptionRow, UnaskedLetterRow


@dataclass(frozen=True)
class Subscription:
    """What an author asked to be told."""

    id: UUID
    site_id: UUID
    author_id: UUID
    article_id: UUID
    comment_id: UUID
    kind: SubscriptionKind
    language: str
    receipt_sealed: bytes
    confirmed_at: datetime | None
    letter_due_at: datetime | None
    told_at: datetime | None


COLUMNS = (
    SubscriptionRow.id,
    SubscriptionRow.site_id,
    SubscriptionRow.author_id,
    SubscriptionRow.article_id,
    SubscriptionRow.comment_id,
    SubscriptionRow.kind,
    SubscriptionRow.language,
    SubscriptionRow.receipt_sealed,
    SubscriptionRow.confirmed_at,
    SubscriptionRow.letter_due_at,
    SubscriptionRow.told_at,
)
_OF_ARTICLE = SubscriptionRow.kind != SubscriptionKind.DECISION.value
"""Those that are bundled, and ended, together."""


def _subscription(row: Any) -> Subscription:
    values = list(row)
    values[5] = SubscriptionKind(values[5])
    return Subscription(*values)


def new_subscription_id(now: datetime) -> UUID:
    """Return an identifier for a subscription made now."""
    return new_id(now)


def add_subscription(wanted: Subscription, *, target_id: UUID, now: datetime) -> bool:
    """Store what an author asks for; False where they have asked for it before."""
    values = vars(wanted) | {"kind": wanted.kind.value, "target_id": target_id, "created_at": now}
    made = db.session.execute(insert_or_ignore(SubscriptionRow, values).returning(SubscriptionRow.id))
    return made.one_or_none() is not None


def find_subscription(subscription_id: UUID, *, hold: bool = False) -> Subscription | None:
    """Return a subscription, or None where it was ended; `hold` keeps it as it is until the commit."""
    statement = select(*COLUMNS).where(SubscriptionRow.id == subscription_id)
    row = db.session.execute(statement.with_for_update() if hold else statement).one_or_none()
    return None if row is None else _subscription(row)


def of_author(author_id: UUID, targets: Sequence[UUID]) -> list[Subscription]:
    """Return what an author asked for about these comments and articles."""
    rows = db.session.execute(
        select(*COLUMNS).where(SubscriptionRow.author_id == author_id, SubscriptionRow.target_id.in_(targets))
    )
    return [_subscription(row) for row in rows]


def of_discussion(author_id: UUID, article_id: UUID, *, hold: bool = False) -> list[Subscription]:
    """Return what an author asked for about the discussion of an article, but for decisions."""
    statement = (
        select(*COLUMNS)
        .where(SubscriptionRow.author_id == author_id, SubscriptionRow.article_id == article_id, _OF_ARTICLE)
        .order_by(SubscriptionRow.id)
    )
    return [_subscription(row) for row in db.session.execute(statement.with_for_update() if hold else statement)]


def decision_wanted(comment_id: UUID) -> Subscription | None:
    """Return the wish to be told of the decision on a comment, held until the commit, or None."""
    row = db.session.execute(
        select(*COLUMNS)
        .where(SubscriptionRow.target_id == comment_id, SubscriptionRow.kind == SubscriptionKind.DECISION.value)
        .with_for_update()
    ).one_or_none()
    return None if row is None else _subscription(row)


def to_be_told(parent_id: UUID | None, article_id: UUID, *, besides: UUID) -> list[Subscription]:
    """Return who has confirmed to be told of an answer to this comment or of a new one here, but for one author."""
    row = SubscriptionRow
    about = [(row.kind == SubscriptionKind.ARTICLE.value) & (row.target_id == article_id)]
    if parent_id is not None:
        about.append((row.kind == SubscriptionKind.ANSWERS.value) & (row.target_id == parent_id))
    rows = db.session.execute(
        select(*COLUMNS)
        .where(or_(*about), row.confirmed_at.is_not(None), row.author_id != besides)
        .order_by(row.author_id, row.id)
    )
    return [_subscription(one) for one in rows]


def is_anything_wanted(site_id: UUID) -> bool:
    """True where any reader of a site wants a letter."""
    return db.session.scalar(select(SubscriptionRow.id).where(SubscriptionRow.site_id == site_id).limit(1)) is not None


def confirm(subscription_id: UUID, *, now: datetime) -> None:
    """Note that whoever has the address wants it."""
    _change([subscription_id], confirmed_at=now)


def note_letter(subscription_ids: Sequence[UUID], *, due_at: datetime | None) -> None:
    """Note when the letter goes out that waits, or that none does."""
    _change(subscription_ids, letter_due_at=due_at)


def note_told(subscription_ids: Sequence[UUID], comment_ids: Sequence[UUID], *, now: datetime) -> None:
    """Note that a letter went out that told of these comments."""
    _change(subscription_ids, told_at=now)
    news = SubscriptionNewsRow
    db.session.execute(
        update(news)
        .where(news.subscription_id.in_(subscription_ids), news.comment_id.in_(comment_ids))
        .values(told_at=now)
        .execution_options(synchronize_session=False)
    )


def end(subscription_ids: Sequence[UUID]) -> None:
    """Forget these, and what they were to tell."""
    db.session.execute(delete(SubscriptionNewsRow).where(SubscriptionNewsRow.subscription_id.in_(subscription_ids)))
    db.session.execute(delete(SubscriptionRow).where(SubscriptionRow.id.in_(subscription_ids)))


def add_news(subscription_id: UUID, comment_id: UUID, *, now: datetime) -> bool:
    """Have a subscriber told of a comment; False where they were or will be."""
    values = {"subscription_id": subscription_id, "comment_id": comment_id, "created_at": now}
    made = db.session.execute(
        insert_or_ignore(SubscriptionNewsRow, values).returning(SubscriptionNewsRow.subscription_id)
    )
    return made.one_or_none() is not None


def untold(subscription_ids: Sequence[UUID]) -> list[UUID]:
    """Return the comments that these are to tell and that readers see now, the oldest first, each once."""
    news = SubscriptionNewsRow
    rows = db.session.scalars(
        select(news.comment_id)
        .join(CommentRow, CommentRow.id == news.comment_id)
        .where(
            news.subscription_id.in_(subscription_ids),
            news.told_at.is_(None),
            CommentRow.published_revision.is_not(None),
        )
        .order_by(news.comment_id)
    )
    return list(dict.fromkeys(rows))


def count_unasked(address_hash: bytes, day: date) -> int:
    """Count one more letter to an address on a day, and return how many it were with it."""
    row = UnaskedLetterRow
    counted = upsert(row, {"address_hash": address_hash, "day": day, "count": 1}).on_conflict_do_update(
        index_elements=["address_hash", "day"], set_={"count": row.count + 1}
    )
    return int(db.session.execute(counted.returning(row.count)).scalar_one())


def drop_unconfirmed(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` of those that nobody has confirmed since; returns how many."""
    row = SubscriptionRow
    oldest = (
        select(row.id)
        .where(row.confirmed_at.is_(None), row.created_at < before, _OF_ARTICLE)
        .order_by(row.created_at)
        .limit(limit)
    )
    return _removed(delete(row).where(row.id.in_(oldest)).returning(row.id))


def drop_news(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` of what was to be told before a time; returns how many."""
    news = SubscriptionNewsRow
    times = select(news.created_at).where(news.created_at < before).order_by(news.created_at).limit(limit)
    latest = select(func.max(times.subquery().c.created_at)).scalar_subquery()
    return _removed(delete(news).where(news.created_at <= latest).returning(news.comment_id))


def drop_unasked(*, before: date) -> int:
    """Forget how many letters went out on the days before; returns how many such counts there were."""
    row = UnaskedLetterRow
    return _removed(delete(row).where(row.day < before).returning(row.day))


def move_subscriptions(author_id: UUID, twin_id: UUID) -> None:
    """Give an author's subscriptions to the row that takes their place; what both have asked for stays once."""
    row = SubscriptionRow
    same = select(row.kind, row.target_id).where(row.author_id == twin_id).subquery()
    for one in db.session.execute(
        select(row.id, same.c.kind)
        .outerjoin(same, (same.c.kind == row.kind) & (same.c.target_id == row.target_id))
        .where(row.author_id == author_id)
    ).all():
        if one.kind is None:
            _change([one.id], author_id=twin_id)
        else:
            end([one.id])


def _change(subscription_ids: Sequence[UUID], **values: Any) -> None:
    db.session.execute(
        update(SubscriptionRow)
        .where(SubscriptionRow.id.in_(subscription_ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _removed(statement: Any) -> int:
    return len(db.session.execute(statement.execution_options(synchronize_session=False)).all())
