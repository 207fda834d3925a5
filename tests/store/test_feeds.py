"""What a feed holds, on both kinds of database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from service.extensions import db
from service.store import articles, feeds, sites
from service.store.ids import new_id
from service.store.models import CommentRow
from service.store.prepared import statement_sent
from service.store.session import reading
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver, make_site
from tests.store.crowd import START


def test_a_feed_has_what_is_published_the_newest_first_and_nothing_of_others(free_site: SiteDriver) -> None:
    other = f"{free_site.origin}/articles/2"
    make_site(free_site.app, limits="off").published()
    first, gone = free_site.published(), free_site.published()
    answer = free_site.published(parent_id=gone["id"])
    elsewhere = free_site.published(article=other)
    free_site.submitted()
    assert free_site.decide(gone["id"], "delete").status_code == 201
    with free_site.app.app_context():
        # Of one moment, as what was decided together is: then the order is that of the names.
        ids = [UUID(sent["id"]) for sent in (first, answer)]
        moment = db.select(CommentRow.published_at).where(CommentRow.id == ids[1]).scalar_subquery()
        db.session.execute(update(CommentRow).where(CommentRow.id == ids[0]).values(published_at=moment))
        db.session.commit()

    def read(limit: int) -> tuple[list[Any], list[Any]]:
        with free_site.app.app_context(), reading():
            site = sites.find_site(free_site.slug)
            article = articles.find_article(site.id, free_site.article)
            assert article is not None
            of_site = feeds.newest_of_site(site.id, limit=limit)
            return list(of_site), list(feeds.newest_of_article(article.id, limit=limit))

    of_site, of_article = read(50)
    assert [str(entry.id) for entry in of_site] == [elsewhere["id"], answer["id"], first["id"]]
    assert of_article == of_site[1:]
    assert [entry.article_key for entry in of_site] == [other, free_site.article, free_site.article]
    assert str(of_site[1].parent_id) == gone["id"]
    assert read(1) == (of_site[:1], of_article[:1])


@ON_SQLITE_ALONE
def test_on_sqlite_too_a_feed_is_read_from_its_index_without_sorting(free_site: SiteDriver) -> None:
    """`test_plans.py` asks PostgreSQL."""
    sent: list[tuple[str, Any]] = []

    def hear(_sender: Any, *, statement: str, values: Any) -> None:
        sent.append((statement, values))

    with free_site.app.app_context(), reading():
        with statement_sent.connected_to(hear):
            feeds.newest_of_site(new_id(START), limit=50)
            feeds.newest_of_article(new_id(START), limit=50)
        driver: Any = db.session.connection().connection.driver_connection
        plans = [driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall() for statement, values in sent]
    for plan, of in zip(plans, ("site", "article"), strict=True):
        steps = [row[-1] for row in plan]
        assert f"SEARCH comments USING INDEX ix_comments_{of}_feed ({of}_id=?)" in steps
        assert not any("SORT" in step or "TEMP B-TREE" in step for step in steps), steps
