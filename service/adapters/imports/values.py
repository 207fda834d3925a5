"""What stands in other systems' JSON, which may be anything: taken as what is wanted, or as nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.adapters.imports.json_stream import JsonStream


def text(item: dict[str, Any], name: str) -> str:
    """Return a member as text; a number is written out, and anything else is nothing."""
    value = item.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def integer(item: dict[str, Any], name: str) -> int:
    """Return a member as a whole number, or 0."""
    value = item.get(name)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else 0


def truth(item: dict[str, Any], name: str) -> bool:
    """Return whether a member is true."""
    return item.get(name) is True


def record(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a member that is an object, or an empty one."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def listed(json: JsonStream, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the list that stands here, none for null; raises Invalid for anything else."""
    if json.peek() == "n":
        json.value()
        return
    if json.peek() != "[":
        raise json.fault(f"a list of {name} is wanted here.")
    for _ in json.places():
        if json.peek() != "{":
            raise json.fault(f"one of the {name} is no object.")
        yield json.value()
