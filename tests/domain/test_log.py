"""The chain of the log: whatever is changed afterwards is seen."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from service.domain.life import Actor
from service.domain.log import FIRST_HASH, LogEntry, LogKind, chained, hashed_text

ENTRY = LogEntry(
    id=UUID(int=1),
    site_id=UUID(int=2),
    kind=LogKind.DECISION,
    action="approve",
    actor=Actor("moderator", UUID(int=3), "Míra"),
    created_at=datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC),
    comment_id=UUID(int=4),
    batch_id=UUID(int=5),
    revision=1,
    version=2,
    from_status="pending",
    to_status="approved",
    reason_id=UUID(int=6),
    reason="Fine",
    note="Seen",
    waited=12.5,
    subject="a subject",
    details={"published_revision": None},
)
OTHERS: dict[str, Any] = {
    "id": UUID(int=9), "site_id": UUID(int=9), "kind": LogKind.UNDO, "action": "spam",
    "actor": Actor("moderator", UUID(int=3), "Mira"), "created_at": ENTRY.created_at + timedelta(microseconds=1),
    "comment_id": None, "batch_id": None, "revision": 2, "version": 3, "from_status": "spam", "to_status": "spam",
    "reason_id": None, "reason": None, "note": "", "waited": 12.6, "subject": None, "details": None,
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_no_field_of_an_entry_can_be_changed_without_being_seen(name: str) -> None:
    link = chained(ENTRY, number=1, previous_hash=FIRST_HASH)
    assert link.is_whole
    assert not replace(link, entry=replace(ENTRY, **{name: OTHERS[name]})).is_whole


def test_every_field_is_tried_above() -> None:
    assert set(OTHERS) == {field.name for field in fields(LogEntry)}


@pytest.mark.parametrize(
    "actor",
    [Actor("token", UUID(int=3), "Míra"), Actor("moderator", UUID(int=4), "Míra"), Actor("moderator", None, "Míra")],
    ids=["kind", "id", "no id"],
)
def test_who_did_it_cannot_be_changed_either(actor: Actor) -> None:
    link = chained(ENTRY, number=1, previous_hash=FIRST_HASH)
    assert not replace(link, entry=replace(ENTRY, actor=actor)).is_whole


def test_an_entry_is_bound_to_its_place() -> None:
    link = chained(ENTRY, number=1, previous_hash=FIRST_HASH)
    assert not replace(link, number=2).is_whole
    assert not replace(link, previous_hash=link.hash).is_whole


def test_what_is_hashed_is_plain_json_that_anybody_can_make_again() -> None:
    text = hashed_text(ENTRY, number=1, previous_hash=FIRST_HASH)
    assert text.isascii()
    said = json.loads(text)
    assert said["created_at"] == "2026-11-24T12:00:00.123456Z"
    assert said["actor_name"] == "Míra"
    assert said["previous_hash"] == "0" * 64
    assert json.dumps(said, sort_keys=True, separators=(",", ":")) == text


def test_a_time_is_hashed_as_utc_wherever_it_was_written() -> None:
    elsewhere = ENTRY.created_at.astimezone(timezone(timedelta(hours=5)))
    first = chained(ENTRY, number=1, previous_hash=FIRST_HASH)
    assert chained(replace(ENTRY, created_at=elsewhere), number=1, previous_hash=FIRST_HASH).hash == first.hash
