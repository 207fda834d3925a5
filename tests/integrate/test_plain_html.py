"""The tags of docs/integrate.md in a page that is nothing but HTML, in Chromium."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.article_host import ArticleHost
from tests.integrate.elements import element
from tests.integrate.gazette import Gazette

PATH = "/2026/tide-barrier"


def test_the_widget_and_the_count_show_what_is_published(
    gazette: Gazette, article_host: ArticleHost, page: Page
) -> None:
    gazette.published(PATH, body="The pumps run at *low* tide.")
    count = gazette.api("GET", f"/v1/comments?site=gazette&article={gazette.article(PATH)}", 200)["article"]["count"]
    html = gazette.placed("page")
    # The address of the page is not its key here, so that what the element says is what counts.
    page.goto(article_host.serve("/plain", f"<!doctype html><title>A page</title>{gazette.placed('count')}{html}"))
    expect(page.get_by_text("The pumps run at low tide.")).to_be_visible()
    expect(page.locator("[data-postbag-count]")).to_have_text(str(count))
    # Without a script there is the link.
    page.goto(element(html, "a")["href"])
    expect(page.get_by_text("The pumps run at low tide.")).to_be_visible()


def test_a_form_of_ones_own_ends_on_the_receipt(gazette: Gazette, article_host: ArticleHost, page: Page) -> None:
    page.goto(article_host.serve("/form", f"<!doctype html><title>A form</title>{gazette.placed('form')}"))
    page.get_by_label("Name").fill("Wen")
    page.get_by_label("E-mail").fill("wen@example.org")
    page.get_by_label("Comment").fill("Sent by a form of the page's own.")
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_title("Thank you. Your reply awaits review.")
    assert page.url.startswith(f"{gazette.server.url}/receipts/")
