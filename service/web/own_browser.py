"""The cookie by which the pages of this service know the browser of an author who has proven their address.

It is set when the address is proven, for one site, and for nothing but that; scripts cannot read it, and forms of other
sites do not bring it along.
"""

from __future__ import annotations

from flask import Response, request

from service.actions.proven import TOKEN_LIFE

PREFIX = "postbag_author_"


def author_cookie(slug: str) -> str:
    """Return the author's token that this browser brings along for a site, or ""."""
    return request.cookies.get(PREFIX + slug, "")


def keep_author_cookie(response: Response, slug: str, token: str) -> None:
    """Let the browser bring an author's token along from now on."""
    response.set_cookie(
        PREFIX + slug,
        token,
        max_age=TOKEN_LIFE,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def drop_author_cookie(response: Response, slug: str) -> None:
    """Let the browser forget an author's token."""
    response.delete_cookie(PREFIX + slug, secure=request.is_secure, httponly=True, samesite="Lax")
