"""WXR in the form, and of the lengths, in which WordPress takes it: what it does otherwise was tried there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from service.domain import wxr
from service.domain.imports import tidy_name, tidy_title
from service.domain.life import Status

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ONE = wxr.WxrComment(1, 0, "Ann", "ann@example.org", "https://ann.example", NOON, Status.APPROVED, "<p>Text</p>")
WP = "{http://wordpress.org/export/1.2/}"


def told(title: str, *, address: str = "https://a.example/b", one: wxr.WxrComment = ONE) -> dict[str, str]:
    """Return what an article with one comment says, by element."""
    begun = wxr.head("Site", "https://a.example", now=NOON) + wxr.post(1, address, title, is_open=True, written=NOON)
    file = ET.fromstring(begun + wxr.comment(one) + wxr.END_OF_POST + wxr.END)
    [item] = file.iter("item")
    return {element.tag.removeprefix(WP): element.text or "" for element in item.iter()}


LINES = {
    "markup": ("a <b>& &amp; 5 > 3", "a &lt;b&gt;&amp; &amp;amp; 5 &gt; 3"),
    "a backslash, which WordPress loses where it looks for the same": ("a\\b", "a&#092;b"),
    "quotes": ('O\'Neil "Ray"', 'O\'Neil "Ray"'),
}


@pytest.mark.parametrize(("line", "kept"), LINES.values(), ids=LINES.keys())
def test_names_and_titles_are_html_and_come_back_as_they_were(line: str, kept: str) -> None:
    said = told(line, one=replace(ONE, name=line))
    assert (said["title"], said["comment_author"]) == (kept, kept)
    assert (tidy_title(said["title"]), tidy_name(said["comment_author"], email="")) == (line, line)


def test_a_name_keeps_what_wordpress_would_take_for_encoded_bytes() -> None:
    said = told("100%25", one=replace(ONE, name="100%25"))
    assert (said["title"], said["comment_author"]) == ("100%25", "100&#037;25")
    assert tidy_name(said["comment_author"], email="") == "100%25"


@pytest.mark.parametrize("name", ["漢" * 100, "👏" * 100, "&" * 100, "a" + "<" * 99], ids=ascii)
def test_a_name_is_no_longer_than_its_column_and_cut_between_characters(name: str) -> None:
    kept = told("Title", one=replace(ONE, name=name))["comment_author"]
    assert 240 < len(kept.encode()) <= wxr.NAME_LONGEST
    assert kept.endswith("…")
    assert name.startswith(tidy_name(kept, email="").removesuffix("…"))


def test_what_cannot_be_cut_is_left_out_so_that_wordpress_keeps_the_comment() -> None:
    fits = replace(ONE, url="https://a.example/?" + "&" * 36, email="a" * 88 + "@example.org")
    longer = replace(ONE, url=fits.url + "&", email="a" + fits.email)
    assert (told("", one=fits)["comment_author_url"], told("", one=fits)["comment_author_email"]) == (
        fits.url,
        fits.email,
    )
    assert (told("", one=longer)["comment_author_url"], told("", one=longer)["comment_author_email"]) == ("", "")


@pytest.mark.parametrize("piece", ["<p>é &amp; <em>word</em></p>\n", "&quot;", '<a href="https://a.example/">a</a> '])
def test_a_text_is_no_longer_than_its_column_and_never_cut_within_a_tag_or_an_entity(piece: str) -> None:
    html = piece * (wxr.BODY_LONGEST // len(piece) + 9_000)
    kept = told("", one=replace(ONE, html=html))["comment_content"]
    whole = wxr.as_wordpress_keeps_it(html)
    assert wxr.BODY_LONGEST - 100 < len(kept.encode()) <= wxr.BODY_LONGEST
    assert whole.startswith(kept.removesuffix("…"))
    assert kept.rpartition("<")[2].count(">") == 1 or "<" not in kept
    assert kept.rpartition("&")[2].count(";") == 1 or "&" not in kept


ADDRESSES = {
    "a URL": ("https://a.example/x/post-1/?a&b", ("https://a.example/x/post-1/?a&b", "post-1")),
    "too long a URL": (f"https://a.example/{'k' * 250}", ("", "k" * 250)),
    "an id": ("post-17", ("", "")),
}


@pytest.mark.parametrize(("address", "kept"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_a_post_is_known_by_an_address_that_its_column_holds_or_by_what_wordpress_makes_up(
    address: str, kept: tuple[str, str]
) -> None:
    said = told("Title", address=address)
    assert (said["guid"], said["post_name"]) == kept
    assert said["link"] == address


BODIES = {
    "paragraphs and breaks": ("<p>a<br>\nb</p>\n<p>c</p>", "a\nb\n\nc"),
    "a quote": (
        "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>\n<p>c</p>",
        "<blockquote>\na\n\nb\n\n</blockquote>\nc",
    ),
    "a tight list": ("<ul>\n<li>a<br>\nb</li>\n</ul>\n<p>c</p>", "<ul>\n<li>a\nb</li>\n</ul>\nc"),
    "a list of paragraphs": (
        "<p>0</p>\n<ol>\n<li>\n<p>a</p>\n<p>b</p>\n<ul>\n<li>c</li>\n</ul>\n<p>d</p>\n</li>\n</ol>\n<p>e</p>\n<p>f</p>",
        "0\n\n<ol>\n<li>\n<p>a</p>\n\n<p>b</p>\n<ul>\n<li>c</li>\n</ul>\n<p>d</p>\n</li>\n</ol>\ne\n\nf",
    ),
    "code": ("<pre><code>a\n\n&lt;p&gt;\n</code></pre>", "<pre><code>a\n\n&lt;p&gt;\n</code></pre>"),
}


@pytest.mark.parametrize(("html", "kept"), BODIES.values(), ids=BODIES.keys())
def test_line_ends_stand_for_paragraphs_but_in_lists(html: str, kept: str) -> None:
    assert told("", one=replace(ONE, html=html))["comment_content"] == kept


def test_texts_are_cdata_since_not_every_parser_of_the_importer_resolves_entities() -> None:
    one = replace(ONE, url="https://a.example/?a=1&b=2", html="]]&gt; a ]]> b")
    written = wxr.post(1, "https://a.example/b", "A & B", is_open=True, written=NOON) + wxr.comment(one)
    assert "<title><![CDATA[A &amp; B]]></title>" in written
    assert "<wp:comment_author_url><![CDATA[https://a.example/?a=1&b=2]]></wp:comment_author_url>" in written
    assert "<![CDATA[]]&gt; a ]]]]><![CDATA[> b]]>" in written
