"""Imports that are ordered over HTTP: the file waits in the database, in pieces, until a worker carries it out.

So it does not matter on which machine a worker runs, or whether it is killed: another one takes up where it stopped. A
small file is read to its end before the order is answered, so that what is wrong with it is told at once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

from service.actions import imports as importing
from service.actions import outbox
from service.actions.imports import Import, Order, Report
from service.actions.outbox import CLAIM_LASTS, Job
from service.actions.undo_import import undo_import
from service.domain.errors import Invalid, NotFound, StoreUnavailable
from service.domain.imports import System
from service.domain.life import Actor
from service.domain.permissions import Caller
from service.store import import_pieces, imports, sites
from service.store.ids import new_id
from service.store.session import reading, writing

PIECE = 2**20  # bytes of one row
AT_ONCE = 8  # pieces in one transaction, so that nobody waits long for SQLite
CHECKED_AT_ONCE = (
    8 * 2**20
)  # bytes; reading as much takes some tenths of a second, and hardly an element may be as long
LINES_KEPT = 1_000  # of what was skipped, and of what was noted; the counts are of all
FILE_LASTS = timedelta(hours=24)  # after a dry run, until somebody decides
TELL_EVERY = 2.0  # seconds
MOST_FAILURES = 3  # of ours, until an import is told to have failed
OURS = "It failed on our side; who runs the service finds why in the log of the worker."
UNDER_WAY = frozenset({"waiting", "running", "undoing"})


@dataclass(frozen=True)
class Ordered:
    """An import as its site sees it; `has_file` is true as long as it can still be carried out."""

    one: Import
    has_file: bool

    @property
    def is_under_way(self) -> bool:
        """True while a worker has something to do; a command tells of itself, and may have been killed."""
        return self.one.status in UNDER_WAY and (self.has_file or self.one.status != "running")


def order_import(caller: Caller, system: System, path: Path, *, file_name: str, is_dry: bool, now: datetime) -> Ordered:
    """Keep a file for a worker to import into the caller's site, or to say what it would do, and return the order.

    Raises Invalid where its beginning is wrong; what is wrong further on its report says. Nothing is kept then.
    """
    order = Order(system, path, caller.site_slug, caller.actor, file_name, is_dry)
    importing.check(order, most=CHECKED_AT_ONCE)
    import_id = new_id(now)
    forget_old_files(now=now)
    number = 0
    for some in _pieces(path):
        with writing():
            import_pieces.add_pieces(caller.site_id, import_id, number, some)
        number += len(some)
    name = caller.name
    ordered = Import(
        import_id, caller.site_id, system.value, order.name, "waiting", 0, 0, 0, 0, name, now, None, is_dry
    )
    with writing():
        imports.add_import(ordered)
        _enqueue("import", ordered, caller.actor, now)
    return Ordered(ordered, has_file=True)


def go_on(caller: Caller, import_id: UUID, *, now: datetime) -> Ordered:
    """Carry out what was only tried; raises NotFound, and Invalid where its file is not kept any more."""
    with writing():
        found = _held(caller, import_id)
        if found.status != "tried" or not import_pieces.has_pieces(import_id):
            raise Invalid("import", "not_tried", "This was not tried within the last day; send the file again.")
        imports.change_import(import_id, status="waiting", is_dry=False, progress=None, report=None)
        _enqueue("import", found, caller.actor, now)
    return read_import(caller, import_id)


def forget(caller: Caller, import_id: UUID) -> None:
    """Throw the file of a dry run away; raises NotFound."""
    with writing():
        found = _held(caller, import_id)
        if found.status == "tried":
            import_pieces.drop_pieces(import_id)


def order_undo(caller: Caller, import_id: UUID, *, now: datetime) -> Ordered:
    """Let a worker take an import back; raises NotFound, and Invalid where it is under way or has imported nothing."""
    with writing():
        found = _held(caller, import_id)
        if found.status in UNDER_WAY:
            raise Invalid("import", "under_way", "A worker is at it; wait until it is done.")
        if found.is_dry or found.status not in {"done", "failed"}:
            raise Invalid("import", "nothing_imported", "This import has nothing that could be taken back.")
        imports.change_import(import_id, status="undoing", progress=None)
        _enqueue("undo_import", found, caller.actor, now)
    return read_import(caller, import_id)


def read_imports(caller: Caller) -> list[Ordered]:
    """Return the latest imports into the caller's site, the last one first."""
    with reading():
        found = imports.latest_imports(caller.site_id, limit=importing.MOST_LISTED)
        kept = import_pieces.with_pieces([one.id for one in found])
    return [Ordered(one, one.id in kept) for one in found]


def read_import(caller: Caller, import_id: UUID) -> Ordered:
    """Return an import into the caller's site; raises NotFound."""
    with reading():
        found = imports.find_import(import_id)
        has_file = import_pieces.has_pieces(import_id)
    if found is None or found.site_id != caller.site_id:
        raise NotFound("This site has no such import.")
    return Ordered(found, has_file)


def forget_old_files(*, now: datetime) -> int:
    """Throw away the files that nobody has decided on within a day, and return how many pieces those were."""
    with writing():
        return import_pieces.drop_old_pieces(before=now - FILE_LASTS)


def carry_out(job: Job, now: datetime) -> None:
    """Import what was ordered, or say what it would do; taken up again, it goes on where it stopped."""
    found = _due(job, {"waiting", "running"})
    if found is None:
        return
    with writing():
        slug = sites.get_site(found.site_id).slug
        imports.change_import(found.id, status="running")
    with _failures_told(job, found), _file(found.id) as path:
        order = Order(System(found.system), path, slug, _actor(job), found.file_name, found.is_dry, found.id)
        with importing.taking_over(order, now=datetime.now(UTC), told=_Teller(job, found.id)) as report:
            counts = {"read": report.read, "imported": report.imported, "skipped": report.skipped_count}
            status = "tried" if found.is_dry else "done"
            with writing():
                done = {"status": status, "finished_at": datetime.now(UTC), "progress": None, "report": _kept(report)}
                imports.change_import(found.id, **done, **counts)
                if not found.is_dry:
                    import_pieces.drop_pieces(found.id)


def carry_out_undo(job: Job, now: datetime) -> None:
    """Take an import back as far as nobody has touched it."""
    found = _due(job, {"undoing"})
    if found is None:
        return
    teller = _Teller(job, found.id)
    with _failures_told(job, found):
        undone = undo_import(found.id, actor=_actor(job), now=now, told=lambda n, of: teller("undoing", n, of))
        with writing():
            report = dict(found.report or {}) | {"left": dict(undone.left)}
            imports.change_import(found.id, progress=None, report=report)


def _enqueue(kind: str, found: Import, actor: Actor, now: datetime) -> None:
    said = {"import_id": str(found.id), "actor": [actor.kind, str(actor.id or ""), actor.name]}
    outbox.enqueue(kind, found.site_id, payload=said, now=now)


def _held(caller: Caller, import_id: UUID) -> Import:
    found = imports.find_import(import_id, hold=True)
    if found is None or found.site_id != caller.site_id:
        raise NotFound("This site has no such import.")
    return found


def _due(job: Job, statuses: set[str]) -> Import | None:
    with reading():
        found = imports.find_import(UUID(job.payload["import_id"]))
    return found if found is not None and found.status in statuses else None


def _actor(job: Job) -> Actor:
    kind, actor_id, name = job.payload["actor"]
    return Actor(kind, UUID(actor_id) if actor_id else None, name)


def _pieces(path: Path) -> Iterator[list[bytes]]:
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(PIECE), b"")
        while some := list(islice(pieces, AT_ONCE)):
            yield some


@contextmanager
def _file(import_id: UUID) -> Iterator[Path]:
    """Yield what was sent as a file, which is gone afterwards; raises NoRoom."""
    with tempfile.TemporaryDirectory(prefix="postbag-ordered-") as folder:
        path = Path(folder) / "export"
        try:
            _write(path, import_id)
        except OSError as fault:
            raise importing.NoRoom(fault.strerror or str(fault)) from fault
        yield path


def _write(path: Path, import_id: UUID) -> None:
    with path.open("wb") as file:
        for number in count():
            with reading():
                piece = import_pieces.piece(import_id, number)
            if piece is None:
                break
            file.write(piece)


@contextmanager
def _failures_told(job: Job, found: Import) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable:
        raise
    except Invalid as fault:
        _failed(found, fault.detail)
    except Exception as fault:
        if job.attempts >= MOST_FAILURES:
            _failed(found, str(fault) if isinstance(fault, importing.NoRoom) else OURS)
        raise


def _failed(found: Import, problem: str) -> None:
    with writing():
        imports.change_import(found.id, status="failed", progress=None, report={"problem": problem})
        import_pieces.drop_pieces(found.id)


def _kept(report: Report) -> Mapping[str, Any]:
    return {
        "skipped": [list(said) for said in islice(report.skipped(), LINES_KEPT)],
        "notes": [list(said) for said in islice(report.notes(), LINES_KEPT)],
        "pending": report.pending,
    }


class _Teller:
    """Keeps how far a job has come, and with it its claim, so that no other worker takes it for dead."""

    def __init__(self, job: Job, import_id: UUID) -> None:
        self._job, self._import_id = job, import_id
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TELL_EVERY
        with writing():
            imports.change_import(self._import_id, progress=[what, done, total])
            outbox.keep(self._job.id, until=datetime.now(UTC) + CLAIM_LASTS)
