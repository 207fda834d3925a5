"""Long imports are written by several processes at once; nobody can tell from what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from service.actions.import_batches import Made, Placed, Who, Writer
from service.actions.import_plan import Plan
from service.actions.import_processes import written
from service.actions.imports import Order, taking_over
from service.adapters.imports.readers import read
from service.adapters.imports.staging import staging
from service.domain.imports import System, key_of_page
from service.domain.life import COMMAND, Status
from service.extensions import db
from service.store.ids import new_id
from service.store.models import AuthorRow
from service.store.session import reading
from service.store.sites import find_site
from tests.driver import SiteDriver, make_site
from tests.exports import comment, item, report, wxr
from tests.store.ledger import discrepancies

COMMENTS, ON_A_PAGE, AUTHORS = 3_300, 1_100, 40  # a page is in two batches


def export(site: SiteDriver) -> str:
    """Return an export of threads of three by authors who write everywhere; some wait, are spam or have no text."""
    many = [
        comment(
            n,
            "" if n % 500 == 0 else f"Thought {n}, with <em>stress</em>.",
            parent=n - 1 if n % 3 else 0,
            author=f"Author {n % AUTHORS}",
            author_email=f"a{n % AUTHORS}@example.org",
            date_gmt=f"2019-05-04 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}",
            approved="spam" if n % 97 == 0 else "0" if n % 89 == 0 else "1",
        )
        for n in range(1, COMMENTS + 1)
    ]
    return wxr(
        *(item(f"{site.origin}/{at}", *many[at : at + ON_A_PAGE]) for at in range(0, COMMENTS, ON_A_PAGE)),
    )


def seen(site: SiteDriver, at: int) -> list[Any]:
    """Return what readers see of a page, but for what differs from one site to another."""
    path = f"{site.origin}/{at}"
    return [
        (one["depth"], one["author"] and one["author"]["name"], one["body_html"], one["published_at"])
        for one in site.page(article=path)["comments"]
    ]


def authors(site: SiteDriver) -> list[tuple[int, ...]]:
    """Return how many comments of each status each author has, and how many authors have such numbers."""
    columns = (AuthorRow.pending, AuthorRow.approved, AuthorRow.spam, AuthorRow.deleted)
    with site.app.app_context(), reading():
        of_site = AuthorRow.site_id == find_site(site.slug).id
        return sorted(
            tuple(row) for row in db.session.execute(select(*columns, func.count()).where(of_site).group_by(*columns))
        )


def test_what_several_processes_write_is_what_one_would(app: Flask, free_site: SiteDriver, tmp_path: Path) -> None:
    other = make_site(app)
    said = report(free_site, tmp_path, export(free_site))
    file = tmp_path / "other.xml"
    file.write_text(export(other))
    order = Order(System.WORDPRESS, file, other.slug, COMMAND)
    with app.app_context(), taking_over(order, now=datetime.now(UTC)) as alone:
        assert (said["read"], said["imported"]) == (alone.read, alone.imported) == (COMMENTS, said["imported"])
        assert sorted((one["source_id"], one["reason"]) for one in said["skipped"]) == sorted(alone.skipped())
        assert sorted((one["source_id"], one["note"]) for one in said["notes"]) == sorted(alone.notes())
    assert said["skipped"], "some have no text"
    assert len(authors(free_site)) > 1
    assert authors(free_site) == authors(other)
    for at in range(0, COMMENTS, 2 * ON_A_PAGE):
        assert seen(free_site, at) == seen(other, at) != []
    assert discrepancies(app, free_site.slug) == discrepancies(app, other.slug) == []


def test_what_they_wrote_goes_again(free_site: SiteDriver, tmp_path: Path) -> None:
    said = report(free_site, tmp_path, export(free_site))
    assert report(free_site, tmp_path, export(free_site))["imported"] == 0
    result = free_site.app.test_cli_runner().invoke(args=["import", "undo", said["id"]])
    assert result.exit_code == 0, result.output
    assert f"Taken back: {said['imported']}. Left: 0." in result.output
    assert authors(free_site) == []
    assert discrepancies(free_site.app, free_site.slug) == []


class Unlucky(Writer):
    """One whose new authors somebody takes away once, just before their comments come."""

    was_unlucky = False

    def _store(self, import_id: UUID, placed: Sequence[Placed], who: Who, made: Made | None) -> None:
        if not self.was_unlucky:
            self.was_unlucky = True
            with db.engine.begin() as another:
                another.execute(delete(AuthorRow).where(AuthorRow.site_id == self._site.id))
        super()._store(import_id, placed, who, made)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_batch_is_stored_again_whose_authors_were_taken_away_meanwhile(free_site: SiteDriver, tmp_path: Path) -> None:
    file = tmp_path / "old.xml"
    file.write_text(wxr(item(free_site.article, comment(1), comment(2, parent=1), comment(3))))
    now = datetime.now(UTC)
    with free_site.app.app_context(), staging() as staged:
        with reading():
            site = find_site(free_site.slug)
        staged.add(read(System.WORDPRESS, file))
        staged.set_keys([(page, key_of_page(url, site)) for page, url in staged.pages()])
        plan = Plan(staged, site, System.WORDPRESS, new_id(now), is_blank=True, now=now)
        with closing(staged.texts()) as texts:
            writer = Unlucky(site, new_id(now), System.WORDPRESS, texts, now=now)
            [outcome] = written(writer, plan.batches(), processes=0)
    assert writer.was_unlucky
    assert outcome.statuses == {Status.APPROVED: 3}
    assert authors(free_site) == [(0, 1, 0, 0, 3)]
    assert discrepancies(free_site.app, free_site.slug) == []
