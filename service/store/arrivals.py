"""What is looked up of a reply that has just arrived: its author, its article, and how many say nearly the same.

PostgreSQL is asked for all of it in one statement, since each costs the process more than the database. SQLite is in
the same process, and is asked one thing after another. Everything that differs is a parameter, so that each statement
is compiled once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, literal, select

from service.domain.article import Article
from service.domain.likeness import ENOUGH_ALIKE
from service.domain.queue import AuthorRecord
from service.store import articles, authors, sites, sketches
from service.store.dialect import is_postgresql
from service.store.models import ArticleRow, AuthorRow, SiteRow
from service.store.prepared import run


@dataclass(frozen=True)
class Arrival:
    """Whose reply it is, under which article, which may not exist yet, and how many comments are nearly the same."""

    author: AuthorRecord
    article: Article | None
    alike: int
    site_version: int
    """The version of the site as it is stored."""


def look_up(
    site_id: UUID,
    article_key: str,
    *,
    email_hashes: Sequence[bytes],
    email_sealed: bytes,
    numbers: Sequence[int],
    alike_since: datetime,
    now: datetime,
) -> Arrival:
    """Return what is known; the author's row is made where they are new, and held until the transaction ends.

    `numbers` is the sketch of the text, compared with those of comments made after `alike_since`.
    """
    if not is_postgresql():
        return Arrival(
            authors.take_author(site_id, email_hashes=email_hashes, email_sealed=email_sealed, now=now),
            articles.find_article(site_id, article_key),
            sketches.count_alike(site_id, numbers, since=alike_since),
            sites.version_of(site_id),
        )
    authors.adopt_older_key(site_id, email_hashes, email_sealed)
    compared = numbers if len(numbers) >= ENOUGH_ALIKE else ()
    known = authors.new_author(site_id, email_hashes[0], email_sealed, now)
    known |= {"site_id": site_id, "article_key": article_key}
    if compared:
        known |= sketches.parameters(site_id, compared, since=alike_since)
    [row] = run(_everything(len(compared)), known)
    record, article = row[: len(authors.RECORD_COLUMNS)], row[len(authors.RECORD_COLUMNS) : -2]
    known_article = None if article[0] is None else articles.article_from_columns(article)
    return Arrival(AuthorRecord(*record), known_article, row[-2], row[-1])


@lru_cache
def _everything(numbers: int) -> Select[Any]:
    taken = authors.taking(on_postgresql=True).cte("taken")
    found = and_(
        ArticleRow.site_id == bindparam("site_id", type_=AuthorRow.site_id.type),
        ArticleRow.key == bindparam("article_key", type_=ArticleRow.key.type),
    )
    alike = sketches.alike(numbers).scalar_subquery() if numbers else literal(0)
    site = SiteRow.id == bindparam("site_id", type_=AuthorRow.site_id.type)
    everything = select(*taken.c, *articles.ARTICLE_COLUMNS, alike.label("alike"), SiteRow.version)
    return everything.select_from(taken).join(SiteRow, site).outerjoin(ArticleRow, found)
