"""SQLite reads from the indexes that were made for it, as PostgreSQL does: it takes one only where the words agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from service.domain.life import Status
from service.domain.sorting import QueueSort, Sort
from service.extensions import db
from service.store import queue, threads
from service.store.models import NARROWED, ArticleRow
from service.store.queue import QueueFilter
from service.store.session import reading
from service.store.sites import find_site
from service.store.threads import Position
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver


@contextmanager
def plans_of_sqlite() -> Iterator[Callable[[], list[str]]]:
    """Yield what returns the plans of all that this thread has asked since, a line for each table."""
    asked: list[str] = []
    driver = db.session.connection().connection.driver_connection
    assert driver is not None, "it is connected"
    driver.set_trace_callback(asked.append)
    try:
        yield lambda: [
            row[3]
            for sql in asked[:]
            if sql.startswith("SELECT")
            for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    finally:
        driver.set_trace_callback(None)


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("sort", "after", "indexes"),
    [
        (Sort.OLDEST, None, ("ix_comments_oldest",)),
        (Sort.OLDEST, Position(0, UUID(int=1), b"\x01"), ("ix_comments_oldest",)),
        (Sort.NEWEST, None, ("ix_comments_newest",)),
        (Sort.NEWEST, Position(0, UUID(int=2**127), b"\x01"), ("ix_comments_newest",)),
        (Sort.TOP, None, ("ix_comments_top", "ix_comments_newest")),
        (Sort.TOP, Position(9, UUID(int=1), b"\x01"), ("ix_comments_top", "ix_comments_newest")),
    ],
    ids=["oldest", "oldest on", "newest", "newest on", "top", "top on"],
)
def test_a_page_is_read_from_the_index_of_its_order(
    free_site: SiteDriver, sort: Sort, after: Position | None, indexes: tuple[str, ...]
) -> None:
    sent = free_site.published()
    free_site.published(parent_id=sent["id"])
    with free_site.app.app_context(), reading():
        article_id = db.session.scalars(db.select(ArticleRow.id).where(ArticleRow.key == free_site.article)).one()
        with plans_of_sqlite() as plans:
            page = threads.read_thread(article_id, sort=sort, after=after, limit=50)
            found = plans()
    assert len(page.comments) == 2
    of_comments = [line for line in found if "comments" in line]
    assert of_comments
    assert all(any(f"INDEX {index} " in line for index in indexes) for line in of_comments), found
    assert sort is Sort.TOP or not any("TEMP B-TREE" in line for line in found), found


@ON_SQLITE_ALONE
@pytest.mark.parametrize("name", NARROWED)
def test_a_narrowed_queue_is_read_from_the_index_of_what_it_is_narrowed_to(free_site: SiteDriver, name: str) -> None:
    free_site.submitted(body="See https://example.org/ for more.")
    wanted = QueueFilter(Status.PENDING, narrowed=frozenset({name}))
    with free_site.app.app_context(), reading():
        site_id = find_site(free_site.slug).id
        with plans_of_sqlite() as plans:
            queue.read_queue(site_id, wanted, sort=QueueSort.OLDEST, after=None, limit=50)
            found = plans()
    assert any(f"INDEX ix_comments_queue_{name} " in line for line in found), found
