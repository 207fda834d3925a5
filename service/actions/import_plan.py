"""What of an export is still to be written: whole threads, parents first, some thousand comments at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from service.adapters.imports.staging import Outline, StagedArticle, Staging
from service.domain.imports import Node, System, arrange, is_possible, threads, without_the_empty
from service.domain.life import Status
from service.domain.site import Site
from service.store import imports
from service.store.imports import Known
from service.store.session import reading

BATCH = 1_000  # comments in one transaction: a tenth of a second; each process has one in memory
MOST_TEXT = 600_000  # characters of a batch, which are in memory a dozen times over, in four forms
SKIPPED, NOTED = "skipped", "noted"


class Planned(NamedTuple):
    """A comment in its thread, which names its parent by `seq`: another process has to understand it by itself."""

    article: StagedArticle
    seq: int
    id: str
    key: bytes
    """By which the same comment of the same system is known again."""
    written: datetime
    status: Status
    answers: int | None
    replies: int
    rank: int
    """How many of the same second stand before it."""
    known: tuple[UUID, bytes] | None
    """Its id and its path where it is here already."""


@dataclass(slots=True)
class Batch:
    """Whole threads of some articles."""

    planned: list[Planned] = field(default_factory=list)
    size: int = 0
    """Characters of all texts."""

    @property
    def new(self) -> list[Planned]:
        """Those that are not there yet."""
        return [one for one in self.planned if one.known is None]


class Plan:
    """Walks through an export that was read to its end, and tells of what it leaves out.

    Nobody is asked what is there already in a site that `is_blank`.
    """

    def __init__(
        self, staged: Staging, site: Site, system: System, import_id: UUID | None, *, is_blank: bool, now: datetime
    ) -> None:
        self._staged, self._site, self._system, self._import_id = staged, site, system, import_id
        self._is_ours = system is System.POSTBAG
        self._is_blank, self._now = is_blank, now
        self.before: Counter[Status] = Counter()
        """How many the same import had written into each before its worker was killed."""

    def batches(self) -> Iterator[Batch]:
        """Yield what is to be written; a batch holds no thread that another one has a part of."""
        for outline, reason in self._staged.without_article():
            self._staged.tell(SKIPPED, outline.id, outline.refused or reason)
        batch = Batch()
        for article in self._staged.articles():
            nodes = self._nodes(article)
            for thread in self._threads(nodes, {} if self._is_blank else self._there(nodes)):
                batch.planned += [_planned(article, node, known) for node, known in thread]
                batch.size += sum(node.size for node, _ in thread)
                if len(batch.planned) >= BATCH or batch.size >= MOST_TEXT:
                    yield batch
                    batch = Batch()
        if batch.planned:
            yield batch

    def _there(self, nodes: Iterable[Node]) -> dict[bytes, Known]:
        """Return those that are here already, by key."""
        nodes = list(nodes)
        with reading():
            there = imports.known(self._site.id, [node.key for node in nodes])
            if self._is_ours:
                # What is restored where it came from is there without ever having been imported.
                own = imports.own_comments(self._site.id, [UUID(node.id) for node in nodes if node.key not in there])
                there |= {node.key: own[UUID(node.id)] for node in nodes if UUID(node.id) in own}
        if self._is_ours:
            self._staged.give((node.id, there[node.key].id) for node in nodes if node.key in there)
        return there

    def _threads(self, nodes: list[Node], there: dict[bytes, Known]) -> Iterator[list[tuple[Node, Known | None]]]:
        """Yield the threads of an article of which something is to be written; what is left out is told."""
        notes = arrange(nodes)
        kept, empty = (nodes, []) if self._is_ours else without_the_empty(nodes)
        for node in empty:
            if node.key not in there:
                self._staged.tell(SKIPPED, node.id, "it was deleted, and nobody's reply stands below it")
        for thread in threads(kept):
            found = [(node, there.get(node.key)) for node in thread]
            for node, known in found:
                if known is not None and known.import_id is not None and known.import_id == self._import_id:
                    self.before[node.status] += 1
                elif known is not None:
                    said = "it was imported before" if known.import_id else "it is here already"
                    self._staged.tell(SKIPPED, node.id, said)
                elif node.seq in notes:
                    self._staged.tell(NOTED, node.id, notes[node.seq])
            if any(known is None or known.path is None for _, known in found):
                yield found

    def _nodes(self, article: StagedArticle) -> list[Node]:
        nodes: list[Node] = []
        seen: dict[bytes, bytes] = {}
        for outline in self._staged.outlines(article.key):
            if reason := _refusal(outline, self._now):
                self._staged.tell(SKIPPED, outline.id, reason)
                continue
            assert outline.written is not None, "what has no time is refused"
            source = outline.id or outline.digest.hex()
            key = _key(self._system, article.key, "id" if outline.id else "text", source)
            if key in seen and seen[key] != outline.digest:
                # Another comment under the same id is known by what it says.
                self._staged.tell(NOTED, outline.id, "another comment of this page has the same id; both are kept")
                key = _key(self._system, article.key, "text", outline.digest.hex())
            if key in seen:
                self._staged.tell(SKIPPED, outline.id, "it is in the file twice")
                continue
            seen[key] = outline.digest
            parent = "" if outline.parent == outline.id else outline.parent
            nodes.append(
                Node(outline.seq, outline.page, outline.id, parent, outline.written, key, outline.status, outline.size)
            )
        return nodes


def _planned(article: StagedArticle, node: Node, known: Known | None) -> Planned:
    return Planned(
        article,
        node.seq,
        node.id,
        node.key,
        node.written,
        node.status,
        None if node.answers is None else node.answers.seq,
        node.replies,
        node.rank,
        None if known is None or known.path is None else (known.id, known.path),
    )


def _refusal(outline: Outline, now: datetime) -> str:
    if outline.refused:
        return outline.refused
    if outline.written is None:
        return "it has no time that can be read"
    if not is_possible(outline.written, now=now):
        return f"it cannot have been written at {outline.written.isoformat()}"
    return ""


def _key(system: System, article_key: str, kind: str, source: str) -> bytes:
    # What is under one article lies side by side in the index, and not anywhere among all that was ever imported.
    article = blake2b(article_key.encode(), digest_size=4).digest()
    return article + blake2b("\x00".join((system.value, article_key, kind, source)).encode(), digest_size=12).digest()
