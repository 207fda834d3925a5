"""What is an author's own, in a browser: they vouch for a reply on its receipt; an admin hands all out or erases it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update

from service.actions.proven import author_token
from service.domain.site import Policy
from service.extensions import db
from service.store.models import AuthorRow, CommentRow
from service.store.session import writing
from tests.browser.accessibility import LIGHTS, NARROW, PHONE, assert_accessible, overflow_of
from tests.browser.desk import Desk
from tests.browser.desk_reader import sit_down
from tests.browser.watch import Watch

ANN = "ann@example.org"


def know_author(page: Page, desk: Desk, comment_id: str) -> None:
    """Let the browser have the cookie of the author of a comment, as after the link in a letter."""
    with desk.site.app.app_context(), writing():
        author_id = db.session.scalars(select(CommentRow.author_id).where(CommentRow.id == UUID(comment_id))).one()
        db.session.execute(update(AuthorRow).where(AuthorRow.id == author_id).values(proven_at=datetime.now(UTC)))
        token = author_token(author_id, now=datetime.now(UTC))
    cookie = {"name": f"postbag_author_{desk.site.slug}", "value": token, "url": desk.service_url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def test_an_author_vouches_for_a_reply_on_its_receipt(scripted: BrowserContext, desk: Desk) -> None:
    page = scripted.new_page()
    desk.site.change(policy=Policy.FIRST, trusted_after=1)
    know_author(page, desk, desk.published(email=ANN)["id"])
    sent = desk.submitted(email=ANN, body="From the article.")
    page.goto(sent["receipt"]["url"])
    own = page.get_by_role("button", name="Yes, I wrote it")
    for scheme in LIGHTS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(PHONE)
        expect(own).to_be_visible()
        assert_accessible(page, f"receipt, {scheme}")
    page.set_viewport_size(NARROW)
    assert overflow_of(page) <= 0
    own.click()
    expect(page.locator("h1")).to_have_text("Your reply is published.")
    expect(page.get_by_role("status")).to_have_text("Thank you. This reply counts as yours.")
    expect(own).to_have_count(0)


def test_an_admin_hands_out_and_erases_what_is_an_author_s(chromium: Browser, desk: Desk, watch: Watch) -> None:
    sent = desk.published(email=ANN, name="Ann Quill" + "l" * 60, article_title="מאמר על הנמל")
    page = sit_down(chromium, desk, watch, role="admin", accept_downloads=True).page
    page.goto(f"{desk.service_url}/desk/comments/{sent['id']}?site={desk.site.slug}")
    page.get_by_role("link", name="Hand out or erase what is theirs").click()
    page.get_by_label("With moderators’ private notes").check()
    with page.expect_download() as started:
        page.get_by_role("button", name="Download everything").click()
    told = json.loads(started.value.path().read_text())
    assert (told["author"]["email"], [one["id"] for one in told["comments"]], told["notes"]) == (ANN, [sent["id"]], [])
    page.get_by_text("Erase everything …").click()
    for scheme in LIGHTS:
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page, f"author, {scheme}")
    page.set_viewport_size(NARROW)
    assert overflow_of(page) <= 0
    page.get_by_label("Yes, one comment is to go for good").check()
    page.get_by_role("button", name="Erase one comment for good").click()
    expect(page.locator("h1")).to_have_text("Everything was erased")
    assert_accessible(page, "erased")
    assert overflow_of(page) <= 0
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the proof").click()
    assert json.loads(started.value.path().read_text())["comments"] == 1
    assert desk.site.receipt(sent)["status"] == "deleted"
    page.context.close()
    assert watch.findings == []
