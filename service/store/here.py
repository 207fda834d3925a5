"""What this thread is doing with the database; to ask the session for it would take longer than many a statement."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Connection


class _Here(threading.local):
    """A thread has one transaction at a time."""

    connection: Connection | None = None
    """That of the write transaction which is open."""
    follow: dict[Callable[[], None], None]
    """What is to be done once it is committed; a dict, since it keeps the order and has everything once."""

    def __init__(self) -> None:
        self.follow = {}


here = _Here()
