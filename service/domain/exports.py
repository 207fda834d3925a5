"""What a site can be taken out as, and how one of our own exports begins and ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

VERSION = 1
"""Of the JSON Lines; an import refuses every other one. It changes when a reader of before would misunderstand."""


class ExportForm(StrEnum):
    """What an export is written in."""

    JSONL = "jsonl"
    WXR = "wxr"
    CSV_QUEUE = "csv-queue"
    CSV_LOG = "csv-log"


@dataclass(frozen=True)
class FormWords:
    """What a form is for, in a sentence for people, and what its file is called and sent as."""

    what: str
    says: str
    ending: str
    media_type: str
    may_have_emails: bool


FORMS: Mapping[ExportForm, FormWords] = {
    ExportForm.JSONL: FormWords(
        "Everything",
        "JSON Lines, from which a site of Postbag is restored as it was: settings, rules, articles, authors, comments "
        "with every revision, notes, and the log.",
        "jsonl",
        "application/x-ndjson",
        True,
    ),
    ExportForm.WXR: FormWords(
        "For WordPress",
        "WXR 1.2, which WordPress imports: articles and their comments, approved, waiting, spam or in the trash.",
        "xml",
        "application/xml",
        True,
    ),
    ExportForm.CSV_QUEUE: FormWords(
        "The queue", "CSV of what waits for a person now.", "csv", "text/csv; charset=utf-8; header=present", True
    ),
    ExportForm.CSV_LOG: FormWords(
        "The log", "CSV of everything that was decided and changed.", "csv", "text/csv; charset=utf-8; header=present",
        False,
    ),
}  # fmt: skip


def line(said: Mapping[str, Any]) -> str:
    """Return a record as one line of JSON."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"
