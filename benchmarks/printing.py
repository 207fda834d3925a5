"""The one way in which a benchmark prints what was asked for beside what was reached."""

from __future__ import annotations

import logging

Rows = list[tuple[str, str, str]]


def quieten() -> None:
    """Leave out the line that an application of this process logs of each request; its warnings stay."""
    logging.getLogger("postbag.request").setLevel(logging.WARNING)


def print_table(rows: Rows) -> None:
    """Print rows of (what, asked for, measured) as a table."""
    widths = [max(len(row[column]) for row in [*rows, HEAD]) for column in range(3)]
    for row in [HEAD, ("", "", ""), *rows]:
        cells = (f"{cell:{'-' if not row[0] else ' '}<{width}}" for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |")


HEAD = ("what", "asked for", "measured")
