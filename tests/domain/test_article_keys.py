"""However an article's URL is spelled, it is one article; and ids stay ids."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.article_keys import MAX_ID, MAX_URL, ArticleKey, parse_article_key, parse_origin
from service.domain.errors import Invalid

URLISH = st.lists(
    st.sampled_from(
        ["http", "https", ":", "//", "/", "?", "#", "&", "=", "%", "%2e", "..", "utm_a=1", "a", "é", "@", "[", "]", " "]
    )
    | st.sampled_from(
        [":80", "example.com", "xn--", "\\", "\u200b", "0", "::1", "fbclid=", "\u3164", "\ud800", "ß", "．"]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param("https://Example.com", "https://example.com/", id="host-and-empty-path"),
        pytest.param(" https://example.com/a\n", "https://example.com/a", id="spaces-around"),
        pytest.param("https://example.com/a#comments", "https://example.com/a", id="fragment"),
        pytest.param("https://example.com./a", "https://example.com/a", id="trailing-dot"),
        pytest.param("https://example.com:443/a", "https://example.com/a", id="default-port"),
        pytest.param("https://example.com/a?", "https://example.com/a", id="empty-query"),
        pytest.param("https://example.com/a?utm_source=x&utm_medium=y", "https://example.com/a", id="only-tracking"),
        pytest.param("https://e.com/?b=2&UTM_Source=x&a=1&fbclid=z", "https://e.com/?b=2&a=1", id="order-of-the-rest"),
        pytest.param("https://e.com/?utm%5Fsource=x&p=3", "https://e.com/?p=3", id="encoded-tracking"),
        pytest.param("https://e.com/?gclid", "https://e.com/", id="tracking-without-a-value"),
        pytest.param(
            "https://e.com/?ref=a&source=b&id=c", "https://e.com/?ref=a&source=b&id=c", id="names-of-general-use"
        ),
        pytest.param("https://e.com/?a=1&&b=2&", "https://e.com/?a=1&b=2", id="empty-parts"),
        pytest.param("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", id="idn"),
        pytest.param("http://[::1]:8000/a", "http://[::1]:8000/a", id="ipv6"),
        pytest.param("http://127.0.0.1:8000/demo", "http://127.0.0.1:8000/demo", id="ipv4"),
        pytest.param("https://e.com/a b", "https://e.com/a%20b", id="space-in-the-path"),
    ],
)
def test_a_url_is_normalised(raw: str, value: str) -> None:
    key = parse_article_key(raw)
    assert key.value == value
    assert key.is_url
    assert key.origin is not None
    assert value.startswith(key.origin + "/")


@pytest.mark.parametrize(
    "parameter",
    [
        "utm_term",
        "fbclid",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "mc_cid",
        "mc_eid",
        "igshid",
        "yclid",
        "_hsenc",
        "_hsmi",
        "mkt_tok",
        "vero_id",
        "oly_enc_id",
        "twclid",
        "ttclid",
        "li_fat_id",
        "wickedid",
        "ref_src",
    ],
)
def test_tracking_parameters_do_not_make_another_article(parameter: str) -> None:
    assert parse_article_key(f"https://e.com/?{parameter}=1&p=2").value == "https://e.com/?p=2"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param("post:123", "post:123", id="with-a-colon"),
        pytest.param(" post  123 ", "post 123", id="spaces"),
        pytest.param("/blog/first", "/blog/first", id="a-path"),
        pytest.param("第一篇", "第一篇", id="chinese"),
        pytest.param("urn-like:a:b", "urn-like:a:b", id="two-colons"),
        pytest.param("x" * MAX_ID, "x" * MAX_ID, id="longest"),
        pytest.param("42", "42", id="number"),
    ],
)
def test_anything_else_is_an_id(raw: str, value: str) -> None:
    assert parse_article_key(raw) == ArticleKey(value=value, origin=None)
    assert not parse_article_key(raw).is_url


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(" \u200b\n", "empty", id="invisible"),
        pytest.param("\u2800", "empty", id="braille-blank"),
        pytest.param("ftp://example.com/a", "not_a_url", id="ftp"),
        pytest.param("javascript:alert(1)", "not_a_url", id="javascript"),
        pytest.param("JaVaScRiPt :alert(1)", "not_a_url", id="javascript-in-disguise"),
        pytest.param("data:text/html,x", "not_a_url", id="data"),
        pytest.param("mailto:a@example.com", "not_a_url", id="mailto"),
        pytest.param("urn:isbn:1", "not_a_url", id="urn"),
        pytest.param("custom://x", "not_a_url", id="any-scheme-with-slashes"),
        pytest.param("http:example.com", "not_a_url", id="no-slashes"),
        pytest.param("https:///a", "not_a_url", id="no-host"),
        pytest.param("https://u:p@example.com/", "not_a_url", id="userinfo"),
        pytest.param("https://example.com:0/", "not_a_url", id="port-zero"),
        pytest.param("https://example.com:70000/", "not_a_url", id="port-too-big"),
        pytest.param("https://exam ple.com/", "not_a_url", id="space-in-host"),
        pytest.param("https://exa\nmple.com/", "not_a_url", id="newline-in-host"),
        pytest.param("https://example.com\\@evil.com", "not_a_url", id="backslash"),
        pytest.param("https://[::1/", "not_a_url", id="bad-ipv6"),
        pytest.param("x" * (MAX_ID + 1), "too_long", id="long-id"),
        pytest.param("https://example.com/" + "a" * MAX_URL, "too_long", id="long-url"),
        pytest.param("https://example.com/" + "é" * 400, "too_long", id="long-once-encoded"),
    ],
)
def test_what_names_no_article_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_article_key(raw)
    (fault,) = refused.value.faults
    assert (fault.field, fault.code) == ("article", code)
    assert fault.detail.endswith(".")


def test_a_long_url_that_is_short_without_tracking_is_accepted() -> None:
    assert parse_article_key("https://e.com/?utm_content=" + "a" * 5_000).value == "https://e.com/"


@given(st.text() | URLISH | URLISH.map("https://example.com/".__add__))
@example("http://%2E./.")
@example("\u200bhttps://example.com")
def test_parsing_a_key_gives_the_key(raw: str) -> None:
    try:
        key = parse_article_key(raw)
    except Invalid:
        return
    assert parse_article_key(key.value) == key
    assert not key.is_url or key.value.isascii()


@pytest.mark.parametrize(
    ("raw", "origin"),
    [
        pytest.param("https://Example.com:443/", "https://example.com", id="canonical"),
        pytest.param("http://localhost:8000", "http://localhost:8000", id="port"),
        pytest.param("https://münchen.de", "https://xn--mnchen-3ya.de", id="idn"),
        pytest.param("http://[::1]:3000/", "http://[::1]:3000", id="ipv6"),
    ],
)
def test_an_origin_is_as_browsers_send_it(raw: str, origin: str) -> None:
    assert parse_origin(raw) == parse_origin(origin) == origin


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "null",
        "*",
        "example.com",
        "https://",
        "https://e.com/a",
        "https://e.com/?",
        "https://e.com?a",
        "https://e.com/#",
        "https://u@e.com",
        "ftp://e.com",
        "https://*.e.com",
        "https://e.com, https://f.com",
        "https://e.com:99999",
    ],
    ids=ascii,
)
def test_what_is_more_or_less_than_an_origin_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_origin(raw)
    assert refused.value.faults[0].field == "origin"
