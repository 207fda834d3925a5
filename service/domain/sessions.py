"""A moderator's session at the desk: how long it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

IDLE_LIFE = timedelta(hours=12)
"""Without any use: longer than a shift, shorter than a night away from the desk."""
WHOLE_LIFE = timedelta(days=14)
"""However busy: a stolen cookie is good for two weeks at most."""


def session_is_alive(*, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """True until 12 hours after its last use and 14 days after it began."""
    return now - last_seen_at < IDLE_LIFE and now - created_at < WHOLE_LIFE
