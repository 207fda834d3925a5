"""What every answer carries: cache rules, compression, validators, and the security headers of pages."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import brotli
from flask import Response, g, request
from werkzeug.http import parse_accept_header

READABLE_BY_ALL = "public, max-age=0, s-maxage=1, stale-if-error=86400"
"""A browser asks every time and mostly gets a 304; a shared cache asks once a second, and bridges faults."""
REVALIDATED = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"
WORTH_COMPRESSING = 512  # bytes; below that the headers outweigh what is saved
BROTLI_QUALITY = 5  # within 5% of the best for pages of this size, at a tenth of its time
GZIP_LEVEL = 6

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(headers: Mapping[str, str]) -> None:
    """Remember headers that the answer to the present request is to carry, whatever the answer becomes.

    Of several values of `Vary` all are kept.
    """
    g.setdefault("added_headers", []).extend(headers.items())


def json_response(body: Any, status: int = 200) -> Response:
    """Return an answer of our own as JSON in UTF-8, not to be kept by anybody."""
    response = Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")), status=status, content_type="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def compress_quickly(body: bytes, coding: str) -> bytes:
    """Return the body in "br" or "gzip", for an answer that is made while its reader waits."""
    return brotli.compress(body, quality=BROTLI_QUALITY) if coding == "br" else gzip.compress(body, GZIP_LEVEL, mtime=0)


@lru_cache(maxsize=128)
def compress_well(body: bytes, coding: str) -> bytes:
    """Return the body in "br" or "gzip" as small as it gets, once; for files of ours, of which there are few."""
    return brotli.compress(body) if coding == "br" else gzip.compress(body, 9, mtime=0)


def cacheable(
    body: str | bytes,
    content_type: str,
    cache_control: str = READABLE_BY_ALL,
    *,
    compress: Callable[[bytes, str], bytes] = compress_quickly,
) -> Response:
    """Return an answer that anybody may keep: with a strong validator, compressed as asked for, or 304.

    The ETag differs by coding, as RFC 9110, section 8.8.3.3, wants it.
    """
    identity = body.encode() if isinstance(body, str) else body
    coding = best_coding(request.headers.get("Accept-Encoding", "")) if len(identity) >= WORTH_COMPRESSING else None
    tag = hashlib.blake2b(identity, digest_size=12).hexdigest() + (f"-{coding}" if coding else "")
    response = Response(content_type=content_type)
    response.set_etag(tag)
    response.headers["Cache-Control"] = cache_control
    response.vary.add("Accept-Encoding")
    # A proxy that compresses makes our validator a weak one, and If-None-Match compares weakly (RFC 9110, 13.1.2).
    if request.if_none_match.contains_weak(tag) or "*" in request.headers.getlist("If-None-Match"):
        response.status_code = 304
        del response.headers["Content-Type"]
        return response
    response.set_data(compress(identity, coding) if coding else identity)
    if coding:
        response.headers["Content-Encoding"] = coding
    return response


def validated(body: str, content_type: str) -> Response:
    """Return an answer that only its caller may keep, who can ask whether it still holds and is answered 304."""
    return cacheable(body, content_type, "no-store")


def best_coding(accept_encoding: str) -> str | None:
    """Return "br" or "gzip", whichever the header `Accept-Encoding` prefers, or None where it takes neither."""
    accepted = {name.lower(): quality for name, quality in parse_accept_header(accept_encoding)}
    offered = [(accepted.get(name, accepted.get("*", 0)), name) for name in ("br", "gzip")]
    best = max(offered, key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else None


def compressed(response: Response) -> Response:
    """Compress an answer for its caller alone, and return it; left as it is where another site's page asked for it.

    Such a page could choose a part of what is compressed together with a secret, and learn from the length (BREACH).
    """
    response.vary.update(("Accept-Encoding", "Sec-Fetch-Site"))
    is_ours = request.headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
    coding = best_coding(request.headers.get("Accept-Encoding", "")) if is_ours else None
    if coding is not None and len(response.get_data()) >= WORTH_COMPRESSING:
        response.set_data(compress_quickly(response.get_data(), coding))
        response.headers["Content-Encoding"] = coding
    return response


def page(html: str, status: int = 200, *, cache_control: str = "no-store") -> Response:
    """Return an HTML page with a policy that lets it load nothing but our own style and pictures."""
    response = Response(html, status=status, content_type="text/html; charset=utf-8")
    return as_page(response, cache_control)


def cacheable_page(html: str) -> Response:
    """Return an HTML page that anybody may keep as long as they ask whether it still holds."""
    return as_page(cacheable(html, "text/html; charset=utf-8", REVALIDATED), REVALIDATED)


def as_page(response: Response, cache_control: str) -> Response:
    """Give an answer the security headers of a page and return it."""
    response.headers["Cache-Control"] = cache_control
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    # Not `no-referrer`: that would also make the browser send `Origin: null` with our own forms.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def finish(response: Response) -> Response:
    """Give every answer the headers that the request gathered on its way; runs after each request."""
    for name, value in g.get("added_headers", []):
        if name == "Vary":
            response.vary.add(value)
        else:
            response.headers[name] = value
    response.headers["X-Content-Type-Options"] = "nosniff"
    if not request.path.startswith("/v1/") and "Referrer-Policy" not in response.headers:
        response.headers["Referrer-Policy"] = "same-origin"
    return response
