"""Texts of other systems: their HTML as Markdown of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.imports.bodies import body_of, to_markdown
from service.adapters.markup import render_body
from service.domain.imports import Markup

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
    "code that nobody ended": ("a<pre>b", "<p>a</p>\n<pre><code>b\n</code></pre>"),
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
