"""The thread as a piece of another page, and what search engines read: absolute, inert, and never more than asked."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.domain.site import Policy
from tests.databases import ON_SQLITE_ALONE
from tests.driver import SiteDriver

SERVICE = "http://localhost"
HOSTILE = [
    pytest.param("</script><script>alert(1)</script>", id="end-of-script"),
    pytest.param("<!--<script>", id="comment-and-script"),
    pytest.param("--> ]]> </SCRIPT\t>", id="ends-of-comments"),
    pytest.param("\u2028 \u2029 \\ \" ' &lt; &amp; ${x} {{ 7 * 7 }}", id="line-ends-and-escapes"),
    pytest.param('"}], "commentCount": 99, "x": ["', id="end-of-string"),
]


class Parsed(HTMLParser):
    """What a piece of HTML is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.around: list[str] = []
        self._open: list[str] = []
        self.text_of_scripts = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.around = [*self._open]
            self.scripts.append("")
        if tag not in {"link", "meta", "img", "input", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            self.scripts[-1] += data

    def values_of(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute))]

    @property
    def linked_data(self) -> dict[str, Any]:
        (script,) = self.scripts
        data: dict[str, Any] = json.loads(script)
        return data


def asked(driver: SiteDriver, /, *, headers: Any = None, **query: Any) -> TestResponse:
    given = {"site": driver.slug, "article": driver.article} | query
    return driver.client.get("/comments", query_string=given, headers=headers)


@pytest.fixture
def talk(free_site: SiteDriver) -> SiteDriver:
    """Return a site that publishes at once, with a comment and an answer to it."""
    free_site.change(policy=Policy.NONE)
    first = free_site.submitted(name="Aoife", body="One *and*\n\ntwo", url="https://aoife.example/")
    free_site.submitted(name="Bo", body="Answer", parent_id=first["id"])
    return free_site


# The fragment


def test_the_fragment_is_a_shadow_root_with_a_link_for_browsers_that_have_none(talk: SiteDriver) -> None:
    response = asked(talk, fragment=1)
    assert "<html" not in response.text
    parsed = Parsed(response.text)
    kinds = [tag for tag, _ in parsed.tags]
    assert kinds[:4] == ["div", "template", "link", "div"]
    host, template, style, inside = (attributes for _, attributes in parsed.tags[:4])
    assert host == {
        "id": "postbag", "data-site": talk.slug, "data-article": talk.article, "lang": "en", "dir": "ltr"
    }  # fmt: skip
    assert template == {"shadowrootmode": "open"}
    assert (style["rel"], inside["class"]) == ("stylesheet", "postbag")
    assert kinds[-3:] == ["p", "a", "script"]
    assert parsed.around == []  # The script stands outside the template, whose content nobody but browsers reads.


def test_every_address_in_the_fragment_is_absolute_and_leads_to_the_service_or_to_an_author(talk: SiteDriver) -> None:
    parsed = Parsed(asked(talk, fragment=1, sort="newest").text)
    addresses = parsed.values_of("href") + parsed.values_of("src") + parsed.values_of("action")
    assert f"{SERVICE}/v1/comments" in addresses
    elsewhere = [address for address in addresses if not address.startswith(f"{SERVICE}/")]
    assert elsewhere == ["https://aoife.example/"]
    assert not [address for address in addresses if "fragment=" in address]


def test_the_fragment_runs_nothing_and_brings_no_style_of_its_own(talk: SiteDriver) -> None:
    parsed = Parsed(asked(talk, fragment=1).text)
    assert [attributes for tag, attributes in parsed.tags if tag == "script"] == [{"type": "application/ld+json"}]
    assert not {"style", "iframe"} & {tag for tag, _ in parsed.tags}
    assert not [name for _, attributes in parsed.tags for name in attributes if name == "style" or name[:2] == "on"]


def test_the_fragment_has_the_very_markup_of_the_page(talk: SiteDriver) -> None:
    def outline(html: str) -> list[tuple[str, str | None, str | None]]:
        tags = [(tag, a.get("class"), a.get("id")) for tag, a in Parsed(html).tags]
        first = next(index for index, (tag, _, _) in enumerate(tags) if tag == "section")
        return [
            entry for entry in tags[first:] if entry[0] in {"section", "ol", "li", "article", "h3", "form", "input"}
        ]

    assert outline(asked(talk, fragment=1).text) == outline(asked(talk).text)


def test_anybody_may_read_and_keep_the_fragment_but_no_search_engine_lists_it(talk: SiteDriver) -> None:
    first = asked(talk, fragment=1)
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.headers["X-Robots-Tag"] == "noindex"
    assert first.headers["Cache-Control"] == "no-cache"
    assert set(first.vary) == {"Accept-Encoding", "Accept-Language"}
    again = asked(talk, fragment=1, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    page = asked(talk)
    assert "X-Robots-Tag" not in page.headers
    assert page.headers["ETag"] != first.headers["ETag"]


def test_the_fragment_speaks_the_language_that_is_asked_for(talk: SiteDriver) -> None:
    parsed = Parsed(asked(talk, fragment=1, lang="ar").text)
    assert [a["dir"] for _, a in parsed.tags if a.get("lang") == "ar"] == ["rtl", "rtl"]
    assert all("lang=ar" in link for link in parsed.values_of("href") if "/comments?" in link)
    assert f"{SERVICE}/v1/comments?lang=ar" in parsed.values_of("action")


@ON_SQLITE_ALONE
@pytest.mark.parametrize("value", ["0", "", "true", "2"])
def test_another_value_asks_for_the_page(talk: SiteDriver, value: str) -> None:
    assert "<html" in asked(talk, fragment=value).text


@ON_SQLITE_ALONE
@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({"site": "nowhere"}, 404, id="unknown-site"),
        pytest.param({"article": ""}, 422, id="no-article"),
        pytest.param({"article": "javascript:alert(1)"}, 422, id="bad-article"),
    ],
)
def test_a_refusal_is_one_line_that_breaks_no_page(talk: SiteDriver, query: dict[str, str], status: int) -> None:
    response = asked(talk, fragment=1, lang="de", **query)
    assert response.status_code == status
    assert response.text == '<p id="postbag" lang="de" dir="ltr">Kommentare sind hier nicht verfügbar.</p>\n'
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"


# JSON-LD


@pytest.mark.parametrize("query", [{}, {"fragment": 1}], ids=["page", "fragment"])
def test_search_engines_read_who_said_what_to_whom(talk: SiteDriver, query: dict[str, int]) -> None:
    first = talk.page()["comments"][0]
    data = Parsed(asked(talk, sort="top", lang="fr", **query).text).linked_data
    assert (data["@context"], data["@type"]) == ("https://schema.org", "Article")
    assert (data["@id"], data["url"], data["commentCount"]) == (talk.article, talk.article, 2)
    assert "headline" not in data
    told, replied = data["comment"]
    assert told["@id"].startswith(f"{SERVICE}/comments?site={talk.slug}&article=")
    assert told["@id"].endswith(f"&comment={first['id']}#comment-{first['id']}")
    assert told == {
        "@type": "Comment",
        "@id": told["@id"],
        "url": told["@id"],
        "text": "One and\ntwo",
        "dateCreated": first["published_at"],
        "upvoteCount": 0,
        "author": {"@type": "Person", "name": "Aoife", "url": "https://aoife.example/"},
    }
    assert replied["parentItem"] == {"@type": "Comment", "@id": told["@id"]}
    assert replied["author"] == {"@type": "Person", "name": "Bo"}
    page_of_it = talk.client.get(told["url"].partition("#")[0].removeprefix(SERVICE))
    assert f'id="comment-{first["id"]}"' in page_of_it.text


def test_an_edit_and_a_vote_are_told(talk: SiteDriver) -> None:
    sent = talk.submitted(body="As it was")
    talk.revise(sent, "As it is")
    talk.client.post(f"/v1/comments/{sent['id']}/votes", headers={"Origin": talk.origin})
    (told,) = [c for c in Parsed(asked(talk).text).linked_data["comment"] if sent["id"] in c["@id"]]
    assert (told["text"], told["upvoteCount"]) == ("As it is", 1)
    assert told["dateModified"] > told["dateCreated"]


def test_what_was_removed_is_left_out_and_answered_by_nobody(free_site: SiteDriver) -> None:
    first = free_site.published(body="To be removed")
    free_site.published(body="Answer", parent_id=first["id"])
    free_site.decide(first["id"], "delete")
    response = asked(free_site)
    (told,) = Parsed(response.text).linked_data["comment"]
    assert (told["text"], "parentItem" in told) == ("Answer", False)
    assert 'class="tombstone"' in response.text


def test_an_article_without_an_address_is_known_by_its_page_here(free_site: SiteDriver) -> None:
    article = {"site": free_site.slug, "key": "story-7", "title": "A story"}
    assert free_site.client.put("/v1/articles", json=article, headers=free_site.bearer).status_code in {200, 201}
    data = Parsed(asked(free_site, article="story-7").text).linked_data
    address = f"{SERVICE}/comments?site={free_site.slug}&article=story-7"
    assert (data["@type"], data["@id"], data["url"], data["name"]) == ("WebPage", address, address, "A story")
    assert (data["commentCount"], data["comment"]) == (0, [])


@ON_SQLITE_ALONE
@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("query", [{}, {"fragment": 1}], ids=["page", "fragment"])
def test_nothing_typed_ends_the_script_or_changes_what_it_says(
    free_site: SiteDriver, typed: str, query: dict[str, int]
) -> None:
    free_site.change(policy=Policy.NONE)
    article = {"site": free_site.slug, "key": free_site.article, "title": typed}
    assert free_site.client.put("/v1/articles", json=article, headers=free_site.bearer).status_code in {200, 201}
    free_site.submitted(name=typed[:100], body=f"{typed}\n\n    {typed}")
    response = asked(free_site, **query)
    parsed = Parsed(response.text)
    (script,) = parsed.scripts
    assert not set("<>&\u2028\u2029") & set(script)
    data = parsed.linked_data
    (told,) = data["comment"]
    (shown,) = free_site.page()["comments"]
    assert data["commentCount"] == 1
    assert data["headline"] == free_site.page()["article"]["title"]
    assert told["author"]["name"] == shown["author"]["name"]
    words = typed.replace("\u2028", " ").replace("\u2029", " ").split()
    assert words[-1].strip("-<>") in told["text"]
