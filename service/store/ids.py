"""Identifiers: UUIDv7 (RFC 9562), whose first 48 bits are the time, so that they sort by age and index well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils import compat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 of the moment `now`; among those of one millisecond the order is chance."""
    since = now - _EPOCH
    nanoseconds = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
    return compat.uuid7(nanoseconds=nanoseconds)


def first_id(moment: datetime, *, milliseconds_later: int = 0) -> UUID:
    """Return what sorts before every id of this millisecond and after those before it, or of one that much later."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1) + milliseconds_later
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)
