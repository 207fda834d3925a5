"""GET /v1/feed.atom: what is published, as feed readers read it."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import feedparser
import pytest
from werkzeug.test import TestResponse

from tests.browser.attack_strings import ALL
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver
from tests.refusals import nothing_stored, refused, refused_fields
from tests.store.test_session import statements_of
from tests.web.atom_rules import ATOM, THREAD, checked, link, moment, text

pytestmark = ON_SQLITE_ALONE
HERE = "http://localhost"


def get(
    site: SiteDriver, method: str = "GET", /, *, headers: dict[str, str] | None = None, **query: Any
) -> TestResponse:
    return site.client.open(
        "/v1/feed.atom", method=method, query_string={"site": site.slug} | query, headers=headers or {}
    )


def feed(site: SiteDriver, **query: Any) -> Element:
    """Return the feed of the site, or of an article of it, which keeps the rules."""
    answer = get(site, **query)
    assert answer.status_code == 200, answer.text
    return checked(answer.data)


def entries(root: Element) -> list[Element]:
    return root.findall(f"{ATOM}entry")


def ids(root: Element) -> list[str]:
    return [text(entry, "id").removeprefix("urn:uuid:") for entry in entries(root)]


def put(site: SiteDriver, **said: Any) -> None:
    answer = site.client.put("/v1/articles", json={"site": site.slug, **said}, headers=site.bearer)
    assert answer.status_code in {200, 201}, answer.text


def test_a_site_and_an_article_have_a_feed_of_what_is_published_last(free_site: SiteDriver) -> None:
    other = f"{free_site.origin}/articles/2"
    put(free_site, key=free_site.article, title="The tide barrier")
    sent = [free_site.published(name="Ada", url="https://ada.example/"), free_site.published(article=other)]
    answer = free_site.published(parent_id=sent[0]["id"], body="A *first* answer")
    site_feed, article_feed = feed(free_site), feed(free_site, article=free_site.article)
    assert ids(site_feed) == [answer["id"], sent[1]["id"], sent[0]["id"]]
    assert ids(article_feed) == [answer["id"], sent[0]["id"]]
    assert text(site_feed, "title") == f"Site {free_site.slug}"
    assert text(article_feed, "title") == f"The tide barrier – Site {free_site.slug}"
    assert link(site_feed, "self") == f"{HERE}/v1/feed.atom?site={free_site.slug}"
    asked = urlencode({"site": free_site.slug, "article": free_site.article})
    assert link(article_feed, "self") == f"{HERE}/v1/feed.atom?{asked}"
    assert (link(site_feed, "alternate"), link(article_feed, "alternate")) == (
        f"{free_site.origin}/",
        free_site.article,
    )
    first = entries(article_feed)[-1]
    assert text(first, "title") == "Ada – The tide barrier"
    author = first.find(f"{ATOM}author")
    assert author is not None
    assert (text(author, "name"), text(author, "uri")) == ("Ada", "https://ada.example/")
    assert link(first, "alternate") == f"{free_site.article}#comment-{sent[0]['id']}"
    shown = {comment["id"]: comment for comment in free_site.page()["comments"]}
    for entry, comment_id in zip(entries(article_feed), ids(article_feed), strict=True):
        assert text(entry, "content") == shown[comment_id]["body_html"]
        assert text(entry, "published") == shown[comment_id]["published_at"]


def test_an_article_known_by_an_id_is_read_on_our_own_page(free_site: SiteDriver) -> None:
    put(free_site, key="post 1", title="One")
    sent = free_site.published(article="post 1")
    root = feed(free_site, article="post 1")
    thread = f"{HERE}/comments?site={free_site.slug}&article=post+1"
    assert link(root, "alternate") == thread
    permalink = link(entries(root)[0], "alternate")
    assert permalink == f"{thread}&comment={sent['id']}#comment-{sent['id']}"
    page = free_site.client.get(permalink.removeprefix(HERE))
    assert f'id="comment-{sent["id"]}"' in page.text


def test_an_answer_says_what_it_answers_however_deep(free_site: SiteDriver) -> None:
    chain = [free_site.published()]
    for _ in range(7):
        chain.append(free_site.published(parent_id=chain[-1]["id"]))
    parents = {comment["id"]: comment["parent_id"] for comment in free_site.page()["comments"]}
    root = feed(free_site)
    for entry, comment_id in zip(entries(root), ids(root), strict=True):
        answered = entry.find(f"{THREAD}in-reply-to")
        if parents[comment_id] is None:
            assert answered is None
        else:
            assert answered is not None
            assert answered.attrib["ref"] == f"urn:uuid:{parents[comment_id]}"
            assert answered.attrib["href"] == f"{free_site.article}#comment-{parents[comment_id]}"
    assert len(set(parents.values())) == 6, "beyond the deepest level replies stand side by side"


def test_what_is_not_published_is_not_in_it(free_site: SiteDriver) -> None:
    stays = free_site.published(body="stays")
    gone = free_site.published(body="gone, but answered", name="Gone")
    answer = free_site.published(parent_id=gone["id"], body="an answer to it")
    taken_down = free_site.published(body="taken down")
    for sent, action in ((taken_down, "reject"), (gone, "delete")):
        assert free_site.decide(sent["id"], action).status_code == 201
    free_site.decide(free_site.submitted(body="never shown")["id"], "spam")
    free_site.submitted(body="waits", name="Hidden", email="hidden@example.org")
    free_site.revise(stays, "an edit that waits")
    for article in ([], [free_site.article]):
        answered = get(free_site, article=article)
        assert ids(checked(answered.data)) == [answer["id"], stays["id"]]
        for hidden in ("gone", "Gone", "taken", "never", "waits", "Hidden", "@"):
            assert hidden not in answered.text
    assert len(free_site.page()["comments"]) == 3, "the page has a tombstone"


def test_an_approved_edit_is_an_update_of_the_same_entry(free_site: SiteDriver) -> None:
    first, second = free_site.published(), free_site.published()
    before = feed(free_site)
    free_site.revise(first, "In other words")
    assert free_site.approve(first["id"], 2).status_code == 201
    after = feed(free_site)
    assert ids(after) == ids(before) == [second["id"], first["id"]]
    old, new = entries(before)[1], entries(after)[1]
    assert text(new, "content") == "<p>In other words</p>"
    assert text(new, "published") == text(old, "published")
    assert moment(old, "updated") == moment(old, "published") < moment(new, "updated") == moment(after, "updated")


def test_a_feed_has_its_name_before_anybody_writes_and_keeps_it(free_site: SiteDriver) -> None:
    with nothing_stored(free_site):
        empty = [feed(free_site), feed(free_site, article=free_site.article)]
        assert [len(entries(root)) for root in empty] == [0, 0]
    sent = free_site.published()
    full = [feed(free_site), feed(free_site, article=free_site.article)]
    assert [ids(root) for root in full] == [[sent["id"]]] * 2
    assert [text(root, "id") for root in full] == [text(root, "id") for root in empty]
    assert [link(root, "self") for root in full] == [link(root, "self") for root in empty]
    assert moment(empty[0], "updated") < moment(full[0], "updated")
    assert text(full[0], "id") != text(full[1], "id")


ODD = [
    "]]>",
    "&#0;&#x1;&#xFFFF;",
    "<!--",
    "<?xml version='1.1'?>",
    "<![CDATA[ x ]]>",
    "a\u2028b",
    "😀 \u05d0\u05d1 e\u0301",
]


def test_whatever_people_type_is_text_in_it(free_site: SiteDriver) -> None:
    """Names, titles and texts arrive in a feed reader as they stand in the JSON of the page."""
    title = """</title><script>alert("1")</script> & ]]> 'x'"""
    put(free_site, key=free_site.article, title=title)
    attacks = [attack for attack in ALL if len(attack) < 80][::30] + ODD
    sent = [free_site.submitted(name=f"Ada {attack}", body=f"She said: {attack}") for attack in attacks]
    together = [{"comment_id": one["id"], "action": "approve", "revision": 1} for one in sent]
    said = {"decisions": together}
    assert free_site.client.post("/v1/moderation/decisions", json=said, headers=free_site.bearer).status_code == 200
    document = get(free_site).data
    root = checked(document)
    shown = {comment["id"]: comment for comment in free_site.page()["comments"]}
    assert len(shown) == len(attacks) == len(entries(root))
    read = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    for entry, seen in zip(entries(root), read.entries, strict=True):
        comment = shown[text(entry, "id").removeprefix("urn:uuid:")]
        name = comment["author"]["name"]
        author = entry.find(f"{ATOM}author")
        assert author is not None
        assert text(author, "name") == name
        assert text(entry, "title") == f"{name} – {title}"
        assert text(entry, "content") == comment["body_html"]
        assert seen.content[0].type == "text/html"
        assert seen.content[0].value.strip() == comment["body_html"]
        assert seen.title_detail.type == "text/plain"
        assert seen.link == link(entry, "alternate")


def test_what_xml_cannot_hold_does_not_come_into_it(free_site: SiteDriver) -> None:
    sent = free_site.published(body="one&#12;two\x0cthree&#11;four", name="A\x0c\x1bB")
    root = feed(free_site)
    assert ids(root) == [sent["id"]]
    words = text(entries(root)[0], "content")
    assert words.startswith("<p>one")
    assert "\x0c" not in words


def test_it_is_sent_as_atom_and_kept_like_a_page(free_site: SiteDriver) -> None:
    sent = free_site.published(body="A reply of some length. " * 30)
    answer = get(free_site, headers={"Origin": "https://any.example"})
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    page = free_site.client.get("/v1/comments", query_string={"site": free_site.slug, "article": free_site.article})
    for name in ("Cache-Control", "Vary"):
        assert answer.headers[name] == page.headers[name]
    published = parsedate_to_datetime(answer.headers["Last-Modified"])
    assert published == moment(checked(answer.data), "updated").replace(microsecond=0)
    head = get(free_site, "HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(get(free_site).headers)
    given = {"If-None-Match": answer.headers["ETag"]}
    assert (get(free_site, headers=given).status_code, get(free_site, headers=given).data) == (304, b"")
    # What is taken down leaves no time behind it, so a time alone never says that nothing has changed.
    free_site.decide(sent["id"], "reject")
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert get(free_site, headers=given).status_code == get(free_site, headers=since).status_code == 200


def test_the_edge_answers_until_something_is_published_anywhere_on_the_site(free_site: SiteDriver) -> None:
    other = f"{free_site.origin}/articles/2"
    mine, its = free_site.published(), free_site.published(article=other)
    tag = get(free_site).headers["ETag"]

    def statements() -> int:
        with statements_of(free_site.app) as seen:
            get(free_site)
        return len(seen)

    assert statements() == 0
    for method in ("GET", "HEAD"):
        with statements_of(free_site.app) as seen:
            assert get(free_site, method, headers={"If-None-Match": tag}).status_code == 304
        assert seen == []
    free_site.vote(its["id"])
    free_site.submitted()
    assert statements() == 0, "neither votes nor what waits are in a feed"
    changes: list[Callable[[], Any]] = [
        lambda: free_site.published(article=f"{free_site.origin}/new"),
        lambda: free_site.decide(its["id"], "reject"),
        lambda: free_site.decide(its["id"], "restore"),
        lambda: free_site.withdraw(its),
        lambda: put(free_site, key=free_site.article, title="A title"),
        lambda: (free_site.revise(mine, "Said better."), free_site.approve(mine["id"], 2)),
        lambda: free_site.change(origins=["https://other.example"]),
    ]
    seen_tags = [tag]
    for change in changes:
        change()
        assert statements() > 0
        seen_tags.append(get(free_site).headers["ETag"])
    assert all(one != next_one for one, next_one in pairwise(seen_tags))


def test_each_host_has_its_own_and_no_other_header_gets_into_it(free_site: SiteDriver) -> None:
    free_site.published()
    for host in ("a.example", "b.example:8000"):
        answers = {get(free_site, headers={"Host": host, "X-Forwarded-Host": x}).data for x in ("x.example", "")}
        (answer,) = answers
        assert link(checked(answer), "self").startswith(f"http://{host}/v1/feed.atom?")
        assert b"x.example" not in answer


@pytest.mark.parametrize("slug", ["nobody", "", "ü", "x" * 300])
def test_a_site_that_does_not_exist_is_unknown(site: SiteDriver, slug: str) -> None:
    answer = get(site, site=slug)
    refused(answer, 404, "unknown_site")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        pytest.param({"site": []}, {"site": "required"}, id="no-site"),
        pytest.param({"article": ""}, {"article": "empty"}, id="an-empty-article"),
        pytest.param({"article": "javascript:alert(1)"}, {"article": "not_a_url"}, id="a-script"),
        pytest.param({"article": "a\0"}, {"article": "forbidden_character"}, id="nul"),
        pytest.param({"sort": "oldest"}, {"sort": "unknown_field"}, id="a-parameter-of-the-page"),
        pytest.param({"limit": "5", "x": "1"}, {"limit": "unknown_field", "x": "unknown_field"}, id="two-faults"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(
    site: SiteDriver, query: dict[str, Any], faults: dict[str, str]
) -> None:
    assert refused_fields(get(site, **query)) == faults


def test_the_page_of_a_thread_names_its_feed(free_site: SiteDriver) -> None:
    put(free_site, key=free_site.article, title='A "title" & <more>')
    query = {"site": free_site.slug, "article": f"{free_site.article}?utm_source=x"}
    page = free_site.client.get("/comments", query_string=query).text
    own = link(feed(free_site, article=free_site.article), "self").replace("&", "&amp;")
    title = f"A &#34;title&#34; &amp; &lt;more&gt; – Site {free_site.slug}"
    assert f'<link rel="alternate" type="application/atom+xml" title="{title}" href="{own}">' in page
    assert "application/atom+xml" not in free_site.client.get("/comments", query_string=query | {"fragment": "1"}).text
