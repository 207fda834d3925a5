"""Articles that change under their readers, and pages that are stricter or stranger than most."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.article_host import PAGE, strict_policy
from tests.browser.reader import Reader

A_WHILE = 45_000  # milliseconds; longer than the pause before the widget looks again for the first time
SHORT_PAGES = 'data-page-size="2"'


@pytest.mark.parametrize("anchor", ["#comment-123", "#comment-no-such-thing", "#comment-", "#comments"])
def test_an_anchor_of_another_system_asks_for_no_comment(reader: Reader, anchor: str) -> None:
    reader.desk.published(name="Aoife")
    page = reader.open(fragment=anchor)
    expect(reader.comment("Aoife")).to_be_visible()
    expect(page.locator(".target, .told")).to_have_count(0)


def test_the_focus_is_not_lost_where_there_is_nothing_more_after_all(reader: Reader) -> None:
    five = [reader.desk.published(name=name) for name in ("One", "Two", "Three", "Four", "Five")]
    page = reader.open(attributes=SHORT_PAGES)
    for gone in five[2:]:
        reader.desk.decide(gone["id"], "delete")
    page.get_by_role("button", name="More comments").click()
    expect(page.get_by_role("heading", name="2 comments")).to_be_focused()
    expect(page.get_by_role("button", name="More comments")).to_be_hidden()


def test_the_first_comments_are_not_called_new_by_whoever_comes_back_to_them(reader: Reader) -> None:
    four = [reader.desk.published(name=name) for name in ("One", "Two", "Three", "Four")]
    page = reader.open(attributes=SHORT_PAGES, fragment=f"#comment-{four[2]['id']}")
    expect(reader.comment("Three")).to_be_focused()
    page.get_by_role("button", name="Back to the first comments").click()
    expect(reader.comment("One")).to_be_focused()
    expect(page.locator(".new")).to_have_count(0)


def test_a_closed_article_offers_no_form_to_an_author_who_looks_after_a_reply(reader: Reader) -> None:
    page = reader.open()
    reader.send(body="In time.")
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    reader.desk.register(open=False)
    page.reload()
    expect(mine.locator(".standing")).to_have_text("Awaiting review")
    expect(page.locator(".reply-form")).to_have_count(0)
    mine.get_by_role("button", name="Revise").click()
    expect(page.locator("#reply-body")).to_have_value("In time.")
    page.get_by_role("button", name="Cancel").click()
    expect(mine.get_by_role("button", name="Revise")).to_be_focused()
    expect(page.locator(".reply-form")).to_have_count(0)


def test_a_text_for_an_article_that_has_closed_is_still_there_to_be_copied(reader: Reader) -> None:
    page = reader.open()
    page.locator("#reply-body").fill("An hour's work.")
    reader.desk.register(open=False)
    page.reload()
    expect(page.get_by_text("This article is closed to new replies.")).to_be_visible()
    expect(page.locator("#reply-body")).to_have_value("An hour's work.")


def test_the_focus_survives_a_decision_about_the_comment_that_it_is_in(reader: Reader) -> None:
    page = reader.page
    page.clock.install()
    reader.open()
    reader.send()
    mine = reader.comment("Nora Lind")
    expect(mine).to_be_focused()
    mine.get_by_role("button", name="Withdraw").focus()
    (waiting,) = reader.desk.queue()
    reader.desk.decide(waiting["id"], "approve")
    page.clock.fast_forward(A_WHILE)
    expect(mine.locator(".standing")).to_have_count(0)
    expect(mine.get_by_role("button", name="Withdraw")).to_be_focused()


def test_every_button_is_wide_enough_for_a_finger_in_languages_of_short_words(reader: Reader) -> None:
    reader.desk.published(name="Aoife")
    page: Page = reader.page
    for language in ("ar", "he", "ja", "ko", "zh"):
        reader.open(attributes=f'data-language="{language}"')
        expect(page.locator(f".postbag[lang={language}] button.reply")).to_be_visible()
        widths = page.locator("#postbag button:visible").evaluate_all("all => all.map(button => button.clientWidth)")
        assert min(widths) >= 24, language


def test_a_page_that_takes_trusted_html_alone_shows_the_thread_by_one_policy_of_ours(reader: Reader) -> None:
    desk = reader.desk
    desk.published(name="Aoife", body="Who *pays*?")
    script = f'<script async src="{desk.service_url}/embed.js" data-site="{desk.site.slug}"></script>'
    html = PAGE.format(language="en", title="Trusted", head=script, body='<div id="postbag"></div>')
    policy = f"{strict_policy(desk.service_url)}; require-trusted-types-for 'script'; trusted-types postbag"
    path = desk.site.article.removeprefix(reader.host.origin)
    reader.page.goto(reader.host.serve(path, html, policy=policy))
    expect(reader.comment("Aoife").locator("em")).to_have_text("pays")
    reader.send(body="We *all* do.")
    expect(reader.comment("Nora Lind").locator("article > .body em")).to_have_text("all")
    # The very first insertion finds out that the page wants this, which the browser remarks; no other does.
    remarks = [text for text in reader.watch.complaints if text.startswith("policy:")]
    assert len(remarks) == 1
    assert all("trusted" in text.casefold() for text in reader.watch.complaints)
    reader.watch.complaints.clear()
