"""Another system's comments are taken over: read to the end first, and only then written, thread by thread.

An export waits in a file beside the database until all of it was read, so that nothing is written of one that is
broken. Then whole threads are written, some thousand comments a transaction, each with its counters. So readers and
moderators go on, every moment is right, and an import that is killed is finished by running it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from service.actions import restore
from service.actions.import_batches import Writer
from service.actions.import_plan import BATCH, NOTED, SKIPPED, Plan
from service.actions.import_processes import rendering, written
from service.actions.record import record
from service.actions.restore_batches import Restorer
from service.adapters.imports.readers import read
from service.adapters.imports.rendered import Unrendered
from service.adapters.imports.staging import NoRoom, Staging, Texts, staging
from service.domain.errors import Invalid
from service.domain.imports import ELSEWHERE, System, key_as_it_is, key_of_page
from service.domain.life import Actor, Status
from service.domain.log import LogKind
from service.domain.site import Site
from service.store import imports, sites
from service.store.ids import new_id
from service.store.imports import Import
from service.store.session import reading, writing

__all__ = ["Import", "NoRoom", "Order", "Report", "check", "list_imports", "taking_over"]

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

    A long one is written by as many `processes` beside this one, where that is not none. Raises UnknownSite, NoRoom
    where the export cannot wait for its turn, and Invalid where the file is broken, of another kind or version; nothing
    is written then.
    """
    system = order.system
    with reading():
        site = sites.find_site(order.slug)
    with staging() as staged:
        # Of an export that may be here already nobody knows yet which texts will be written.
        with rendering(staged.rendered_file, processes=processes if _is_blank(site, system) else 0) as seen:
            total = _stage(staged, order, told, seen)
        is_ours = system is System.POSTBAG
        is_blank = is_ours and restore.is_empty(site)
        _find_articles(staged, site, is_ours=is_ours, is_blank=is_blank)
        prepared = restore.prepare(site, staged, now=now) if is_blank else None
        import_id = None if order.is_dry else _begin(site, order, now)
        if prepared is not None and import_id is not None:
            site = restore.begin(site, staged, prepared, import_id, actor=order.actor, now=now)
        plan = Plan(staged, site, system, import_id, is_blank=_is_blank(site, system), now=now)
        imported = Counter[Status]()
        done = 0
        with closing(staged.texts()) as texts:
            writer = _writer(site, import_id, staged, system, texts, now)
            for outcome in written(writer, plan.batches(), processes=processes if total > BATCH else 0):
                for line in outcome.said:
                    staged.tell(*line)
                staged.give(outcome.given)
                imported += outcome.statuses
                done += outcome.done
                told("importing", done, total)
        imported += plan.before
        if isinstance(writer, Restorer) and import_id is not None:
            restore.finish(writer, site, import_id, staged, now=now)
        report = Report(order.import_id or import_id, total, imported.total(), imported[Status.PENDING], staged)
        if import_id is not None:
            _finish(site, order, report, now)
        yield report


def _stage(staged: Staging, order: Order, told: Told, seen: Callable[[Sequence[Unrendered]], None]) -> int:
    """Read a file to its end, and return how many comments are in it; raises Invalid for one that is not right."""
    try:
        total = staged.add(read(order.system, order.path, lambda done, size: told("reading", done, size)), seen)
    except OSError as fault:
        raise Invalid("file", "unreadable", f"{order.name} cannot be read ({fault.strerror}).") from fault
    return total


def check(order: Order, *, most: int) -> None:
    """Read about `most` bytes of what is in a file and keep nothing of it; raises Invalid where something is wrong."""
    for _ in read(order.system, order.path, most=most):
        pass


def _is_blank(site: Site, system: System) -> bool:
    """True where nothing of an export can be here already."""
    if system is System.POSTBAG:
        return restore.is_empty(site)
    with reading():
        return not imports.knows_any(site.id)


def _writer(site: Site, import_id: UUID | None, staged: Staging, system: System, texts: Texts, now: datetime) -> Writer:
    if system is not System.POSTBAG:
        return Writer(site, import_id, system, texts, now=now)
    writer = Restorer(site, import_id, system, texts, now=now)
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
