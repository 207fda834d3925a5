"""Which reader reads the exports of which system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from service.adapters.imports import commento, disqus, isso, postbag, remark42, wordpress
from service.adapters.imports.opening import Progress, Readable, is_sqlite, opened
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


def read(system: System, path: Path, told: Progress | None = None) -> Iterator[Source]:
    """Yield all that is in an export; raises Invalid as soon as something is wrong with the file."""
    if system is System.ISSO and is_sqlite(path):
        yield from isso.read_database(path)
        return
    with opened(path, told) as stream:
        yield from STREAMED[system](stream)
