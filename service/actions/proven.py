"""Who has proven an address is known again by a token in their browser, since anybody can type the address.

The token names the author and the time, signed. It says nothing to anybody else, and is stored nowhere here: an author
who is erased is another one when they come back, whom no earlier token names.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.actions.toolbox import tools
from service.adapters.keyring import SIGNATURE_BYTES
from service.domain.queue import AuthorRecord

PREFIX = "pba_"
PURPOSE = "author token"
TOKEN_LIFE = timedelta(days=365)
"""How long a browser is known; browsers keep no cookie for much longer, and proving once a year is no burden."""

_ID_BYTES, _TIME_BYTES = 16, 8


def author_token(author_id: UUID, *, now: datetime) -> str:
    """Return the token for the browser of an author who has just proven the address."""
    said = author_id.bytes + int(now.timestamp()).to_bytes(_TIME_BYTES)
    signed = said + tools().keyring.sign(PURPOSE, said)
    return PREFIX + base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def is_of(author: AuthorRecord, token: str, *, now: datetime) -> bool:
    """Tell whether a token was given to this author, who has proven the address, within its life; "" never was."""
    if author.proven_at is None:
        return False
    said, signature = _opened(token)
    if said[:_ID_BYTES] != author.id.bytes or not tools().keyring.is_signed(PURPOSE, said, signature):
        return False
    given_at = datetime.fromtimestamp(int.from_bytes(said[_ID_BYTES:]), UTC)
    return now - TOKEN_LIFE < given_at


def _opened(token: str) -> tuple[bytes, bytes]:
    text = token.removeprefix(PREFIX)
    try:
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b"", b""
    if len(signed) != _ID_BYTES + _TIME_BYTES + SIGNATURE_BYTES:
        return b"", b""
    return signed[:-SIGNATURE_BYTES], signed[-SIGNATURE_BYTES:]
