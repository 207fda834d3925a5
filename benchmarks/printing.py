"""The one way in which a benchmark prints what was asked for beside what was reached."""

from __future__ import annotations

import logging
from collections.abc import Sequence

Rows = list[tuple[str, str, str]]

HEAD = ("what", "asked for", "measured")


def quieten() -> None:
    """Leave out the line that an application of this process logs of each request; its warnings stay."""
    logging.getLogger("postbag.request").setLevel(logging.WARNING)


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> str:
    """Return rows as a table of Markdown that also reads well as it is."""
    widths = [max(len(row[column]) for row in [*rows, head]) for column in range(len(head))]
    lines = []
    for row in [head, None, *rows]:
        cells = (
            ["-" * width for width in widths]
            if row is None
            else [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def print_table(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> None:
    """Print rows of (what, asked for, measured), or of what the head says, as a table."""
    print(table(rows, head))
