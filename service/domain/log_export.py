"""The log as a file: JSON Lines, which say all that was hashed, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from service.domain.log import ChainedEntry, hashed_fields
from service.domain.times import rfc3339

COLUMNS = (
    "number", "created_at", "kind", "action", "actor_kind", "actor_id", "actor_name", "comment_id", "batch_id",
    "revision", "version", "from_status", "to_status", "reason_id", "reason", "note", "waited", "subject", "details",
    "id", "site_id", "previous_hash", "hash",
)  # fmt: skip
SENT_TOGETHER = 200
"""Lines in one write: a write for each would cost more than making the line."""

_BEGINS_A_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")  # the last four are full-width; Excel takes them too
_CONTROLS = frozenset("\t\r\n")


def log_view(link: ChainedEntry) -> dict[str, Any]:
    """Return an entry as JSON: what was hashed, and the hash; of one whose words are gone, when they went."""
    fields = hashed_fields(link.entry, number=link.number, previous_hash=link.previous_hash)
    fields["hash"] = link.hash.hex()
    return fields if link.erased_at is None else fields | {"erased_at": rfc3339(link.erased_at)}


def as_json_lines(links: Iterable[ChainedEntry]) -> Iterator[str]:
    """Yield one JSON object a line, several lines at a time."""
    for group in _grouped(links):
        yield "".join(json.dumps(log_view(link), ensure_ascii=False, separators=(",", ":")) + "\n" for link in group)


def as_csv(links: Iterable[ChainedEntry]) -> Iterator[str]:
    """Yield CSV as RFC 4180 has it, with a head line, several lines at a time."""
    yield _rows([COLUMNS])
    for group in _grouped(links):
        yield _rows([_cells(log_view(link)) for link in group])


def _grouped(links: Iterable[ChainedEntry]) -> Iterator[list[ChainedEntry]]:
    walk = iter(links)
    while group := list(islice(walk, SENT_TOGETHER)):
        yield group


def _rows(rows: Iterable[Iterable[Any]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _cells(view: dict[str, Any]) -> list[Any]:
    details = view["details"]
    view["details"] = None if details is None else json.dumps(details, ensure_ascii=False, separators=(",", ":"))
    return [harmless(view[name]) if isinstance(view[name], str) else view[name] for name in COLUMNS]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: where one would, an apostrophe stands before it.

    Names and reasons are people's words, and whoever opens the file is a moderator with more rights than they have.
    """
    is_formula = text[:1] in _CONTROLS or text.lstrip()[:1] in _BEGINS_A_FORMULA
    return f"'{text}" if is_formula and text else text
