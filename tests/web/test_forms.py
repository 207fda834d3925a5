"""The reply form as a browser without JavaScript sends it, and every way in which it comes back."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Page(HTMLParser):
    """What a browser would make of a page: its fields with their values, and the text of every element with an id."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__(convert_charrefs=True)
        assert response.content_type == "text/html; charset=utf-8"
        self.values: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self.texts: dict[str, str] = {}
        self.tags: list[str] = []
        self.text = ""
        self._open: list[tuple[str, str]] = []
        self._area: str | None = None
        self.feed(response.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "input":
            self.values[given["name"]] = given.get("value", "")
        if tag == "textarea":
            self._area = given.get("name", given.get("id", ""))
            self.values[self._area] = ""
        if "name" in given:
            self.attributes[given["name"]] = given
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # The first line break after the tag is not part of the value.
            self.values[self._area] = self.values[self._area].removeprefix("\n")
            self._area = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area is not None:
            self.values[self._area] += data
        for _, element_id in self._open:
            if element_id:
                self.texts[element_id] = self.texts.get(element_id, "") + data

    def fault_at(self, field: str) -> str:
        """Return the words that stand beside a field and that its field points to."""
        attributes = self.attributes[field]
        assert attributes["aria-invalid"] == "true"
        (pointed,) = [name for name in attributes["aria-describedby"].split() if name.endswith("-fault")]
        return " ".join(self.texts[pointed].split())


TYPED = {
    "body": "  Line one\nLine <b>two</b> & \"three\" </textarea><script>alert(1)</script>",
    "name": "Ada \"O'Kafor\" <i>",
    "email": "ada+1@example.org",
    "url": "https://example.org/?a=1&b=\"2\"",
}  # fmt: skip


def typed(response: TestResponse, status: int, words: str | None = None) -> Page:
    """Check that the form came back with this status and everything typed, and return its page."""
    assert response.status_code == status, response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    page = Page(response)
    for name, value in TYPED.items():
        assert page.values[name] == value
    assert "script" not in page.tags
    if words is not None:
        assert words in page.texts["reply-faults"]
    return page


def test_a_form_leads_to_its_receipt_page(site: SiteDriver) -> None:
    response = site.submit_form(**TYPED)
    assert response.status_code == 303
    assert response.data == b"" or "html" in response.content_type
    path = response.headers["Location"]
    assert path.startswith("/receipts/")
    receipt = site.client.get(path)
    assert receipt.status_code == 200
    page = Page(receipt)
    assert "awaits review" in page.text
    assert page.values["body"] == TYPED["body"]
    assert TYPED["email"] not in receipt.text
    assert receipt.headers["Cache-Control"] == "no-store"
    assert site.queue()["totals"]["pending"] == 1


def test_the_form_on_the_page_can_be_sent_as_it_is(site: SiteDriver) -> None:
    parent = site.published()
    query = {"site": site.slug, "article": site.article, "reply_to": parent["id"]}
    page = Page(site.client.get("/comments", query_string=query))
    assert page.values["parent_id"] == parent["id"]
    filled = page.values | {"name": "Ada", "email": "ada@example.org", "body": "Mine"}
    response = site.client.post(
        "/v1/comments", data=filled, headers={"Origin": "http://localhost", "Accept": "text/html,*/*;q=0.8"}
    )
    assert response.status_code == 303
    (waiting,) = site.queue()["comments"]
    site.approve(waiting["id"])
    assert site.page()["comments"][1]["parent_id"] == parent["id"]


def test_a_browsers_line_breaks_are_one_kind_of_line_break(site: SiteDriver) -> None:
    site.submit_form(body="one\r\ntwo\r\n\r\nthree")
    (waiting,) = site.queue()["comments"]
    assert site.opened(waiting["id"])["revisions"][0]["body"] == "one\ntwo\n\nthree"


@ON_SQLITE_ALONE
@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_a_form_sent_by_a_program_is_answered_in_json(site: SiteDriver, accept: str) -> None:
    response = site.submit_form(accept=accept)
    assert (response.status_code, response.content_type) == (202, "application/json")
    refused(site.submit_form(accept=accept, body=""), 422, "invalid")


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("body", "", id="no-text"),
        pytest.param("body", "<b></b>", id="only-markup"),
        pytest.param("body", "a" * 10_001, id="too-long"),
        pytest.param("name", "", id="no-name"),
        pytest.param("name", "\u200b ", id="an-invisible-name"),
        pytest.param("name", "I am ada+1@example.org", id="a-name-with-the-address"),
        pytest.param("email", "", id="no-address"),
        pytest.param("email", "not an <address>", id="an-address-that-is-none"),
        pytest.param("url", 'javascript:alert("1")', id="a-website-that-is-none"),
    ],
)
def test_a_fault_stands_beside_its_field_and_everything_typed_is_there(
    site: SiteDriver, field: str, value: str
) -> None:
    with nothing_stored(site):
        response = site.submit_form(**(TYPED | {field: value}))
    assert response.status_code == 422
    page = Page(response)
    for name, kept in (TYPED | {field: value}).items():
        assert page.values[name] == kept
    beside = page.fault_at(field)
    assert beside
    assert beside in " ".join(page.texts["reply-faults"].split())
    assert [name for name in TYPED if page.attributes[name].get("aria-invalid")] == [field]
    assert "script" not in page.tags


def test_fields_that_are_missing_altogether_are_told_beside_their_places(site: SiteDriver) -> None:
    response = site.submit_form(name=None, email=None, body=None)
    assert response.status_code == 422
    page = Page(response)
    for field in ("name", "email", "body"):
        assert page.fault_at(field)


def test_a_form_to_a_closed_article_keeps_the_text(site: SiteDriver) -> None:
    article = {"site": site.slug, "key": site.article, "open": False, "title": "Title"}
    site.client.put("/v1/articles", json=article, headers=site.bearer)
    with nothing_stored(site):
        response = site.submit_form(**TYPED)
    assert response.status_code == 403
    page = Page(response)
    assert page.values["kept"] == TYPED["body"]
    assert "script" not in page.tags
    assert "closed" in page.texts["reply-faults"]


def test_a_button_pressed_twice_leads_to_the_one_receipt_both_times(site: SiteDriver) -> None:
    reply = site.reply(**TYPED)
    first = site.submit_form(**reply)
    with nothing_stored(site):
        second = site.submit_form(**reply)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]


def test_a_form_sent_again_after_its_reply_was_withdrawn_is_a_new_reply(site: SiteDriver) -> None:
    reply = site.reply(**TYPED)
    first = site.submit_form(**reply).headers["Location"]
    assert site.client.post(first, data={"action": "withdraw"}).status_code == 303
    second = site.submit_form(**reply)
    assert second.status_code == 303
    assert second.headers["Location"] != first
    assert site.queue()["totals"]["pending"] == 1


def test_the_same_words_from_elsewhere_are_told_to_be_a_duplicate(site: SiteDriver) -> None:
    site.submit_form(**TYPED)
    with nothing_stored(site):
        typed(site.submit_form(address="192.0.2.2", **TYPED), 409, "sent this already")


def test_a_form_beyond_the_limits_says_when_to_try_again(site: SiteDriver) -> None:
    site.change(limits={"client": (1, 60)})
    site.submitted()
    with nothing_stored(site):
        response = site.submit_form(**TYPED)
    typed(response, 429, "try again in")
    assert int(response.headers["Retry-After"]) >= 1
    assert "RateLimit" in response.headers


def test_a_form_whose_parent_is_gone_can_be_sent_again_to_the_article(site: SiteDriver) -> None:
    parent = site.published()
    site.withdraw(parent)
    with nothing_stored(site):
        response = site.submit_form(parent_id=parent["id"], **TYPED)
    page = typed(response, 422, "no longer there")
    assert "parent_id" not in page.values
    again = site.client.post("/v1/comments", data=page.values, headers={"Accept": "text/html"})
    assert again.status_code == 303


def test_a_form_with_a_fault_still_answers_the_same_comment(site: SiteDriver) -> None:
    parent = site.published()
    page = Page(site.submit_form(parent_id=parent["id"], **(TYPED | {"email": ""})))
    assert page.values["parent_id"] == parent["id"]


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    "article",
    ["https://elsewhere.example/1", "javascript:alert(1)", "post-1", "", '"><script>alert(1)</script>', "a\0b"],
)
def test_a_form_for_an_article_that_is_none_comes_back_to_be_copied_from(site: SiteDriver, article: str) -> None:
    with nothing_stored(site):
        typed(site.submit_form(article=article, **TYPED), 422)


def test_a_form_from_a_foreign_page_is_refused_with_everything_typed(site: SiteDriver) -> None:
    response = site.client.post(
        "/v1/comments",
        data=site.reply(**TYPED),
        headers={"Origin": "https://elsewhere.example", "Accept": "text/html"},
    )
    typed(response, 403, "may not send replies")


@pytest.mark.parametrize("slug", ["nobody", "", "<script>", "a\0"])
def test_a_form_to_an_unknown_site_is_answered_with_a_page(site: SiteDriver, slug: str) -> None:
    with nothing_stored(site):
        response = site.submit_form(site=slug, **TYPED)
    assert response.status_code in {404, 422}
    assert "script" not in Page(response).tags


def test_a_form_that_is_too_large_is_answered_with_a_page(site: SiteDriver) -> None:
    with nothing_stored(site):
        response = site.submit_form(body="a" * 70_000)
    assert response.status_code == 413
    assert "far longer" in Page(response).text


@pytest.mark.parametrize("character", ["%00", "%ED%A0%80", "%FF"], ids=["nul", "a-surrogate", "not-utf-8"])
@pytest.mark.parametrize("field", ["site", "article", "article_title", "parent_id", "name", "email", "url", "body"])
def test_octets_that_are_no_text_never_break_a_form(site: SiteDriver, field: str, character: str) -> None:
    fields = {name: value for name, value in site.reply(**TYPED).items() if name != field}
    response = site.client.post(
        "/v1/comments",
        data=f"{urlencode(fields)}&{field}=x{character}y",
        content_type="application/x-www-form-urlencoded",
        headers={"Accept": "text/html", "Origin": site.origin},
    )
    assert response.status_code in ({422, 404} if character == "%00" else {303, 422, 404}), response.text


def test_a_file_upload_is_not_offered(site: SiteDriver) -> None:
    response = site.client.post(
        "/v1/comments", data=site.reply(), content_type="multipart/form-data", headers={"Accept": "text/html"}
    )
    assert response.status_code == 415


def receipt_path(sent: dict[str, Any]) -> str:
    return f"/receipts/{sent['receipt']['token']}"


def test_the_receipt_page_revises_and_says_so(site: SiteDriver) -> None:
    sent = site.submitted(body="First")
    response = site.client.post(receipt_path(sent), data={"action": "revise", "body": "Second"})
    assert response.status_code == 303
    page = Page(site.client.get(response.headers["Location"]))
    assert page.values["body"] == "Second"
    assert "sent for review" in page.text
    assert site.receipt(sent)["revision"] == 2


def test_the_receipt_page_withdraws_and_twice_is_the_same_as_once(site: SiteDriver) -> None:
    sent = site.submitted(body="Secret words")
    for _ in range(2):
        response = site.client.post(receipt_path(sent), data={"action": "withdraw"})
        assert response.status_code == 303
    page = Page(site.client.get(response.headers["Location"]))
    assert "was removed" in page.text
    assert "Secret" not in page.text
    assert site.receipt(sent)["status"] == "deleted"


@ON_SQLITE_ALONE
@pytest.mark.parametrize("body", ["", "<b></b>", "a" * 10_001, "</textarea><script>x</script>\0"])
def test_a_revision_with_a_fault_comes_back_with_everything_typed(site: SiteDriver, body: str) -> None:
    sent = site.submitted(body="First")
    response = site.client.post(receipt_path(sent), data={"action": "revise", "body": body})
    assert response.status_code == 422
    page = Page(response)
    assert page.values["body"] == body
    assert page.fault_at("body")
    assert "script" not in page.tags
    assert site.receipt(sent)["revision"] == 1


def test_a_revision_after_the_window_keeps_the_text_to_be_copied(site: SiteDriver) -> None:
    site.change(revise_window=timedelta(0))
    sent = site.submitted(body="First")
    response = site.client.post(receipt_path(sent), data={"action": "revise", "body": "Too late"})
    assert response.status_code == 403
    assert Page(response).values["kept"] == "Too late"


def test_the_page_of_a_receipt_that_is_none_is_not_found(site: SiteDriver) -> None:
    for response in (
        site.client.get("/receipts/x"),
        site.client.post("/receipts/x", data={"body": "y"}),
        site.client.post("/receipts/x", data={"action": "withdraw"}),
    ):
        assert response.status_code == 404
        assert Page(response).text


def test_no_page_names_the_address_of_its_author(site: SiteDriver) -> None:
    sent = site.published(email="canary@example.org")
    query = {"site": site.slug, "article": site.article}
    for response in (
        site.client.get("/comments", query_string=query),
        site.client.get(receipt_path(sent)),
        site.client.get("/v1/comments", query_string=query),
    ):
        assert "canary" not in response.text
        assert "canary" not in json.dumps(dict(response.headers))


def test_a_long_reply_in_a_script_of_three_bytes_fits_into_a_form(free_site: SiteDriver) -> None:
    sent = free_site.submit_form(body="汉" * 10_000)
    assert sent.status_code == 303, sent.text


def test_a_form_that_says_more_than_it_may_is_too_large_however_it_is_encoded(free_site: SiteDriver) -> None:
    assert free_site.submit_form(body="a" * 70_000).status_code == 413
    assert free_site.submit_form(body="汉" * 30_000).status_code == 413
