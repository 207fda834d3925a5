"""A file that is sent is written to the disk as it comes, up to a bound, and gone when its request is answered."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from flask import current_app, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from service.domain.errors import Invalid
from service.domain.text import clean_line
from service.web.parsing import IMPORT_MAX
from service.web.problems import TooLarge

CHUNK = 256 * 1024
NAME_MAX = 200  # characters of a file's name, which only people read
_PATH = re.compile(r".*[/\\]", re.DOTALL)


def most() -> int:
    """Return how many bytes a file may have."""
    return int(current_app.config[IMPORT_MAX])


@contextmanager
def received(source: IO[bytes] | None = None) -> Iterator[Path]:
    """Yield a file with the body of the request, or with what another stream gives; TMPDIR says where it lies.

    Raises TooLarge, and Invalid where nothing came.
    """
    with tempfile.TemporaryDirectory(prefix="postbag-sent-") as folder:
        path = Path(folder) / "export"
        with path.open("wb") as file:
            try:
                size = _copy(request.stream if source is None else source, file)
            except (RequestEntityTooLarge, ClientDisconnected) as fault:
                raise _too_large() from fault
        if not size:
            raise Invalid("file", "required", "A file is wanted here: the export of the other system.")
        yield path


def _copy(source: IO[bytes], file: IO[bytes]) -> int:
    size = 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > most():
            raise _too_large()
        file.write(chunk)
    return size


def _too_large() -> TooLarge:
    return TooLarge(
        f"The file has more than {most() // 2**20:,} MiB, or was cut off on its way; "
        "`flask --app wsgi import` reads larger ones."
    )


def plain_name(raw: str | None) -> str:
    """Return the name of a file as people may read it: one line, without the folders that some browsers send."""
    return clean_line(_PATH.sub("", (raw or "").encode("utf-8", "ignore").decode()).replace("\x00", ""))[:NAME_MAX]
