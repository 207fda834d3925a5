"""What was measured, held against what was asked for; as a table to be printed, and as `benchmarks/RESULTS.md`.

    Finding("a cold page", "4.1 ms (3.9 to 5.0)", 4.1, at_most(6, "ms"))

A part of the measurements has a section of its own in RESULTS.md, with its date, commit and machine. Parts that are not
run keep the section that they have.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from benchmarks.printing import table

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = ("what", "asked for", "measured", "")
INTRODUCTION = """# Speed, as it was measured

Written by `make bench` (`python -m benchmarks.speed`), not by hand. Each part says when, on which commit and on which
machine it was run. A figure is a median, with the range of its rounds behind it. Where a control stands beside it, both
were measured in turn in the same rounds, and what counts is the ratio of a round, since machines differ and are shared.
Below a figure that was missed stands the profile that shows why.
"""


@dataclass(frozen=True)
class Aim:
    """A bound that was asked for."""

    bound: float
    is_least: bool
    unit: str = ""

    def __str__(self) -> str:
        return f"{'>=' if self.is_least else '<='} {_number(self.bound)} {self.unit}".rstrip()

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.is_least else value <= self.bound


def at_least(bound: float, unit: str = "") -> Aim:
    return Aim(bound, is_least=True, unit=unit)


def at_most(bound: float, unit: str = "") -> Aim:
    return Aim(bound, is_least=False, unit=unit)


@dataclass(frozen=True)
class Finding:
    """One line: what was measured, in words, and for what was asked for as the number that decides."""

    what: str
    measured: str
    value: float | None = None
    aim: Aim | None = None

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        if self.value is None:
            return "not measured"
        return "reached" if self.aim.is_reached(self.value) else "MISSED"

    @property
    def row(self) -> tuple[str, str, str, str]:
        return self.what, str(self.aim or ""), self.measured, self.verdict


@dataclass
class Findings:
    """What one part found, with what has to be known beside it: `remarks` in prose, `profiles` by their headings."""

    lines: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)

    @property
    def has_missed(self) -> bool:
        return any(line.verdict == "MISSED" for line in self.lines)

    def told(self) -> str:
        """Return all of it as Markdown."""
        parts = [table([line.row for line in self.lines], HEAD), *map(wrapped, self.remarks)]
        for heading, profile in self.profiles.items():
            parts.append(f"{heading}:\n\n```\n{profile.rstrip()}\n```")
        return "\n\n".join(parts)


def spread(values: Sequence[float], unit: str = "", digits: int | None = None) -> str:
    """Return the median with the range behind it."""
    middle, least, most = (_number(one, digits) for one in (statistics.median(values), min(values), max(values)))
    return f"{middle} {unit}".rstrip() + f" ({least} to {most})"


def wrapped(paragraph: str) -> str:
    """Return a paragraph in lines as long as those of our other documents."""
    return fill(paragraph, width=120, break_long_words=False, break_on_hyphens=False)


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return the ratio of each round."""
    return [one / other for one, other in zip(ours, others, strict=True)]


def rewritten(present: str, order: Mapping[str, str], sections: Mapping[str, str]) -> str:
    """Return the text of RESULTS.md with these sections in place of earlier ones of their headings.

    `order` has the heading of every part by its name, `sections` the texts of those that were run. Sections of no
    known part are left out.
    """
    kept = {}
    for piece in re.split(r"^## ", present, flags=re.MULTILINE)[1:]:
        heading, _, body = piece.partition("\n")
        kept[heading.strip()] = body.strip()
    texts = [INTRODUCTION.strip()]
    for name, heading in order.items():
        body = sections.get(name) or kept.get(heading)
        if body:
            texts.append(f"## {heading}\n\n{body.strip()}")
    return "\n\n".join(texts) + "\n"


def _number(value: float, digits: int | None = None) -> str:
    if digits is None:
        digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
