"""Moderators pick a canned reason when they reject."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.permissions import Caller
from service.domain.reasons import Reason
from service.store import reasons
from service.store.session import reading


def read_reasons(caller: Caller) -> Sequence[Reason]:
    """Return the canned reasons of the caller's site, in their order."""
    with reading():
        return reasons.reasons_of(caller.site_id)
