"""The page says who its reader is: the form asks for no name and no address, and a badge stands beside theirs."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from tests.browser.reader import SEND, Reader
from tests.reader_tokens import secret_of, token_by

NAME = "Ada Okafor <3"


def test_a_known_reader_writes_under_their_name_with_a_badge(reader: Reader) -> None:
    site = reader.desk.site
    token = token_by(secret_of(site), site, name=NAME, badge="Staff", email="ada@gazette.example")
    page = reader.open(attributes=f'data-reader="{token}"')
    told = page.locator(".writing-as")
    expect(told).to_have_text(f"Writing as {NAME} Staff")
    for name in ("name", "email", "url"):
        expect(page.locator(f".reply-form [name={name}]")).to_be_hidden()
    page.locator(".reply-form [name=body]").fill("I wrote this article myself.")
    page.get_by_role("button", name=SEND).click()
    mine = reader.comment(NAME)
    expect(mine).to_contain_text("I wrote this article myself.")
    expect(mine.locator(".badge")).to_have_text("Staff")
    (waiting,) = site.queue()["comments"]
    assert site.approve(waiting["id"]).status_code == 201
    page.reload()
    expect(reader.comment(NAME).locator(".badge")).to_have_text("Staff")
    assert "gazette.example" not in page.content()
    # An answer comes from them as well, and an edit asks nobody who they are.
    reader.comment(NAME).get_by_role("button", name="Revise").click()
    expect(told).to_be_hidden()


def test_whoever_was_signed_in_too_long_is_told_so_and_keeps_their_text(reader: Reader) -> None:
    site, now = reader.desk.site, int(time.time())
    secret = secret_of(site)
    old = token_by(secret, site, name=NAME, iat=now - 7_200, exp=now - 3_600)
    page = reader.open(attributes=f'data-reader="{old}"')
    expect(page.locator(".writing-as")).to_be_visible()
    page.locator(".reply-form [name=body]").fill("A text that took an hour.")
    page.get_by_role("button", name=SEND).click()
    fault = page.locator("#reply-reader_token-fault")
    expect(fault).to_contain_text("Sign in again")
    # The page that they come back to has another token, and what they wrote.
    page = reader.open(attributes=f'data-reader="{token_by(secret, site, name=NAME)}"')
    expect(page.locator(".writing-as")).to_be_visible()
    expect(page.locator(".reply-form [name=body]")).to_have_value("A text that took an hour.")
    page.get_by_role("button", name=SEND).click()
    expect(reader.comment(NAME)).to_contain_text("A text that took an hour.")


def test_a_token_that_is_none_leaves_the_form_as_everybody_has_it(reader: Reader) -> None:
    page = reader.open(attributes='data-reader="Ada"')
    with page.expect_console_message(lambda message: "no JWT" in message.text):
        page.reload()
    expect(page.locator(".reply-form [name=email]")).to_be_visible()
    reader.send(body="Sent as a guest.")
    expect(reader.comment("Nora Lind")).to_contain_text("Sent as a guest.")
    reader.watch.complaints.clear()


def test_a_page_of_its_own_making_hands_over_what_gets_a_token(reader: Reader) -> None:
    site = reader.desk.site
    token = token_by(secret_of(site), site, name=NAME)
    page = reader.open()
    expect(page.locator(".reply-form [name=email]")).to_be_visible()
    page.evaluate(
        """([site, article, token]) => {
            window.asked = 0;
            const reader = async () => (window.asked++, token);
            Postbag.mount(document.getElementById("postbag"), { site, article, reader,
              service: document.querySelector("script[src*='/embed.js']").src.split("/embed.js")[0] });
        }""",
        [site.slug, site.article, token],
    )
    expect(page.locator(".writing-as")).to_have_text(f"Writing as {NAME}")
    page.locator(".reply-form [name=body]").fill("From a page that makes itself.")
    page.get_by_role("button", name=SEND).click()
    expect(reader.comment(NAME)).to_contain_text("From a page that makes itself.")
    assert page.evaluate("window.asked") >= 2
