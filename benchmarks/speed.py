"""Everything that was promised about speed, measured in one run, printed, and written into `benchmarks/RESULTS.md`.

`python -m benchmarks.speed` (`make bench`) starts all servers itself and takes some minutes; `--only reads,cold` runs
parts of it, and the other parts keep the sections that they have. `--rounds`, `--seconds` and `--requests` make it
shorter or longer; `--largest` fills ten million comments too. It wants two cores, and nobody else on them.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import busy, cold, growth, memory, reads, start, writes
from benchmarks.effort import Measure, effort_of, effort_options
from benchmarks.generators import generator
from benchmarks.machine import described
from benchmarks.own import NotInstalled
from benchmarks.printing import quieten
from benchmarks.results import RESULTS, rewritten, wrapped

PARTS: dict[str, tuple[str, Measure]] = {
    "reads": ("Reads", reads.measure),
    "cold": ("A cold page", cold.measure),
    "writes": ("Submissions", writes.measure),
    "busy": ("Reads while others write", busy.measure),
    "growth": ("Growth", growth.measure),
    "memory": ("Memory", memory.measure),
    "start": ("Start", start.measure),
}


def main() -> None:
    """Run the parts that are asked for, print each as it ends, and write what was found."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join(PARTS), help=f"parts, out of {', '.join(PARTS)}")
    arguments.add_argument("--print-only", action="store_true", help="leave RESULTS.md as it is")
    effort_options(arguments)
    given = arguments.parse_args()
    chosen = [name for name in given.only.split(",") if name]
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        arguments.error(f"--only names {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    try:
        generator()
    except NotInstalled as reason:
        sys.exit(str(reason))
    quieten()
    effort = effort_of(given)
    for name in chosen:
        heading, measure = PARTS[name]
        machine, began = described(), time.monotonic()
        print(f"## {heading}\n", flush=True)
        findings = measure(effort)
        took = time.monotonic() - began
        extent = (
            f"{effort.rounds} rounds of {effort.seconds} s" if name != "memory" else f"{effort.requests:,} requests"
        )
        told = f"{wrapped(f'{machine} {extent}, {took:,.0f} s in all.')}\n\n{findings.told()}"
        print(f"{told}\n", flush=True)
        if not given.print_only:
            # At once, so that a run that is called off has written what it found.
            present = RESULTS.read_text() if RESULTS.exists() else ""
            order = {part: title for part, (title, _) in PARTS.items()}
            RESULTS.write_text(rewritten(present, order, {name: told}))


if __name__ == "__main__":
    main()
