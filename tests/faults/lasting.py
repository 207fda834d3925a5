"""How long faults last: some seconds in `make test`, as long as they were promised to be borne in `make faults`."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

IS_LONG = os.environ.get("FAULTS") == "long"


def lasting(briefly: T, at_length: T) -> T:
    """Return the first in the suite, the second in `make faults`, which sets FAULTS=long."""
    return at_length if IS_LONG else briefly
