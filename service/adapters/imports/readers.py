"""Which reader reads the exports of which system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from service.adapters.imports import commento, disqus, isso, postbag, remark42, wordpress
from service.adapters.imports.opening import Enough, Progress, Readable, is_sqlite, opened
from service.domain.imports import Source, System

STREAMED: Mapping[System, Callable[[Readable], Iterator[Source]]] = {
    System.WORDPRESS: wordpress.read,
    System.DISQUS: disqus.read,
    System.ISSO: isso.read,
    System.REMARK42: remark42.read,
    System.COMMENTO: commento.read_commento,
    System.COMENTARIO: commento.read_comentario,
    System.POSTBAG: postbag.read,
}


def read(system: System, path: Path, told: Progress | None = None, *, most: int | None = None) -> Iterator[Source]:
    """Yield all that is in an export; raises Invalid as soon as something is wrong with the file.

    Of what was unpacked about `most` bytes are read, where that is given.
    """
    if system is System.ISSO and is_sqlite(path):
        is_larger = most is not None and path.stat().st_size > most
        yield from islice(isso.read_database(path), 1 if is_larger else None)
        return
    with suppress(Enough), opened(path, told, most=most) as stream:
        yield from STREAMED[system](stream)
