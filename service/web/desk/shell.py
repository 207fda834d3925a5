"""What every page of the desk has around it: who may open it, the menu, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Response, g, redirect, render_template, request

from service.actions.authenticate import spend_call
from service.actions.desk_sessions import SignedIn, caller_for_comment, csrf_tokens
from service.domain.errors import Forbidden, Unauthenticated
from service.domain.permissions import OF_ROLE, Caller, Permission, Role
from service.web.auth import PERMISSION_ATTRIBUTE, SAFE_METHODS, check_csrf, session_cookie, signed_in_if_any
from service.web.responses import PAGE_POLICY, compressed, page
from service.web.times import utc_now

View = TypeVar("View", bound=Callable[..., Any])

DESK_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"
SIGN_IN = "/desk/sign-in"
ACCOUNT = "/desk/account"
MENU = (
    # address, words, permission
    ("/desk", "Queue", Permission.READ_QUEUE),
    ("/desk/log", "Log", Permission.READ_LOG),
    ("/desk/stats", "Numbers", Permission.READ_STATS),
    ("/desk/articles", "Articles", Permission.READ_QUEUE),
    ("/desk/rules", "Rules", Permission.READ_SITE),
    ("/desk/site", "Site", Permission.READ_SITE),
    ("/desk/moderators", "Moderators", Permission.MANAGE_MODERATORS),
)
OF_ANY_SITE = frozenset(address for address, _, _ in MENU) | {
    "/desk/site/moving",
    "/desk/site/opinions",
    "/desk/site/readers",
    "/desk/site/retention",
    "/desk/site/webhooks",
}
"""Pages that every site has, so that they stay open where another site is chosen."""

BELOW = {"/desk": ("/desk/comments/", "/desk/authors/")}
"""Where the pages of single things are, if not below the page of the menu itself."""


def desk_page(permission: Permission | None) -> Callable[[View], View]:
    """Let a page be opened only by who is signed in and has this permission on the site; None needs no role at all.

    The site is that of the comment in the address, else of the query's `site`, else the person's first. The view finds
    the caller in `the_caller()`, and who is signed in in `the_signed_in()`. Whoever is not signed in is sent to do so,
    and back; a form that they had filled in comes along.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            signed_in = signed_in_if_any()
            if signed_in is None:
                raise Unauthenticated
            if request.method not in SAFE_METHODS:
                check_csrf(signed_in)
            if permission is not None:
                caller = _caller(signed_in, kwargs)
                caller.check(permission)
                spend_call(caller, now=utc_now())
                g.caller = caller
            return view(*args, **kwargs)

        setattr(guarded, PERMISSION_ATTRIBUTE, permission)
        return guarded  # type: ignore[return-value]

    return decorator


def _caller(signed_in: SignedIn, place: dict[str, Any]) -> Caller:
    if "comment_id" in place:
        return caller_for_comment(signed_in, place["comment_id"])
    return signed_in.caller_on(request.args.get("site") or None)


def the_signed_in() -> SignedIn:
    """Return who is signed in, in a view behind `desk_page`."""
    signed_in = signed_in_if_any()
    assert signed_in is not None
    return signed_in


def seen_at(address: str) -> Response:
    """Lead a browser on after a form."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def own_path(address: str | None) -> str:
    """Return a path below /desk as it is, and `/desk` for anything else, which could lead to another host."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return "/desk"
    is_ours = not parts.scheme and not parts.netloc and (parts.path == "/desk" or parts.path.startswith("/desk/"))
    is_plain = "\\" not in (address or "") and (address or "").isprintable()
    return address if address and is_ours and is_plain else "/desk"


def desk(template: str, status: int = 200, *, is_away: bool = False, **context: Any) -> Response:
    """Return a page of the desk: nobody keeps it, and it may load our own scripts and styles only.

    `is_away` says that the database is, and so is not asked who is signed in: somebody with a cookie then gets the menu
    that every role has.
    """
    signed_in: SignedIn | None = g.get("signed_in") if is_away else signed_in_if_any()
    caller: Caller | None = g.get("caller") or _caller_by_the_way(signed_in)
    slug = caller.site_slug if caller else request.args.get("site", "") if is_away else ""
    cookie = request.cookies.get(session_cookie()) if is_away else None
    open_to = caller.permissions if caller else OF_ROLE[Role.VIEWER] if cookie else frozenset()
    tokens = signed_in.csrf_tokens if signed_in else csrf_tokens(cookie) if cookie else ()
    kept_site = f"?{urlencode({'site': slug})}" if slug else ""
    menu = [
        {"href": f"{address}{kept_site}", "words": words, "is_here": _is_here(address)}
        for address, words, permission in MENU
        if permission in open_to
    ]
    html = render_template(
        f"desk/{template}",
        signed_in=signed_in,
        caller=caller,
        csrf=tokens[0] if tokens else "",
        menu=menu,
        kept_site=kept_site,
        # Another site is opened at the same page, as far as a page can be of any site.
        switch_path=request.path if request.path in OF_ANY_SITE else "/desk",
        is_account=request.path == ACCOUNT,
        is_away=is_away,
        may=lambda name: caller is not None and caller.may(Permission(name)),
        **context,
    )
    response = page(html, status)
    response.headers["Content-Security-Policy"] = DESK_POLICY
    response.headers["X-Robots-Tag"] = "noindex"
    return compressed(response)


def _caller_by_the_way(signed_in: SignedIn | None) -> Caller | None:
    """Return who is signed in on the site asked for, or else on their first: for the menu of a page of no site."""
    for slug in (request.args.get("site") or None, None):
        try:
            return signed_in.caller_on(slug) if signed_in is not None else None
        except Forbidden:
            continue
    return None


def _is_here(address: str) -> bool:
    if address in {"/desk/rules", "/desk/site", "/desk"} and request.path.startswith(BELOW.get(address, f"{address}/")):
        return True
    return request.path == address
