"""Which published page a request asks for: found by what it shows, and not by how it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from service.domain.article_keys import parse_article_key
from service.domain.errors import Invalid
from service.domain.site import is_slug
from service.domain.sorting import Sort
from service.domain.text import forbidden_character
from service.web.languages import spoken_to

MOST_FIELDS = 200  # in a query; more than a hundred articles and a site nobody asks for
ASKED_BY = {
    "/v1/comments": frozenset({"site", "article", "sort", "limit", "cursor", "comment"}),
    "/v1/counts": frozenset({"site", "article"}),
    "/v1/feed.atom": frozenset({"site", "article"}),
    "/comments": frozenset({"site", "article", "sort", "cursor", "comment", "reply_to", "fragment", "lang"}),
}
"""The paths whose answers may be kept, with what their views look at in a query; those under /v1 refuse the rest."""
SAY_THEIR_HOST = frozenset({"/comments", "/v1/feed.atom"})
"""Of these the paths whose answers hold addresses of this service, and so the host that was asked."""


@dataclass(frozen=True)
class PageKey:
    """What a page shows: its site, and everything else that makes it differ from other pages."""

    site: str
    rest: tuple[Any, ...]


def key_of(environ: WSGIEnvironment, public_url: str | None) -> PageKey | None:
    """Return which page is asked for, or None for a question that only the application can answer, or refuse."""
    path, query = environ.get("PATH_INFO"), environ.get("QUERY_STRING", "")
    if path not in ASKED_BY:
        return None
    try:
        # Raw bytes stand in a WSGI string as if they were Latin-1; they are read, or refused, where bytes are known.
        query.encode("ascii")
        asked = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    known = ASKED_BY[path]
    if path == "/comments":
        # People come with whatever others have put behind the address, and the page looks at none of it.
        asked = [pair for pair in asked if pair[0] in known]
    fields = dict(asked)
    site = fields.get("site", "")
    if not is_slug(site) or not fields.keys() <= known or any(forbidden_character(value) for _, value in asked):
        return None
    if path == "/v1/counts":  # which answers in the order of the question, with the articles as they were named
        return PageKey(site, (path, *asked)) if [name for name, _ in asked].count("site") == 1 else None
    if len(fields) < len(asked):
        return None
    if "article" in fields or path != "/v1/feed.atom":  # which is that of the whole site without one
        try:
            fields["article"] = parse_article_key(fields.get("article", "")).value
        except Invalid:
            return None
    if path not in SAY_THEIR_HOST:
        return PageKey(site, (path, *sorted(fields.items())))
    host = public_url or environ.get("HTTP_HOST")
    if host is None:  # The server's own name would stand in the links, which others call otherwise.
        return None
    scheme = None if public_url else environ["wsgi.url_scheme"]
    asked_at = (scheme, host, environ.get("SCRIPT_NAME", ""))
    if path != "/comments":
        return PageKey(site, (path, *sorted(fields.items()), *asked_at))
    # What means nothing here is as good as left out.
    if fields.get("sort") not in set(Sort):
        fields.pop("sort", None)
    fields["fragment"] = "1" if fields.get("fragment") == "1" else ""
    language = spoken_to(fields.pop("lang", ""), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    return PageKey(site, (path, *sorted(fields.items()), language, *asked_at))
