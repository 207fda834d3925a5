"""One article, one key: its canonical URL, or the id an integrator registered for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from service.domain.errors import Invalid
from service.domain.text import clean_line, is_blank
from service.domain.urls import NotAUrl, parse_http_url

MAX_URL = 2_000  # characters after normalising; longer ones do not survive every proxy and browser
LONGEST_REMEMBERED = 300  # characters of a URL
MAX_ID = 200  # characters; ids come from other systems' databases and are short

# What newsletters, advertisers and social sites append to a shared link. It tells visits apart, never articles.
# Names of general use (`ref`, `source`, `id`) are not here: on some sites they choose the article.
# fmt: off
TRACKING_PARAMETERS = frozenset(
    {
        "_branch_match_id", "_ga", "_gl", "_hsenc", "_hsmi", "_kx", "_openstat", "bsft_clkid", "bsft_uid", "cvid",
        "dclid", "epik", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "fbclid", "gad_campaignid",
        "gad_source", "gbraid", "gclid", "gclsrc", "hsctatracking", "ig_rid", "igsh", "igshid", "irclickid",
        "li_fat_id", "mc_cid", "mc_eid", "mibextid", "mkt_tok", "ml_subscriber", "ml_subscriber_hash", "msclkid",
        "oft_c", "oft_ck", "oft_ids", "oft_k", "oft_lk", "oft_sid", "piwik_campaign", "piwik_keyword", "pk_campaign",
        "pk_keyword", "qclid", "rb_clickid", "rdt_cid", "ref_src", "ref_url", "s_cid", "s_kwcid", "sccid", "scclid",
        "srsltid", "tblci", "ttclid", "twclid", "vero_conv", "vero_id", "wbraid", "wickedid", "wt_mc", "yclid",
        "ysclid",
    }
)
# fmt: on
TRACKING_PREFIXES = ("utm_", "oly_", "mtm_", "hsa_", "__hs")

# `post:123` is a common id, `javascript:alert(1)` never is: what a browser would act upon is no name for an article.
# fmt: off
_SCHEMES_THAT_ARE_NO_IDS = frozenset(
    {
        "about", "blob", "chrome", "data", "file", "filesystem", "ftp", "ftps", "http", "https", "intent", "jar",
        "javascript", "mailto", "resource", "sms", "tel", "urn", "vbscript", "view-source", "ws", "wss",
    }
)
# fmt: on
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)\s*:")


@dataclass(frozen=True)
class ArticleKey:
    """The name of an article within its site; `origin` is set where the key is a URL, None where it is an id."""

    value: str
    origin: str | None

    @property
    def is_url(self) -> bool:
        return self.origin is not None


def parse_article_key(raw: str) -> ArticleKey:
    """Give the one key of an article, whichever way its URL was spelled; parsing a key's value gives the key again.

    Raises Invalid("article", ...) with `empty`, `not_a_url` or `too_long`.
    """
    text = clean_line(raw)
    if is_blank(text):
        raise Invalid("article", "empty", "Name the article by its URL or by the id it was registered with.")
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() in {"http", "https"}:
        # Many reply to the same few articles; what somebody makes up must not fill the memory.
        return (_known_url_key if len(text) < LONGEST_REMEMBERED else _url_key)(text)
    if "://" in text or (scheme is not None and scheme[1].lower() in _SCHEMES_THAT_ARE_NO_IDS):
        raise Invalid(
            "article", "not_a_url", "An article is named by an http or https URL, or by an id without a URL scheme."
        )
    if len(text) > MAX_ID:
        raise Invalid(
            "article", "too_long", f"An article's id has at most {MAX_ID} characters; this one has {len(text)}."
        )
    return ArticleKey(value=text, origin=None)


def parse_origin(raw: str) -> str:
    """Give a web origin as browsers send it: `https://Example.com:443/` is `https://example.com`.

    A path other than `/`, a query and a fragment are refused.
    Raises Invalid("origin", ...) with `empty` or `not_an_origin`.
    """
    text = clean_line(raw)
    if is_blank(text):
        raise Invalid("origin", "empty", "Give an origin such as https://example.com.")
    try:
        url = parse_http_url(text)
    except NotAUrl as error:
        raise Invalid("origin", "not_an_origin", f"{error} An origin looks like https://example.com.") from None
    if url.path != "/" or "?" in text or "#" in text:
        raise Invalid("origin", "not_an_origin", "An origin ends after the host and port, as in https://example.com.")
    return url.origin


def _url_key(text: str) -> ArticleKey:
    try:
        url = parse_http_url(text)
    except NotAUrl as error:
        raise Invalid("article", "not_a_url", str(error)) from None
    query = "&".join(part for part in url.query.split("&") if part and not _is_tracking(part))
    value = f"{url.origin}{url.path}?{query}" if query else f"{url.origin}{url.path}"
    if len(value) > MAX_URL:
        raise Invalid(
            "article", "too_long", f"An article's URL has at most {MAX_URL} characters; this one has {len(value)}."
        )
    return ArticleKey(value=value, origin=url.origin)


_known_url_key = lru_cache(maxsize=1_000)(_url_key)


def _is_tracking(part: str) -> bool:
    name = part.partition("=")[0].lower()
    return name in TRACKING_PARAMETERS or name.startswith(TRACKING_PREFIXES)
