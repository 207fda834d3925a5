"""On PostgreSQL every list is read from its index, however many comments there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, text

from service.domain.life import Status
from service.domain.sorting import QueueSort, Sort
from service.extensions import db
from service.store import closing, comments, feeds, flags, queue, sites, threads
from service.store.ids import new_id
from service.store.models import ArticleRow, CommentRow, FlagRow
from service.store.queue import QueueFilter, QueuePosition
from service.store.session import reading, writing
from service.store.threads import Position
from tests.driver import SiteDriver
from tests.store.crowd import ROWS, START
from tests.store.plans import Sent, plans_of

COMMENTS = r"FROM comments\b"


def brief(plans: list[Sent]) -> str:
    return "\n".join(one.brief() for one in plans)


def indexes_in(plans: list[Sent]) -> set[str]:
    return set().union(*(one.indexes() for one in plans))


def rows_read(plans: list[Sent]) -> int:
    return sum(one.rows_read() for one in plans)


def _position(article_id: Any, *, votes: int) -> Position:
    root = CommentRow.root_id
    rows = db.session.execute(
        db.select(root, CommentRow.path)
        .where(CommentRow.article_id == article_id, CommentRow.votes == votes, CommentRow.parent_id.is_(None))
        .order_by(root)
    ).all()
    found = rows[len(rows) // 2]
    return Position(votes, found.root_id, found.path)


@pytest.mark.parametrize("is_first", [True, False], ids=["the first page", "a page in the middle"])
@pytest.mark.parametrize(
    ("sort", "index"),
    [(Sort.OLDEST, "ix_comments_oldest"), (Sort.NEWEST, "ix_comments_newest"), (Sort.TOP, "ix_comments_top")],
    ids=lambda value: str(value),
)
def test_a_page_of_a_thread_reads_about_as_many_rows_as_it_shows(
    crowded: SiteDriver, sort: Sort, index: str, is_first: bool
) -> None:
    with crowded.app.app_context(), reading():
        article_id = db.session.scalars(db.select(ArticleRow.id).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        after = None if is_first else _position(article_id, votes=2)
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            page = threads.read_thread(article_id, sort=sort, after=after, limit=50)
    assert len(page.comments) == 50
    assert index in indexes_in(plans)
    assert rows_read(plans) < 500, brief(plans)


@pytest.mark.parametrize("of", ["site", "article"])
def test_a_feed_reads_the_end_of_its_own_index_and_nothing_else(crowded: SiteDriver, of: str) -> None:
    with crowded.app.app_context(), reading():
        article = db.session.scalars(db.select(ArticleRow).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        newest, named = (feeds.newest_of_site, article.site_id), (feeds.newest_of_article, article.id)
        read, whose = newest if of == "site" else named
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            entries = read(whose, limit=50)
    assert len(entries) == 50
    assert f"ix_comments_{of}_feed" in indexes_in(plans)
    assert rows_read(plans) == 50, brief(plans)


@pytest.mark.parametrize("is_first", [True, False], ids=["the first page", "a page in the middle"])
@pytest.mark.parametrize(
    ("sort", "index"),
    [
        (QueueSort.OLDEST, "ix_comments_queue"),
        (QueueSort.NEWEST, "ix_comments_queue"),
        (QueueSort.SCORE, "ix_comments_queue_score"),
        (QueueSort.PROMISING, "ix_comments_queue_score"),
    ],
    ids=lambda value: str(value),
)
def test_a_page_of_the_queue_reads_about_as_many_rows_as_it_shows(
    crowded: SiteDriver, sort: QueueSort, index: str, is_first: bool
) -> None:
    with crowded.app.app_context(), reading():
        site_id = db.session.scalars(db.select(ArticleRow.site_id).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        middle = QueuePosition(START + timedelta(seconds=ROWS // 2), 3.0, new_id(START + timedelta(seconds=ROWS // 2)))
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            page = queue.read_queue(
                site_id, QueueFilter(Status.PENDING), sort=sort, after=None if is_first else middle, limit=50
            )
    assert len(page.items) == 50
    assert index in plans[0].indexes()
    assert plans[0].rows_read() < 500, brief(plans)


def test_the_queue_of_one_article_is_read_from_its_own_index(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        article = db.session.scalars(db.select(ArticleRow).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            page = queue.read_queue(
                article.site_id,
                QueueFilter(Status.PENDING, article_key=article.key),
                sort=QueueSort.OLDEST,
                after=None,
                limit=50,
            )
    assert len(page.items) == 50
    assert "ix_comments_article_queue" in plans[0].indexes()
    assert plans[0].rows_read() < 500, brief(plans)


def test_a_search_is_answered_from_the_index_of_words(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        article = db.session.scalars(db.select(ArticleRow).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            page = queue.read_queue(
                article.site_id,
                QueueFilter(Status.PENDING, words="word69"),
                sort=QueueSort.OLDEST,
                after=None,
                limit=50,
            )
    assert page.items
    assert "ix_comments_words" in plans[0].indexes()


def test_client_keys_to_be_forgotten_are_found_by_their_index(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        plan = "\n".join(
            db.session.scalars(
                text(
                    "EXPLAIN SELECT id FROM comments WHERE created_at < '2026-01-02' AND client_hash IS NOT NULL"
                    " ORDER BY created_at LIMIT 5000"
                )
            )
        )
        assert "ix_comments_client" in plan
        assert db.session.scalar(func.count(CommentRow.id)) is not None
        assert comments.past_of_author(new_id(START), new_id(START), b"", since=START) == (False, 0)


def test_what_the_days_of_a_site_close_is_read_from_its_own_index(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), writing():
        number = func.count(ArticleRow.id)
        most = db.select(ArticleRow.site_id).group_by(ArticleRow.site_id).order_by(number.desc()).limit(1)
        site = replace(sites.get_site(db.session.scalars(most).one()), close_after=timedelta(days=1))
        after = START + timedelta(days=1, seconds=1_000)
        until = after + timedelta(seconds=100)
        with plans_of(crowded.app, r"FROM articles\b", by_running=True) as plans:
            assert len(closing.next_closings(site, after=after, until=until, limit=200)) == 100
            assert len(closing.hold_closed(site, after=after, until=until)) == 100
    for plan in plans:
        assert plan.indexes() == {"ix_articles_closing"}, plan.brief()
        assert plan.rows_read("articles") == 100, plan.brief()


def _flagged_comments(limit: int) -> list[Any]:
    return list(db.session.scalars(db.select(FlagRow.comment_id).distinct().limit(limit)))


def test_the_page_of_one_comment_is_found_without_counting_what_stands_before(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        article_id = db.session.scalars(db.select(ArticleRow.id).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        shown = db.session.scalars(
            db.select(CommentRow.id)
            .where(CommentRow.article_id == article_id, CommentRow.shown)
            .order_by(CommentRow.path.desc())
            .limit(1)
        ).one()
        with plans_of(crowded.app, COMMENTS, by_running=True) as plans:
            assert threads.position_before(article_id, shown, limit=50) is not None
    assert "ix_comments_oldest" in indexes_in(plans)
    assert rows_read(plans) < 200, brief(plans)


def test_the_flags_of_a_page_of_the_queue_are_counted_from_their_comments_alone(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        comment_ids = _flagged_comments(20)
        with plans_of(crowded.app, r"FROM flags\b", by_running=True) as plans:
            assert all(sum(reasons.values()) == 10 for reasons in flags.reasons_of(comment_ids).values())
            assert sum(flags.unsettled_reasons(comment_ids[0], settled=None).values()) == 10
            assert len(flags.latest_flags(comment_ids[0], limit=100)) == 10
    assert len(plans) == 3
    for plan in plans:
        assert "uq_flags_comment_id_client_hash_article_id" in plan.indexes(), plan.brief()
        assert plan.rows_read("flags") <= 200, plan.brief()


def test_the_site_of_a_comment_is_found_by_the_comment_s_own_key(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        (comment_id,) = _flagged_comments(1)
        with plans_of(crowded.app, "FROM sites JOIN comments", by_running=True) as plans:
            assert sites.find_site_of_published(comment_id) is not None
    assert "pk_comments" in plans[0].indexes(), brief(plans)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT comment_id, client_hash FROM votes WHERE created_at < '{before}'", "ix_votes_created_at"),
        ("SELECT id FROM flags WHERE created_at < '{before}' AND client_hash IS NOT NULL", "ix_flags_client"),
    ],
    ids=["votes", "flags"],
)
def test_who_voted_and_flagged_long_ago_is_found_by_age(crowded: SiteDriver, statement: str, index: str) -> None:
    asked = statement.format(before=START + timedelta(seconds=ROWS // 100))
    with crowded.app.app_context(), reading():
        plan = "\n".join(
            db.session.scalars(
                text(f"EXPLAIN {asked} ORDER BY created_at LIMIT 5000 FOR UPDATE SKIP LOCKED".replace(":", r"\:"))
            )
        )
    assert index in plan
