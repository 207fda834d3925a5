"""Everything works as before on a PostgreSQL whose tables were divided by article, by the SQL of docs/scaling.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask_migrate import upgrade
from sqlalchemy import text

from service.actions import upkeep
from service.extensions import db
from service.migrations import beside
from tests.commands import empty_postgres, printed, running
from tests.driver import SiteDriver, make_site
from tests.exports import comment, item, report, wxr
from tests.store.dividing import DIVIDED, PARTS, divide
from tests.store.ledger import discrepancies, reference_page
from tests.store.plans import plans_of
from tests.stored import rows_stored

NAMES = """
SELECT conname FROM pg_constraint JOIN pg_class t ON t.oid = conrelid
WHERE connamespace = 'public'::regnamespace AND conparentid = 0 AND NOT relispartition
UNION SELECT c.relname FROM pg_class c
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('i', 'I') AND NOT relispartition
"""


@dataclass
class Before:
    """A site as it was before the tables were divided, with what the database held and what its parts were called."""

    site: SiteDriver
    page: dict[str, Any]
    rows: set[tuple[str, UUID | None, str]]
    names: set[str]


def names() -> set[str]:
    """Return the names of all constraints and indexes, but for those of parts."""
    with db.engine.connect() as connection:
        return set(connection.execute(text(NAMES)).scalars())


@pytest.fixture(scope="module")
def before(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    """Return what was there; the database has been divided since."""
    folder = tmp_path_factory.mktemp("divided")
    with empty_postgres(postgres_url) as url, running(url, redis_url, folder) as app:
        with app.app_context():
            upgrade()
        site = make_site(app, limits="off")
        talk(site)
        with app.app_context():
            found = Before(site, site.page(), rows_stored(app), names())
            divide()
        yield found


@pytest.fixture
def site(before: Before) -> SiteDriver:
    return make_site(before.site.app, limits="off")


def talk(site: SiteDriver) -> dict[str, Any]:
    """Do what readers, authors and moderators do, and return what was sent first."""
    long = "A reply of more than ten words, so that something is kept by which its copies would be found"
    first = site.published(body=long)
    answer, edited = (site.published(body=said, parent_id=first["id"]) for said in ("An answer", "Another one"))
    elsewhere = site.published(article=f"{site.origin}/elsewhere")
    for sent in (first, answer, elsewhere):
        assert site.vote(sent["id"]).status_code == 200
    assert site.vote(answer["id"], 0).status_code == 200
    site.flagged(answer["id"], "spam", "spam", "other")
    assert site.opened(answer["id"])["status"] == "pending"
    assert site.revise(edited, "Another one, in other words").status_code == 200
    assert site.decide(edited["id"], "reject", revision=2).status_code == 201
    waiting = [site.submitted(article=f"{site.origin}/{number}") for number in range(4)]
    said = {"decisions": [{"comment_id": one["id"], "action": "approve", "revision": 1} for one in waiting]}
    done = site.client.post("/v1/moderation/decisions", json=said, headers=site.bearer).get_json()
    assert [one["status"] for one in done["results"]] == [201] * 4
    undone = site.client.post(f"/v1/moderation/batches/{done['batch_id']}/undo", headers=site.bearer)
    assert undone.status_code == 200, undone.text
    assert site.decide(waiting[0]["id"], "delete").status_code == 201
    assert site.decide(waiting[1]["id"], "spam").status_code == 201
    assert site.withdraw(elsewhere).status_code == 204
    note = {"text": "Seen before", "about": "comment"}
    noted = site.client.post(f"/v1/moderation/comments/{first['id']}/notes", json=note, headers=site.bearer)
    assert noted.status_code == 201
    return first


def seen(page: dict[str, Any]) -> list[tuple[str, bool | None]]:
    return [(one["id"], one.get("deleted")) for one in page["comments"]]


def one_by_one(read: Callable[..., dict[str, Any]], sort: str) -> list[tuple[str, bool | None]]:
    """Return what pages of one comment each show, so that each begins where the one before ended."""
    page = read(sort=sort, limit=1)
    found = seen(page)
    while page["next"]:
        page = read(sort=sort, limit=1, cursor=page["next"])
        found += seen(page)
    return found


def test_the_tables_are_in_parts_and_hold_what_they_held_under_the_names_they_had(before: Before) -> None:
    with before.site.app.app_context():
        with db.engine.connect() as connection:
            told = "SELECT partrelid::regclass::text FROM pg_partitioned_table"
            assert set(connection.execute(text(told)).scalars()) == set(DIVIDED)
        assert names() == before.names
    assert before.rows <= rows_stored(before.site.app)
    assert before.site.page() == before.page


def test_readers_authors_and_moderators_notice_nothing(site: SiteDriver) -> None:
    first = talk(site)
    assert discrepancies(site.app, site.slug) == []
    for article in (site.article, *(f"{site.origin}/{number}" for number in range(4))):
        shown = reference_page(site.app, site.slug, article)
        assert seen(site.page(article=article)) == [(one["id"], one["deleted"]) for one in shown]
    for sort in ("oldest", "newest", "top"):
        assert one_by_one(site.page, sort) == seen(site.page(sort=sort)), sort
    assert site.submit(body="Elsewhere", parent_id=first["id"], article=f"{site.origin}/1").status_code == 422
    for sort in ("oldest", "newest", "score", "promising"):
        waiting = one_by_one(site.queue, sort)
        assert len(waiting) == 3
        assert waiting == seen(site.queue(sort=sort)), sort
    assert len(site.queue(reason="flagged")["comments"]) == 1
    assert site.receipt(first)["status"] == "approved"


def test_commands_notice_nothing(site: SiteDriver, tmp_path: Path) -> None:
    talk(site)
    file = wxr(item(site.article, comment(1), comment(2, parent=1), comment(3, parent=2, approved="0")))
    done = report(site, tmp_path, file)
    assert done["imported"] == 3
    assert report(site, tmp_path, file)["imported"] == 0
    assert printed(site.app, "import", "undo", done["id"]) == "Taken back: 3. Left: 0.\n"
    printed(site.app, "counters", "check")
    printed(site.app, "audit", "verify")
    with site.app.app_context():
        forgotten = upkeep.apply_retention(now=datetime.now(UTC) + timedelta(days=31))
    assert forgotten.client_keys > 0
    assert forgotten.sketches > 0
    assert not {table for table, *_ in rows_stored(site.app)} & {"votes", "sketches"}


def test_who_reads_an_article_reads_one_part(site: SiteDriver) -> None:
    sent = site.published()
    with plans_of(site.app, r"FROM comments\b(?s:.*)comments.article_id =", by_running=True) as plans:
        for sort in ("oldest", "newest", "top"):
            site.page(sort=sort)
        site.page(comment=sent["id"])
        feed = site.client.get("/v1/feed.atom", query_string={"site": site.slug, "article": site.article})
        assert sent["id"] in feed.text
    assert len(plans) >= 5
    for plan in plans:
        read = {node["Relation Name"] for node, _ in plan.nodes() if "comments_" in node.get("Relation Name", "")}
        assert len(read) == 1, plan.brief()


def test_a_later_migration_makes_an_index_while_people_write_and_takes_it_away(before: Before) -> None:
    with before.site.app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        for make, expected in ((True, {"ix_comments_later"}), (True, {"ix_comments_later"}), (False, set())):
            with context.begin_transaction(_per_migration=True), Operations.context(context):
                if make:
                    where = text("NOT shown")
                    beside.create_index("ix_comments_later", "comments", ["site_id", "votes"], postgresql_where=where)
                else:
                    beside.drop_index("ix_comments_later", "comments")
            assert names() - before.names == expected
            told = "SELECT count(*) FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE '%_later_%'"
            assert connection.execute(text(f"{told} AND indisvalid")).scalar_one() == (PARTS if make else 0)
            connection.rollback()
