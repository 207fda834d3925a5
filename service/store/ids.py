"""Identifiers: UUIDv7 (RFC 9562), whose first 48 bits are the time, so that they sort by age and index well."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils import compat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 of the moment `now`; among those of one millisecond the order is chance."""
    since = now - _EPOCH
    nanoseconds = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
    return compat.uuid7(nanoseconds=nanoseconds)
