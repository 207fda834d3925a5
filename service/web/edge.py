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
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request
from werkzeug.http import parse_etags

from service import metrics
from service.web.kept_pages import Headers, KeptPages, Page
from service.web.page_keys import SAY_THEIR_HOST, PageKey, key_of
from service.web.responses import best_coding

TAGS = "postbag.tags"
"""Where in the WSGI environment a view leaves what its page depends on."""
FRESH_FOR = 10.0  # seconds while changes are heard of; what was missed for whatever reason is mended by then
FRESH_ALONE = 1.0  # seconds while they are not, since Redis is away
RENDERED_WITHIN = 2.0  # seconds for which others wait for a page that somebody renders, before they do it themselves
LOOK_EVERY = 0.005  # seconds between two looks whether another process has rendered it
STANDS_IN_FOR = 86_400.0  # seconds for which an old page may stand in for one that cannot be rendered
ASK_AGAIN_AFTER = 1.0  # seconds after the application could not answer, or answered what cannot be kept
COUNTED_TOGETHER = 256  # answers that are counted in memory before the metrics are told
TURNS = 256  # pages that can be rendered at the same time; two that share a turn wait for each other
READING = frozenset({"GET", "HEAD"})
SEEN_BY_PAGES = frozenset({"HTTP_HOST", "HTTP_ACCEPT_LANGUAGE", "HTTP_X_REQUEST_ID"})
"""The headers that the application sees. A page cannot depend on others, and the last one is only logged."""
BODY = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE"})
MADE_ANEW = frozenset({"ETag", "Content-Length", "X-Request-Id"})
STANDS_IN: Headers = [("Cache-Status", "postbag; hit; detail=store-unavailable")]
FORMAT = b"postbag page 1"  # of pages that processes exchange; two versions of it do not see each other's


class Sharing(Protocol):
    """What an edge knows of the other processes; `service.adapters.changes` says what each of them does."""

    def listen(self, forget: Any) -> None: ...
    def is_heard(self) -> bool: ...
    def ask(self, site: str, page: str) -> Any: ...
    def lay_down(self, site: str, page: str, rendered: bytes | None, *, mark: str, seconds: float) -> None: ...


def depends_on(tags: Iterable[bytes]) -> None:
    """Let the answer to the present request be kept until something with one of these tags changes.

    A view that was asked for what is not there leaves it out: such questions are endless, and the answer is the same.
    """
    request.environ[TAGS] = frozenset(tags)


@dataclass(frozen=True)
class Refusal:
    """What the application answered in place of a page."""

    status: str
    headers: Headers
    body: bytes


@dataclass
class Turn:
    """Whose turn it is to render a page, and which one could not be kept a moment ago, so that nobody waits for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    passing: PageKey | None = None
    passing_until: float = 0.0


class Edge:
    """A WSGI application that knows the published pages of the one behind it.

    `secret` sets the pages of this installation apart from those of another in the same Redis. `public_url` stands in
    the links of pages where it is set, in place of the address that was asked.
    """

    def __init__(
        self, app: WSGIApplication, pages: KeptPages, sharing: Sharing, *, secret: str, public_url: str | None
    ) -> None:
        self.behind: WSGIApplication = self.look_closer
        """What is asked for all that does not lie ready: `look_closer`, or what tells it whom a proxy stands for."""
        self._app = app
        self._pages = pages
        self._addresses = pages.addresses
        self._sharing = sharing
        self._secret = hashlib.blake2b(FORMAT + secret.encode()).digest()
        self._public_url = public_url
        self._turns = [Turn() for _ in range(TURNS)]
        self._away_until = 0.0  # 0 as long as the application answers
        self._answered = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory where the page is fresh there, else by way of what stands behind."""
        if environ["REQUEST_METHOD"] in READING:
            page = self._addresses.get(_address(environ))
            if page is not None and page.fresh_until > time.monotonic():
                page.is_in_use = True
                return self._send(page, environ, start_response)
        return self.behind(environ, start_response)

    def look_closer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory what was asked for in other words, render what can be kept, and pass on the rest."""
        key = key_of(environ, self._public_url) if environ["REQUEST_METHOD"] in READING else None
        if key is None:
            return self._app(environ, start_response)
        page = self._pages.find(key)
        if page is None or page.fresh_until <= time.monotonic():
            found = self._renewed(key, page, environ)
            if isinstance(found, Refusal):
                start_response(found.status, found.headers)
                return () if environ["REQUEST_METHOD"] == "HEAD" else (found.body,)
            page = found
        else:
            page.is_in_use = True
        if environ["PATH_INFO"] not in SAY_THEIR_HOST:  # which is not in the address, nor is a language
            self._pages.know_address(_address(environ), page)
        return self._send(page, environ, start_response)

    def _send(self, page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if next(self._answered) % COUNTED_TOGETHER == 0:
            metrics.kept_answers.inc(COUNTED_TOGETHER)
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        # Browsers have a handful of short ones; what somebody makes up must not fill the memory.
        coding = _known_coding(accepted) if len(accepted) < 100 else best_coding(accepted)
        answer = page.answers.get(coding) or self._pages.answer(page, coding)
        wanted = environ.get("HTTP_IF_NONE_MATCH")
        if wanted is not None and (wanted == answer.etag or _matches(wanted, answer.etag)):
            told = answer.not_modified
            start_response("304 NOT MODIFIED", told + STANDS_IN if page.stands_in else told)
            return ()
        told = answer.headers
        start_response("200 OK", told + STANDS_IN if page.stands_in else told)
        return () if environ["REQUEST_METHOD"] == "HEAD" else answer.body

    def _renewed(self, key: PageKey, old: Page | None, environ: WSGIEnvironment) -> Page | Refusal:
        """Return a page that may be shown now, rendered by one thread of one process while the others wait."""
        if old is not None and self._away_until:
            now = time.monotonic()
            if now < self._away_until and old.may_stand_in(now, STANDS_IN_FOR):
                return old.stand_in(now + FRESH_ALONE)
            # One finds out whether the application answers again, and the others do not wait for that.
            self._away_until = now + RENDERED_WITHIN
        turn = self._turns[hash(key) % TURNS]
        if not turn.lock.acquire(blocking=False):
            if old is not None and old.will_do(time.monotonic()):
                return old
            turn.lock.acquire()
        try:
            page, now = self._pages.find(key), time.monotonic()
            if page is not None and page.fresh_until > now:
                return page
            if turn.passing != key or turn.passing_until < now:
                found = self._shared_or_rendered(key, page, environ)
                if isinstance(found, Refusal) or not found.tags:
                    turn.passing, turn.passing_until = key, time.monotonic() + ASK_AGAIN_AFTER
                return found
        finally:
            turn.lock.release()
        return self._render(key, environ)

    def _shared_or_rendered(self, key: PageKey, old: Page | None, environ: WSGIEnvironment) -> Page | Refusal:
        name = hashlib.blake2b(repr(key).encode("utf-8"), key=self._secret, digest_size=16).hexdigest()
        give_up_at = time.monotonic() + RENDERED_WITHIN
        while True:
            since = self._pages.moment()
            shared = self._sharing.ask(key.site, name)
            if shared is None or shared.is_mine_to_render:
                break
            now = time.monotonic()
            if shared.page is not None:
                page = _unpacked(key, shared.page, now, now + min(shared.seconds_left, self._fresh_for()))
                self._pages.keep(page, since)
                return page
            if old is not None and old.will_do(now):
                return old
            if now > give_up_at:
                break
            time.sleep(LOOK_EVERY)
        packed = None
        try:
            rendered = self._render(key, environ)
            if isinstance(rendered, Page) and rendered.tags:
                packed = _packed(rendered)
        finally:
            if shared is not None:
                self._sharing.lay_down(key.site, name, packed, mark=shared.mark, seconds=FRESH_FOR)
        if isinstance(rendered, Page):
            self._pages.keep(rendered, since)
            return rendered
        now = time.monotonic()
        if old is not None and self._away_until and old.may_stand_in(now, STANDS_IN_FOR):
            return old.stand_in(now + FRESH_ALONE)
        return rendered

    def _render(self, key: PageKey, environ: WSGIEnvironment) -> Page | Refusal:
        """Return what the application answers to a plain GET, whole: validators and codings are the edge's."""
        plain = {
            name: value
            for name, value in environ.items()
            if name not in BODY and (not name.startswith("HTTP_") or name in SEEN_BY_PAGES)
        }
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
        now = time.monotonic()
        if not status.startswith("200 "):
            self._away_until = now + ASK_AGAIN_AFTER if status.startswith("503 ") else self._away_until
            return Refusal(status, headers, whole)
        self._away_until = 0.0
        etag = next(value for name, value in headers if name == "ETag")
        kept = [(name, value) for name, value in headers if name not in MADE_ANEW]
        return Page(key, etag, kept, whole, plain.get(TAGS, frozenset()), now, now + self._fresh_for())

    def _fresh_for(self) -> float:
        return FRESH_FOR if self._sharing.is_heard() else FRESH_ALONE


def _address(environ: WSGIEnvironment) -> str:
    # The path comes last: it is decoded, so a space in it is its own, and a query has none.
    return f"{environ.get('QUERY_STRING', '')} {environ.get('PATH_INFO', '')}"


_known_coding = lru_cache(maxsize=1_000)(best_coding)


def _matches(wanted: str, etag: str) -> bool:
    # A proxy that compresses makes our validator a weak one, and If-None-Match compares weakly (RFC 9110, 13.1.2).
    return wanted == "*" or parse_etags(wanted).contains_weak(etag.strip('"'))


def _packed(page: Page) -> bytes:
    return json.dumps([page.etag, page.headers, [tag.hex() for tag in page.tags]]).encode() + b"\n" + page.body


def _unpacked(key: PageKey, packed: bytes, now: float, fresh_until: float) -> Page:
    told, _, body = packed.partition(b"\n")
    etag, headers, tags = json.loads(told)
    pairs = [(name, value) for name, value in headers]
    return Page(key, etag, pairs, body, frozenset(map(bytes.fromhex, tags)), now, fresh_until)
