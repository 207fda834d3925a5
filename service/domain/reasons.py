"""Canned reasons: what moderators pick when they reject, and the text that the author reads on the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Reason:
    """A canned reason of a site; `title` is for moderators, `text` for the author, `position` orders them."""

    id: UUID
    title: str
    text: str
    position: int
