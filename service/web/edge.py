"""The layer in front of Flask: published pages are answered from memory, at about the cost of a file.

    fresh   the page is known and nobody has said that it changed: sent as it lies there, or as 304
    stale   one request renders it anew, by way of Flask; the others get the old one, or wait for a short time
    away    the database does not answer: the old page is sent, and says so (Cache-Status, RFC 9211)

A view says that its page may be kept, and what it depends on, with `depends_on`. A page is found by what it shows, not
by how it was asked for: the article's key in its normal form, and only what the view looks at.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request
from werkzeug.http import parse_etags

from service import metrics
from service.domain.article_keys import parse_article_key
from service.domain.errors import Invalid
from service.domain.site import is_slug
from service.web.kept_pages import Headers, KeptPages, Page
from service.web.languages import spoken_to
from service.web.responses import best_coding

TAGS = "postbag.tags"
"""Where in the WSGI environment a view leaves what its page depends on."""
FRESH_FOR = 10.0  # seconds while changes are heard of; what was missed for whatever reason is mended by then
FRESH_ALONE = 1.0  # seconds while they are not, since Redis is away
RENDERED_WITHIN = 2.0  # seconds for which others wait for a page that somebody renders, before they do it themselves
LOOK_EVERY = 0.005  # seconds between two looks whether another process has rendered it
STANDS_IN_FOR = 86_400.0  # seconds for which an old page may stand in for one that cannot be rendered
COUNTED_TOGETHER = 256  # answers that are counted in memory before the metrics are told
KNOWN_HEADERS = 1_000  # values of Accept-Encoding that are remembered; browsers have a handful
LOCKS = 256  # pages that can be rendered at the same time; two that share a lock take turns
MOST_FIELDS = 200  # in a query; more than a hundred articles and a site nobody asks for
READING = frozenset({"GET", "HEAD"})
CONDITIONS = frozenset({"HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE"})
"""What of a request chooses a form of the page, and not the page."""
MADE_ANEW = frozenset({"ETag", "Content-Length", "X-Request-Id"})
SEEN_ADDRESS = ("wsgi.url_scheme", "HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO")
"""What may stand in the links of a page; whether a proxy is believed is for the application to say."""
STANDS_IN: Headers = [("Cache-Status", "postbag; hit; fwd=stale; detail=store-unavailable")]

ASKED_BY = {
    "/v1/comments": frozenset({"site", "article", "sort", "limit", "cursor", "comment"}),
    "/v1/counts": frozenset({"site", "article"}),
    "/comments": frozenset({"site", "article", "sort", "cursor", "comment", "reply_to", "fragment", "lang"}),
}
"""The paths whose answers may be kept, with what their views look at in a query. The first two refuse anything else."""


class Sharing(Protocol):
    """What an edge knows of the other processes; `service.adapters.changes` says what each of them does."""

    def listen(self, forget: Any) -> None: ...
    def is_heard(self) -> bool: ...
    def ask(self, site: str, page: str) -> Any: ...
    def lay_down(self, site: str, page: str, rendered: bytes | None, *, changes: str, seconds: float) -> None: ...


def depends_on(tags: Iterable[bytes]) -> None:
    """Let the answer to the present request be kept until something with one of these tags changes."""
    request.environ[TAGS] = frozenset(tags)


@dataclass(frozen=True)
class Rendered:
    """A page as the application made it."""

    headers: Headers
    body: bytes
    tags: frozenset[bytes]


@dataclass(frozen=True)
class Refusal:
    """Any other answer of the application."""

    status: str
    headers: Headers
    body: bytes

    @property
    def is_away(self) -> bool:
        """True where the application could not answer, and would have otherwise."""
        return self.status.startswith("503 ")


class Edge:
    """A WSGI application that knows the published pages of the one behind it."""

    def __init__(self, app: WSGIApplication, pages: KeptPages, sharing: Sharing) -> None:
        self._app = app
        self._pages = pages
        self._addresses = pages.addresses
        self._sharing = sharing
        self._codings: dict[str | None, str | None] = {None: None}
        self._rendering = [threading.Lock() for _ in range(LOCKS)]
        self._answered = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory where the page is fresh there, else by way of what stands behind."""
        if environ["REQUEST_METHOD"] in READING:
            page = self._addresses.get(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}")
            if page is not None and page.fresh_until > time.monotonic():
                return self._send(page, environ, start_response)
            key = _key_of(environ) if environ["PATH_INFO"] in ASKED_BY else None
            if key is not None:
                return self._look_closer(key, environ, start_response)
        return self._app(environ, start_response)

    def _send(self, page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page.is_in_use = True
        if next(self._answered) % COUNTED_TOGETHER == 0:
            metrics.kept_answers.inc(COUNTED_TOGETHER)
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        coding = self._codings[accepted] if accepted in self._codings else self._coding(accepted)
        answer = page.answers.get(coding) or self._pages.answer(page, coding)
        marked = STANDS_IN if page.stands_in else []
        wanted = environ.get("HTTP_IF_NONE_MATCH")
        if wanted is not None and (wanted == answer.etag or _matches(wanted, answer.etag)):
            start_response("304 NOT MODIFIED", answer.not_modified + marked)
            return ()
        start_response("200 OK", answer.headers + marked)
        return () if environ["REQUEST_METHOD"] == "HEAD" else answer.body

    def _coding(self, accepted: str | None) -> str | None:
        coding = best_coding(accepted or "")
        if len(self._codings) < KNOWN_HEADERS:
            self._codings[accepted] = coding
        return coding

    def _look_closer(self, key: PageKey, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = self._pages.find(key)
        if page is None or page.fresh_until <= time.monotonic():
            found = self._renewed(key, page, environ)
            if isinstance(found, Refusal):
                start_response(found.status, found.headers)
                return () if environ["REQUEST_METHOD"] == "HEAD" else (found.body,)
            page = found
        if environ["PATH_INFO"] != "/comments":  # its language and its host are not in its address
            self._pages.know_address(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}", page)
        return self._send(page, environ, start_response)

    def _renewed(self, key: PageKey, old: Page | None, environ: WSGIEnvironment) -> Page | Refusal:
        """Return a page that may be shown now, rendered by one thread of one process while the others wait."""
        lock = self._rendering[hash(key) % LOCKS]
        if not lock.acquire(blocking=False):
            if old is not None and old.will_do(time.monotonic()):
                return old
            lock.acquire()
        try:
            page = self._pages.find(key)
            if page is not None and page.fresh_until > time.monotonic():
                return page
            return self._shared_or_rendered(key, page, environ)
        finally:
            lock.release()

    def _shared_or_rendered(self, key: PageKey, old: Page | None, environ: WSGIEnvironment) -> Page | Refusal:
        site, name = key.site, key.name()
        since = self._pages.moment()
        fresh_for = FRESH_FOR if self._sharing.is_heard() else FRESH_ALONE
        give_up_at = time.monotonic() + RENDERED_WITHIN
        while (shared := self._sharing.ask(site, name)) is not None and not shared.is_mine_to_render:
            if shared.page is not None:
                page = _unpacked(key, shared.page, fresh_for)
                self._pages.keep(page, since)
                return page
            now = time.monotonic()
            if old is not None and old.will_do(now):
                return old
            if now > give_up_at:
                break
            time.sleep(LOOK_EVERY)
            since = self._pages.moment()
        answered = self._ask_app(environ)
        rendered = _kept(key, answered, fresh_for) if isinstance(answered, Rendered) else answered
        if shared is not None:
            packed = _packed(rendered) if isinstance(rendered, Page) else None
            self._sharing.lay_down(site, name, packed, changes=shared.changes, seconds=FRESH_FOR)
        if isinstance(rendered, Page):
            self._pages.keep(rendered, since)
            return rendered
        if old is not None and rendered.is_away and time.monotonic() - old.rendered_at < STANDS_IN_FOR:
            # Asked again in a second, by one of the readers.
            old.stands_in, old.fresh_until = True, time.monotonic() + FRESH_ALONE
            return old
        return rendered

    def _ask_app(self, environ: WSGIEnvironment) -> Rendered | Refusal:
        """Return what the application answers to a plain GET, whole: validators and codings are the edge's."""
        plain = {name: value for name, value in environ.items() if name not in CONDITIONS}
        plain["REQUEST_METHOD"] = "GET"
        said: list[Any] = []

        def start(status: str, headers: Headers, _fault: Any = None) -> Any:
            said[:] = status, headers
            return lambda _data: None

        body = self._app(plain, start)
        try:
            whole = b"".join(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        status, headers = said
        if status.startswith("200 ") and TAGS in plain:
            return Rendered(headers, whole, plain[TAGS])
        return Refusal(status, headers, whole)


@dataclass(frozen=True)
class PageKey:
    """What a page shows: its site, and everything else that makes it differ from other pages."""

    site: str
    rest: tuple[Any, ...]

    def name(self) -> str:
        """Return a name of the page that is the same in every process."""
        return hashlib.blake2b(repr(self).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _key_of(environ: WSGIEnvironment) -> PageKey | None:
    """Return which page is asked for, or None for a question that only the application can answer, or refuse."""
    path = environ["PATH_INFO"]
    try:
        asked = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    known = ASKED_BY[path]
    if path == "/comments":
        # People come with whatever others have put behind the address, and the page looks at none of it.
        asked = [pair for pair in asked if pair[0] in known]
    fields = dict(asked)
    site = fields.get("site", "")
    if not is_slug(site) or not fields.keys() <= known:
        return None
    if path == "/v1/counts":  # which answers in the order of the question, with the articles as they were named
        return PageKey(site, (path, *asked))
    if len(fields) < len(asked):
        return None
    try:
        fields["article"] = parse_article_key(fields.get("article", "")).value
    except Invalid:
        return None
    rest: tuple[Any, ...] = (path, *sorted(fields.items()))
    if path == "/comments":
        language = spoken_to(fields.get("lang", ""), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        rest = (*rest, language, *(environ.get(name) for name in SEEN_ADDRESS))
    return PageKey(site, rest)


def _matches(wanted: str, etag: str) -> bool:
    # A proxy that compresses makes our validator a weak one, and If-None-Match compares weakly (RFC 9110, 13.1.2).
    return wanted.strip() == "*" or parse_etags(wanted).contains_weak(etag.strip('"'))


def _kept(key: PageKey, rendered: Rendered, fresh_for: float) -> Page:
    now = time.monotonic()
    kept = [(name, value) for name, value in rendered.headers if name not in MADE_ANEW]
    etag = next(value for name, value in rendered.headers if name == "ETag")
    return Page(key, etag, kept, rendered.body, rendered.tags, now, now + fresh_for)


def _packed(page: Page) -> bytes:
    told = [page.etag, page.headers, [tag.hex() for tag in page.tags], time.time()]
    return json.dumps(told).encode() + b"\n" + page.body


def _unpacked(key: PageKey, packed: bytes, fresh_for: float) -> Page:
    told, _, body = packed.partition(b"\n")
    etag, headers, tags, rendered_at = json.loads(told)
    # By the clocks of two machines, which may differ by more than a page lives.
    age = min(max(time.time() - rendered_at, 0.0), fresh_for / 2)
    now = time.monotonic()
    pairs = [(name, value) for name, value in headers]
    return Page(key, etag, pairs, body, frozenset(map(bytes.fromhex, tags)), now - age, now - age + fresh_for)
