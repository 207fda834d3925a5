"""Which links may stand on a page: absolute http(s) and plain mailto, and nothing that only looks like them."""

from __future__ import annotations

import re
import unicodedata

from service.domain.emails import parse_email
from service.domain.errors import Invalid
from service.domain.text import clean_line, is_blank
from service.domain.urls import NotAUrl, parse_http_url

MAX_HREF = 2_048  # characters; browsers and proxies begin to cut links off beyond
MAX_WEBSITE = 500  # characters; an author's website is a home page, not a query

# A browser drops tabs and newlines inside a URL and reads a backslash as a slash, so whatever holds one of these
# is not the link it seems to be. Quotes, angle brackets and backticks are percent-encoded in an honest link.
_NEVER_IN_A_LINK = re.compile(r'[\s\x00-\x20\x7f-\x9f\\"<>`]')
_MAILTO = re.compile(r"mailto:([A-Za-z0-9.!$'*+=^_{|}~-]+@[^@?#%&]+)", re.I)
_PATH_ON = re.compile(r"[/?#].*", re.S)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def is_safe_href(href: str) -> bool:
    """Whether a link may be published: absolute http(s) with a real host and no userinfo, or mailto with one address.

    Anything a browser would have to repair before following it is refused, at most 2,048 characters are accepted.
    """
    if len(href) > MAX_HREF or _NEVER_IN_A_LINK.search(href) or (not href.isascii() and any(map(_is_hidden, href))):
        return False
    mailto = _MAILTO.fullmatch(href)
    if mailto is not None:
        return _is_email(mailto[1])
    authority = _PATH_ON.sub("", href.partition("//")[2])
    if unicodedata.normalize("NFKC", authority) != authority or "。" in authority:
        return False  # full-width letters and dots: `https://ｅxample.com` leads where it does not say
    try:
        parse_http_url(href)
    except NotAUrl:
        return False
    return True


def parse_website(raw: str) -> str | None:
    """Give an author's website as a safe http(s) link, or None where the field was left blank.

    A bare host gets `https://`. The result holds no quotes, spaces or angle brackets. Raises Invalid("url", ...) with
    `not_a_url` or `too_long`.
    """
    text = clean_line(raw)
    if is_blank(text):
        return None
    if not _SCHEME.match(text) or _is_bare_host_with_port(text):
        text = f"https://{text}"
        if "." not in text.partition("//")[2].partition("/")[0]:
            raise Invalid("url", "not_a_url", "A website looks like https://example.com.")
    try:
        website = str(parse_http_url(text))
    except NotAUrl:
        raise Invalid("url", "not_a_url", "A website looks like https://example.com.") from None
    if len(website) > MAX_WEBSITE:
        sentence = f"A website's URL has at most {MAX_WEBSITE} characters."
        raise Invalid("url", "too_long", sentence, values={"n": MAX_WEBSITE})
    return website


def _is_bare_host_with_port(text: str) -> bool:
    """Whether this is `example.com:8080`, which reads like a scheme but for its dot and its number."""
    name, _, rest = text.partition(":")
    return "." in name and rest[:1].isdecimal()


def _is_hidden(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) in {"Cf", "Cs", "Cc", "Cn", "Co", "Zs", "Zl", "Zp"}


def _is_email(address: str) -> bool:
    try:
        parse_email(address)
    except Invalid:
        return False
    return True
