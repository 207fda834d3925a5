"""Codes of a second factor that change with the time (RFC 6238, on RFC 4226): six digits, every 30 seconds, by SHA-1.

SHA-1, six digits and 30 seconds are what every authenticator app reads; others are ignored by some of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

SECRET_BYTES = 20  # as many as a hash of SHA-1 has (RFC 4226, section 4, R6)
STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1  # steps that a clock may be off, to either side (RFC 6238, section 5.2)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_at(now: datetime) -> int:
    """Return the number of the time step of a moment."""
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: bytes, code: str, *, now: datetime, after: int | None) -> int | None:
    """Return the time step that a code belongs to, or None where it is wrong, too old, or of a step used before.

    `after` is the last step whose code was used; no code is good twice (RFC 6238, section 5.2).
    """
    given = "".join(code.split())
    current = step_at(now)
    for step in range(current - DRIFT, current + DRIFT + 1):
        is_unused = after is None or step > after
        if is_unused and hmac.compare_digest(code_at(secret, step).encode(), given.encode("utf-8", "surrogatepass")):
            return step
    return None


def secret_text(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(secret: bytes, *, account: str) -> str:
    """Return the address that apps read from a QR code."""
    query = urlencode({"secret": secret_text(secret), "issuer": "Postbag", "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{quote(f'Postbag:{account}')}?{query}"
