"""Checking the logs: whether every entry is there, in its place, and says what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from service.domain.log import FIRST_HASH, ChainedEntry, entry_hash
from service.domain.site import Site
from service.store import log_reading, retention, sites
from service.store.session import reading

BATCH = 1_000
"""Entries that are held at once; a log has millions."""


class Break(StrEnum):
    """How a chain was broken."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    HEAD = "head"


@dataclass(frozen=True)
class Verdict:
    """What a walk along the log of one site found.

    `entries` were in order, `hash` is that of the last one of them. Where the chain is broken, `number` is the first
    entry that is wrong, and `why` says how in a sentence.
    """

    slug: str
    entries: int
    hash: bytes
    broken: Break | None = None
    number: int | None = None
    why: str = ""


def verify(slug: str | None = None, *, batch: int = BATCH) -> Iterator[Verdict]:
    """Walk the log of each site, or of one, `batch` entries at a time; raises NotFound where there is no such site."""
    with reading():
        found = sites.list_sites() if slug is None else [sites.find_site(slug)]
    for site in found:
        yield _verdict(site, batch)


def _verdict(site: Site, batch: int) -> Verdict:
    number, previous, lost = 0, FIRST_HASH, _LostWords(site.id)
    while True:
        with reading():
            # Nothing has a number below 1; the first batch looks there too.
            rows = log_reading.stored_chain(site.id, after=number or None, limit=batch)
            end = None if rows else log_reading.log_end(site.id)
            # Read with each batch, since retention may go on meanwhile.
            lost.erased_to = retention.erased_to(site.id)
        for at, link in rows:
            fault = _fault(site.id, number + 1, previous, at, link, lost)
            if fault is not None:
                return Verdict(site.slug, number, previous, fault[0], number + 1, fault[1])
            assert link is not None, "a row that makes no sense is a fault"
            number, previous = link.number, link.hash
        if end is None or end.last_row > number:
            continue  # somebody wrote on while this read
        if end.number > number:
            why = f"the log was {end.number} entries long, and ends here"
            return Verdict(site.slug, number, previous, Break.MISSING, number + 1, why)
        if (end.number, end.hash) != (number, previous):
            why = f"the last entry is not the one that the head of the log names, {end.number} {end.hash.hex()}"
            return Verdict(site.slug, number, previous, Break.HEAD, number, why)
        return Verdict(site.slug, number, previous)


class _LostWords:
    """The entries of a site that later ones name as having lost words; those are checked on the way themselves."""

    def __init__(self, site_id: UUID) -> None:
        self.erased_to = 0
        """The number up to which retention says that it has taken words."""
        self._site_id = site_id
        self._named: set[tuple[int, str]] = set()

    def explain(self, link: ChainedEntry) -> bool:
        """Tell whether an entry that does not fit its hash has lost words, and nothing else."""
        left = entry_hash(link.entry, number=link.number, previous_hash=link.previous_hash)
        if (link.number, left.hex()) not in self._named:
            # Read once where it is needed at all, and again for what was erased since.
            with reading():
                self._named = log_reading.taken_out(self._site_id)
        return (link.number, left.hex()) in self._named


def _fault(
    site_id: UUID, expected: int, previous: bytes, at: int, link: ChainedEntry | None, lost: _LostWords
) -> tuple[Break, str] | None:
    if at < expected:
        return Break.REORDERED, f"an entry has the number {at}, which none has"
    if at > expected:
        return Break.MISSING, f"the next one that is there is {at}"
    if link is None:
        return Break.CHANGED, "it holds what no entry can hold"
    follows = link.previous_hash == previous
    if link.erased_at is not None:
        # What it said cannot be checked any more; that it was there, and what came before and after it, can.
        if expected > lost.erased_to:
            return Break.CHANGED, "its words are gone, and no entry says that retention took them"
        return None if follows else (Break.CHANGED, _of_the_one_before(expected))
    if link.is_whole:
        # Whoever changes an entry and hashes it again cannot do the same to what others have kept of the next one.
        return None if follows else (Break.CHANGED, _of_the_one_before(expected))
    if follows and lost.explain(link):
        return None
    if not follows and _stood_elsewhere(site_id, link):
        return Break.REORDERED, "it says what was written, at another place"
    return Break.CHANGED, "it does not say what was written"


def _of_the_one_before(expected: int) -> str:
    if expected == 1:
        return "it follows on another entry, where it should be the first"
    return f"it follows on another entry than {expected - 1}: that one, or one before it, was changed and hashed again"


def _stood_elsewhere(site_id: UUID, link: ChainedEntry) -> bool:
    with reading():
        end = log_reading.log_end(site_id)
    numbers = range(1, max(end.number, end.last_row) + 1)
    return any(entry_hash(link.entry, number=n, previous_hash=link.previous_hash) == link.hash for n in numbers)
