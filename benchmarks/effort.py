"""How much a run measures, and running one part alone."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.machine import described
from benchmarks.printing import quieten
from benchmarks.results import Findings


@dataclass(frozen=True)
class Effort:
    """Rounds of so many seconds where something runs for a time; so many requests where memory is watched."""

    rounds: int = 5
    seconds: int = 3
    requests: int = 1_000_000
    is_largest: bool = False
    """Whether a database of ten million comments is filled and measured too."""


Measure = Callable[[Effort], Findings]


def effort_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of an effort."""
    standard = Effort()
    parser.add_argument("--rounds", type=int, default=standard.rounds)
    parser.add_argument("--seconds", type=int, default=standard.seconds, help="of a round")
    parser.add_argument("--requests", type=int, default=standard.requests, help="while memory is watched")
    parser.add_argument(
        "--largest", action="store_true", help="also measure with ten million comments (30 GB, minutes)"
    )


def effort_of(given: argparse.Namespace) -> Effort:
    return Effort(given.rounds, given.seconds, given.requests, given.largest)


def measure_alone(measure: Measure, doc: str | None) -> None:
    """Run one part as a command of its own and print what it found; RESULTS.md stays as it is."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    effort_options(parser)
    given = parser.parse_args()
    quieten()
    print(described())
    print(measure(effort_of(given)).told())
