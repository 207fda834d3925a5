"""The rule books of sites, kept ready in this process: built once for each version of a site's rules."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from uuid import UUID

from service.adapters.patterns import searching
from service.adapters.redis_link import renew_after_fork
from service.domain.rulebook import RuleBook
from service.domain.rules import Rule

MOST_KEPT = 50  # sites; a book of 65,000 words takes some 30 MB, and few sites have one


class RuleBooks:
    """Keeps the latest book of each site, the one unused for longest making room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, tuple[int, RuleBook]] = OrderedDict()
        self._renew_lock()
        renew_after_fork(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def get(self, site_id: UUID, version: int, load: Callable[[], Iterable[Rule]]) -> RuleBook:
        """Return the site's rules at this version, or a later one; `load` reads them where they are not at hand.

        One thread at a time builds a book, and those who come meanwhile wait for it: a long list takes a second, and
        building it twice would take two.
        """
        kept = self._kept.get(site_id)
        if kept is not None and kept[0] >= version:
            return kept[1]
        with self._lock:
            kept = self._kept.get(site_id)
            if kept is not None and kept[0] >= version:
                return kept[1]
            book = RuleBook(load(), patterns=searching)
            self._kept[site_id] = (version, book)
            self._kept.move_to_end(site_id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return book
