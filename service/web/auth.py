"""Who is calling: a token, or a moderator signed in at the desk; what they may do, where, and what it spends."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import g, request

from service.actions.authenticate import authenticate, spend_call
from service.actions.desk_sessions import SignedIn, caller_for_comment, find_signed_in
from service.domain.errors import Forbidden, Unauthenticated
from service.domain.permissions import OF_ROLE, Caller, Permission, scopes_for
from service.web.limit_headers import limit_headers
from service.web.parsing import ApiBlueprint
from service.web.responses import add_headers
from service.web.times import utc_now

View = TypeVar("View", bound=Callable[..., Any])
SCHEME = "bearer"
SESSION_SCHEME = "session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PERMISSION_ATTRIBUTE = "postbag_permission"
"""Where a guarded view keeps its permission, so that a test can walk every route."""


class StaleForm(Forbidden):
    """A form of our own that was opened before the person signed in once more; what it says can be sent again."""

    default_detail = "This page was opened in an earlier session. Reload it, and send again."


def session_cookie() -> str:
    """Return the name of the desk's cookie; over https a browser takes one of this name from this host alone."""
    return "__Host-postbag" if request.is_secure else "postbag"


def caller_if_any() -> Caller | None:
    """Return whom the request's token stands for, or None without a token; raises Unauthenticated for a bad one."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise Unauthenticated
    return authenticate(token.strip(), now=utc_now())


def signed_in_if_any() -> SignedIn | None:
    """Return who is signed in with the request's cookie, or None; asked once a request."""
    if "signed_in" not in g:
        token = request.cookies.get(session_cookie())
        g.signed_in = find_signed_in(token, now=utc_now()) if token else None
    found: SignedIn | None = g.signed_in
    return found


def check_csrf(signed_in: SignedIn) -> None:
    """Pass for a request that only a page of ours can have made; else raise Forbidden.

    The cookie comes with requests of other pages too, as far as `SameSite` lets it; what proves ours is a token that
    only our pages can read. It comes in the header X-CSRF-Token, or in a form's field `csrf`;
    StaleForm says that it alone is amiss.
    """
    check_same_origin()
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not any(hmac.compare_digest(given.encode(), token.encode()) for token in signed_in.csrf_tokens):
        raise StaleForm


def check_same_origin() -> None:
    """Pass where the browser does not say that another origin's page sent this; else raise Forbidden."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and _host_of(origin) != request.host.lower()
    if site not in {None, "same-origin", "none"} or is_foreign:
        raise Forbidden("This was sent from a page of another origin.")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def requires(permission: Permission) -> Callable[[View], View]:
    """Let a view be called only with this permission; the view finds the caller in `the_caller()`.

    A token's site is its own. A moderator's is that of the comment or the site in the address, else of the query's
    `site`, else their first. The call is charged to the caller before anything is looked up. The permission stands in
    openapi.yaml as `x-permission`, with the scopes that open it.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = caller_if_any() or _caller_of_session(kwargs)
            caller.check(permission)
            add_headers(limit_headers(spend_call(caller, now=utc_now())))
            g.caller = caller
            return view(*args, **kwargs)

        setattr(guarded, PERMISSION_ATTRIBUTE, permission)
        is_for_people = any(permission in opened for opened in OF_ROLE.values())
        said: dict[str, Any] = {
            "security": [{SCHEME: []}, *([{SESSION_SCHEME: []}] if is_for_people else [])],
            "x-permission": permission.value,
            "x-scope": " or ".join(scopes_for(permission)),
        }
        return ApiBlueprint("requires", __name__).doc(**said)(guarded)  # type: ignore[no-any-return]

    return decorator


def _caller_of_session(place: Mapping[str, Any]) -> Caller:
    signed_in = signed_in_if_any()
    if signed_in is None:
        raise Unauthenticated
    if request.method not in SAFE_METHODS:
        check_csrf(signed_in)
    if "comment_id" in place:
        return caller_for_comment(signed_in, place["comment_id"])
    return signed_in.caller_on(place.get("slug") or request.args.get("site") or None)


def the_caller() -> Caller:
    """Return the caller of a view behind `requires`."""
    caller = g.caller
    assert isinstance(caller, Caller)
    return caller
