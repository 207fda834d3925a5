"""What the desk's forms ask: filters from the address, and what is to be done; each fault is told beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from service.domain.errors import Invalid
from service.domain.text import forbidden_character
from service.web.auth import the_caller

Act = TypeVar("Act")


def chosen(actions: Mapping[str, Act]) -> Act:
    """Return what the button of a form asks for; raises Invalid for a form that asks for nothing that is there."""
    what = request.form.get("do", "")
    if what not in actions:
        raise Invalid("do", "not_a_choice", "This form does not say what to do.")
    return actions[what]


def word(name: str) -> str | None:
    """Return what was typed, or None where nothing was; raises Invalid for what no text contains."""
    text = request.args.get(name, "").strip()
    if (character := forbidden_character(text)) is not None:
        raise Invalid(name, "forbidden_character", f"The character {character} cannot be part of a text.")
    return text or None


def identifier(name: str) -> UUID | None:
    """Return an id, or None where nothing was typed; raises Invalid for anything else."""
    text = word(name)
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise Invalid(name, "wrong_type", "This is not an id; copy it from the address of a comment.") from None


def day(name: str, *, is_last: bool = False) -> datetime | None:
    """Return when a day begins in UTC, or, for the last day of a stretch, when the next one does; None without one."""
    text = word(name)
    try:
        found = None if text is None else datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        return found + timedelta(days=1) if found is not None and is_last else found
    except (ValueError, OverflowError):
        raise Invalid(name, "wrong_type", "Write a day as 2026-11-24.") from None


def own_address(path: str, **query: str | None) -> str:
    """Return an address of the desk on the caller's site, without what is None or empty."""
    asked = {"site": the_caller().site_slug} | {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(asked)}"
