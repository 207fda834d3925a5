"""`flask --app wsgi counters`: numbers that went wrong are named and put right, and nothing else is touched."""

from __future__ import annotations

import re
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import delete, select, update

from service.domain.site import Policy
from service.extensions import db
from service.store.models import ArticleRow, AuthorRow, CommentRow, SiteCounterRow, SiteRow
from service.store.session import writing
from service.store.sites import find_site
from tests.driver import SiteDriver
from tests.store.ledger import discrepancies


@pytest.fixture
def counted(free_site: SiteDriver) -> SiteDriver:
    """Return a site with a thread of three levels, one comment that waits, and one that is spam."""
    free_site.change(policy=Policy.NONE)
    root = free_site.submitted()
    middle = free_site.submitted(parent_id=root["id"])
    free_site.submitted(parent_id=middle["id"])
    assert free_site.decide(middle["id"], "delete").status_code == 201
    free_site.change(policy=Policy.ALL)
    free_site.submitted()
    assert free_site.decide(free_site.submitted()["id"], "spam").status_code == 201
    return free_site


def counters(site: SiteDriver, command: str, slug: str | None = None) -> Result:
    return site.app.test_cli_runner().invoke(args=["counters", command, "--site", slug or site.slug])


def spoil(site: SiteDriver, model: Any, **values: Any) -> None:
    """Do to every row of the site what a fault of ours would have done."""
    with site.app.app_context(), writing():
        mine = model.site_id == find_site(site.slug).id
        db.session.execute(update(model).where(mine).values(**values).execution_options(synchronize_session=False))


def test_numbers_that_are_right_are_said_to_be(counted: SiteDriver) -> None:
    assert discrepancies(counted.app, counted.slug) == []
    checked, repaired = counters(counted, "check"), counters(counted, "repair")
    assert (checked.exit_code, checked.output) == (0, f"{counted.slug}: all numbers are right\n")
    assert (repaired.exit_code, repaired.output) == (0, f"{counted.slug}: all numbers were right already\n")


SPOILT: dict[str, tuple[Any, dict[str, Any], str]] = {
    "site": (SiteCounterRow, {"count": 41}, r"site \S+: pending is \d+, should be 1$"),
    "authors": (AuthorRow, {"approved": 7, "spam": 3}, r"author \S+: approved is 7, should be [01]$"),
    "articles": (ArticleRow, {"count": 0}, r"article \S+: published is 0, should be 2$"),
    "replies": (CommentRow, {"shown_replies": 5}, r"comment \S+: shown_replies is 5, should be [01]$"),
    "shown": (CommentRow, {"shown": False}, r"comment \S+: shown is 0, should be 1$"),
    "hidden": (CommentRow, {"shown": True, "shown_replies": 1}, r"comment \S+: shown_replies is 1, should be 0$"),
}


@pytest.mark.parametrize(("model", "values", "named"), SPOILT.values(), ids=SPOILT.keys())
def test_a_wrong_number_is_named_and_put_right(
    counted: SiteDriver, model: Any, values: dict[str, Any], named: str
) -> None:
    page = counted.page()
    spoil(counted, model, **values)
    checked = counters(counted, "check")
    assert checked.exit_code == 1
    repaired = counters(counted, "repair")
    assert repaired.exit_code == 0
    for told in (checked, repaired):
        lines = [line.removeprefix(f"{counted.slug}: ") for line in told.output.splitlines()]
        assert any(re.match(named, line) for line in lines), told.output
    assert discrepancies(counted.app, counted.slug) == []
    assert counters(counted, "check").exit_code == 0
    assert counted.page() == page


def test_a_site_without_a_number_gets_one(counted: SiteDriver) -> None:
    with counted.app.app_context(), writing():
        mine = SiteCounterRow.site_id == select(SiteRow.id).where(SiteRow.slug == counted.slug).scalar_subquery()
        db.session.execute(delete(SiteCounterRow).where(mine).execution_options(synchronize_session=False))
    assert counters(counted, "repair").exit_code == 0
    assert discrepancies(counted.app, counted.slug) == []


def test_a_site_that_is_not_there_is_told(counted: SiteDriver) -> None:
    for command in ("check", "repair"):
        told = counters(counted, command, "nobody")
        assert told.exit_code == 1
        assert "There is no site of this name." in told.output
