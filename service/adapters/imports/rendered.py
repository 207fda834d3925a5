"""Texts that were rendered while the rest of their export was still read: a file beside the one in which it waits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from service.adapters.imports.bodies import Body, body_of
from service.domain.imports import Markup

_TABLE = """
CREATE TABLE IF NOT EXISTS bodies (seq INTEGER PRIMARY KEY, raw TEXT, html TEXT, searched TEXT, fingerprint BLOB,
  has_links INTEGER, fault TEXT)
"""
_MOST_BYTES = 1 << 30  # of the file; what does not fit is rendered when it is written
_AT_ONCE = 500  # bodies that are asked for in one statement


Unrendered = tuple[int, str, str]
"""The number of a comment in its export, its text, and the value of its markup: fit to be sent to a process."""


class Rendered:
    """The file, made where there is none; a process needs one each, and only one may `render`."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        # With a journal, since what was written before a disk is full is still to be read.
        for setting in ("journal_mode = MEMORY", "synchronous = OFF"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute(_TABLE)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def render(self, texts: Sequence[Unrendered]) -> bool:
        """Render and keep these, and tell whether there is room for more; a full disk is no fault here."""
        rows = [(seq, *body_of(text, Markup(markup))) for seq, text, markup in texts]
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO bodies VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            return False
        [[size]] = self._db.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(size) < _MOST_BYTES

    def bodies(self, seqs: Sequence[int]) -> dict[int, Body]:
        """Return those of the comments whose text was rendered."""
        found: dict[int, Body] = {}
        for start in range(0, len(seqs), _AT_ONCE):
            wanted = json.dumps(list(seqs[start : start + _AT_ONCE]))
            for seq, raw, html, searched, fingerprint, has_links, fault in self._db.execute(
                "SELECT * FROM bodies WHERE seq IN (SELECT value FROM json_each(?))", (wanted,)
            ):
                found[seq] = Body(raw, html, searched, fingerprint, bool(has_links), fault)
        return found
