"""An import has several processes: texts are rendered while it is still read, and batches written at once."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Lock
from pathlib import Path

from service.actions.import_batches import Outcome, Writer
from service.actions.import_plan import Batch
from service.adapters.imports.rendered import Rendered, Unrendered
from service.store.session import leave_to_the_other

LOOK_EVERY = 1.0  # seconds, at the other processes, while they are waited for
AHEAD = 2  # batches that each of the others has before it, so that it has one while this process writes one itself
SOON = 2  # lots of texts that wait to be rendered; what comes meanwhile is rendered when it is written


@contextmanager
def rendering(file: Path, *, processes: int) -> Iterator[Callable[[Sequence[Unrendered]], None]]:
    """Yield what has texts rendered into a file by another process, as many as it gets done before the block ends.

    A few are not worth a process, and without any `processes` nothing is done. Raises BrokenProcessPool where it was
    killed.
    """
    if not processes:
        yield lambda _: None
        return
    Rendered(file).close()
    # One, whose file no other writes; the process that reads is the second.
    pool = ProcessPoolExecutor(1, get_context("fork"), initializer=_begin_to_render, initargs=(file,))
    found: deque[Future[bool]] = deque()
    is_first = True
    has_room = True

    def take(texts: Sequence[Unrendered]) -> None:
        nonlocal is_first, has_room
        while found and found[0].done():
            has_room &= found.popleft().result()
        if not is_first and has_room and len(found) < SOON:
            found.append(pool.submit(_render, texts))
        is_first = False

    try:
        yield take
        while found:
            found.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def written(writer: Writer, batches: Iterable[Batch], *, processes: int) -> Iterator[Outcome]:
    """Yield what came of each batch, in their order; as many `processes` write beside this one.

    Raises StoreUnavailable, and BrokenProcessPool where a process was killed; batches before are there then.
    """
    if not processes:
        for batch in batches:
            yield writer.write(batch, nullcontext())
        return
    # Forked, since a fresh interpreter would have to load the whole service before it could write one line.
    context = get_context("fork")
    turn = context.Lock() if writer.takes_turns else None
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(writer, turn))
    found: deque[Future[Outcome]] = deque()
    try:
        for batch in batches:
            if sum(not one.done() for one in found) < AHEAD * processes:
                found.append(pool.submit(_write, batch))
            else:
                here: Future[Outcome] = Future()
                here.set_result(writer.write(batch, nullcontext() if turn is None else _when_free(turn, found)))
                found.append(here)
            while found and found[0].done():
                yield found.popleft().result()
        while found:
            yield found.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _when_free(turn: Lock, found: Iterable[Future[Outcome]]) -> Iterator[None]:
    """Wait for a turn, and raise what has happened to the others: one that was killed in its turn keeps it."""
    while not turn.acquire(timeout=LOOK_EVERY):
        for one in found:
            if one.done():
                one.result()
    try:
        yield
    finally:
        turn.release()


class _Here:
    """What a process was begun with."""

    rendered: Rendered
    writer: Writer
    turn: AbstractContextManager[object]


def _begin_to_render(file: Path) -> None:
    _end_with_the_other()
    _Here.rendered = Rendered(file)


def _render(texts: Sequence[Unrendered]) -> bool:
    return _Here.rendered.render(texts)


def _begin(writer: Writer, turn: Lock | None) -> None:
    _end_with_the_other()
    # What was open when this process was forked belongs to the other one.
    leave_to_the_other()
    writer.texts = type(writer.texts)(writer.texts.file)
    _Here.writer, _Here.turn = writer, turn or nullcontext()


def _write(batch: Batch) -> Outcome:
    return _Here.writer.write(batch, _Here.turn)


def _end_with_the_other() -> None:
    """End this process as soon as the one that it works for has: one that is killed cannot say so."""
    other = parent_process()
    assert other is not None, "it was made by one"

    def wait() -> None:
        other.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
