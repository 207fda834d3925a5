"""No body, however hostile, puts anything on a page but allowlisted tags and checked links."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.adapters import markup
from service.adapters.markup import has_visible_text, render_body, visible_text
from service.domain.links import is_safe_href

ALLOWED = {"p", "br", "a", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li"}


class Audit(HTMLParser):
    """Reads HTML back as a browser would and raises at the first thing that may not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        if tag == "a":
            assert "a" not in self.open
            (href_name, href), rel = attrs
            assert href_name == "href"
            assert href is not None
            assert is_safe_href(href)
            assert rel == ("rel", "nofollow ugc noopener")
        else:
            assert attrs == []
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment  # type: ignore[assignment]


def audit(shown: str) -> None:
    auditor = Audit()
    auditor.feed(shown)
    auditor.close()
    assert auditor.open == []
    assert "\x00" not in shown
    assert not any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in shown)


def cleaned_again(shown: str) -> str:
    """Clean HTML that was cleaned before, as a stricter version of the allowlist would."""
    return markup._tools.cleaner.clean(shown)


TAGS = """
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<script/xss src=x>
<<script>alert(1)//<</script>
<script\x0btype="text/javascript">alert(1)</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<scr\x00ipt>alert(1)</scr\x00ipt>
\\<script>alert(1)</script>
<img src=x onerror=alert(1)>
<img src=x onerror=alert(1)//
<img src="x` `<script>alert(1)</script>"` `>
<img/src=`x`onerror=alert`1`>
<img \x00 src=x onerror=alert(1)>
<IMG SRC=javascript:alert(String.fromCharCode(88,83,83))>
<IMG SRC=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>
<IMG \"\"\"><SCRIPT>alert("XSS")</SCRIPT>"\\>
<img src='a' title='"><script>alert(1)</script>'>
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert&#40;1&#41;</script></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>
<svg><animate attributeName=href values=javascript:alert(1) /></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mi//xlink:href="data:x,<script>alert(1)</script>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noscript><style></noscript><img src=x onerror=alert(1)>
<style><img src="</style><img src=x onerror=alert(1)//">
<style>@import'//evil.example/x.css';</style>
<xmp><p title="</xmp><img src=x onerror=alert(1)>">
<title><img src="</title><img src=x onerror=alert(1)>">
<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=javascript:alert(1)>
<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>
<plaintext><img src=x onerror=alert(1)>
<template><script>alert(1)</script></template>
<select><template><img src=x onerror=alert(1)></template></select>
<select><style></select><img src=x onerror=alert(1)></style>
<table><tr><td><svg><desc><td></desc><script>alert(1)</script>
<table background="javascript:alert(1)">
<object data="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">
<embed src=javascript:alert(1)>
<applet code=javascript:alert(1)>
<base href="javascript:alert(1)//">
<link rel=stylesheet href=//evil.example>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<body onload=alert(1)>
<html><head><script>alert(1)</script></head></html>
<form action=javascript:alert(1)><input type=submit></form>
<button formaction=javascript:alert(1)>x</button>
<isindex type=image src=1 onerror=alert(1)>
<input onfocus=alert(1) autofocus>
<video><source onerror=alert(1)></video>
<audio src=x onerror=alert(1)>
<details open ontoggle=alert(1)>x</details>
<marquee onstart=alert(1)>x</marquee>
<x onclick=alert(1)>x</x>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<?xml version="1.0"?><script>alert(1)</script>
<?import namespace="t" implementation="#default#time2">
<![CDATA[<script>alert(1)</script>]]>
<!DOCTYPE x [<!ENTITY a "<script>alert(1)</script>">]>&a;
<!--><script>alert(1)</script>-->
<!---><script>alert(1)</script>-->
<!--!><img src=x onerror=alert(1)>-->
<!-- --!><img src=x onerror=alert(1)> -->
<!-<img src=x onerror=alert(1)>
</<script>alert(1)</script>
</ script><img src=x onerror=alert(1)>
<%<!--'%><script>alert(1)</script -->
<em onclick=alert(1)>x</em>
<em style="background:url(javascript:alert(1))">x</em>
<em id=x name=y class=z data-x=1>x</em>
<p style=x>x</p><p/onclick=alert(1)>x
<code><script>alert(1)</script></code>
<pre><code><img src=x onerror=alert(1)></code></pre>
<strong <script>alert(1)</script>
<em/<script>alert(1)</script>>
<em "<img src=x onerror=alert(1)>">x</em>
<em a='>' onclick=alert(1)>x</em>
<br onclick=alert(1)><br/><br></br>
<li onclick=alert(1)>x<ol><li>y</ul>
<blockquote cite="javascript:alert(1)">x</blockquote>
&lt;script&gt;alert(1)&lt;/script&gt;
&amp;lt;script&amp;gt;
&#60;script&#62;alert(1)&#60;/script&#62;
&#x3c;img src=x onerror=alert(1)&#x3e;
\u2039script\u203aalert(1)
\uff1cscript\uff1ealert(1)\uff1c/script\uff1e
+ADw-script+AD4-alert(1)+ADw-/script+AD4-
""".strip("\n").split("\n")

TARGETS = """
javascript:alert(1)
JaVaScRiPt:alert(1)
javascript:1
javascript:80/alert(1)
javascript://example.com/%0Aalert(1)
java&Tab;script:alert(1)
java&NewLine;script:alert(1)
java&#9;script:alert(1)
java&#x0A;script:alert(1)
java\tscript:alert(1)
&#1;javascript:alert(1)
&#14; javascript:alert(1)
 javascript:alert(1)
javascript&colon;alert(1)
javascript&#58;alert(1)
javascript&#x3A;alert(1)
&#106;avascript:alert(1)
&#0000106avascript:alert(1)
&#x6A&#x61&#x76&#x61script:alert(1)
&amp;#106;avascript:alert(1)
%6aavascript:alert(1)
javascript%3Aalert(1)
\\javascript:alert(1)
j\u0430vascript:alert(1)
\uff4aavascript:alert(1)
javascript\uff1aalert(1)
\u2028javascript:alert(1)
\u00a0javascript:alert(1)
vbscript:msgbox(1)
livescript:x
data:text/html,<script>alert(1)</script>
data:text/html;base64,PHNjcmlwdD4=
data:image/png;base64,iVBORw0KGgo=
data:1
feed:javascript:alert(1)
view-source:javascript:alert(1)
jar:https://e.com!/x
blob:https://e.com/x
file:///etc/passwd
ftp://e.com
tel:1
about:blank
x:1
//e.com
///e.com
\\\\\\\\e.com
/\\e.com
https:e.com
https:/e.com
https:///e.com
https:\\\\e.com
https://e.com\\@f.com
https://a:b@e.com
https://a@e.com
https://e.com%00.f.com
https://e.com&#0;
https://e\u3002com@f
https://e.com:0
https://[::1
https://
mailto:
mailto:x
mailto:a@e.com?bcc=b@e.com
mailto:a@e.com%0d%0abcc:b@e.com
#
?x
.
""".strip("\n").split("\n")

LINK_FORMS = ["[x](%s)", "[x](<%s>)", "[x][y]\n\n[y]: %s", "[x]: <%s> 'y'\n\n[x]", "<%s>", "![x](%s)"]
LINK_FORMS += [
    '<a href="%s">x</a>',
    "<a href='%s'>x</a>",
    "<a href=%s>x</a>",
    "<A HREF = '%s' x>x</A>",
    "<a\nhref='%s'>x</a>",
]

OTHERS = [
    '[x](https://e.com "onclick=alert(1)")',
    "[x](https://e.com '\"><img src=x onerror=alert(1)>')",
    '[x](https://e.com/"onclick="alert(1))',
    "[x](<https://e.com/><img src=x onerror=alert(1)>)",
    "[x](https://e.com/'onclick='alert(1))",
    "[<script>alert(1)</script>](https://e.com)",
    "[x<a href='javascript:alert(1)'>y</a>](https://e.com)",
    "<a href='https://e.com'><a href='https://f.com'>x</a></a>",
    "<a href='https://e.com'>https://f.com</a>",
    "<a href='https://e.com' href='javascript:alert(1)'>x</a>",
    "<a href='javascript:alert(1)' href='https://e.com'>x</a>",
    "<a title='href=\"https://e.com\"' href='javascript:alert(1)'>x</a>",
    "<a data-href='https://e.com' href='javascript:alert(1)'>x</a>",
    "<a href='https://e.com' target=_blank rel=opener onclick=alert(1) style=x>x</a>",
    "<a href>x</a><a>y</a><a href=''>z</a>",
    "<a href='https://e.com/&quot; onclick=&quot;alert(1)'>x</a>",
    "<a href='https://e.com/&lt;script&gt;'>x</a>",
    "<a href='https://e.com/&amp;quot;'>x</a>",
    'https://e.com/"onclick=alert(1)',
    "https://e.com/<script>alert(1)</script>",
    "https://e.com/&quot;onclick=alert(1)",
    "https://javascript:alert(1)",
    "http://\u202emoc.e",
    '```<script>\nalert(1)\n```"onclick=x\n```',
    '```"><img src=x onerror=alert(1)>\nx\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "<pre>\n\n\n<script>",
    "*<em>**</em>*</strong>**",
    "<em>" * 200 + "x" + "</strong>" * 200,
    "<p><blockquote><ul><li><p><pre>" * 40,
    "<code>`</code>`<code>",
    "~~<del>~~</del>",
    "<em\n\n>x</em>",
    "<!--\n\n--><script>alert(1)</script>",
    "\ud800<script>\udfff",
    "\x00<script>\x00",
    "\ufeff<script>",
    "a\u2028<script>\u2029",
]

BODIES = [*TAGS, *OTHERS, *(form % target for target in TARGETS for form in LINK_FORMS)]
WRAPPINGS = [
    "%s",
    "> %s",
    "- %s",
    "*%s*",
    "<em>%s</em>",
    "[%s](https://e.com)",
    "<a href='https://e.com'>%s</a>",
    "<p>%s\n\n%s</p>",
]


def check(body: str) -> None:
    shown = render_body(body)
    audit(shown)
    assert cleaned_again(shown).replace("<p></p>", "") == shown
    visible_text(shown)
    assert visible_text(shown) or not has_visible_text(body)


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=ascii)
def test_known_attacks_come_out_as_text(wrapping: str) -> None:
    for body in BODIES:
        check(wrapping.replace("%s", body))


@pytest.mark.parametrize("target", TARGETS, ids=ascii)
def test_no_deceptive_target_becomes_a_link(target: str) -> None:
    for form in LINK_FORMS:
        assert "<a " not in render_body(form % target).replace('<a href="https://e.com', "").replace(
            '<a href="http', ""
        ), form


@pytest.mark.parametrize("name", ["script", "img", "svg", "style", "iframe", "u", "x-y", "h1", "table", "b"])
def test_a_tag_that_is_not_allowed_stays_as_it_was_typed(name: str) -> None:
    typed = f"<{name} a=\"b\" onclick='c'>alert(1)</{name}>"
    assert visible_text(render_body(typed)) == typed


FRAGMENTS = st.sampled_from(
    [
        "<", ">", "</", "/>", '"', "'", "=", "&", ";", "#", "&#", "&lt;", "&gt;", "&quot;", "&#x3c;", "&amp;",
        "<!--", "-->", "--!>", "]]>",
        "<script>", "</script>", "<style>", "<svg>", "<math>", "<table>", "<select>", "<noscript>", "<template>",
        "<textarea>", "<x ",
        "<em>", "</em>", "<strong>", "</strong>", "<code>", "</code>", "<del>", "</del>", "<a href='https://e.com'>",
        "</a>", "<a href=",
        "<p>", "</p>", "<pre>", "</pre>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<blockquote>", "</blockquote>",
        "<br>", "</br>",
        "*", "**", "_", "~~", "`", "```\n", "[", "](", ")", "]", "[a]: ", "![", "> ", "- ", "1. ", "\n", "\n\n",
        "    ", "\\", "|", "\t",
        "javascript:", "alert(1)", "https://e.com", "http://", "://", "mailto:a@e.com", " onclick=", " href=", "a",
        " ", "é", "\x00",
        "\u202e", "\u200b", "\ufeff", "\x0c", "\r", "&#10;", "&#12;", "&#13;", "&Tab;", "&nbsp;", "\u2028",
        "\U0001f469\u200d", "\uffff",
    ]
)  # fmt: skip


@settings(deadline=None)  # a machine under load is no fault of the text; test_no_body_takes_long measures time
@given(st.lists(FRAGMENTS, max_size=24).map("".join) | st.text())
@example("<pre>&#10;\n&#10;x")
@example("<em><pre>\n</em>")
@example("*a <em>b* c</em>")
@example("[a <em>](https://e.com)</em>")
def test_no_body_gets_anything_else_onto_the_page(body: str) -> None:
    check(body)


@settings(deadline=None)
@given(st.lists(FRAGMENTS, max_size=24).map("".join))
def test_bleach_alone_would_hold_too(raw_html: str) -> None:
    shown = cleaned_again(raw_html)
    auditor = Audit()
    auditor.feed(shown)
