"""Which articles the days of their sites have closed, and up to when that was told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from service.domain.article import Article
from service.domain.site import Site
from service.extensions import db
from service.store.articles import ARTICLE_COLUMNS, article_from_columns
from service.store.models import ArticleRow, SiteRow
from service.store.sites import SITE_COLUMNS, site_from_columns

counts_from = func.coalesce(ArticleRow.opened_at, ArticleRow.created_at)
"""The moment from which the site's days count; `ix_articles_closing` has the same words."""


def watched(event: str) -> list[tuple[Site, datetime | None]]:
    """Return the sites whose days close articles and on which somebody listens to this type of event.

    With each comes the moment up to which it is told what has closed; None where nobody has looked yet.
    """
    rows = db.session.execute(
        select(*SITE_COLUMNS, SiteRow.closed_told_until).where(
            SiteRow.tells.contains(event, autoescape=True), SiteRow.close_after_days.is_not(None)
        )
    )
    return [(site_from_columns(row), row[-1]) for row in rows]


def next_closings(site: Site, *, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """Return the moments at which the site's days closed an article, the earliest first, one for each article."""
    assert site.close_after is not None, "its days close articles"
    found = select(counts_from).where(*_closed(site, after, until)).order_by(counts_from).limit(limit)
    return [moment + site.close_after for moment in db.session.scalars(found)]


def hold_closed(site: Site, *, after: datetime, until: datetime) -> list[Article]:
    """Return what the site's days closed between two moments, and let no person open or close it until the commit."""
    # In the order of their ids, as everybody takes them who holds several.
    held = select(*ARTICLE_COLUMNS).where(*_closed(site, after, until)).order_by(ArticleRow.id)
    rows = db.session.execute(held.with_for_update(key_share=True))
    return [article_from_columns(row) for row in rows]


def move(site_id: UUID, *, was: datetime | None, becomes: datetime) -> bool:
    """Store up to when it is told; False where somebody has stored another moment since it was read."""
    moved = db.session.execute(
        update(SiteRow)
        .where(SiteRow.id == site_id, SiteRow.closed_told_until.is_not_distinct_from(was))
        .values(closed_told_until=becomes)
        .returning(SiteRow.id)
        .execution_options(synchronize_session=False)
    )
    return moved.one_or_none() is not None


def _closed(site: Site, after: datetime, until: datetime) -> list[ColumnElement[bool]]:
    assert site.close_after is not None, "its days close articles"
    return [
        ArticleRow.site_id == site.id,
        ArticleRow.open.expression,
        counts_from > after - site.close_after,
        counts_from <= until - site.close_after,
    ]
