"""The numbers that transactions keep, held against the comments they count, and put right where they differ.

Each kind is compared in one statement, which sees one moment of the database: what is written meanwhile changes a
number and what it counts together. So what is missing may be added afterwards, and nobody has to be kept out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, case, func, literal, or_, select, union_all, update

from service.domain.life import Status
from service.extensions import db
from service.store.models import ArticleRow, AuthorRow, CommentRow, SiteCounterRow, SiteRow
from service.store.together import add_to, add_to_or_insert

STATUSES = tuple(status.value for status in Status)
SHOWN = or_(CommentRow.published_revision.is_not(None), CommentRow.shown_replies > 0)


@dataclass(frozen=True)
class Miscount:
    """A number that is not what the comments say: whose it is, what it counts, as it is kept and as it should be."""

    noun: str
    id: UUID
    counts: str
    kept: int
    right: int

    @property
    def missing(self) -> int:
        """What has to be added to make it right."""
        return self.right - self.kept


def hold_site(site_id: UUID) -> None:
    """Keep another repair of this site out until the transaction ends; submissions and decisions go on."""
    db.session.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update(key_share=True))


def miscounts(site_id: UUID) -> Iterator[Miscount]:
    """Return every number of a site that is wrong; none where all are right."""
    for compare in COMPARISONS:
        yield from compare(site_id)


def repair(site_id: UUID) -> Iterator[Miscount]:
    """Put every number of a site right within the present transaction, and return what was wrong."""
    yield from _added(_shown(site_id) + _shown_replies(site_id), site_id)
    # Whether a comment is shown depends on the replies below it, so that a level may show only after the one beneath.
    while again := _shown(site_id) + _shown_replies(site_id):
        yield from _added(again, site_id)
    for compare in (_site_totals, _author_records, _article_counts):
        yield from _added(compare(site_id), site_id)


def _added(found: Sequence[Miscount], site_id: UUID) -> Sequence[Miscount]:
    for wrong in found:
        if wrong.noun == "site":
            row = {"site_id": site_id, "status": wrong.counts, "slot": 0}
            add_to_or_insert(SiteCounterRow, row, count=wrong.missing)
        elif wrong.noun == "author":
            add_to(AuthorRow, {"id": wrong.id}, **{wrong.counts: wrong.missing})
        elif wrong.noun == "article":
            add_to(ArticleRow, {"id": wrong.id}, count=wrong.missing)
        elif wrong.counts == "shown_replies":
            add_to(CommentRow, {"id": wrong.id}, shown_replies=wrong.missing)
        else:
            db.session.execute(update(CommentRow).where(CommentRow.id == wrong.id).values(shown=SHOWN))
    return found


def _site_totals(site_id: UUID) -> list[Miscount]:
    kept = select(SiteCounterRow.status, literal("kept"), func.sum(SiteCounterRow.count)).where(
        SiteCounterRow.site_id == site_id
    )
    right = select(CommentRow.status, literal("right"), func.count()).where(CommentRow.site_id == site_id)
    told = {
        (status, which): int(number)
        for status, which, number in db.session.execute(
            union_all(kept.group_by(SiteCounterRow.status), right.group_by(CommentRow.status))
        )
    }
    numbers = [(status, told.get((status, "kept"), 0), told.get((status, "right"), 0)) for status in STATUSES]
    return [Miscount("site", site_id, status, kept, right) for status, kept, right in numbers if kept != right]


def _author_records(site_id: UUID) -> list[Miscount]:
    counted = [func.sum(case((CommentRow.status == status, 1), else_=0)).label(status) for status in STATUSES]
    found = (
        select(CommentRow.author_id, *counted)
        .where(CommentRow.site_id == site_id)
        .group_by(CommentRow.author_id)
        .subquery()
    )
    pairs = [(getattr(AuthorRow, status), func.coalesce(found.c[status], 0)) for status in STATUSES]
    rows = db.session.execute(
        select(AuthorRow.id, *(number for pair in pairs for number in pair))
        .outerjoin(found, found.c.author_id == AuthorRow.id)
        .where(AuthorRow.site_id == site_id, or_(*(kept != right for kept, right in pairs)))
        .order_by(AuthorRow.id)
    )
    return [
        Miscount("author", author_id, status, kept, int(right))
        for author_id, *numbers in rows
        for status, kept, right in zip(STATUSES, numbers[::2], numbers[1::2], strict=True)
        if kept != right
    ]


def _article_counts(site_id: UUID) -> list[Miscount]:
    found = (
        select(CommentRow.article_id, func.count().label("right"))
        .where(CommentRow.site_id == site_id, CommentRow.published_revision.is_not(None))
        .group_by(CommentRow.article_id)
        .subquery()
    )
    right = func.coalesce(found.c.right, 0)
    rows = db.session.execute(
        select(ArticleRow.id, ArticleRow.count, right)
        .outerjoin(found, found.c.article_id == ArticleRow.id)
        .where(ArticleRow.site_id == site_id, ArticleRow.count != right)
        .order_by(ArticleRow.id)
    )
    return [Miscount("article", article_id, "published", kept, right) for article_id, kept, right in rows]


def _shown_replies(site_id: UUID) -> list[Miscount]:
    found = (
        select(CommentRow.parent_id, func.count().label("right"))
        .where(CommentRow.site_id == site_id, CommentRow.shown, CommentRow.parent_id.is_not(None))
        .group_by(CommentRow.parent_id)
        .subquery()
    )
    right = func.coalesce(found.c.right, 0)
    rows = db.session.execute(
        select(CommentRow.id, CommentRow.shown_replies, right)
        .outerjoin(found, found.c.parent_id == CommentRow.id)
        .where(CommentRow.site_id == site_id, CommentRow.shown_replies != right)
        .order_by(CommentRow.id)
    )
    return [Miscount("comment", comment_id, "shown_replies", kept, right) for comment_id, kept, right in rows]


def _shown(site_id: UUID) -> list[Miscount]:
    rows = db.session.execute(
        select(CommentRow.id, CommentRow.shown)
        .where(CommentRow.site_id == site_id, or_(and_(CommentRow.shown, ~SHOWN), and_(~CommentRow.shown, SHOWN)))
        .order_by(CommentRow.id)
    )
    return [Miscount("comment", comment_id, "shown", int(kept), int(not kept)) for comment_id, kept in rows]


COMPARISONS: tuple[Callable[[UUID], list[Miscount]], ...] = (
    _site_totals,
    _author_records,
    _article_counts,
    _shown_replies,
    _shown,
)
