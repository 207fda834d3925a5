"""`flask --app wsgi import undo`: what an import added goes again, and what people did something with stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from click.testing import Result
from sqlalchemy import select

from service.extensions import db
from service.store import imports
from service.store.imports import NewAuthor
from service.store.models import ArticleRow, AuthorRow
from service.store.session import reading, writing
from service.store.sites import find_site
from tests.driver import SiteDriver
from tests.exports import comment, item, report, wxr
from tests.store.ledger import discrepancies
from tests.stored import rows_stored


def undo(site: SiteDriver, import_id: str) -> Result:
    return site.app.test_cli_runner().invoke(args=["import", "undo", import_id])


def rows_of(site: SiteDriver) -> set[tuple[str, str]]:
    """Return the rows of the site, but for those that tell of what was done."""
    with site.app.app_context(), reading():
        site_id = find_site(site.slug).id
    told = {"log", "log_heads", "imports", "site_counters"}
    return {(table, row) for table, owner, row in rows_stored(site.app) if owner == site_id and table not in told}


THREAD = (
    comment(1),
    comment(2, parent=1, approved="0"),
    comment(3, parent=2),
    comment(4, approved="spam"),
    comment(5, approved="trash"),
    comment(6, parent=5),
    comment(7, author_email=""),
)


def test_all_goes_where_nobody_has_touched_anything(free_site: SiteDriver, tmp_path: Path) -> None:
    kept = free_site.published(email="reader1@example.org", article=f"{free_site.origin}/2")
    before = rows_of(free_site)
    file = wxr(item(free_site.article, *THREAD), item(f"{free_site.origin}/2", comment(8)))
    done = report(free_site, tmp_path, file)
    assert done["imported"] == 8
    result = undo(free_site, done["id"])
    assert (result.exit_code, result.output) == (0, "Taken back: 8. Left: 0.\n"), result.exception
    assert rows_of(free_site) == before
    assert free_site.page()["comments"] == []
    assert [one["id"] for one in free_site.page(article=f"{free_site.origin}/2")["comments"]] == [kept["id"]]
    assert discrepancies(free_site.app, free_site.slug) == []
    assert undo(free_site, done["id"]).output == "Taken back: 0. Left: 0.\n"
    assert report(free_site, tmp_path, file)["imported"] == 8
    listed = free_site.app.test_cli_runner().invoke(args=["import", "list", "--site", free_site.slug]).output
    assert "undone, 8 read, 8 imported, 0 skipped, 8 taken back" in listed
    assert free_site.app.test_cli_runner().invoke(args=["audit", "verify", "--site", free_site.slug]).exit_code == 0


def test_authors_go_whose_comments_a_killed_import_has_not_come_to(free_site: SiteDriver, tmp_path: Path) -> None:
    done = report(free_site, tmp_path, wxr(item(free_site.article, *THREAD)))
    before = rows_of(free_site)
    now = datetime.now(UTC)
    with free_site.app.app_context(), writing():
        made_ahead = [NewAuthor(bytes([n]) * 32, b"sealed", now) for n in range(3)]
        assert len(imports.add_authors(find_site(free_site.slug).id, made_ahead)) == 3
    assert rows_of(free_site) > before
    assert undo(free_site, done["id"]).exit_code == 0
    with free_site.app.app_context(), reading():
        of_site = AuthorRow.site_id == find_site(free_site.slug).id
        assert db.session.scalars(select(AuthorRow.id).where(of_site)).all() == []


def test_what_people_did_something_with_stays_with_what_is_above_it(free_site: SiteDriver, tmp_path: Path) -> None:
    singles = [comment(number) for number in range(11, 17)]
    done = report(free_site, tmp_path, wxr(item(free_site.article, *THREAD, *singles)))
    ids = {one["author"]["name"]: one["id"] for one in free_site.page()["comments"] if one["author"]}
    free_site.submitted(parent_id=ids["Reader 3"])
    assert free_site.decide(ids["Reader 11"], "reject").status_code == 201
    assert free_site.vote(ids["Reader 12"]).status_code == 200
    assert free_site.flag(ids["Reader 13"]).status_code == 201
    noted = f"/v1/moderation/comments/{ids['Reader 14']}/notes"
    assert free_site.client.post(noted, json={"text": "Well known."}, headers=free_site.bearer).status_code == 201
    result = undo(free_site, done["id"])
    assert result.exit_code == 0, result.exception
    assert result.output == (
        "Taken back: 6. Left: 7.\n  decided or revised since: 1\n  flagged since: 1\n  noted since: 1\n"
        "  replied to since: 3\n  voted for since: 1\n"
    )
    left = [one["author"] and one["author"]["name"] for one in free_site.page()["comments"]]
    assert left == ["Reader 1", None, "Reader 3", "Reader 12", "Reader 13", "Reader 14"]
    assert discrepancies(free_site.app, free_site.slug) == []
    with free_site.app.app_context(), reading():
        site_id = find_site(free_site.slug).id
        assert db.session.scalars(select(ArticleRow.id).where(ArticleRow.site_id == site_id)).all()
        authors = db.session.scalars(select(AuthorRow.id).where(AuthorRow.site_id == site_id)).all()
    assert len(authors) == 8


def test_an_import_that_is_not_there_is_told(free_site: SiteDriver) -> None:
    result = undo(free_site, str(uuid4()))
    assert result.exit_code == 1
    assert "There is no import of this id" in result.stderr
