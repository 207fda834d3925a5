"""What a feed holds: published comments, the newest first, each read from the end of a partial index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, select

from service.domain.feed import FeedEntry
from service.store.models import ArticleRow, CommentRow
from service.store.prepared import run


def newest_of_site(site_id: UUID, *, limit: int) -> Sequence[FeedEntry]:
    """Return what was published last on a site; it costs the same however much there is."""
    return _newest(_OF_SITE, site_id, limit)


def newest_of_article(article_id: UUID, *, limit: int) -> Sequence[FeedEntry]:
    """Return what was published last under an article; it costs the same however much there is."""
    return _newest(_OF_ARTICLE, article_id, limit)


def _newest(statement: Select[*tuple[Any, ...]], of: UUID, limit: int) -> Sequence[FeedEntry]:
    return [FeedEntry(*row) for row in run(statement, {"of": of, "wanted": limit})]


_ENTRIES = (
    select(
        CommentRow.id,
        CommentRow.parent_id,
        CommentRow.author_name,
        CommentRow.author_url,
        CommentRow.body_html,
        CommentRow.published_at,
        CommentRow.edited_at,
        ArticleRow.key,
        ArticleRow.url,
        ArticleRow.title,
    )
    .join(ArticleRow, ArticleRow.id == CommentRow.article_id)
    # In the words of the indexes. What was taken down keeps the time at which it was published.
    .where(CommentRow.published_revision.is_not(None))
    .order_by(CommentRow.published_at.desc(), CommentRow.id.desc())
    .limit(bindparam("wanted", type_=Integer))
)
_OF_SITE = _ENTRIES.where(CommentRow.site_id == bindparam("of"))
_OF_ARTICLE = _ENTRIES.where(CommentRow.article_id == bindparam("of"))
