"""Who waits for whom on PostgreSQL, where two transactions that hold a row each must not want the other's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from service.domain.errors import StoreUnavailable
from service.extensions import db
from service.store import authors, comments
from service.store.models import AuthorRow, CommentRow
from service.store.session import writing
from service.store.sites import find_site
from tests.driver import SiteDriver


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_submits_does_not_wait_for_a_decision_on_another_comment_of_theirs(app: Flask, site: SiteDriver) -> None:
    sent = site.submitted()
    with app.app_context():
        with writing():
            site_id = find_site(site.slug).id
            (comment,) = comments.hold_comments([UUID(sent["id"])], site_id=site_id)
            email_hash = db.session.get_one(AuthorRow, comment.author_id).email_hash

        def submit_again() -> UUID:
            with app.app_context(), writing():
                return authors.take_author(
                    site_id, email_hashes=[email_hash], email_sealed=b"", now=datetime.now(UTC)
                ).id

        with ThreadPoolExecutor(1) as other, writing():
            (comment,) = comments.hold_comments([comment.id], site_id=site_id)
            # Twice, as a decision does: of a row that this transaction has written itself the keys are checked again.
            for _ in range(2):
                comments.save_comments([(comment, comment.standing, {"score": 1.0})])
            assert other.submit(submit_again).result(timeout=5) == comment.author_id


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_notes_something_about_a_comment_keeps_it_there_and_holds_up_no_decision(
    app: Flask, site: SiteDriver
) -> None:
    sent = UUID(site.submitted()["id"])
    with app.app_context():
        site_id = find_site(site.slug).id

        def hold() -> int:
            with app.app_context(), writing():
                return len(comments.hold_comments([sent], site_id=site_id))

        def take_away() -> None:
            with app.app_context(), writing():
                db.session.execute(select(CommentRow.id).where(CommentRow.id == sent).with_for_update(nowait=True))

        with ThreadPoolExecutor(1) as other, writing():
            assert comments.find_comment(sent, site_id=site_id, kept=True) is not None
            assert other.submit(hold).result(timeout=5) == 1
            with pytest.raises(StoreUnavailable):
                other.submit(take_away).result(timeout=5)
