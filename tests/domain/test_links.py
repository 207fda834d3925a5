"""Only links that lead where they say they lead are published."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import Invalid
from service.domain.links import MAX_HREF, MAX_WEBSITE, is_safe_href, parse_website


@pytest.mark.parametrize(
    "href",
    [
        "http://example.com",
        "https://example.com/",
        "HTTPS://Example.COM/A?b=c&d=e#f",
        "https://example.com:8443/",
        "http://127.0.0.1:8000/",
        "http://localhost/",
        "https://[2001:db8::1]/",
        "https://en.wikipedia.org/wiki/Rubik's_Cube_(toy)",
        "https://ru.wikipedia.org/wiki/Кот",
        "https://bücher.example/",
        "https://example.com/?q=a%20b&redirect=javascript:x",
        "https://example.com/@ada",
        "mailto:ada@example.com",
        "MAILTO:ada+x@example.com",
    ],
    ids=ascii,
)
def test_absolute_links_are_safe(href: str) -> None:
    assert is_safe_href(href)


@pytest.mark.parametrize(
    "href",
    [
        "", " ", "#", "#a", "/a", "a", "a.html", "?a", "//example.com", "///example.com", "\\\\example.com",
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript:1", "javascript:80",
        "javascript://example.com/%0aalert(1)",
        "java\tscript:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)", " javascript:alert(1)",
        "java\0script:x",
        "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "java&Tab;script:alert(1)", "javascript\uff1aalert(1)",
        "ｊavascript:alert(1)", "vbscript:x", "data:text/html,<script>", "data:1", "file:///etc/passwd",
        "ftp://example.com",
        "tel:123", "blob:https://example.com/x", "view-source:https://example.com", "about:blank", "ws://example.com",
        "feed:javascript:alert(1)", "http:evil.com", "http:/evil.com", "https:///evil.com", "https:evil", "http:",
        "https://",
        "http:80", "http://", "http://:80", "http://?x", "http://#", "http://.", "https://user:pass@example.com/",
        "https://example.com@evil.com", "https://@example.com", "https://example.com\\@evil.com", "https:\\\\evil.com",
        "https://exam\tple.com", "https://example.com/\n", " https://example.com", "https://example.com ",
        "https://a b",
        "https://example.com/\u2028", "https://example.com/\u202etxt", "https://example.com/\u200b",
        "https://exam\u00adple.com",
        "https://ｅxample.com", "https://example。com", "https：//example.com", "https://example.com:0",
        "https://example.com:99999",
        "https://%65xample.com", "https&colon;//example.com", "https://example.com&#x2f;",
        'https://example.com/"onclick=',
        "https://example.com/<script>", "https://example.com/`", "https://127.1", "https://0x7f.1", "https://[::1",
        "mailto:", "mailto:ada", "mailto:a@b@c.com", "mailto:a@example.com,b@example.com",
        "mailto:a@example.com?bcc=b@c.com",
        "mailto:a@example.com%0abcc:b@c.com", "mailto:a b@example.com", "mailto://example.com",
        "https://example.com/\ud800",
        "https://example.com/" + "a" * MAX_HREF,
    ],
    ids=lambda href: ascii(href)[:60],
)  # fmt: skip
def test_everything_else_is_not(href: str) -> None:
    assert not is_safe_href(href)


@given(st.text() | st.text("htps:/\\@.a1[]%?# \t\n&;").map("http".__add__))
def test_a_safe_link_begins_as_one_and_hides_nothing(href: str) -> None:
    if is_safe_href(href):
        assert re.match(r"https?://[^/@\\]|mailto:[^/]", href, re.I)
        assert not re.search(r"[\s\x00-\x1f\\\"<>]", href)


@pytest.mark.parametrize(
    ("raw", "website"),
    [
        pytest.param("", None, id="blank"),
        pytest.param(" \u200b\n", None, id="invisible"),
        pytest.param("https://Example.com", "https://example.com/", id="https"),
        pytest.param("http://example.com/me#about", "http://example.com/me#about", id="fragment-stays"),
        pytest.param("example.com/me", "https://example.com/me", id="bare-host"),
        pytest.param(" example.com ", "https://example.com/", id="spaces-around"),
        pytest.param("example.com:8080/me", "https://example.com:8080/me", id="bare-host-with-port"),
        pytest.param("bücher.example", "https://xn--bcher-kva.example/", id="idn"),
        pytest.param("https://e.com/a b", "https://e.com/a%20b", id="space"),
        pytest.param(
            "https://e.com/\"onclick='x'<b>", "https://e.com/%22onclick=%27x%27%3Cb%3E", id="quotes-and-brackets"
        ),
        pytest.param("example.com/@ada", "https://example.com/@ada", id="profile"),
    ],
)
def test_a_website_is_a_safe_link(raw: str, website: str | None) -> None:
    assert parse_website(raw) == website


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "javascript:1",
        "ftp://example.com",
        "tel:123",
        "mailto:ada@example.com",
        "ada@example.com",
        "ada",
        "//example.com",
        "data:text/html,x",
        "https://",
        "http:example.com",
        "https://a:b@example.com",
        "example .com",
        "@ada",
        "https://example.com\\x",
        "localhost:8000",
        "/me",
        "https://exa\nmple.com",
        "x.y:javascript",
        "https:.com",
    ],
    ids=ascii,
)
def test_what_is_no_website_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_website(raw)
    assert (refused.value.faults[0].field, refused.value.faults[0].code) == ("url", "not_a_url")


def test_a_website_has_at_most_500_characters() -> None:
    assert parse_website("https://example.com/".ljust(MAX_WEBSITE, "a"))
    with pytest.raises(Invalid) as refused:
        parse_website("https://example.com/".ljust(MAX_WEBSITE + 1, "a"))
    assert refused.value.faults[0].code == "too_long"


@given(st.text() | st.text("https:/.ae'\"<>@ \t\\%é").map("example.com/".__add__))
def test_a_website_can_stand_in_an_attribute(raw: str) -> None:
    try:
        website = parse_website(raw)
    except Invalid:
        return
    if website is not None:
        assert is_safe_href(website)
        assert not re.search(r"['\"<>`\s\x00-\x1f]", website)
        assert parse_website(website) == website
