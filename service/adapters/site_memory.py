"""Sites as this process has last seen them, forgotten when a change of them is heard of."""

from __future__ import annotations

import threading

from service.domain import tags
from service.domain.site import Site

MOST_KEPT = 10_000  # sites, of some kilobytes each


class SiteMemory:
    """Sites by their slugs; safe to be shared by threads."""

    def __init__(self) -> None:
        self._kept: dict[str, Site] = {}
        self._slugs: dict[bytes, str] = {}
        self._guard = threading.Lock()
        self._changes = 0

    def get(self, slug: str) -> Site | None:
        """Return a site as it was last seen, which may be of before its latest change."""
        return self._kept.get(slug)

    def moment(self) -> int:
        """Return a number to be given to `keep` with a site that is about to be read."""
        return self._changes

    def keep(self, site: Site, since: int) -> None:
        """Remember a site, unless one has changed since that moment."""
        with self._guard:
            if self._changes > since:
                return
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
                self._slugs.clear()
            self._kept[site.slug] = site
            self._slugs[tags.of_site(site.id)] = site.slug

    def forget(self, slug: str) -> None:
        """Have the next one who asks for a site look it up."""
        with self._guard:
            self._kept.pop(slug, None)

    def hear(self, changed: frozenset[bytes] | None) -> None:
        """Forget the sites that have changed, by their tags; None for all there are."""
        with self._guard:
            gone = list(self._slugs) if changed is None else [tag for tag in changed if tag in self._slugs]
            if gone or changed is None:
                self._changes += 1
            for tag in gone:
                self._kept.pop(self._slugs.pop(tag), None)
