"""Readers' flags: what they say is wrong with a published comment, and when that brings it back to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.errors import Invalid
from service.domain.life import Standing
from service.domain.writing import Faults, check_line, check_text


class FlagReason(StrEnum):
    """What a reader finds wrong; `other` comes with their own words."""

    SPAM = "spam"
    ABUSE = "abuse"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


@dataclass(frozen=True)
class Flag:
    """What one reader says; `detail` is for moderators alone."""

    reason: FlagReason
    detail: str | None


@dataclass(frozen=True)
class LoggedFlag:
    """A flag as it is kept, with the revision that the reader saw."""

    reason: FlagReason
    detail: str | None
    revision: int
    flagged_at: datetime


def parse_flag(reason: str, detail: str) -> Flag:
    """Return what the reader says; a reason in words of their own is `other`, and its words come before the detail.

    Raises Invalid for no reason at all, and for words that are too long or no text.
    """
    faults = Faults()
    said = faults.gather(lambda: _check_reason(reason), "")
    more = faults.gather(lambda: check_text("detail", detail, most=NOTE_MAX), "")
    faults.raise_if_any()
    word = said.casefold().replace("-", "_").replace(" ", "_")
    if word in set(FlagReason):
        return Flag(FlagReason(word), more or None)
    return Flag(FlagReason.OTHER, f"{said}\n\n{more}" if more else said)


def _check_reason(reason: str) -> str:
    line = check_line("reason", reason, most=REASON_MAX)
    if not line:
        words = ", ".join(word.value for word in FlagReason)
        raise Invalid("reason", "required", f"Please say what is wrong: {words}, or in your own words.")
    return line


def counted_in_words(flags: Mapping[FlagReason, int]) -> str:
    """Return a sentence for moderators: `3 readers have reported it: spam 2, other 1.`"""
    total = sum(flags.values())
    who = "1 reader has" if total == 1 else f"{total} readers have"
    # The commonest reason first; equal ones in the order in which readers are offered them.
    by_count = sorted((reason for reason in FlagReason if flags.get(reason)), key=lambda reason: -flags[reason])
    counted = ", ".join(f"{reason.value.replace('_', ' ')} {flags[reason]}" for reason in by_count)
    return f"{who} reported it: {counted}."


def settled_by_approval(before: Standing, after: Standing) -> int:
    """Return the last revision whose flags are settled once a person has approved or restored a comment.

    Flags of the very text that was looked at are settled with it. An edit is a new text that nobody has flagged yet, so
    its approval settles only what was said of the earlier ones.
    """
    is_an_edit = before.is_published and not before.is_reported
    return after.revision - 1 if is_an_edit else after.revision


@dataclass(frozen=True)
class FlagFile:
    """What moderators see of a comment's flags: all of them by reason, and the latest ones in full."""

    reasons: Mapping[FlagReason, int]
    latest: Sequence[LoggedFlag] = ()
