"""The policy `first`: held until an author at a proven address has enough approved; and articles that close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from service.actions.proven import author_token
from service.domain.site import Policy
from service.extensions import db
from service.store.models import ArticleRow, AuthorRow
from service.store.session import writing
from tests.driver import SiteDriver

REGULAR = "regular@example.org"


def proven(site: SiteDriver) -> str:
    """Have the one author of the site prove their address, as a link in a mail does, and return their token."""
    with site.app.app_context(), writing():
        of_site = db.select(ArticleRow.site_id).where(ArticleRow.key == site.article).scalar_subquery()
        prove = update(AuthorRow).where(AuthorRow.site_id == of_site).values(proven_at=datetime.now(UTC))
        author_id = db.session.execute(prove.returning(AuthorRow.id)).scalar_one()
        return author_token(author_id, now=datetime.now(UTC))


def test_an_author_is_held_until_enough_is_approved(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST, trusted_after=2)
    for _ in range(2):
        sent = free_site.submit(email=REGULAR)
        assert sent.status_code == 202
        free_site.approve(sent.get_json()["id"])
    token = proven(free_site)
    trusted = free_site.submit(email=REGULAR, author_token=token)
    assert (trusted.status_code, trusted.get_json()["status"]) == (201, "approved")
    assert free_site.submit(email="new@example.org").status_code == 202
    signal = next(s for s in free_site.queue()["comments"][0]["signals"] if s["name"] == "policy")
    assert "the address is not proven" in signal["detail"]


def test_a_guessed_address_inherits_nothing(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST, trusted_after=1)
    free_site.published(email=REGULAR)
    assert free_site.submit(email=REGULAR).status_code == 202
    token = proven(free_site)
    for typed in (None, "", "pba_", token[:-6], token[:-6] + "AAAAAA", "pba_é"):
        sent = free_site.submitted(email=REGULAR, author_token=typed)
        assert sent["status"] == "pending", typed
        # Nor with what only colleagues see.
        opened = free_site.opened(sent["id"])
        assert opened["author"]["proven"] is False
        [signal] = [signal for signal in opened["signals"] if signal["name"] == "policy"]
        assert "only typed it" in signal["detail"]
        free_site.approve(sent["id"])
        # The receipt is that of whoever typed the address.
        free_site.revise(sent, "Published, and now this.")
        assert free_site.opened(sent["id"])["status"] == "pending"
    assert free_site.submit(email="another@example.org", author_token=token).status_code == 202
    assert free_site.submit(email=REGULAR, author_token=token).status_code == 201


def test_a_rule_that_trusts_an_address_trusts_nobody_who_types_it(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST)
    free_site.rule("author", "trust", REGULAR)
    free_site.submitted(email=REGULAR)
    token = proven(free_site)
    assert free_site.submit(email=REGULAR).status_code == 202
    assert free_site.submit(email=REGULAR, author_token=token).status_code == 201


def test_an_edit_of_a_trusted_author_is_published_and_of_others_held(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST, trusted_after=1)
    sent = free_site.published(email=REGULAR)
    free_site.revise(sent, "Before it was proven.")
    assert free_site.opened(sent["id"])["status"] == "pending"
    free_site.approve(sent["id"], 2)
    token = proven(free_site)
    free_site.revise(sent, "It did not come from whoever has proven it.")
    assert free_site.opened(sent["id"])["status"] == "pending"
    sent = free_site.submitted(email=REGULAR, author_token=token)
    free_site.approve(sent["id"])
    free_site.revise(sent, "After it was proven.")
    assert free_site.opened(sent["id"])["status"] == "approved"


def test_the_comment_that_is_edited_counts_once(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST, trusted_after=2)
    free_site.submitted(email=REGULAR)
    sent = free_site.published(email=REGULAR, body="One of two.", author_token=proven(free_site))
    free_site.revise(sent, "Nobody has read this.")
    assert free_site.opened(sent["id"])["status"] == "pending"
    assert "One of two." in free_site.page()["comments"][0]["body_html"]
    free_site.published(email=REGULAR)
    free_site.revise(sent, "Two are approved now, this one among them.")
    assert free_site.opened(sent["id"])["status"] == "approved"


def test_what_a_screen_holds_is_held_from_trusted_authors_too(free_site: SiteDriver) -> None:
    free_site.change(policy=Policy.FIRST, trusted_after=1)
    free_site.published(email=REGULAR)
    token = proven(free_site)
    links = "http://a.example http://b.example http://c.example"
    assert free_site.submit(email=REGULAR, body=links, author_token=token).status_code == 202


@pytest.mark.parametrize(("days", "is_open"), [(6, True), (8, False)], ids=["within the days", "after them"])
def test_an_article_closes_by_itself(free_site: SiteDriver, days: int, is_open: bool) -> None:
    free_site.published()
    free_site.change(close_after_days=7)
    with free_site.app.app_context(), writing():
        db.session.execute(
            update(ArticleRow)
            .where(ArticleRow.key == free_site.article)
            .values(created_at=datetime.now(UTC) - timedelta(days=days))
        )
    assert free_site.page()["article"]["open"] is is_open
    answer = free_site.submit()
    assert answer.status_code == (202 if is_open else 403)
    if not is_open:
        assert answer.get_json()["code"] == "article_closed"
        form = free_site.client.get("/comments", query_string={"site": free_site.slug, "article": free_site.article})
        assert "<textarea" not in form.text
    free_site.change(close_after_days=0)
    assert free_site.page()["article"]["open"] is True
