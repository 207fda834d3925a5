"""Where a list goes on, in a form that only this service can have written and only for that very list."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import cast

from service.domain.errors import Invalid

Position = tuple[str | int | float, ...]

_SIGNATURE = 16  # octets of HMAC-SHA256; 128 bits are beyond guessing and keep the URL short
_LONGEST_CURSOR = 2_048  # characters; a position is a few short values
_PURPOSE = b"postbag list cursor 1"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def encode_cursor(scope: str, position: Sequence[str | int | float], *, key: bytes) -> str:
    """Give an opaque cursor for `position` in the list that `scope` names (list, site, article, sort, filters)."""
    payload = json.dumps(list(position), separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
    return base64.urlsafe_b64encode(_signature(scope, payload, key) + payload).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, scope: str, *, keys: Sequence[bytes]) -> Position:
    """Give the position back; `keys` are the present key and older ones that are still honoured.

    Raises Invalid("cursor", "not_a_cursor_of_this_list", ...) for anything `encode_cursor` did not write for the scope.
    """
    signed = _octets(cursor)
    signature, payload = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not any(hmac.compare_digest(signature, _signature(scope, payload, key)) for key in keys):
        raise _not_of_this_list()
    return tuple(cast("list[str | int | float]", json.loads(payload)))


def _octets(cursor: str) -> bytes:
    if len(cursor) > _LONGEST_CURSOR or not _BASE64URL.fullmatch(cursor):
        raise _not_of_this_list()
    try:
        octets = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except binascii.Error:
        raise _not_of_this_list() from None
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii") != cursor:
        raise _not_of_this_list()  # left-over bits would give one position several spellings, and caches several copies
    return octets


def _signature(scope: str, payload: bytes, key: bytes) -> bytes:
    named = scope.encode("utf-8", "surrogatepass")
    # The length of the scope stands before it, so that no scope can borrow the first octets of a payload.
    message = b"%s\0%d\0%s%s" % (_PURPOSE, len(named), named, payload)
    return hmac.digest(key, message, hashlib.sha256)[:_SIGNATURE]


def _not_of_this_list() -> Invalid:
    return Invalid(
        "cursor", "not_a_cursor_of_this_list", "This cursor is not of this list; start again without a cursor."
    )
