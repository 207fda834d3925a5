"""Every key that PostgreSQL would need to divide the tables by article has the article in it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, update
from sqlalchemy.exc import IntegrityError

from service.extensions import db
from service.store.models import CommentRow
from service.store.session import writing
from tests.driver import SiteDriver
from tests.store.dividing import DIVIDED


@pytest.mark.parametrize("name", DIVIDED)
def test_a_table_that_can_be_divided_by_article_has_it_in_all_that_is_unique(name: str) -> None:
    table = db.metadata.tables[name]
    keys = [one for one in table.constraints if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)]
    unique = [set(key.columns.keys()) for key in keys] + [
        set(index.columns.keys()) for index in table.indexes if index.unique
    ]
    assert all("article_id" in columns for columns in unique), unique
    assert not table.c.article_id.nullable


def test_whatever_refers_to_a_comment_names_its_article_too() -> None:
    for table in db.metadata.tables.values():
        for reference in table.foreign_key_constraints:
            if reference.referred_table.name == "comments":
                assert reference.column_keys[1:] == ["article_id"], table.name
                assert table.name in DIVIDED, "docs/scaling.md divides what refers to comments together with them"


def test_an_answer_stands_under_the_article_of_what_it_answers(free_site: SiteDriver) -> None:
    sent, other = free_site.published(), free_site.submitted(article=f"{free_site.origin}/2")
    moved = update(CommentRow).where(CommentRow.id == UUID(other["id"])).values(parent_id=UUID(sent["id"]))
    with free_site.app.app_context(), pytest.raises(IntegrityError), writing():
        db.session.execute(moved.execution_options(synchronize_session=False))
