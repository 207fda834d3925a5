"""Which pages may call: anybody may read, only a site's own origins may send (CORS, and the check that matters).

A browser always names the origin of a page that posts elsewhere. A request without `Origin` comes from no foreign page,
so there is nothing to protect it from; whoever forges the header is not a browser, and is limited like anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import Response, current_app, g, request
from werkzeug.sansio.utils import get_current_url

from service.actions import known_sites
from service.actions.known_sites import SiteChanged
from service.actions.sites import find_site_of_published
from service.config import Settings
from service.domain.article_keys import parse_origin
from service.domain.errors import Invalid, NotFound, OriginNotAllowed, PostbagError, StoreUnavailable
from service.domain.site import Site
from service.domain.text import forbidden_character
from service.web.auth import SCHEME, caller_if_any
from service.web.parsing import ApiBlueprint, load_body, the_request
from service.web.problems import TooLarge
from service.web.responses import add_headers

View = TypeVar("View", bound=Callable[..., Any])

EXPOSED = "ETag, Postbag-Origins, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"
SENDABLE_HEADERS = "Authorization, Content-Type, Idempotency-Key"
PREFLIGHT_SECONDS = 600
LONGEST_REMEMBERED = 300  # characters of an origin
MOST_ATTEMPTS = 3
"""With a site that changes while a reply is being stored; nobody changes one so often."""


def settings() -> Settings:
    """Return the settings of the current application."""
    found = current_app.config["POSTBAG_SETTINGS"]
    assert isinstance(found, Settings)
    return found


def base_url() -> str:
    """Return the address of this service as readers reach it, without a slash at its end."""
    return settings().public_url or _host_url()


def _host_url() -> str:
    asked = the_request()
    # werkzeug puts it together anew each time, which takes as long as a look into a table of routes.
    return (_url_of if len(asked.host) < LONGEST_REMEMBERED else _url_of.__wrapped__)(asked.scheme, asked.host)


@lru_cache(maxsize=1_000)
def _url_of(scheme: str, host: str) -> str:
    return get_current_url(scheme, host).rstrip("/")


def readable_by_any_page() -> None:
    """Let pages of any origin read the answer: it holds nothing that is not public, and no cookie was looked at."""
    add_headers({"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED})


def open_to_any_page(view: View) -> View:
    """Let pages of any origin read every answer of a view, also what it says of parameters it cannot accept."""

    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> Any:
        readable_by_any_page()
        return view(*args, **kwargs)

    return opened  # type: ignore[return-value]


def sent_to_a_site(view: View) -> View:
    """Find the site a body is sent to, before the rest of the body is looked at, and leave it in `g.site`.

    The caller, if there is a token, is left in `g.caller`. Raises UnknownSite, and OriginNotAllowed for a page that is
    not the site's. Where the site lists its origin, the page can read the answer, also a refusal.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        g.caller = caller_if_any()
        slug = _slug_of_body()
        if slug is None:
            g.site = None
            return view(*args, **kwargs)
        g.site = known_sites.known_site(slug)
        for _ in range(MOST_ATTEMPTS):
            headers = list(g.get("added_headers", ()))
            try:
                _check_origin(g.site)
                return view(*args, **kwargs)
            except SiteChanged:
                pass
            except StoreUnavailable:
                # Whoever tries again begins with the database, and spends nothing while it is away.
                known_sites.forget(slug)
                raise
            except PostbagError:
                # Nobody is refused by what the site was a moment ago.
                if known_sites.is_current(g.site):
                    raise
            g.added_headers = headers
            g.site = known_sites.look_up(slug)
        raise StoreUnavailable

    return _documented(checked)  # type: ignore[no-any-return]


def sent_about_a_comment(view: View) -> View:
    """Find the site of the comment in the address, before the body is looked at, and leave it in `g.site`.

    The caller, if there is a token, is left in `g.caller`. Raises NotFound for a comment that readers do not see, to
    whatever page, and OriginNotAllowed for a page that is not the site's.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        g.caller = caller_if_any()
        g.site = _site_of_comment(kwargs["comment_id"])
        _check_origin(g.site)
        return view(*args, **kwargs)

    return _documented(checked)  # type: ignore[no-any-return]


def _documented(view: Callable[..., Any]) -> Any:
    return ApiBlueprint("sent_to_a_site", __name__).doc(security=[{}, {SCHEME: []}])(view)


def _slug_of_body() -> str | None:
    try:
        slug: object = load_body(the_request()).get("site")
    except TooLarge:
        # The site is named in what was not read. That a text is too long may be told to any page.
        readable_by_any_page()
        raise
    if not isinstance(slug, str) or forbidden_character(slug):
        # The schema, which comes next, refuses it and says why.
        return None
    return slug


def _site_of_comment(comment_id: UUID) -> Site:
    try:
        return find_site_of_published(comment_id)
    except NotFound:
        # There is no site whose origins could be asked; that nothing is published here is no secret either.
        readable_by_any_page()
        raise


def _check_origin(site: Site) -> None:
    origin = request.headers.get("Origin")
    if origin is None or g.caller is not None:
        return
    if not _is_allowed(origin, site):
        # What is no origin is not quoted back: it could be anything, an e-mail address too.
        told = _origin_or_none(origin) or "none at all"
        raise OriginNotAllowed(f"The site `{site.slug}` does not list the origin of this page: {told[:100]}.")
    add_headers({"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"})


def _is_allowed(origin: str, site: Site) -> bool:
    normalised = _origin_or_none(origin)
    # "null" comes from sandboxed frames and local files, which anybody can write.
    if normalised is None:
        return False
    # Our own form is posted from the address it was opened under, which need not be the public one.
    return site.lists_origin(normalised) or normalised in map(_origin_or_none, (base_url(), _host_url()))


def _origin_or_none(text: str) -> str | None:
    # The same few again and again; what somebody makes up must not fill the memory.
    return _parsed_origin(text) if len(text) < LONGEST_REMEMBERED else _parsed_origin.__wrapped__(text)


@lru_cache(maxsize=1_000)
def _parsed_origin(text: str) -> str | None:
    try:
        return parse_origin(text)
    except Invalid:
        return None


def preflight() -> Response:
    """Answer a preflight: it names no site, so it allows what the request itself is checked for afterwards."""
    response = Response(status=204)
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE, PUT, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = SENDABLE_HEADERS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    response.headers["Vary"] = "Origin"
    return response
