"""Where the time of something goes, by the package whose lines take it."""

from __future__ import annotations

import cProfile
import pstats
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.printing import table

ROOT = Path(__file__).parent.parent
WAITING = re.compile(r"\b(poll|e?poll_wait|select|recv|recv_into|wait|wait_c|acquire|sleep|commit)\b")
"""Built-ins that wait: for a socket, a lock, or, as sqlite3 does at a commit, for the disk."""
SHOWN = 16  # packages; the rest is summed up


def profile(act: Callable[[], Any], times: int) -> str:
    """Return a table of what each package takes of one act, of its own lines and of the built-ins that they call.

    The profiler itself slows down what consists of many small calls, so the shares say more than the times; the head
    tells both. The first acts, which fill caches, are not counted.
    """
    for _ in range(max(2, times // 10)):
        act()
    began = time.perf_counter()
    for _ in range(times):
        act()
    plain = (time.perf_counter() - began) / times * 1000
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(times):
        act()
    profiler.disable()
    taken = _by_package(pstats.Stats(profiler))
    total = sum(taken.values())
    rows = [
        (name, f"{seconds / times * 1000:.2f} ms", f"{seconds / total:.0%}") for name, seconds in taken.most_common()
    ]
    if len(rows) > SHOWN:
        rest = sum(seconds for _, seconds in taken.most_common()[SHOWN:])
        rows = [*rows[:SHOWN], ("all others", f"{rest / times * 1000:.2f} ms", f"{rest / total:.0%}")]
    head = (f"{plain:.2f} ms each, {total / times * 1000:.2f} ms under the profiler", "of it", "share")
    return table(rows, head)


def _by_package(stats: pstats.Stats) -> Counter[str]:
    taken: Counter[str] = Counter()
    entries: dict[Any, Any] = stats.stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own, _, callers) in entries.items():
        if file.startswith(("~", "<")):
            # What is built in counts for whoever calls it, and waiting for another process is told apart.
            waiting = ", waiting" if WAITING.search(name) else ""
            for (caller, _, _), (_, _, part, _) in callers.items():
                taken[_package(caller) + waiting] += part
        else:
            taken[_package(file)] += own
    return taken


def _package(file: str) -> str:
    if file.startswith(("~", "<")):
        return "built in"
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts[:3])
    found = re.search(r"site-packages/([^/]+)", file)
    if found and found[1] == "psycopg":
        return "psycopg, with its waiting"  # in C, where no profiler of Python tells the one from the other
    if found:
        return found[1].removesuffix(".py")
    return "standard library"
