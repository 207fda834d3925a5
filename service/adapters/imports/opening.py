"""Opens an export as a stream of bytes, also out of gzip or a zip with one file, never more than may be."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from service.domain.imports import malformed, wrong_kind

GZIP, ZIP, SQLITE = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\x00"
MOST_EXPANDED = 16 * 2**30  # bytes; eight times the largest export that is promised to be read
SUSPICIOUS_RATIO = 200  # times; text is packed to a tenth, and only what is made to expand is packed to less
NOT_SUSPICIOUS = 256 * 2**20  # bytes that may come out of however little

Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been read."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


class Enough(Exception):
    """As much was read as was wanted."""


class _Watched:
    """What was unpacked, with every way in which that can fail told in one line, and an end to what may come out."""

    def __init__(
        self, unpacked: Readable, packed: BinaryIO, size: int, told: Progress | None, most: int | None
    ) -> None:
        self._unpacked, self._packed, self._size, self._told = unpacked, packed, size, told
        self._most = most
        self._read = 0

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; raises Invalid where the packing is broken or expands beyond measure."""
        try:
            chunk = self._unpacked.read(size)
        except EOFError as fault:
            raise malformed(f"after {self._read:,} bytes", "the compressed file is cut off.") from fault
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as fault:
            raise malformed(f"after {self._read:,} bytes", "the compressed file is damaged.") from fault
        if self._most is not None and self._read >= self._most and chunk:
            raise Enough
        self._read += len(chunk)
        if self._read > MOST_EXPANDED or self._read > max(NOT_SUSPICIOUS, SUSPICIOUS_RATIO * self._size):
            raise malformed(f"after {self._read:,} bytes", "the compressed file expands beyond measure.")
        if self._told is not None:
            self._told(self._packed.tell(), self._size)
        return chunk


@contextmanager
def opened(path: Path, told: Progress | None = None, *, most: int | None = None) -> Iterator[Readable]:
    """Yield the contents of a file; raises Invalid where it cannot be read or is no file of one export.

    Of what was unpacked about `most` bytes can be read, where that is given; then Enough is raised.
    """
    size = path.stat().st_size
    with path.open("rb") as packed:
        beginning = packed.read(16)
        packed.seek(0)
        if beginning.startswith(GZIP):
            with gzip.GzipFile(fileobj=packed) as unpacked:
                yield _Watched(unpacked, packed, size, told, most)
        elif beginning.startswith(ZIP):
            with _only_file(packed) as inside:
                yield _Watched(inside, packed, size, told, most)
        else:
            yield _Watched(packed, packed, max(size, MOST_EXPANDED), None if told is None else _of(size, told), most)


def _of(size: int, told: Progress) -> Progress:
    return lambda done, _: told(done, size)


def is_sqlite(path: Path) -> bool:
    """True for a database file."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


@contextmanager
def _only_file(packed: BinaryIO) -> Iterator[Readable]:
    try:
        archive = zipfile.ZipFile(packed)
    except zipfile.BadZipFile as fault:
        raise malformed("at the end", "the zip file is damaged or cut off.") from fault
    with archive:
        files = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            raise wrong_kind(f"The zip file has {len(files)} files in it; one export is wanted.")
        try:
            inside = archive.open(files[0])
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as fault:
            what = "it is locked with a password, or packed in a way that is not known."
            raise malformed(files[0].filename, what) from fault
        with inside:
            yield inside
