"""Avatars drawn here, so that no third party learns who reads: a symmetric pattern on a coloured tile."""

from __future__ import annotations

import re

_SEED = re.compile(r"[0-9a-f]{16}")
_SIDE = 5  # cells; the right two columns mirror the left two
_HALF = 3  # columns that are drawn from the seed
_FEWEST_CELLS = 5  # of the 15 on the left half; with fewer the tile looks like a mistake


def is_avatar_seed(text: str) -> bool:
    """Whether `text` is a seed: 16 hexadecimal digits in lower case."""
    return _SEED.fullmatch(text) is not None


def draw_avatar(seed: str) -> str:
    """Draw the avatar of a seed as an SVG of less than 1 kB, the same for the same seed; ValueError for any other text.

    The tile brings its own background, so the pattern is as legible on a dark page as on a light one.
    """
    if not is_avatar_seed(seed):
        raise ValueError("An avatar's seed is 16 hexadecimal digits in lower case.")
    number = int(seed, 16)
    hue = (number >> 16) % 360
    cells = number & 0x7FFF
    if cells.bit_count() < _FEWEST_CELLS:
        cells ^= 0x7FFF
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 7 7" width="64" height="64" role="img"'
        ' aria-hidden="true">'
        f'<rect width="7" height="7" rx="1.4" fill="hsl({hue},48%,38%)"/>'
        f'<path fill="hsl({(hue + 40) % 360},75%,88%)" shape-rendering="crispEdges" d="{_pattern(cells)}"/></svg>'
    )


def _pattern(cells: int) -> str:
    """Draw each row's runs of filled cells as rectangles of a path."""
    path = []
    for row in range(_SIDE):
        left = [bool(cells >> (row * _HALF + column) & 1) for column in range(_HALF)]
        filled = [*left, left[1], left[0]]
        for column in range(_SIDE):
            if filled[column] and (column == 0 or not filled[column - 1]):
                width = next((at - column for at in range(column, _SIDE) if not filled[at]), _SIDE - column)
                path.append(f"M{column + 1} {row + 1}h{width}v1h-{width}z")
    return "".join(path)
