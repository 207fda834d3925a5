"""Moderators pick a canned reason when they reject; admins write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from service.actions.record import record
from service.domain.errors import NotFound
from service.domain.log import LogKind
from service.domain.permissions import Caller
from service.domain.reasons import Reason, check_has_room, check_position, check_reason_text, check_title
from service.domain.writing import Faults
from service.store import reasons, sites
from service.store.session import reading, writing


def read_reasons(caller: Caller) -> Sequence[Reason]:
    """Return the canned reasons of the caller's site, in their order."""
    with reading():
        return reasons.reasons_of(caller.site_id)


def add_reason(caller: Caller, *, title: str, text: str, now: datetime) -> Reason:
    """Store a reason after the others of the caller's site and return it.

    Raises Invalid for every field at fault, and where the site has as many as it may have.
    """
    faults = Faults()
    title = faults.gather(lambda: check_title(title), "")
    text = faults.gather(lambda: check_reason_text(text), "")
    faults.raise_if_any()
    with writing():
        there = _hold(caller)
        check_has_room(len(there))
        last = max((reason.position for reason in there), default=-1)
        (added,) = reasons.add_reasons(caller.site_id, [(title, text)], first=last + 1, now=now)
        _log(caller, "add", title, now, {"title": [None, title], "text": [None, text]})
    return replace(added, position=len(there))


def change_reason(
    caller: Caller,
    reason_id: UUID,
    *,
    now: datetime,
    title: str | None = None,
    text: str | None = None,
    position: int | None = None,
) -> Reason:
    """Change what is given of a reason and return it; `position` is its new place, from 0. Others make room.

    Raises NotFound, and Invalid for every field at fault. Decisions made before keep the words they were made with.
    """
    faults = Faults()
    new_title = None if title is None else faults.gather(lambda: check_title(title), "")
    new_text = None if text is None else faults.gather(lambda: check_reason_text(text), "")
    faults.raise_if_any()
    with writing():
        there = _hold(caller)
        before = _one(there, reason_id)
        place = there.index(before)
        new_place = place if position is None else check_position(position, count=len(there))
        # Removing leaves gaps between positions. To people a position is the place in the list.
        was = replace(before, position=place)
        after = replace(
            was,
            title=was.title if new_title is None else new_title,
            text=was.text if new_text is None else new_text,
            position=new_place,
        )
        if after != was:
            others = [reason for reason in there if reason.id != reason_id]
            ordered = [*others[:new_place], after, *others[new_place:]]
            numbered = [replace(reason, position=number) for number, reason in enumerate(ordered)]
            reasons.save_reasons(reason for reason in numbered if reason not in there)
            fields = ("title", "text", "position")
            details = {f: [getattr(was, f), getattr(after, f)] for f in fields if getattr(was, f) != getattr(after, f)}
            _log(caller, "change", after.title, now, details)
    return after


def remove_reason(caller: Caller, reason_id: UUID, *, now: datetime) -> None:
    """Remove a reason of the caller's site; raises NotFound. Decisions that named it keep its words."""
    with writing():
        gone = _one(_hold(caller), reason_id)
        reasons.remove_reason(gone.id)
        _log(caller, "remove", gone.title, now, {"title": [gone.title, None], "text": [gone.text, None]})


def _hold(caller: Caller) -> Sequence[Reason]:
    # Two who add or move at once come one after the other, so that the list stays ordered and within its bound.
    sites.hold_site(caller.site_id)
    return reasons.reasons_of(caller.site_id)


def _one(there: Sequence[Reason], reason_id: UUID) -> Reason:
    for reason in there:
        if reason.id == reason_id:
            return reason
    raise NotFound("This site has no such reason.")


def _log(caller: Caller, action: str, title: str, now: datetime, details: dict[str, list[object]]) -> None:
    record(caller.site_id, LogKind.REASON, action, actor=caller.actor, subject=title, details=details, now=now)
