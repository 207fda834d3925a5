"""Published pages in the memory of this process: bounded in bytes, found by what was asked, forgotten by their tags.

A page has to be the same for everybody who asks for it. What it depends on is said by its tags, which whoever changes
something announces: forgetting by a tag leaves a page in place but stale, to be shown for as long as another one takes
to render, or for as long as the database is away.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from werkzeug.http import is_entity_header

from service.web.responses import WORTH_COMPRESSING, compress_quickly

Headers = list[tuple[str, str]]
Key = Hashable
OVERHEAD = 2_000  # bytes that a page costs beside its bodies, as measured over ten thousand of them
TAG = 300  # bytes that each of its tags costs
LARGEST = 4  # no page takes more than this part of the memory
OLD_ONE_WILL_DO = 0.05  # seconds in which a page that is stale is still shown while the new one is rendered
MOST_ADDRESSES = 8  # of one page
MOST_FORGOTTEN = 10_000  # tags of which is remembered when they changed last


@dataclass(frozen=True, slots=True)
class Answer:
    """A page in one coding, made once: what a server sends for it, whole and as 304."""

    etag: str
    headers: Headers
    not_modified: Headers
    body: tuple[bytes, ...]


@dataclass(eq=False, slots=True)
class Page:
    """One page in all codings that were asked for so far; `headers` are those of every coding.

    It is fresh until `fresh_until`, on the monotonic clock. One without tags is for its reader alone.
    """

    key: Key
    etag: str
    headers: Headers
    body: bytes
    tags: frozenset[bytes]
    rendered_at: float
    fresh_until: float
    answers: dict[str | None, Answer] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    size: int = 0
    is_in_use: bool = False
    """True once it was asked for again; what was asked for once makes room first, or junk would drive out the rest."""
    stands_in: bool = False
    """True once it was shown for want of a new one, because the database was away."""

    def will_do(self, now: float) -> bool:
        """True for a page that has only just changed, or aged, to be shown while the new one is rendered."""
        return now - self.fresh_until < OLD_ONE_WILL_DO

    def may_stand_in(self, now: float, seconds: float) -> bool:
        """True where it was rendered in the last `seconds`."""
        return now - self.rendered_at < seconds

    def stand_in(self, until: float) -> Page:
        """Return the page itself, to be shown until then for want of a new one."""
        self.stands_in, self.fresh_until = True, until
        return self


class KeptPages:
    """Pages by what was asked; safe to be shared by threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.addresses: dict[str, Page] = {}
        """Pages by path and query as they were asked for, to be looked up without a lock."""
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._size = 0
        self._by_tag: dict[bytes, set[Key]] = {}
        self._guard = threading.Lock()
        self._changes = 0
        self._changed: OrderedDict[bytes, int] = OrderedDict()
        self._all_changed = 0

    def find(self, key: Key) -> Page | None:
        """Return a page, fresh or stale."""
        return self._pages.get(key)

    def moment(self) -> int:
        """Return a number to be given to `keep` with a page whose rendering begins now."""
        return self._changes

    def keep(self, page: Page, since: int) -> bool:
        """Keep a page in place of an earlier one; False where it has changed since the moment `since`.

        What has gone unused for longest makes room. Nor is a page kept that nothing would make stale, or a huge one.
        """
        page.size = OVERHEAD + TAG * len(page.tags) + 2 * len(repr(page.key)) + len(page.body)
        if not page.tags or page.size > self._most_bytes // LARGEST:
            return False
        with self._guard:
            last = max([self._all_changed, *(self._changed.get(tag, 0) for tag in page.tags)])
            if last > since:
                return False
            replaced = self._drop(page.key)
            page.is_in_use = replaced is not None and replaced.is_in_use
            self._pages[page.key] = page
            self._size += page.size
            for tag in page.tags:
                self._by_tag.setdefault(tag, set()).add(page.key)
            self._make_room()
        return True

    def forget(self, tags: Iterable[bytes] | None, now: float) -> None:
        """Let every page with one of these tags be stale, or every page there is; called by whatever thread."""
        with self._guard:
            self._changes += 1
            if tags is None:
                self._all_changed = self._changes
                keys: Iterable[Key] = list(self._pages)
            else:
                keys = {key for tag in tags for key in self._by_tag.get(tag, ())}
                for tag in tags:
                    self._changed[tag] = self._changes
                    self._changed.move_to_end(tag)
                while len(self._changed) > MOST_FORGOTTEN:
                    # Of what is not remembered any longer, a page that is being rendered may be of before.
                    self._all_changed = max(self._all_changed, self._changed.popitem(last=False)[1])
            for key in keys:
                page = self._pages[key]
                page.fresh_until = min(page.fresh_until, now)

    def answer(self, page: Page, coding: str | None) -> Answer:
        """Return a page in a coding ("br", "gzip"), or as it is where that is not worth it; made once for each."""
        made = page.answers.get(coding)
        if made is not None:
            return made
        used = coding if len(page.body) >= WORTH_COMPRESSING else None
        body = compress_quickly(page.body, used) if used else page.body
        # The ETag differs by coding, as RFC 9110, section 8.8.3.3, wants it, and as pages that are not kept have it.
        etag = f'{page.etag[:-1]}-{used}"' if used else page.etag
        common = [*page.headers, ("ETag", etag)]
        not_modified = [(name, value) for name, value in common if not is_entity_header(name)]
        encoding = [("Content-Encoding", used)] if used else []
        made = Answer(etag, [*common, ("Content-Length", str(len(body))), *encoding], not_modified, (body,))
        page.answers[coding] = made
        with self._guard:
            if used:
                self._grow(page, len(body))
        return made

    def know_address(self, address: str, page: Page) -> None:
        """Find a page by this address from now on; by a few at once, since one page has endless addresses."""
        with self._guard:
            if self._pages.get(page.key) is page and address not in self.addresses:
                if len(page.addresses) == MOST_ADDRESSES:
                    oldest = page.addresses.pop(0)
                    del self.addresses[oldest]
                    self._grow(page, -len(oldest))
                page.addresses.append(address)
                self.addresses[address] = page
                self._grow(page, len(address))

    def _grow(self, page: Page, by: int) -> None:
        if self._pages.get(page.key) is page:
            page.size += by
            self._size += by
            self._make_room()

    def _make_room(self) -> None:
        # Whoever was used since it was last looked at gets a second chance, so that a hit has no order to keep.
        while self._size > self._most_bytes and self._pages:
            key, page = next(iter(self._pages.items()))
            if page.is_in_use:
                page.is_in_use = False
                self._pages.move_to_end(key)
                continue
            self._drop(key)

    def _drop(self, key: Key) -> Page | None:
        page = self._pages.pop(key, None)
        if page is not None:
            for tag in page.tags:
                keys = self._by_tag[tag]
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]
            self._size -= page.size
            for address in page.addresses:
                del self.addresses[address]
        return page
