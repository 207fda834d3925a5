"""An import is taken back: whatever it has added and nobody has touched since, from the replies upwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions import announce, restore
from service.actions.record import record
from service.domain.errors import NotFound
from service.domain.imports import System
from service.domain.life import Actor, Status
from service.domain.log import LogKind
from service.store import articles, authors, comments, counters, imported, imports
from service.store.imported import Added
from service.store.imports import Import
from service.store.session import reading, take_time, writing

BATCH = 500  # comments in one transaction, which hold as many rows as long as it lasts


@dataclass(frozen=True)
class Undone:
    """What was taken back, and how many comments were left for which reason."""

    removed: int
    left: Mapping[str, int]


def undo_import(
    import_id: UUID, *, actor: Actor, now: datetime, told: Callable[[int, int], None] = lambda *_: None
) -> Undone:
    """Take back an import as far as nobody has decided, revised, answered, flagged, voted or noted since.

    What is left stays, with the comments above it. It can be stopped and run again. Raises NotFound.
    """
    with reading():
        found = imports.find_import(import_id)
        deepest = imported.deepest_added(import_id)
    if found is None:
        raise NotFound("There is no import of this id; `flask --app wsgi import list` names them.")
    left = Counter[str]()
    removed = 0
    for depth in range(deepest if deepest is not None else -1, -1, -1):
        after: UUID | None = None
        while True:
            with writing():
                take_time()
                added = imported.hold_added(import_id, depth, after, since=found.created_at, limit=BATCH)
                gone = [one for one in added if not one.left_because]
                if gone:
                    _remove(found, gone)
            if not added:
                break
            after = added[-1].id
            removed += len(gone)
            left.update(one.left_because for one in added if one.left_because)
            told(removed + left.total(), found.imported)
    _remove_articles(found)
    with writing():
        take_time()
        imported.remove_authors_of_nothing(found.site_id)
    if found.system == System.POSTBAG and not left:
        _remove_past_log(found)
        restore.take_back(found, actor=actor, now=now)
    with writing():
        now_known = imports.find_import(import_id, hold=True)
        assert now_known is not None, "imports are never removed"
        status = ("done" if now_known.status == "undoing" else now_known.status) if left else "undone"
        imports.change_import(import_id, status=status, undone=now_known.undone + removed)
        details = {"import_id": str(import_id), "removed": removed, "left": left.total()}
        record(found.site_id, LogKind.IMPORT, "undo", actor=actor, subject=found.system, details=details, now=now)
    return Undone(removed, dict(left))


def _remove(found: Import, gone: list[Added]) -> None:
    # What stands above them may lose its last shown reply, and with it its own place: it is held before authors.
    parents = {one.parent_id for one in gone if one.parent_id is not None}
    if parents:
        comments.hold_comments(list(parents), site_id=found.site_id)
    imported.remove_comments(found.site_id, gone)
    if parents:
        comments.settle_visibility(list(parents))
    records: dict[UUID, Counter[Status]] = {}
    for one in gone:
        records.setdefault(one.author_id, Counter())[one.status] -= 1
    authors.move_author_counters(records)
    imported.remove_lonely_authors(sorted(records), since=found.created_at)
    articles.change_counts(Counter({k: -n for k, n in _published(gone).items()}))
    counters.move_site_counters(found.site_id, Counter({k: -n for k, n in _statuses(gone).items()}))
    announce.articles_changed(found.site_id, {one.article_id for one in gone})


def _remove_past_log(found: Import) -> None:
    done = BATCH
    while done == BATCH:
        with writing():
            done = imported.remove_past_log(found.id, site_id=found.site_id, limit=BATCH)


def _published(gone: list[Added]) -> Counter[UUID]:
    return Counter(one.article_id for one in gone if one.is_published)


def _statuses(gone: list[Added]) -> Counter[Status]:
    return Counter(one.status for one in gone)


def _remove_articles(found: Import) -> None:
    while True:
        with writing():
            done = imported.remove_empty_articles(found.id, limit=BATCH)
            if done:
                announce.site_changed(found.site_id)
        if not done:
            return
