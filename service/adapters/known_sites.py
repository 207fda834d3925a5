"""Sites as they are stored, remembered for a moment: every request begins with its site, and few sites ever change.

A change is announced (`service.adapters.changes`), so what is remembered is forgotten within milliseconds. While nobody
would hear of a change nothing is remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from service.domain import tags
from service.domain.site import Site

REMEMBERED_FOR = 2.0  # seconds, after which an announcement that was lost does no more harm
MOST_REMEMBERED = 1_000


class KnownSites:
    """Sites by slug; safe to be shared by threads, which at worst ask the store twice."""

    def __init__(self, is_heard: Callable[[], bool]) -> None:
        self._is_heard = is_heard
        self._known: dict[str, tuple[Site, float]] = {}
        self._changes = 0

    def find(self, slug: str, load: Callable[[str], Site]) -> Site:
        """Return the site of this slug, loaded unless it is remembered; raises what `load` raises."""
        known = self._known.get(slug)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        changes = self._changes
        site = load(slug)
        # What has changed while it was loaded may have been loaded before.
        if self._is_heard() and changes == self._changes:
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[slug] = (site, time.monotonic() + REMEMBERED_FOR)
        return site

    def forget(self, changed: frozenset[bytes] | None) -> None:
        """Forget the sites that have changed, or all where any may have."""
        self._changes += 1
        if changed is None:
            self._known = {}
            return
        for slug, (site, _) in list(self._known.items()):
            if tags.of_site(site.id) in changed:
                self._known.pop(slug, None)
