"""How many honest comments the screening would keep back, on files of what people wrote, one language or site each.

    python -m benchmarks.honest FILE [FILE ...] [--text C] [--examples N]

A file is CSV (or .tsv) with a column for the text, or plain text with one comment a line. Every comment goes through
all phases as it would on a site without rules that publishes at once: from somebody new, through a form shown for a
minute, in the order of the file and within the month in which near-copies find each other. An address in a text is
taken for its author's own. The data are not part of this repository.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.printing import print_table
from benchmarks.spam import COLUMNS, typed
from service.domain.comment import BODY_MAX
from service.domain.forms import FormSeen, FormState
from service.domain.likeness import ENOUGH_ALIKE, sketch
from service.domain.screening import Facts, Signal, Submission, Verdict, screen
from service.domain.site import Policy
from service.domain.text import clean_body, is_blank

HOW_TO_GET = """Give at least one file of honest comments: python -m benchmarks.honest FILE [FILE ...]

A CSV file has a column for the text (--text names it where it is called something unusual); any other file has one
comment a line. The collections that docs/measured.md tells of are named there; keep them outside the repository."""

ASKED = 0.02  # of the honest comments, fewer
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
FORM = FormSeen(FormState.VALID, timedelta(minutes=1))
SHOWN = 160  # characters of an example
LETTERS = 5  # of a run, as long as a short word and the space behind it


@dataclass(frozen=True)
class Kept:
    """A comment that got more than a note: why, and whether most of it stands earlier in the file."""

    text: str
    signals: tuple[Signal, ...]
    is_copy: bool


class Site:
    """What a site remembers of the comments before: by which numbers near-copies find each other."""

    def __init__(self) -> None:
        self._having: dict[int, list[str]] = {}
        self.noted: Counter[str] = Counter()

    def take(self, text: str) -> Kept | None:
        """Screen the next comment and remember it; return it where it got more than a note."""
        numbers = sketch(text)
        shared = Counter(earlier for number in numbers for earlier in set(self._having.get(number, ())))
        alike = [earlier for earlier, times in shared.items() if times >= ENOUGH_ALIKE]
        address = ADDRESS.search(text)
        submission = Submission(text, is_edit=False, email=address[0] if address else "")
        facts = Facts(Policy.NONE, author_approved=0, now=NOW, alike=len(alike), form=FORM)
        signals = screen(submission, facts)
        for number in numbers:
            self._having.setdefault(number, []).append(text)
        self.noted.update(signal.name for signal in signals if signal.verdict is Verdict.NOTE)
        more = tuple(signal for signal in signals if signal.verdict is not Verdict.NOTE)
        return Kept(text, more, any(mostly_the_same(text, earlier) for earlier in alike)) if more else None


def mostly_the_same(one: str, other: str) -> bool:
    """True where two texts have half of their runs of letters in common, compared one by one and without any sketch."""
    runs, others = ({text[at : at + LETTERS] for at in range(len(text) - LETTERS + 1)} for text in (one, other))
    return len(runs & others) >= len(runs | others) / 2


def read(path: Path, column: str | None = None) -> Iterator[str]:
    """Yield the comments of a file as they would be sent; a blank line is none."""
    for text in map(clean_body, _texts(path, column)):
        if not is_blank(text):
            yield text[:BODY_MAX]


def _texts(path: Path, column: str | None) -> Iterable[str]:
    if path.suffix not in {".csv", ".tsv"}:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        there = rows.fieldnames or []
        wanted = (column.casefold(),) if column else COLUMNS["text"]
        named = next((name for name in there if name.strip().casefold() in wanted), None)
        if named is None:
            sys.exit(f"{path} has no column for the text; it has {', '.join(there)}. Name it with --text.")
        return [typed(row[named] or "") for row in rows]


def measured(path: Path, comments: Iterable[str]) -> Measured:
    """Return how many comments there were, those that got more than a note, and what was noted of them all."""
    site = Site()
    found = [site.take(text) for text in comments]
    return Measured(path.name, len(found), [kept for kept in found if kept], site.noted)


@dataclass(frozen=True)
class Measured:
    """What was found in a file."""

    name: str
    count: int
    kept: Sequence[Kept]
    noted: Counter[str]

    def rate(self) -> str:
        """Return how many got more than a note in per cent, by which signals, and how many without those sent twice."""
        if not self.kept:
            return "0.00%"
        copies = sum(each.is_copy for each in self.kept)
        said = f"{self._part(len(self.kept))} ({_counted(self.by_signal())})"
        return f"{said}; without what stands there twice {self._part(len(self.kept) - copies)}" if copies else said

    def by_signal(self) -> Counter[str]:
        """Return how many comments got more than a note from which signal."""
        return Counter(signal.name for each in self.kept for signal in each.signals)

    def notes(self) -> str:
        """Return what was noted beside, but that everybody is new here."""
        return _counted(Counter({name: times for name, times in self.noted.items() if name != "first_time_author"}))

    def _part(self, number: int) -> str:
        return f"{number / self.count:.2%}"


def _counted(signals: Counter[str]) -> str:
    return ", ".join(f"{name} {times:,}" for name, times in signals.most_common()) or "nothing"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; without a file say how to get one, and return 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.honest", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--text", metavar="COLUMN", help=f"the column of the text; else {', '.join(COLUMNS['text'])}")
    parser.add_argument("--examples", type=int, default=3, metavar="N", help="how many are shown of each signal")
    given = parser.parse_args(arguments)
    if not given.files:
        print(HOW_TO_GET, file=sys.stderr)
        return 2
    files = [measured(path, read(path, given.text)) for path in given.files]
    rows = [
        (f"{file.name}, {file.count:,} comments: more than a note", f"< {ASKED:.0%}", file.rate()) for file in files
    ]
    print_table(rows)
    for file in files:
        print(f"\n{file.name}: noted beside: {file.notes()}")
        for name in file.by_signal():
            print(f"  {name}")
            for each in [each for each in file.kept if any(s.name == name for s in each.signals)][: given.examples]:
                print("    " + ("(twice) " if each.is_copy else "") + " ".join(each.text.split())[:SHOWN])
    return 0


if __name__ == "__main__":
    sys.exit(main())
