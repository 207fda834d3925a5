"""Texts of other systems: their HTML as Markdown of ours, and the short way for what is no markup at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.adapters.imports.bodies import Bodies, body_of, to_markdown
from service.adapters.imports.short_way import render_short
from service.adapters.markup import render_body
from service.domain.imports import Markup
from service.domain.text import clean_body

LETTERS = st.text("ab1 .,:;!?'\"()-\n\n/%@#$^{}=+|é日\u00a0😀", max_size=60)


# What the short way knows, and what stands beside it in a text and is something else.
MEANT = r"""
word a_b _c . , ( ) ! ? : 1 1. 1) + # = & &amp; &lt; \ \* \_ \< \& \1 \> \. * _ ~~ ` [ ] ]( > - < é 日 " ' <b> <em>
</em> <strong> </strong> <del> </del> <code> </code> <a> </a> :// http:// http://a.example x://y https://a.example/d_e~f
https://a.example/ https://a.example/g.
"""
SPACED = ("x ", " ", "  ", "\u00a0", "\n", "\n\n", "\n> ", "\n>", "> ", "- ", "& ", "\t", '<a href="http://b.example">')
LINKS = ('<a href="https://a.example/x_y?z=1">', '<a href="https://a.example:80/../c">')
PIECES = st.sampled_from((*MEANT.split(), *SPACED, *LINKS))
INSIDE = st.lists(
    st.sampled_from(["word ", "a_b", "é", "\\*", "& ", "\n", " https://a.example/b ", "."]), max_size=4
).map("".join)


def _within(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    link = '<a href="https://a.example/b_c?d=e">', "</a>"
    tags = [(f"<{name}>", f"</{name}>") for name in ("em", "strong", "del", "code")]
    wrapped = st.tuples(st.sampled_from([*tags, link, ("", ""), ("x\n\n", "\n\ny"), ("x\n\n> ", "\n\ny")]), inside)
    return st.lists(wrapped.map(lambda one: one[0][0] + one[1] + one[0][1]), max_size=4).map("".join)


@settings(max_examples=300)
@given(
    st.one_of(LETTERS, st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join), st.recursive(INSIDE, _within))
)
def test_the_short_way_leads_to_the_very_html_of_the_long_one(text: str) -> None:
    body = clean_body(text)
    short = render_short(body)
    assert short is None or short == render_body(body)


SHORT = {
    "prose": 'I was there - twice!\nReally: "yes".\n\nNext.',
    "emphasis": "It <em>is <strong>so</strong></em>, R\\&D & more.",
    "a link": 'See <a href="https://a.example/b_c?d=e">this\none</a>.',
    "an address": "See https://a.example/b_c?d=e, (http://b.example/ too) and a_b.",
    "a quote": "> He said\n>\n> <em>this</em>\n\nAnd I: 1\\. no.",
}


@pytest.mark.parametrize("text", SHORT.values(), ids=SHORT.keys())
def test_the_short_way_is_taken_for_what_most_comments_have(text: str) -> None:
    assert render_short(text) == render_body(text)


@pytest.mark.parametrize("text", ["word\n" * 1_500, "<em>a</em> " * 1_500], ids=["lines", "tags"])
def test_the_short_way_is_left_where_a_text_has_more_tags_than_are_cleaned(text: str) -> None:
    assert render_short(clean_body(text)) is None


KEPT = {
    "paragraphs": ("<p>One</p><p>Two</p>", "<p>One</p>\n<p>Two</p>"),
    "breaks": ("One<br/>Two<br><br>Three", "<p>One<br>\nTwo</p>\n<p>Three</p>"),
    "emphasis": ("<i>a</i><b>b</b><del>c</del>", "<p><em>a</em><strong>b</strong><del>c</del></p>"),
    "emphasis over paragraphs": ("<b>a<p>b</p></b>", "<p><strong>a</strong></p>\n<p>b</p>"),
    "lists": (
        "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
        "<ul>\n<li>a</li>\n<li>b\n<ol>\n<li>c</li>\n</ol>\n</li>\n</ul>",
    ),
    "quotes": (
        "<blockquote><p>a</p><p>b</p></blockquote>c",
        "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>\n<p>c</p>",
    ),
    "code": ("<pre>if a &lt; b:\n    *c*</pre>", "<pre><code>if a &lt; b:\n    *c*\n</code></pre>"),
    "inline code": ("<code>a_b *c*</code>", "<p><code>a_b *c*</code></p>"),
    "typed markup": ("1. *a* _b_ `c` [d](e) ~~f~~ &lt;b&gt; &amp;amp;", None),
    "typed list": ("- a\n+ b\n> c\n2) d", None),
    "images": (
        '<img src="https://a.example/b.png" alt="a cat">',
        '<p><a href="https://a.example/b.png" rel="nofollow ugc noopener">a cat</a></p>',
    ),
    "addresses": (
        "see https://a.example/x_y_z",
        '<p>see <a href="https://a.example/x_y_z" rel="nofollow ugc noopener">https://a.example/x_y_z</a></p>',
    ),
    "what nobody reads": ("a<script>x</script><style>y</style><iframe src=z></iframe>b", "<p>ab</p>"),
    "left open": ("<em>a <a href='https://a.example'>b", None),
    "unknown tags": ("<font color=red><marquee>a</marquee></font>", "<p>a</p>"),
}


@pytest.mark.parametrize(("text", "wanted"), KEPT.values(), ids=KEPT.keys())
def test_html_becomes_markdown_that_says_the_same(text: str, wanted: str | None) -> None:
    html = render_body(to_markdown(text, keeps_lines=True))
    if wanted is not None:
        assert html == wanted
    else:
        assert not {"<ol>", "<ul>", "<code>", "<blockquote>", "&amp;lt;em"} & {
            html[i : i + 12] for i in range(len(html))
        }
        assert body_of(text, Markup.HTML_LINES).html == html


@given(st.text("<>abi/ pre\"'=&;*_[]()`#-\n1.", max_size=80))
def test_no_html_is_too_broken_to_be_read(text: str) -> None:
    for keeps_lines in (True, False):
        assert isinstance(to_markdown(text, keeps_lines=keeps_lines), str)
    body_of(text, Markup.HTML)


def test_a_text_without_words_or_without_end_has_a_fault() -> None:
    assert body_of("<p> </p><img>", Markup.HTML).fault
    assert body_of("x" * 200_001, Markup.MARKDOWN).fault
    assert not body_of("word " * 7_000, Markup.HTML).fault
    assert to_markdown("<b>a</b>" * 3_000, keeps_lines=True).split() == ["a"] * 3_000


def test_texts_are_the_same_whichever_process_prepares_them() -> None:
    texts = [(f"Text <b>{number}</b>", Markup.HTML) for number in range(150)]
    beside = Bodies(1)
    try:
        assert beside.begin(texts)() == Bodies().begin(texts)()
    finally:
        beside.close()
