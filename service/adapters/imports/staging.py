"""A file beside the database in which an export waits until all was read: one broken byte, and nothing is written.

It also puts what belongs together side by side, whatever the order of the export, without holding it in memory:
comments by article, people and pages by their ids. It is gone when the import ends, however it does.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from service.adapters.imports.rendered import Rendered, Unrendered
from service.domain.imports import Markup, PageKey, Source, SourceComment, SourcePage, SourcePerson
from service.domain.life import Status

_BATCH = 1_000  # rows that are handed to SQLite at once
_MOST_TEXT = 500_000  # characters of them; a process gives back little of what it once needed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TABLES = """
CREATE TABLE pages (id TEXT PRIMARY KEY, url TEXT, title TEXT, closed INTEGER, kept TEXT, key TEXT,
  refused TEXT);
CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, email TEXT, url TEXT, kept TEXT);
CREATE TABLE comments (seq INTEGER PRIMARY KEY, page TEXT, id TEXT, parent TEXT, person TEXT, name TEXT, email TEXT,
  url TEXT, written INTEGER, status TEXT, text TEXT, markup TEXT, votes INTEGER, refused TEXT, digest BLOB,
  kept TEXT);
CREATE TABLE records (seq INTEGER PRIMARY KEY, kind TEXT, text TEXT);
-- What is written after the rest was read lies apart, so that nobody who reads the rest waits for it.
CREATE TEMP TABLE told (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, source_id TEXT, said TEXT);
CREATE TEMP TABLE given (id TEXT PRIMARY KEY, ours TEXT);
"""
_INSERT = "INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OF_ARTICLE = """
SELECT comments.seq, comments.page, comments.id, parent, written, status, comments.refused, digest, length(text)
FROM pages CROSS JOIN comments ON comments.page = pages.id WHERE pages.key = ? ORDER BY seq
"""
_WITHOUT_ARTICLE = """
SELECT comments.seq, comments.page, comments.id, parent, written, status, comments.refused, digest, length(text),
  pages.refused
FROM comments LEFT JOIN pages ON pages.id = comments.page WHERE pages.key IS NULL ORDER BY seq
"""
_MOST_VOTES = 2**31  # JSON can say numbers that no database holds
_RENDERED = "rendered.sqlite"
_LONGEST_ID = 200  # characters of another system's id; longer ones are cut, since they only have to tell things apart


@dataclass(frozen=True, slots=True)
class StagedArticle:
    """An article of an export: its key, and title and state as the first of its pages has them."""

    key: str
    title: str
    closed: bool
    kept: str = ""


class Outline(NamedTuple):
    """What is needed of a comment to find its place; `digest` tells texts without ids apart."""

    seq: int
    page: str
    id: str
    parent: str
    written: datetime | None
    status: Status
    refused: str
    digest: bytes
    size: int
    """Characters of its text."""


class Text(NamedTuple):
    """What a comment says, and who says it."""

    name: str
    email: str
    url: str
    text: str
    markup: Markup
    votes: int
    kept: str = ""
    person: str = ""
    person_kept: str = ""


_TEXTS = """
SELECT seq, coalesce(nullif(c.name, ''), p.name, ''), coalesce(nullif(c.email, ''), p.email, ''),
  coalesce(nullif(c.url, ''), p.url, ''), text, markup, votes, c.kept, person, coalesce(p.kept, '')
FROM comments c LEFT JOIN people p ON p.id = nullif(c.person, '') WHERE seq IN (SELECT value FROM json_each(?))
"""


class Texts:
    """What comments say, read from a file that is settled, by a connection of its own: a process needs one each."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
        self.rendered = Rendered(file.with_name(_RENDERED))

    def close(self) -> None:
        """Let go of the file."""
        self.rendered.close()
        self._db.close()

    def texts(self, seqs: Sequence[int]) -> list[Text]:
        """Return what these comments say, in this order."""
        found: dict[int, Text] = {}
        for start in range(0, len(seqs), 500):
            for seq, name, email, url, text, markup, *others in self._db.execute(
                _TEXTS, (json.dumps(list(seqs[start : start + 500])),)
            ):
                found[seq] = Text(name, email, url, text, Markup(markup), *others)
        return [found[seq] for seq in seqs]


class Staging:
    """The file; `add` until everything was read, then `set_keys`, then whatever else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rendered_file = file.with_name(_RENDERED)
        """Where somebody may keep texts that are rendered already."""
        self._db = sqlite3.connect(file, isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -8000", "temp_store = FILE"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")
        self._waiting: list[tuple[Any, ...]] = []
        self._length = 0
        self._seq = 0

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def add(self, sources: Iterable[Source], seen: Callable[[Sequence[Unrendered]], None] = lambda _: None) -> int:
        """Take everything a reader yields, and return how many comments were among it; texts are `seen` in turn."""
        for source in sources:
            if isinstance(source, SourceComment):
                self._seq += 1
                self._waiting.append(_values(self._seq, source))
                self._length += len(source.text) + len(source.kept)
                if len(self._waiting) >= _BATCH or self._length >= _MOST_TEXT:
                    seen(self._flush())
            elif isinstance(source, SourcePage):
                row = (_id(source.id), _text(source.url), _text(source.title), source.closed, source.kept)
                insert = "INSERT OR IGNORE INTO pages (id, url, title, closed, kept) VALUES (?, ?, ?, ?, ?)"
                self._db.execute(insert, row)
            elif isinstance(source, SourcePerson):
                person = (_id(source.id), _text(source.name), _text(source.email), _text(source.url), source.kept)
                self._db.execute("INSERT OR IGNORE INTO people VALUES (?, ?, ?, ?, ?)", person)
            else:
                record = (source.kind, source.text)
                self._db.execute("INSERT INTO records (kind, text) VALUES (?, ?)", record)
        seen(self._flush())
        self._db.execute("CREATE INDEX comments_page ON comments (page, seq)")
        return self._seq

    def _flush(self) -> list[Unrendered]:
        """Store what waits, and return those of its texts that will be written."""
        self._db.executemany(_INSERT, self._waiting)
        texts = [
            (seq, text, markup)
            for seq, *_, status, text, markup, _votes, refused, _digest, _kept in self._waiting
            if status != Status.DELETED.value and not refused
        ]
        self._waiting, self._length = [], 0
        return texts

    def pages(self) -> Iterator[tuple[str, str]]:
        """Yield the id and the address of each page that has comments, or that is to be restored without any."""
        used = self._db.execute(
            "SELECT id, url FROM pages WHERE kept <> '' OR EXISTS (SELECT 1 FROM comments WHERE page = pages.id)"
            " ORDER BY rowid"
        )
        while rows := used.fetchmany(_BATCH):
            yield from rows

    def set_keys(self, keys: Iterable[tuple[str, PageKey]]) -> None:
        """Keep which article each page becomes; the file stays as it is from then on, and others may read it."""
        for page, key in keys:
            row = (key.value or None, key.refused or None, page)
            self._db.execute("UPDATE pages SET key = ?, refused = ? WHERE id = ?", row)
        self._db.execute("CREATE INDEX pages_key ON pages (key)")
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def texts(self) -> Texts:
        """Open the file once more, for what its comments say."""
        return Texts(self._file)

    def articles(self) -> Iterator[StagedArticle]:
        """Yield each article that has comments, in the order of the file."""
        found = self._db.execute(
            "SELECT key, title, min(closed), min(rowid), kept FROM pages WHERE key IS NOT NULL GROUP BY key"
            " ORDER BY min(rowid)"
        )
        while rows := found.fetchmany(_BATCH):
            for key, title, closed, _, kept in rows:
                yield StagedArticle(key, title, bool(closed), kept)

    def outlines(self, key: str) -> Iterator[Outline]:
        """Yield the comments of an article, as they come in the file."""
        found = self._db.execute(_OF_ARTICLE, (key,))
        while rows := found.fetchmany(_BATCH):
            yield from map(_outline, rows)

    def without_article(self) -> Iterator[tuple[Outline, str]]:
        """Yield the comments whose page is not to be found or becomes no article, each with the reason."""
        found = self._db.execute(_WITHOUT_ARTICLE)
        while rows := found.fetchmany(_BATCH):
            for *values, refused in rows:
                yield _outline(values), refused or "its page is not in the file"

    def records(self, kind: str) -> Iterator[str]:
        """Yield what else the export has of a kind, as it comes in the file."""
        found = self._db.execute("SELECT text FROM records WHERE kind = ? ORDER BY seq", (kind,))
        while rows := found.fetchmany(_BATCH):
            yield from (row[0] for row in rows)

    def give(self, ours: Iterable[tuple[str, UUID]]) -> None:
        """Keep which ids things of the export have got here."""
        self._db.executemany("INSERT OR REPLACE INTO given VALUES (?, ?)", ((old, str(new)) for old, new in ours))

    def given(self, ids: Sequence[str]) -> dict[str, UUID]:
        """Return what those of the ids that are known here are called here."""
        wanted = json.dumps(list(ids))
        rows = self._db.execute("SELECT id, ours FROM given WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        return {old: UUID(new) for old, new in rows}

    def tell(self, kind: str, source_id: str, said: str) -> None:
        """Keep a line of the report: of a kind, about the comment with this id in the export."""
        self._db.execute("INSERT INTO told (kind, source_id, said) VALUES (?, ?, ?)", (kind, source_id, said))

    def told(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield the lines of the report of a kind."""
        found = self._db.execute("SELECT source_id, said FROM told WHERE kind = ? ORDER BY seq", (kind,))
        while rows := found.fetchmany(_BATCH):
            yield from rows

    def count_told(self, kind: str) -> int:
        """Return how many lines of a kind the report has."""
        [[count]] = self._db.execute("SELECT count(*) FROM told WHERE kind = ?", (kind,)).fetchall()
        return int(count)


class NoRoom(Exception):
    """The disk on which exports wait is full, or does not take what is written."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The export cannot wait in the folder of temporary files, which TMPDIR names ({reason}). It takes about "
            "as much room there as its texts, by command up to a GiB more. What was imported before stays; once there "
            "is room, the same again goes on."
        )


_NOT_TAKEN = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


@contextmanager
def staging() -> Iterator[Staging]:
    """Yield an empty file, which is gone afterwards; TMPDIR says where it lies. Raises NoRoom."""
    with tempfile.TemporaryDirectory(prefix="postbag-import-") as folder:
        try:
            with closing(Staging(Path(folder) / "staged.sqlite")) as made:
                yield made
        except sqlite3.OperationalError as fault:
            # The lowest byte is the kind of the fault; what stands above it tells more of it. The driver's own lack it.
            if getattr(fault, "sqlite_errorcode", 0) & 0xFF not in _NOT_TAKEN:
                raise
            raise NoRoom(str(fault)) from fault


def _outline(values: Sequence[Any]) -> Outline:
    seq, page, source_id, parent, written, status, refused, digest, size = values
    time = None if written is None else _EPOCH + timedelta(microseconds=written)
    return Outline(seq, page, source_id, parent, time, Status(status), refused, digest, size)


def _values(seq: int, source: SourceComment) -> tuple[Any, ...]:
    written = None if source.written is None else (source.written - _EPOCH) // timedelta(microseconds=1)
    name, email, text = _text(source.name), _text(source.email), _text(source.text)
    said = "\x00".join((str(written), name, email, source.person, text))
    return (
        seq,
        _id(source.page),
        _id(source.id),
        _id(source.parent),
        _id(source.person),
        name,
        email,
        _text(source.url),
        written,
        source.status.value,
        text,
        source.markup.value,
        min(max(source.votes, -_MOST_VOTES), _MOST_VOTES),
        source.refused,
        blake2b(said.encode(), digest_size=16).digest(),
        source.kept,
    )


def _id(raw: str) -> str:
    return _text(raw).strip()[:_LONGEST_ID]


def _text(raw: str) -> str:
    # Lone surrogates and NUL can stand in JSON, and in no database.
    return raw if raw.isascii() and "\x00" not in raw else raw.replace("\x00", "").encode("utf-8", "ignore").decode()
