"""Reads and writes of articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update

from service.domain.article import Article
from service.domain.site import Site
from service.extensions import db
from service.store.dialect import insert_or_ignore, is_postgresql, one_of
from service.store.ids import new_id
from service.store.lists import add_to_numbers
from service.store.models import ArticleRow, SiteRow
from service.store.prepared import run
from service.store.sites import SITE_COLUMNS, site_from_columns

ARTICLE_COLUMNS = (
    ArticleRow.id,
    ArticleRow.site_id,
    ArticleRow.key,
    ArticleRow.url,
    ArticleRow.title,
    ArticleRow.open,
    ArticleRow.count,
    ArticleRow.created_at,
    ArticleRow.opened_at,
)


def article_from_columns(values: Sequence[Any]) -> Article:
    """Build the article from the values of ARTICLE_COLUMNS."""
    return Article(*values)


def find_article(site_id: UUID, key: str) -> Article | None:
    """Return the article of this key, or None where nobody wrote under it or registered it."""
    rows = run(_BY_KEY, {"site": site_id, "name": key})
    return article_from_columns(rows[0]) if rows else None


_BY_KEY = select(*ARTICLE_COLUMNS).where(ArticleRow.site_id == bindparam("site"), ArticleRow.key == bindparam("name"))


def get_article(article_id: UUID) -> Article:
    """Return an article that exists."""
    return article_from_columns(db.session.execute(select(*ARTICLE_COLUMNS).where(ArticleRow.id == article_id)).one())


def hold_article(site_id: UUID, key: str) -> Article | None:
    """Return the article of this key, or None, and let nobody else open or close it until the commit."""
    row = db.session.execute(
        select(*ARTICLE_COLUMNS)
        .where(ArticleRow.site_id == site_id, ArticleRow.key == key)
        .with_for_update(key_share=True)
    ).one_or_none()
    return None if row is None else article_from_columns(row)


def newest_articles(site_id: UUID, words: Sequence[str], *, before: UUID | None, limit: int) -> list[Article]:
    """Return a page of a site's articles, those that became known last first, after the article `before`.

    With words, only those whose title or key contains one of them, in any case; SQLite folds the case of ASCII alone.
    """
    statement = select(*ARTICLE_COLUMNS).where(ArticleRow.site_id == site_id)
    if words:
        columns = (ArticleRow.title, ArticleRow.key)
        statement = statement.where(
            or_(
                *(func.lower(column).contains(word.lower(), autoescape=True) for word in words for column in columns),
                *(column.contains(word, autoescape=True) for word in words for column in columns),
            )
        )
    if before is not None:
        statement = statement.where(ArticleRow.id < before)
    rows = db.session.execute(statement.order_by(ArticleRow.id.desc()).limit(limit))
    return [article_from_columns(row) for row in rows]


def find_site_and_article(slug: str, key: str) -> tuple[Site, Article | None] | None:
    """Return the site and its article of this key in one query; None where there is no such site."""
    rows = run(_SITE_AND_ARTICLE, {"slug": slug, "key": key})
    if not rows:
        return None
    article = rows[0][len(SITE_COLUMNS) :]
    return site_from_columns(rows[0]), None if article[0] is None else article_from_columns(article)


_SITE_AND_ARTICLE = (
    select(*SITE_COLUMNS, *ARTICLE_COLUMNS)
    .outerjoin(ArticleRow, (ArticleRow.site_id == SiteRow.id) & (ArticleRow.key == bindparam("key")))
    .where(SiteRow.slug == bindparam("slug"))
)
"""Made once, since every page begins with it."""


def add_article_if_absent(
    site_id: UUID, key: str, *, url: str | None, title: str, now: datetime
) -> tuple[Article, bool]:
    """Return the article of this key, made with `url` and `title` where it did not exist, and whether it was made."""
    values = {
        "id": new_id(now),
        "site_id": site_id,
        "key": key,
        "url": url,
        "title": title,
        "open": True,
        "count": 0,
        "created_at": now,
    }
    made = db.session.execute(insert_or_ignore(ArticleRow, values).returning(ArticleRow.id)).one_or_none()
    article = find_article(site_id, key)
    assert article is not None, "either this transaction or an earlier one has stored it"
    return article, made is not None


def change_article(article_id: UUID, **changes: Any) -> Article:
    """Change only the given columns of an article that exists, and return it as it is stored then."""
    row = db.session.execute(
        update(ArticleRow)
        .where(ArticleRow.id == article_id)
        .values(**changes)
        .returning(*ARTICLE_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one()
    return article_from_columns(row)


def change_counts(published: Mapping[UUID, int]) -> None:
    """Add to the numbers of published comments, by article; the rows are taken in the order of their ids."""
    if len(published) > 1:
        held = select(ArticleRow.id).where(one_of(ArticleRow.id, published)).order_by(ArticleRow.id)
        db.session.execute(held.with_for_update(key_share=True)).all()
        if is_postgresql():
            add_to_numbers(
                ArticleRow, {article_id: {"count": change} for article_id, change in published.items()}, ["count"]
            )
            return
    for by in set(published.values()) - {0}:
        same = [article_id for article_id, change in published.items() if change == by]
        db.session.execute(
            update(ArticleRow)
            .where(ArticleRow.id.in_(same))
            .values(count=ArticleRow.count + by)
            .execution_options(synchronize_session=False)
        )


def published_counts(slug: str, keys: Sequence[str]) -> tuple[UUID, dict[str, tuple[UUID, int]]] | None:
    """Return the site's id, and by key each article's id and published count; None where there is no such site."""
    rows = db.session.execute(
        select(SiteRow.id, ArticleRow.key, ArticleRow.id, ArticleRow.count)
        .select_from(SiteRow)
        .outerjoin(ArticleRow, (ArticleRow.site_id == SiteRow.id) & ArticleRow.key.in_(keys))
        .where(SiteRow.slug == slug)
    ).all()
    if not rows:
        return None
    return rows[0][0], {key: (article_id, count) for _, key, article_id, count in rows if key is not None}
