"""Links in letters: whoever has one may do one thing, until a time, without signing in.

A link shows a page on GET and acts on POST alone, so that what follows links in mail by itself changes nothing. Its
token says what it is about and until when, and is signed for one purpose; nothing is stored, so it can come again, and
what it leads to has to take that.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from service.actions.toolbox import tools

SIGNATURE_CHARS = 22  # of 16 bytes in base64 without padding

log = structlog.get_logger(__name__)


class Purpose(StrEnum):
    """What links are for; these words stand in their addresses, below `/mail/`."""

    CONFIRM = "confirm"
    """Begin to send letters to a reader."""
    STOP = "stop"
    """Send a reader no more letters about an article."""
    DECIDE = "decide"
    """Approve or reject one revision as one moderator."""
    PROVE = "prove"
    """Show that an author's address is theirs."""
    MINE = "mine"
    """See, take along and erase everything that was written with an address."""
    QUIET = "quiet"
    """Send a moderator no more letters about a site."""


class BadLink(Exception):
    """A token that was changed, is too old, or was never ours."""


@dataclass(frozen=True)
class Said:
    """What a good token says."""

    parts: tuple[str, ...]
    expires_at: datetime


def signed_link(purpose: Purpose, *parts: str, expires_at: datetime) -> str:
    """Return the address of a link; `parts` are ids, numbers and short words, without dots."""
    return f"{tools().mail_links}/mail/{purpose.value}/{signed_token(purpose, *parts, expires_at=expires_at)}"


def signed_token(purpose: Purpose, *parts: str, expires_at: datetime) -> str:
    """Return the token of a link. It ends with a digit or letter, since programs leave other ends out of a link."""
    assert all(part and "." not in part and part.isascii() for part in parts), "this cannot be part of a token"
    said = ".".join((*parts, f"{int(expires_at.timestamp()):x}"))
    return f"{_signature(purpose, said)}{said}"


def read_token(purpose: Purpose, token: str, *, now: datetime) -> Said:
    """Return what a token says; raises BadLink, and logs that without a word of what stands in it."""
    signature, said = token[:SIGNATURE_CHARS], token[SIGNATURE_CHARS:]
    if not token.isascii() or not _is_signed(purpose, said, signature):
        log.warning("mail_link_refused", purpose=purpose.value, why="not signed")
        raise BadLink
    *parts, until = said.split(".")
    expires_at = datetime.fromtimestamp(int(until, 16), UTC)
    if now >= expires_at:
        log.info("mail_link_refused", purpose=purpose.value, why="expired")
        raise BadLink
    return Said(tuple(parts), expires_at)


def _signature(purpose: Purpose, said: str) -> str:
    signature = tools().keyring.sign(f"mail link {purpose.value}", said.encode())
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


def _is_signed(purpose: Purpose, said: str, signature: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(signature + "==")
    except (binascii.Error, ValueError):
        return False
    return tools().keyring.is_signed(f"mail link {purpose.value}", said.encode(), raw)
