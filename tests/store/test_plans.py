"""On PostgreSQL every list is read from its index, however many comments there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, event, func, insert, text

from service import create_app
from service.domain.life import Status
from service.domain.sorting import QueueSort, Sort
from service.extensions import db
from service.store import comments, flags, queue, sites, threads
from service.store.ids import new_id
from service.store.models import ArticleRow, AuthorRow, CommentRow, FlagRow, RevisionRow, VoteRow
from service.store.queue import QueueFilter, QueuePosition
from service.store.session import reading, writing
from service.store.threads import Position
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site

ROWS = 20_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def crowded(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteDriver]:
    """Return a site with 20,000 comments under 20 articles, a tenth of them pending, half of the rest replies."""
    app = create_app(settings_for(postgres_url, redis_url, tmp_path_factory.mktemp("instance")))
    with app.app_context():
        upgrade()
    site = make_site(app, limits="off")
    site.submitted(body="The first of very many")
    with app.app_context():
        _fill(site)
    yield site
    with app.app_context():
        db.engine.dispose()


def _fill(site: SiteDriver) -> None:
    with reading():
        pattern = (
            db.session.execute(CommentRow.__table__.select().order_by(CommentRow.created_at.desc()).limit(1))
            .one()
            ._mapping
        )
        author = db.session.get_one(AuthorRow, pattern["author_id"])
        author_values = {c.key: getattr(author, c.key) for c in AuthorRow.__table__.columns}
    articles, authors, rows = [], [], []
    for number in range(20):
        articles.append(
            {"id": new_id(START), "site_id": pattern["site_id"], "key": f"{site.origin}/{number}", "url": None,
             "title": "", "open": True, "count": 0, "created_at": START}
        )  # fmt: skip
    for number in range(500):
        authors.append(author_values | {"id": new_id(START), "email_hash": b"%d" % number})
    root = None
    for number in range(ROWS):
        moment = START + timedelta(seconds=number)
        comment_id = new_id(moment)
        is_reply = root is not None and number % 20 > 9
        root = root if is_reply else comment_id
        assert root is not None
        is_pending = number % 10 == 9
        rows.append(
            dict(pattern)
            | {
                "id": comment_id,
                "article_id": articles[number // 20 % 20]["id"],
                "author_id": authors[number % 500]["id"],
                "parent_id": root if is_reply else None,
                "root_id": root,
                "depth": int(is_reply),
                "path": root.bytes + (comment_id.bytes if is_reply else b""),
                "status": "pending" if is_pending else "approved",
                "published_revision": None if is_pending else 1,
                "shown": not is_pending,
                "search_text": f"reader {number}\nword{number % 700} and the like",
                "score": float(number % 7),
                "votes": number % 5,
                "receipt_hash": b"receipt %d" % number,
                "created_at": moment,
                "queued_at": moment,
                "client_hash": b"someone" if number > ROWS - 1000 else None,
            }
        )
    with writing():
        db.session.execute(insert(ArticleRow.__table__), articles)  # type: ignore[arg-type]
        db.session.execute(insert(AuthorRow.__table__), authors)  # type: ignore[arg-type]
        db.session.execute(insert(CommentRow.__table__), rows)  # type: ignore[arg-type]
        db.session.execute(
            insert(RevisionRow.__table__),  # type: ignore[arg-type]
            [
                {"comment_id": row["id"], "number": 1, "body_raw": "", "body_html": "", "sanitiser_version": 1,
                 "created_at": START} for row in rows
            ],
        )  # fmt: skip
    votes, flags = [], []
    for number, row in enumerate(rows):
        # Every tenth comment has ten votes and ten flags: so many that reading them all is never the cheapest plan.
        moment = START + timedelta(seconds=number)
        for reader in range(10):
            if number % 10 == 0:
                votes.append({"comment_id": row["id"], "client_hash": b"reader %d" % reader, "created_at": moment})
            if number % 10 == 0:
                flags.append(
                    {"id": new_id(moment), "comment_id": row["id"], "client_hash": b"reader %d" % reader,
                     "revision": 1, "reason": ("spam", "other")[reader % 2], "detail": None, "created_at": moment}
                )  # fmt: skip
    with writing():
        db.session.execute(insert(VoteRow.__table__), votes)  # type: ignore[arg-type]
        db.session.execute(insert(FlagRow.__table__), flags)  # type: ignore[arg-type]
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def plans_of(app: Flask, table: str = "comments") -> Iterator[list[dict[str, Any]]]:
    """Yield a list that gets the plan, with what it really read, of every SELECT of a table in the block."""
    plans: list[dict[str, Any]] = []

    def explain(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        if statement.startswith("SELECT") and re.search(rf"FROM {table}\b", statement):
            cursor = connection.connection.cursor()
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS) " + statement, parameters)
            (answer,) = cursor.fetchone() or ("[]",)
            plans.append((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"])

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def indexes_in(plan: dict[str, Any]) -> set[str]:
    """Return the indexes that a plan reads."""
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*(indexes_in(part) for part in plan.get("Plans", [])))


def rows_read(plan: dict[str, Any], table: str = "comments") -> int:
    """Return how many rows a plan took from their table, whatever it threw away afterwards."""
    thrown_away = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = plan["Actual Rows"] + thrown_away if plan.get("Relation Name") == table else 0
    return int(own * plan["Actual Loops"]) + sum(rows_read(part, table) for part in plan.get("Plans", []))


def brief(plans: list[dict[str, Any]], indent: str = "") -> str:
    """Return the plans as a person wants to read them where a test fails."""
    lines = []
    for plan in plans:
        kind, index, rows = plan["Node Type"], plan.get("Index Name", ""), plan["Actual Rows"]
        lines.append(f"{indent}{kind} {index} {plan.get('Index Cond', '')} rows={rows} loops={plan['Actual Loops']}")
        lines.append(brief(plan.get("Plans", []), indent + "  "))
    return "\n".join(filter(None, lines))


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
        with plans_of(crowded.app) as plans:
            page = threads.read_thread(article_id, sort=sort, after=after, limit=50)
    assert len(page.comments) == 50
    assert index in set().union(*map(indexes_in, plans))
    assert sum(map(rows_read, plans)) < 500, brief(plans)


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
        with plans_of(crowded.app) as plans:
            page = queue.read_queue(
                site_id, QueueFilter(Status.PENDING), sort=sort, after=None if is_first else middle, limit=50
            )
    assert len(page.items) == 50
    assert index in indexes_in(plans[0])
    assert rows_read(plans[0]) < 500, brief(plans)


def test_the_queue_of_one_article_is_read_from_its_own_index(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        article = db.session.scalars(db.select(ArticleRow).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        with plans_of(crowded.app) as plans:
            page = queue.read_queue(
                article.site_id,
                QueueFilter(Status.PENDING, article_key=article.key),
                sort=QueueSort.OLDEST,
                after=None,
                limit=50,
            )
    assert len(page.items) == 50
    assert "ix_comments_article_queue" in indexes_in(plans[0])
    assert rows_read(plans[0]) < 500, brief(plans)


def test_a_search_is_answered_from_the_index_of_words(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        article = db.session.scalars(db.select(ArticleRow).where(ArticleRow.key == f"{crowded.origin}/7")).one()
        with plans_of(crowded.app) as plans:
            page = queue.read_queue(
                article.site_id,
                QueueFilter(Status.PENDING, words="word69"),
                sort=QueueSort.OLDEST,
                after=None,
                limit=50,
            )
    assert page.items
    assert "ix_comments_search" in indexes_in(plans[0])


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
        with plans_of(crowded.app) as plans:
            assert threads.position_before(article_id, shown, limit=50) is not None
    assert "ix_comments_oldest" in set().union(*map(indexes_in, plans))
    assert sum(map(rows_read, plans)) < 200, brief(plans)


def test_the_flags_of_a_page_of_the_queue_are_counted_from_their_comments_alone(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        comment_ids = _flagged_comments(20)
        with plans_of(crowded.app, "flags") as plans:
            assert all(sum(reasons.values()) == 10 for reasons in flags.reasons_of(comment_ids).values())
            assert sum(flags.unsettled_reasons(comment_ids[0], settled=None).values()) == 10
            assert len(flags.latest_flags(comment_ids[0], limit=100)) == 10
    assert len(plans) == 3
    for plan in plans:
        assert "uq_flags_comment_id_client_hash" in indexes_in(plan), brief(plans)
        assert rows_read(plan, "flags") <= 200, brief(plans)


def test_the_site_of_a_comment_is_found_by_the_comment_s_own_key(crowded: SiteDriver) -> None:
    with crowded.app.app_context(), reading():
        (comment_id,) = _flagged_comments(1)
        with plans_of(crowded.app, "sites JOIN comments") as plans:
            assert sites.find_site_of_published(comment_id) is not None
    assert "pk_comments" in indexes_in(plans[0]), brief(plans)


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
