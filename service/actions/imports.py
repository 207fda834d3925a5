"""Another system's comments are taken over: read to the end first, and only then written, thread by thread.

An export waits in a file beside the database until all of it was read, so that nothing is written of one that is
broken. Then whole threads are written, some thousand comments a transaction, each with its counters. So readers and
moderators go on, every moment is right, and an import that is killed is finished by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

from service.actions import restore
from service.actions.import_batches import Batch, Planned, Writer
from service.actions.record import record
from service.actions.restore_batches import Restorer
from service.adapters.imports.bodies import Bodies
from service.adapters.imports.readers import read
from service.adapters.imports.staging import Outline, StagedArticle, Staging, staging
from service.domain.errors import Invalid
from service.domain.imports import (
    ELSEWHERE,
    Node,
    System,
    arrange,
    is_possible,
    key_as_it_is,
    key_of_page,
    threads,
    without_the_empty,
)
from service.domain.life import Actor
from service.domain.log import LogKind
from service.domain.site import Site
from service.store import imports, sites
from service.store.ids import new_id
from service.store.imports import Import
from service.store.session import reading, writing

__all__ = ["Import", "Order", "Report", "check", "list_imports", "taking_over"]

BATCH = 2_000  # comments in one transaction: some tenths of a second, which nobody notices
MOST_TEXT = 8_000_000  # characters of a batch, which are in memory several times over
SKIPPED, NOTED = "skipped", "noted"
MOST_LISTED = 100  # imports; a site has a handful

Told = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much of it is."""


@dataclass(frozen=True)
class Report:
    """What came of an import: `id` is None where nothing was to be written. The lines are read where they lie."""

    id: UUID | None
    read: int
    imported: int
    pending: int
    staged: Staging

    @property
    def skipped_count(self) -> int:
        """How many comments were not imported."""
        return self.staged.count_told(SKIPPED)

    def skipped(self) -> Iterator[tuple[str, str]]:
        """Yield the id of each comment that was not imported, and why."""
        return self.staged.told(SKIPPED)

    def notes(self) -> Iterator[tuple[str, str]]:
        """Yield the id of each comment that was imported otherwise than it was, and how.

        First come the origins of pages that the site does not list.
        """
        return self.staged.told(NOTED)


@dataclass(frozen=True)
class Order:
    """What is to be imported into which site, by whom; `import_id` is that of one which was ordered before."""

    system: System
    path: Path
    slug: str
    actor: Actor
    file_name: str = ""
    is_dry: bool = False
    import_id: UUID | None = None

    @property
    def name(self) -> str:
        """What the file is called."""
        return (self.file_name or self.path.name)[:200]


@contextmanager
def taking_over(order: Order, *, now: datetime, processes: int = 0, told: Told = lambda *_: None) -> Iterator[Report]:
    """Import an export into a site, and yield the report, which ends with the block; a dry run writes nothing.

    `processes` beside this one prepare the texts. Raises UnknownSite, and Invalid where the file is broken, of another
    kind or version; nothing is written then.
    """
    system = order.system
    with reading():
        site = sites.find_site(order.slug)
    with staging() as staged:
        total = stage(staged, order, told)
        is_ours = system is System.POSTBAG
        is_blank = is_ours and restore.is_empty(site)
        _find_articles(staged, site, is_ours=is_ours, is_blank=is_blank)
        prepared = restore.prepare(site, staged, now=now) if is_blank else None
        import_id = None if order.is_dry else _begin(site, order, now)
        if prepared is not None and import_id is not None:
            site = restore.begin(site, staged, prepared, import_id, actor=order.actor, now=now)
        bodies = Bodies(processes if total > BATCH else 0)
        try:
            writer = _writer(site, import_id, system, staged, bodies, now)
            done = 0
            for batch in writer.with_bodies(_batches(staged, site, system, writer, now)):
                writer.write(batch)
                done += len(batch.planned)
                told("importing", done, total)
            if isinstance(writer, Restorer) and import_id is not None:
                restore.finish(writer, site, import_id, staged, now=now)
        finally:
            bodies.close()
        report = Report(order.import_id or import_id, total, writer.imported, writer.pending, staged)
        if import_id is not None:
            _finish(site, order, report, now)
        yield report


def stage(staged: Staging, order: Order, told: Told = lambda *_: None) -> int:
    """Read a file to its end, and return how many comments are in it; raises Invalid for one that is not right."""
    try:
        total = staged.add(read(order.system, order.path, lambda done, size: told("reading", done, size)))
    except OSError as fault:
        raise Invalid("file", "unreadable", f"{order.name} cannot be read ({fault.strerror}).") from fault
    staged.settle()
    return total


def check(order: Order) -> None:
    """Read a file to its end and keep nothing of it; raises Invalid for one that is not right."""
    for _ in read(order.system, order.path):
        pass


def _writer(
    site: Site, import_id: UUID | None, system: System, staged: Staging, bodies: Bodies, now: datetime
) -> Writer:
    if system is not System.POSTBAG:
        return Writer(site, import_id, system, staged, bodies, now=now)
    writer = Restorer(site, import_id, system, staged, bodies, now=now)
    writer.rule_ids = restore.rule_ids(site, staged)
    return writer


def list_imports(slug: str | None = None) -> list[tuple[str, Import]]:
    """Return the latest imports, each with its site's slug, the last one first; raises UnknownSite."""
    with reading():
        site_id = None if slug is None else sites.find_site(slug).id
        found = imports.latest_imports(site_id, limit=MOST_LISTED)
        slugs = {site.id: site.slug for site in sites.list_sites()}
    return [(slugs[one.site_id], one) for one in found]


def _begin(site: Site, order: Order, now: datetime) -> UUID:
    if order.import_id is not None:
        with writing():
            imports.change_import(order.import_id, status="running")
        return order.import_id
    import_id = new_id(now)
    name = order.actor.name
    begun = Import(import_id, site.id, order.system.value, order.name, "running", 0, 0, 0, 0, name, now, None)
    with writing():
        imports.add_import(begun)
    return import_id


def _finish(site: Site, order: Order, report: Report, now: datetime) -> None:
    assert report.id is not None, "a dry run has begun nothing"
    counts = {"read": report.read, "imported": report.imported, "skipped": report.skipped_count}
    system = order.system.value
    with writing():
        imports.change_import(report.id, status="done", finished_at=now, **counts)
        details = {"import_id": str(report.id), "system": system, "file": order.name, **counts}
        record(site.id, LogKind.IMPORT, "finish", actor=order.actor, subject=system, details=details, now=now)


def _find_articles(staged: Staging, site: Site, *, is_ours: bool, is_blank: bool) -> None:
    """Keep which article each page becomes, and note which origins the site does not list.

    Those of one of our own exports keep the keys that they have; a site that is empty gets their origins with them.
    """
    keys = [(page, key_as_it_is(url) if is_ours else key_of_page(url, site)) for page, url in staged.pages()]
    found = {key.origin for _, key in keys if key.origin}
    if not is_blank:
        for origin in sorted(origin for origin in found if not site.lists_origin(origin)):
            staged.tell(NOTED, origin, ELSEWHERE)
    staged.set_keys(keys)


def _batches(staged: Staging, site: Site, system: System, writer: Writer, now: datetime) -> Iterator[Batch]:
    if system is System.POSTBAG:
        is_first = restore.is_empty(site)
    else:
        with reading():
            is_first = not imports.knows_any(site.id)
    for outline, reason in staged.without_article():
        staged.tell(SKIPPED, outline.id, outline.refused or reason)
    batch = Batch()
    for article in staged.articles():
        for thread in _threads(staged, article, None if is_first else site, system, writer, now):
            batch.add(article, thread)
            if len(batch.planned) >= BATCH or batch.size >= MOST_TEXT:
                yield batch
                batch = Batch()
    if batch.planned:
        yield batch


def _threads(
    staged: Staging, article: StagedArticle, site: Site | None, system: System, writer: Writer, now: datetime
) -> list[list[Planned]]:
    """Return the threads of an article, without what is refused, known or nothing; what is left out is told.

    Without a site nothing is known yet, and nobody is asked.
    """
    nodes = _nodes(staged, article, system, now)
    there: dict[bytes, tuple[UUID, UUID | None]] = {}
    paths: dict[UUID, bytes] = {}
    is_ours = system is System.POSTBAG
    if site is not None:
        with reading():
            there = dict(imports.known(site.id, [node.key for node in nodes]))
            if is_ours:
                # What is restored where it came from is there without ever having been imported.
                own = imports.own_comments(site.id, [UUID(node.id) for node in nodes if node.key not in there])
                there |= {node.key: (UUID(node.id), None) for node in nodes if UUID(node.id) in own}
            paths = imports.places([comment_id for comment_id, _ in there.values()])
        if is_ours:
            staged.give((node.id, there[node.key][0]) for node in nodes if node.key in there)
    notes = arrange(nodes)
    kept, empty = (nodes, []) if is_ours else without_the_empty(nodes)
    for node in empty:
        if node.key not in there:
            staged.tell(SKIPPED, node.id, "it was deleted, and nobody's reply stands below it")
    found = []
    for thread in threads(kept):
        planned = []
        for node in thread:
            comment_id, import_id = there.get(node.key, (None, None))
            if comment_id is not None and import_id is not None and import_id == writer.import_id:
                # A worker that was killed had come so far.
                writer.count(node.status)
            elif comment_id is not None:
                staged.tell(SKIPPED, node.id, "it was imported before" if import_id else "it is here already")
            elif node.seq in notes:
                staged.tell(NOTED, node.id, notes[node.seq])
            path = None if comment_id is None else paths.get(comment_id)
            planned.append(Planned(node, None if comment_id is None or path is None else (comment_id, path)))
        if any(one.known is None for one in planned):
            found.append(planned)
    return found


def _nodes(staged: Staging, article: StagedArticle, system: System, now: datetime) -> list[Node]:
    nodes: list[Node] = []
    seen: dict[bytes, bytes] = {}
    for outline in staged.outlines(article.key):
        if reason := _refusal(outline, now):
            staged.tell(SKIPPED, outline.id, reason)
            continue
        assert outline.written is not None, "what has no time is refused"
        source = outline.id or outline.digest.hex()
        key = _key(system, article.key, "id" if outline.id else "text", source)
        if key in seen and seen[key] != outline.digest:
            # Another comment under the same id is known by what it says.
            staged.tell(NOTED, outline.id, "another comment of this page has the same id; both are kept")
            key = _key(system, article.key, "text", outline.digest.hex())
        if key in seen:
            staged.tell(SKIPPED, outline.id, "it is in the file twice")
            continue
        seen[key] = outline.digest
        parent = "" if outline.parent == outline.id else outline.parent
        node = Node(outline.seq, outline.page, outline.id, parent, outline.written, key, outline.status, outline.size)
        nodes.append(node)
    return nodes


def _refusal(outline: Outline, now: datetime) -> str:
    if outline.refused:
        return outline.refused
    if outline.written is None:
        return "it has no time that can be read"
    if not is_possible(outline.written, now=now):
        return f"it cannot have been written at {outline.written.isoformat()}"
    return ""


def _key(system: System, article_key: str, kind: str, source: str) -> bytes:
    return blake2b("\x00".join((system.value, article_key, kind, source)).encode(), digest_size=16).digest()
