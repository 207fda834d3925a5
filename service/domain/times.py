"""Times as they are written for programs."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the millisecond: `2026-11-24T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(moment: datetime | None) -> str | None:
    """Return a time as `rfc3339` does, or None."""
    return None if moment is None else rfc3339(moment)
