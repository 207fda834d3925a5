"""What a form token says, and what it tells of the reply that comes with it.

A token is minted for one article when the form is shown, signed, and good for a day. One with a nonce is good for one
reply. One without is shared by everybody to whom a cache hands the same page: it says that the page was shown within
the day, and nothing about how long it was looked at.

None of it is a reason to refuse: a reader may have left the page open since yesterday, and their text is not lost.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

TOKEN_LIFE = timedelta(days=1)
"""Longer than anybody writes at one reply, and short enough that a list of harvested tokens soon means nothing."""
SHARED_FOR = timedelta(hours=1)
"""How long a page that anybody may keep carries the same token: meanwhile it still holds, and a browser is told so."""

NONCE_BYTES = 9  # 72 bits: no two forms of a day share one
SIGNATURE_BYTES = 16  # as the keyring makes them
_TIME_BYTES = 5  # seconds; enough for the next 34,000 years
_PLACE_BYTES = 8  # tells articles apart; the signature sees to it that nobody chooses them
_LENGTHS = frozenset({_TIME_BYTES + _PLACE_BYTES, _TIME_BYTES + _PLACE_BYTES + NONCE_BYTES})
_LONGEST_TOKEN = 100  # characters; ours have 39 or 51


class FormState(StrEnum):
    """What can be said of the token of a reply."""

    MISSING = "missing"
    """None came: from a server, from curl, or from a page that was opened before there were any."""
    VALID = "valid"
    FORGED = "forged"
    """Not one of ours, or altered."""
    OTHER_ARTICLE = "other_article"
    EXPIRED = "expired"
    REUSED = "reused"
    """A reply that came with it was accepted before."""


@dataclass(frozen=True)
class FormSeen:
    """What the form of a reply tells about it.

    `age` is the time from when the form was shown until the reply came, None where no token of ours says so.
    `honeypot` is true where a field was filled in that no person sees.
    """

    state: FormState
    age: timedelta | None = None
    honeypot: bool = False


@dataclass(frozen=True)
class FormToken:
    """What a token says: when it was issued, to the second, for which article of which site, and its nonce if any."""

    issued_at: datetime
    place: bytes
    nonce: bytes = b""

    def packed(self) -> bytes:
        """Return what is signed."""
        return int(self.issued_at.timestamp()).to_bytes(_TIME_BYTES, "big") + self.place + self.nonce

    def is_expired(self, now: datetime) -> bool:
        """True where it is older than a day."""
        return now - self.issued_at > TOKEN_LIFE

    def age(self, now: datetime) -> timedelta | None:
        """Return how long ago the form was shown; None where many share the token."""
        return now - self.issued_at if self.nonce else None


def place_of(site: str, article: str) -> bytes:
    """Return what stands in a token for an article, by the slug of its site and its normalised key."""
    return hashlib.sha256(f"{site} {article}".encode()).digest()[:_PLACE_BYTES]


def shared_since(now: datetime) -> datetime:
    """Return when a token that is shared by the readers of a cached page counts as issued."""
    return now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % SHARED_FOR


def written(token: FormToken, signature: bytes) -> str:
    """Return a token as text for forms and URLs."""
    return base64.urlsafe_b64encode(token.packed() + signature).rstrip(b"=").decode()


def read(text: str) -> tuple[FormToken, bytes] | None:
    """Return what `written` made and its signature, which is still to be checked; None for what cannot be one."""
    if len(text) > _LONGEST_TOKEN or not text.isascii():
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    said, signature = packed[:-SIGNATURE_BYTES], packed[-SIGNATURE_BYTES:]
    if len(said) not in _LENGTHS:
        return None
    seconds, place = said[:_TIME_BYTES], said[_TIME_BYTES : _TIME_BYTES + _PLACE_BYTES]
    try:
        issued_at = datetime.fromtimestamp(int.from_bytes(seconds, "big"), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return FormToken(issued_at, place, said[_TIME_BYTES + _PLACE_BYTES :]), signature
