"""Readers whom a site knows itself: what it says of one in a signed token (JWT, RFC 7519), and what that is worth here.

Every fault is `Invalid("reader_token", ...)`, with a code for programs and a sentence that says what would be right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from service.domain.comment import NAME_MAX
from service.domain.emails import parse_email
from service.domain.errors import Invalid
from service.domain.writing import check_line, check_name

FIELD = "reader_token"
TOKEN_MAX = 4_000  # characters; with every claim at its longest it has half of that
SUBJECT_MAX = 200  # characters of what a site calls its reader: an id, a UUID, an address
BADGE_MAX = 30  # characters; it stands beside a name on a phone
AVATAR_MAX = 1_000  # characters
LONGEST_LIFE = timedelta(hours=24)
"""From `iat` to `exp`. What stands in a page can be copied out of it, so it must not be good for long."""
LEEWAY = timedelta(seconds=60)  # by how much two clocks may disagree
MOST_SECRETS = 2
"""Of one site at a time: the one in use, and the one that takes its place."""


class ReaderTrust(StrEnum):
    """What a reader whom the site knows gains by it, under the policy `first`. Other policies do as they say."""

    NONE = "none"
    """Nothing: a person reads what they write as if nobody knew them."""
    PROVEN = "proven"
    """As much as a proven address: they are trusted once enough of theirs has been approved."""
    TRUSTED = "trusted"
    """They are trusted at once, with their first reply."""


class KeyKind(StrEnum):
    """How a site signs."""

    SECRET = "secret"  # noqa: S105 - a kind of key
    """HS256, with a secret that we have made and both know."""
    KEY_SET = "key_set"
    """EdDSA, with a key that only the site has; we know its public half (JWKS, RFC 7517)."""


@dataclass(frozen=True)
class KnownReader:
    """One reader as the site knows them. `subject` is its own name for them, which never changes.

    `avatar` is not fetched by anybody: it only changes the picture that we draw. `email` is proven by the site's word.
    """

    subject: str
    name: str
    email: str | None
    badge: str | None
    avatar: str


def reader_of(claims: Mapping[str, Any], *, audience: str, now: datetime) -> KnownReader:
    """Return whom a token of good signature speaks of; raises Invalid where it is not for this site, or not for now."""
    _check_audience(claims.get("aud"), audience)
    _check_times(claims, now)
    subject = _text(claims, "sub", most=SUBJECT_MAX)
    if not subject:
        raise refusal("no_subject", "The token has to name your reader by an id of your own that stays: `sub`.")
    email = claims.get("email") or None
    try:
        # Of what kind it is, the check of the address says.
        email = None if email is None else parse_email(_text(claims, "email", most=TOKEN_MAX))
        name = check_name(_text(claims, "name", most=TOKEN_MAX), email=email or "")
        badge = check_line("badge", _text(claims, "badge", most=TOKEN_MAX), most=BADGE_MAX)
    except Invalid as fault:
        if fault.faults[0].field == FIELD:
            raise
        claim = fault.faults[0].field
        raise refusal("claim", f"The claim `{claim}` of the token cannot be accepted. {fault.detail}") from fault
    return KnownReader(subject, name, email, badge or None, _text(claims, "avatar", most=AVATAR_MAX))


def refusal(code: str, detail: str) -> Invalid:
    """Return the refusal of a token that its site has to make otherwise; nothing the reader could do would help."""
    return Invalid(FIELD, code, detail, says="reader_token_wrong")


def _check_audience(said: Any, audience: str) -> None:
    if audience not in (said if isinstance(said, list) else [said]):
        raise refusal("wrong_audience", f"The token is not for this site: its `aud` has to be “{audience}”.")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if expires + LEEWAY <= now:
        sentence = "You have been signed in for too long to send this. Sign in again; your text is not lost."
        raise Invalid(FIELD, "expired", sentence, says="reader_token_expired")
    begins = max(issued, _moment(claims, "nbf")) if claims.get("nbf") is not None else issued
    if begins > now + LEEWAY:
        raise refusal("not_yet", "The token begins to be good later than now; set the clock of your server.")
    if expires - issued > LONGEST_LIFE:
        hours = int(LONGEST_LIFE.total_seconds() // 3600)
        raise refusal(
            "lives_too_long", f"The token is good for too long: from `iat` to `exp` are at most {hours} hours."
        )


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    # A number of seconds, perhaps with a fraction (RFC 7519, section 2); true is a number in Python.
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise refusal("no_time", f"The token needs `{name}`, in seconds since 1970: when it was made, and when it ends.")


def _text(claims: Mapping[str, Any], name: str, *, most: int) -> str:
    value = claims.get(name)
    if value is None:
        return ""
    # Many sites have numbers for ids, and libraries write them as they are.
    if name == "sub" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise refusal("claim", f"The claim `{name}` of the token has to be a string.")
    return check_line(FIELD, value, most=most)


__all__ = [
    "AVATAR_MAX",
    "BADGE_MAX",
    "FIELD",
    "LEEWAY",
    "LONGEST_LIFE",
    "MOST_SECRETS",
    "NAME_MAX",
    "SUBJECT_MAX",
    "TOKEN_MAX",
    "KeyKind",
    "KnownReader",
    "ReaderTrust",
    "reader_of",
    "refusal",
]
