"""The readers' pages hold together whatever a context brings: escaped, labelled, without a script or a style."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, render_template

from service.web import languages

NOW = datetime(2026, 3, 14, 18, 20, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'"


def comment(comment_id: str, depth: int = 0, parent_id: str | None = None, **changes: Any) -> dict[str, Any]:
    author = {"name": f"Author {comment_id}", "url": None, "avatar": f"/avatars/{comment_id}.svg", "badge": None}
    return {
        "id": comment_id,
        "anchor": f"comment-{comment_id}",
        "parent_id": parent_id,
        "parent_author": None,
        "depth": depth,
        "deleted": False,
        "author": author,
        "body_html": "<p>Text</p>",
        "published_at": NOW,
        "edited_at": None,
        "votes": 0,
        "permalink": f"/comments#comment-{comment_id}",
        "reply_href": f"/comments?reply_to={comment_id}#reply",
        **changes,
    }


def thread_page(*comments: dict[str, Any], is_open: bool = True) -> dict[str, Any]:
    article = {"key": "https://gazette.example/a", "title": "A title", "url": None, "open": is_open}
    return {
        "article": {**article, "count": len(comments)},
        "site": {"slug": "gazette", "name": "The Gazette"},
        "sort": "oldest",
        "sort_links": [("oldest", "Oldest", "/o", True), ("newest", "Newest", "/n", False)],
        "comments": list(comments),
        "next_href": None,
        "first_href": None,
        "feed_href": "https://comments.example/v1/feed.atom?site=gazette",
    }


def reply(**changes: Any) -> dict[str, Any]:
    return {
        "action": "/v1/comments",
        "site": "gazette",
        "article": "https://gazette.example/a",
        "article_title": "",
        "article_url": "",
        "parent_id": "",
        "replying_to": None,
        "errors": {},
        "problem": None,
        "open": True,
        "values": {"name": "", "email": "", "url": "", "body": ""},
        "body_max": 10_000,
        **changes,
    }


def receipt(status: str = "pending", **changes: Any) -> dict[str, Any]:
    return {
        "status": status,
        "revision": 1,
        "published_revision": None,
        "author_name": "Aoife",
        "avatar": "/a.svg",
        "body_html": "<p>Text</p>",
        "body_raw": "Text",
        "submitted_at": NOW,
        "reason": None,
        "permalink": None,
        "edit_until": NOW + timedelta(minutes=15),
        "may_revise": False,
        "may_withdraw": False,
        "article": {"title": "A title", "url": None},
        **changes,
    }


def receipt_context(shown: dict[str, Any], **form: Any) -> dict[str, Any]:
    own_form = {"action": "/receipts/t", "values": {"body": "Text"}, "errors": {}, "problem": None, **form}
    return {"receipt": shown, "form": own_form, "notice": None}


FAULTY = reply(
    values={"name": HOSTILE, "email": "a@@b", "url": "ftp://x", "body": f"\n{HOSTILE}"},
    errors={"email": ["Two @ signs."], "body": ["Nothing to read.", "Nothing at all."], "parent_id": ["Not here."]},
    replying_to={"author_name": HOSTILE, "excerpt": HOSTILE, "cancel_href": "/comments#reply"},
    parent_id="p1",
)
HOSTILE_COMMENT = comment(
    "c2",
    depth=20,
    parent_id="c1",
    parent_author=HOSTILE,
    author={"name": HOSTILE, "url": 'https://example.org/"x', "avatar": "/a.svg", "badge": HOSTILE},
    edited_at=NOW,
    votes=1,
)
REMOVED = comment("c1", deleted=True, author=None, body_html="", reply_href=None)
REFUSED = {"title": "Too many replies", "detail": "Try again in 40 seconds."}
ARTICLE_BODY = {"headline": HOSTILE, "standfirst": HOSTILE, "byline": "By", "date": "Today", "paragraphs": [HOSTILE]}

PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "thread": ("comments.html", {"page": thread_page(REMOVED, HOSTILE_COMMENT), "form": reply()}),
    "empty thread": ("comments.html", {"page": thread_page(), "form": reply()}),
    "closed thread": ("comments.html", {"page": thread_page(is_open=False), "form": reply(open=False)}),
    "refused reply": ("reply_problem.html", {"page": thread_page(), "form": FAULTY}),
    "limited reply": ("reply_problem.html", {"page": thread_page(), "form": {**FAULTY, "problem": REFUSED}}),
    "article": (
        "demo_article.html",
        {
            "site": {"slug": "gazette", "name": HOSTILE},
            "article": {"key": HOSTILE, **ARTICLE_BODY},
            "other_articles": [(HOSTILE, "/x", HOSTILE)],
        },
    ),
    "receipt": ("receipt.html", receipt_context(receipt(may_revise=True, may_withdraw=True, author_name=HOSTILE))),
    "faulty revision": (
        "receipt.html",
        receipt_context(receipt(may_revise=True), values={"body": HOSTILE}, errors={"body": ["Nothing to read."]}),
    ),
    "rejected": ("receipt.html", receipt_context(receipt("rejected", reason=HOSTILE))),
    "problem": ("problem.html", {"status": 404, "title": "Not found", "detail": HOSTILE, "request_id": HOSTILE}),
    "home": (
        "home.html",
        {"sites": [{"name": HOSTILE, "threads": [{"title": HOSTILE, "href": "/x"}]}], "demo": True},
    ),
    "bare home": ("home.html", {"sites": [], "demo": False}),
}


class Outline(HTMLParser):
    """What a page is made of: its tags with attributes, its ids, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values_of(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute))]


@cache
def app_with_templates() -> Flask:
    app = Flask("service.web")
    app.jinja_env.globals["asset"] = "/static/{}".format
    languages.register(app)
    return app


def render(template: str, context: dict[str, Any]) -> str:
    with app_with_templates().test_request_context():
        return render_template(template, **context)


def text_of(template: str, context: dict[str, Any]) -> str:
    return " ".join(Outline(render(template, context)).text.split())


@pytest.mark.parametrize(("template", "context"), PAGES.values(), ids=PAGES.keys())
def test_nothing_typed_becomes_markup_and_nothing_breaks_the_content_policy(
    template: str, context: dict[str, Any]
) -> None:
    outline = Outline(render(template, context))
    assert not {"style", "iframe"} & {tag for tag, _ in outline.tags}
    assert all("src" in attributes for tag, attributes in outline.tags if tag == "script")
    assert not [name for _, attributes in outline.tags for name in attributes if name == "style" or name[:2] == "on"]
    assert [value for value in outline.values_of("src") if not value.startswith("/")] == []


@pytest.mark.parametrize(("template", "context"), PAGES.values(), ids=PAGES.keys())
def test_every_reference_inside_a_page_leads_somewhere(template: str, context: dict[str, Any]) -> None:
    outline = Outline(render(template, context))
    assert len(outline.ids) == len(set(outline.ids))
    jumps = [value[1:] for value in outline.values_of("href") if value.startswith("#")]
    described = " ".join(outline.values_of("aria-describedby") + outline.values_of("aria-labelledby")).split()
    assert {*jumps, *described, *outline.values_of("for")} <= set(outline.ids)


@pytest.mark.parametrize(("template", "context"), PAGES.values(), ids=PAGES.keys())
def test_every_control_has_a_label(template: str, context: dict[str, Any]) -> None:
    outline = Outline(render(template, context))
    controls = [a.get("id") for tag, a in outline.tags if tag in {"input", "textarea"} and a.get("type") != "hidden"]
    assert set(controls) == set(outline.values_of("for"))


def test_the_form_keeps_everything_that_was_typed_even_a_leading_line_break() -> None:
    html = render("reply_problem.html", {"page": thread_page(), "form": FAULTY})
    fields = {attributes.get("name"): attributes for tag, attributes in Outline(html).tags if tag == "input"}
    assert (fields["name"]["value"], fields["email"]["value"], fields["parent_id"]["value"]) == (HOSTILE, "a@@b", "p1")
    assert ">\n\n&lt;script&gt;" in html  # A browser drops the first of the two.


def test_a_closed_article_gives_back_the_text_of_a_late_reply() -> None:
    form = reply(open=False, values={"name": "", "email": "", "url": "", "body": "My long reply"})
    html = render("reply_problem.html", {"page": thread_page(is_open=False), "form": form})
    assert "This article is closed to new replies." in html
    assert "My long reply</textarea>" in html
    assert "<form" not in html


def test_the_form_promises_what_holds() -> None:
    text = text_of("comments.html", {"page": thread_page(), "form": reply()})
    assert "Your email address will not be published. Required fields are marked *" in text


def test_a_removed_comment_leaves_a_tombstone_and_its_replies_do_not_name_it() -> None:
    answer = comment("c2", depth=1, parent_id="c1")
    text = text_of("comments.html", {"page": thread_page(REMOVED, answer), "form": reply()})
    assert "This comment was removed." in text
    assert "in reply to" not in text


def test_a_parent_on_an_earlier_page_is_named_but_not_linked() -> None:
    answer = comment("c2", depth=1, parent_id="elsewhere", parent_author="Tomás")
    outline = Outline(render("comments.html", {"page": thread_page(answer), "form": reply()}))
    assert "Tomás" in outline.text
    assert "#comment-elsewhere" not in outline.values_of("href")


@pytest.mark.parametrize(
    ("shown", "headline"),
    [
        pytest.param(receipt(), "Thank you. Your reply awaits review.", id="pending"),
        pytest.param(receipt("approved", published_revision=1), "Your reply is published.", id="approved"),
        pytest.param(
            receipt("pending", revision=2, published_revision=1),
            "Your edit waits for review; the earlier text stays published.",
            id="edited after approval",
        ),
        pytest.param(
            receipt("approved", revision=2, published_revision=1),
            "Your edit was not published; the earlier text stays.",
            id="edit rejected after approval",
        ),
        pytest.param(receipt("rejected"), "Your reply was not published.", id="rejected"),
        pytest.param(receipt("spam"), "Your reply was not published.", id="spam"),
        pytest.param(receipt("deleted", body_html=""), "Your reply was removed.", id="deleted"),
    ],
)
def test_a_receipt_says_where_the_reply_stands(shown: dict[str, Any], headline: str) -> None:
    assert headline in text_of("receipt.html", receipt_context(shown))


def test_a_receipt_offers_only_what_the_author_may_do() -> None:
    def actions(shown: dict[str, Any]) -> list[str | None]:
        tags = Outline(render("receipt.html", receipt_context(shown))).tags
        return [attributes.get("value") for _, attributes in tags if attributes.get("name") == "action"]

    assert actions(receipt()) == []
    assert actions(receipt(may_revise=True, may_withdraw=True)) == ["revise", "withdraw"]
