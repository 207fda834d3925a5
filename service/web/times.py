"""Times as the API writes them, and the one clock of the web."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.times import rfc3339, rfc3339_or_none

__all__ = ["rfc3339", "rfc3339_or_none", "utc_now"]


def utc_now() -> datetime:
    """Return the present moment, passed on as `now=`."""
    return datetime.now(UTC)
