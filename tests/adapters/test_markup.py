"""What a comment looks like: CommonMark as people type it, with nothing lost."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.adapters.markup import SANITISER_VERSION, has_visible_text, render_body, visible_text

REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param("Hello", "<p>Hello</p>", id="text"),
        pytest.param("one\ntwo", "<p>one<br>\ntwo</p>", id="single-line-break"),
        pytest.param("one\r\n\r\ntwo", "<p>one</p>\n<p>two</p>", id="paragraphs"),
        pytest.param(
            "*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>", id="inline"
        ),
        pytest.param("> a\n\nb", "<blockquote>\n<p>a</p>\n</blockquote>\n<p>b</p>", id="quote"),
        pytest.param("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>", id="list"),
        pytest.param("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>", id="numbered-list"),
        pytest.param("3. third", "<p>3. third</p>", id="a-list-from-three-keeps-its-number"),
        pytest.param("1984. A novel", "<p>1984. A novel</p>", id="a-year-is-no-list"),
        pytest.param(
            "```html\n<b>x</b>\n  y\n```", "<pre><code>&lt;b&gt;x&lt;/b&gt;\n  y\n</code></pre>", id="fenced-code"
        ),
        pytest.param("    if x < 1:", "<pre><code>if x &lt; 1:\n</code></pre>", id="indented-code-first"),
        pytest.param("Use `<b>&amp;`", "<p>Use <code>&lt;b&gt;&amp;amp;</code></p>", id="tags-in-code"),
        pytest.param("# a", "<p># a</p>", id="no-headings"),
        pytest.param("a\n---\n***", "<p>a<br>\n---<br>\n***</p>", id="no-rules"),
        pytest.param("![a](https://e.com/b)", f'<p><a href="https://e.com/b" {REL}>a</a></p>', id="an-image-is-a-link"),
        pytest.param("\"a\" & 'b' <3", "<p>\"a\" &amp; 'b' &lt;3</p>", id="characters-of-html"),
        pytest.param("&copy; &lt;b&gt; &amp;lt;", "<p>© &lt;b&gt; &amp;lt;</p>", id="entities"),
        pytest.param("a\u202eb &#x202e;c", "<p>ab c</p>", id="bidi-overrides"),
    ],
)
def test_markdown_is_shown(body: str, shown: str) -> None:
    assert render_body(body) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param("<em>a</em>", "<p><em>a</em></p>", id="allowed"),
        pytest.param("<EM CLASS=x onclick=y>a</EM >", "<p><em>a</em></p>", id="attributes-go"),
        pytest.param("a<br>b<br/>c", "<p>a<br>b<br>c</p>", id="breaks"),
        pytest.param("<p>a</p><p>b</p>", "<p>a</p><p>b</p>", id="paragraphs"),
        pytest.param(
            "<ul>\n<li>a\n<li>b\n</ul>", "<ul>\n<li>a\n</li><li>b\n</li></ul>", id="list-items-end-by-themselves"
        ),
        pytest.param(
            "<blockquote>a\n\nb</blockquote>", "<blockquote>a\n<p>b</p></blockquote>", id="quote-of-paragraphs"
        ),
        pytest.param("<u>a</u>", "<p>&lt;u&gt;a&lt;/u&gt;</p>", id="not-allowed-stays-as-typed"),
        pytest.param("List<String>", "<p>List&lt;String&gt;</p>", id="generics"),
        pytest.param("<em>a\n\nb", "<p>&lt;em&gt;a</p>\n<p>b</p>", id="left-open"),
        pytest.param("a</em>", "<p>a&lt;/em&gt;</p>", id="never-opened"),
        pytest.param("<em><code>a</em></code>", "<p>&lt;em&gt;<code>a&lt;/em&gt;</code></p>", id="misnested"),
        pytest.param("<em>**a</em>**", "<p>&lt;em&gt;<strong>a&lt;/em&gt;</strong></p>", id="misnested-with-markdown"),
        pytest.param(
            "<blockquote><em>a</blockquote>", "<blockquote>&lt;em&gt;a</blockquote>", id="a-block-ends-what-is-in-it"
        ),
        pytest.param("<em><p>a</p></em>", "<p><em>&lt;p&gt;a&lt;/p&gt;</em></p>", id="no-block-in-emphasis"),
        pytest.param(
            "> <ul>\n\n</ul>", "<blockquote>\n<p>&lt;ul&gt;</p>\n</blockquote>\n<p>&lt;/ul&gt;</p>", id="across-a-quote"
        ),
        pytest.param("a<!-- b -->c", "<p>ac</p>", id="comments-go"),
        pytest.param("<?php a ?><!DOCTYPE b>", "<p>&lt;?php a ?&gt;&lt;!DOCTYPE b&gt;</p>", id="declarations"),
        pytest.param("<pre>a\nb</pre>", "<pre>a\nb</pre>", id="line-breaks-in-pre"),
        pytest.param("<pre>&#10;&#10;a</pre>", "<pre>a</pre>", id="newlines-that-html-would-drop"),
    ],
)
def test_raw_tags_are_kept_where_they_are_allowed_and_in_order(body: str, shown: str) -> None:
    assert render_body(body) == shown


@pytest.mark.parametrize(
    ("body", "href", "text"),
    [
        pytest.param("https://e.com/a_b_c", "https://e.com/a_b_c", "https://e.com/a_b_c", id="bare"),
        pytest.param("HTTP://E.com/A", "http://e.com/A", "HTTP://E.com/A", id="bare-upper-case"),
        pytest.param("[a](https://e.com 'b')", "https://e.com/", "a", id="with-a-title"),
        pytest.param("[a](<https://e.com/b c>)", "https://e.com/b%20c", "a", id="in-angle-brackets"),
        pytest.param("[a]\n\n[a]: https://e.com", "https://e.com/", "a", id="reference"),
        pytest.param("<https://e.com>", "https://e.com/", "https://e.com", id="autolink"),
        pytest.param("<ada@e.com>", "mailto:ada@e.com", "ada@e.com", id="explicit-mail-link"),
        pytest.param("<a href=https://e.com/?a&section>a</a>", "https://e.com/?a&amp;section", "a", id="raw-unquoted"),
        pytest.param(
            "![](https://e.com/b.png)", "https://e.com/b.png", "https://e.com/b.png", id="image-without-words"
        ),
        pytest.param("[![a](https://e.com/b)](https://f.com)", "https://f.com/", "a", id="image-in-a-link"),
        pytest.param(
            "<a title='href=x' href='https://e.com?a&amp;b'>a</a>", "https://e.com/?a&amp;b", "a", id="raw-quoted"
        ),
        pytest.param("[https://e.com](https://f.com)", "https://f.com/", "https://e.com", id="a-url-as-link-text"),
        pytest.param(
            "https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", "https://bücher.example/ü", id="idn"
        ),
    ],
)
def test_links_are_marked_as_not_ours(body: str, href: str, text: str) -> None:
    assert render_body(body) == f'<p><a href="{href}" {REL}>{text}</a></p>'


@pytest.mark.parametrize(
    ("body", "before", "url", "after"),
    [
        pytest.param("See https://e.com/a.", "See ", "https://e.com/a", ".", id="full-stop"),
        pytest.param("(https://e.com/a)", "(", "https://e.com/a", ")", id="brackets-around"),
        pytest.param("https://e.com/A_(b)", "", "https://e.com/A_(b)", "", id="brackets-inside"),
        pytest.param("(https://e.com/A_(b)),", "(", "https://e.com/A_(b)", "),", id="brackets-inside-and-around"),
        pytest.param("https://e.com/a?!", "", "https://e.com/a", "?!", id="question-mark"),
        pytest.param("“https://e.com/a”", "“", "https://e.com/a", "”", id="quotes"),
        pytest.param("見よ：https://e.com/a。", "見よ：", "https://e.com/a", "。", id="cjk-full-stop"),
    ],
)
def test_punctuation_after_a_url_belongs_to_the_sentence(body: str, before: str, url: str, after: str) -> None:
    assert render_body(body) == f'<p>{before}<a href="{url}" {REL}>{url}</a>{after}</p>'


@pytest.mark.parametrize(
    "body",
    [
        "ada@e.com",
        "www.e.com",
        "e.com",
        "ftp://e.com",
        "xhttp://e.com",
        "http:// e.com",
        "https://ada@e.com",
        "//e.com",
    ],
)
def test_nothing_else_becomes_a_link_by_itself(body: str) -> None:
    assert render_body(body) == f"<p>{body}</p>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param("*Hello*\nthere\n\n- a\n- b", "Hello\nthere\na\nb", id="blocks"),
        pytest.param("a &lt;b&gt; & `c<d`", "a <b> & c<d", id="entities"),
        pytest.param("<script>x</script>", "<script>x</script>", id="what-was-typed"),
        pytest.param("[a](https://e.com)", "a", id="link"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_visible_text_is_what_a_reader_sees(body: str, text: str) -> None:
    assert visible_text(render_body(body)) == text


@pytest.mark.parametrize(
    "body",
    [
        "", " \n", "\u200b\u200d", "\u3164", "<p></p>", "<b></b>", "<script></script>", "<p><br></p>", "<br>",
        "<!-- x -->",
        "<svg/onload=alert(1)>", "<img src=x onerror=alert(1)>", "<x y='z'>", "&nbsp;", "&#8203; &zwj;",
        "&#x3164;",
        "**", "****", "***", "_", "~~~~", "---", "- - -", "* * *", "> > >", ">", "- ", "1.", "#", "### #", "```",
        "```python\n```",
        "``", "` `", "[](https://e.com)", "[]()", "[a]: https://e.com",
        "<a href='https://e.com'></a>",
        "> - **", "<em>&nbsp;</em>\n\n<p>", "<?php ?>", "<!DOCTYPE html>", "\u202e", "</p>", "    \n    ",
    ],
    ids=ascii,
)  # fmt: skip
def test_only_markup_is_nothing(body: str) -> None:
    assert not has_visible_text(body)


@pytest.mark.parametrize(
    "body",
    [
        "a", "0", ":)", "!!!", "?", "-_-", ">_<", "^", "\u2764\ufe0f", "List<String>", "<script>alert(1)</script>",
        "`<b>`",
        "```\n<b>\n```", "    <b>", "<3", "a < b", "**a**", "> a", "1. a", "&lt;", "&copy;", "https://e.com",
        "<https://e.com>",
        "[a](javascript:x)", "ㅋㅋ", "מה", "<b>x</b>", "…", "1 < 2 > 1",
    ],
    ids=ascii,
)  # fmt: skip
def test_anything_a_reader_could_see_is_something(body: str) -> None:
    assert has_visible_text(body)


def flood(piece: str) -> str:
    return (piece * 10_000)[:10_000]


FLOODS = [
    "<em>", "<em><p>a</p>", "<em x=1>a\n\n", "</p>", "</em>", "<ul><li>", "<pre>", "<code>", "<br>",
        "<a href=https://e.com>",
    "<a href='", "<!--", "<?", "<![CDATA[", "<", "&#", "&amp;", '"', ">", "> a\n", "> - ", "[", "![", "[]", "[[](",
        "[a](", "[a](<",
    "[a](b '", "[a]: b\n", "[[a]\n", "**", "*_", "*a ", "*a **b ", "*a_b*c ", "`", "`a``b```c", "~~a", "* ",
        "- a\n  - b\n", "1. ",
    "\n\na", "a\n", "\\", "://", "a://", "http://", "http://a(", "http://a)", "http://a.", "https://e.com ",
        "<http://a>", "<a@b.c>",
    "```\n", "_", "-_", "~~", "*<em>**<strong>~~<del>", "\t", "    a\n", "é\u0301", "\U0001f1eb",
]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        *(pytest.param(flood(piece), id=ascii(piece)) for piece in FLOODS),
        pytest.param("*a " * 1_600 + "a* " * 1_600, id="deep-emphasis"),
        pytest.param(" ".join("`" * n for n in range(1, 140)), id="backticks-of-every-length"),
        pytest.param("\n".join("  " * n + "- a" for n in range(90)), id="deep-list"),
        pytest.param("".join(f"<a href=https://e.com/{n}>" for n in range(400)), id="links-left-open"),
        pytest.param("<em>" * 20 + "<p>a</p>" * 1_200, id="formatting-reopened-in-paragraphs"),
        pytest.param("<a href='https://e.com/&#" + "9" * 9_900 + ";'>a</a>", id="endless-number-in-a-link"),
        pytest.param("&#" + "9" * 9_990 + ";", id="endless-number"),
        pytest.param("a" + "\u0316\u0300" * 16_000, id="64-kib-of-marks"),
    ],
)
def test_no_body_takes_long(body: str) -> None:
    started = time.thread_time()
    render_body(body)
    has_visible_text(body)
    # Seconds of processor time: the slowest takes 0.2 on a slow machine, and what is not linear takes many.
    assert time.thread_time() - started < 1.0


def test_a_body_of_nothing_but_tags_is_shown_as_it_was_typed() -> None:
    body = "*a*\n" * 2_000
    assert render_body(body) == f"<pre><code>{body.rstrip()}</code></pre>"


def test_quotes_and_lists_beyond_reason_stay_text() -> None:
    shown = render_body("> " * 30 + "deep")
    assert shown.count("<blockquote>") < 20
    assert "&gt; deep" in shown


def test_a_body_of_nothing_but_short_paragraphs_is_shown_as_it_was_typed() -> None:
    assert render_body("so\n\n" * 1_001).startswith("<pre><code>so\n")
    assert render_body("so\n\n" * 400).startswith("<p>so</p>\n<p>so")


NEARLY_PLAIN = st.sampled_from(
    [*"abétpя漢かã019", *"\"'(),.:;?!%/-+“”„«»–…、 \n", "  ", "\n\n", "http", "://", "1. ", "2) ", "- ", "    "]
)


@settings(deadline=None)
@given(st.lists(NEARLY_PLAIN, max_size=30).map("".join).map(str.strip))
@example("One said: “no”.\n'Well', (said) the other –\n\n\nand left: 50% / 2.")
@example("word\n- item")
@example("word\n1. item")
@example("see http://e.com/a-b")
def test_a_text_without_markup_is_shown_as_it_is_beside_some(body: str) -> None:
    """Plain text takes a shorter way than what has markup in it, and has to come out the same."""
    beside = "\n<p><em>marked</em></p>"
    assert f"{render_body(body)}{beside}".strip() == render_body(f"{body}\n\n*marked*")


def test_threads_do_not_share_a_parser() -> None:
    bodies = [f"*{n}* <em>{n}</em> https://e.com/{n}" for n in range(40)]
    alone = [render_body(body) for body in bodies]
    together: dict[int, list[str]] = {}
    threads = [
        threading.Thread(target=lambda n=n: together.update({n: [render_body(body) for body in bodies]}))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(together.values()) == [alone] * 4


def test_the_version_is_a_number_to_compare_with() -> None:
    assert SANITISER_VERSION >= 1
