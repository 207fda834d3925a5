"""The log of what was done: who decided or changed what, when and why; each entry carries the hash of the one before.

The chain is plain SHA-256 over a canonical JSON of the entry, so that whoever holds an export can check it without a
key. Where an author had everything of theirs erased, what moderators wrote of it is taken out of the entries. A later
entry, `redact` of the kind `erasure`, names each of them with the hash of what is left, so every other word of it can
still be checked, and nobody can take words out unseen. Somebody who can write into the database could forge all entries
after the one they change. The hash of the last entry, which `flask --app wsgi audit verify` prints, kept elsewhere,
shows that too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from service.domain.life import Actor

FIRST_HASH = bytes(32)
"""What stands in the place of the hash before the first entry of a site."""


class LogKind(StrEnum):
    """What an entry is about."""

    DECISION = "decision"
    UNDO = "undo"
    """A decision was taken back; `action` is the one that was."""
    APPEAL = "appeal"
    """An author asked for another look; what they said stands with the comment, and goes with it."""
    SITE = "site"
    REASON = "reason"
    ARTICLE = "article"
    MODERATOR = "moderator"
    """A role was given, changed or taken, or an invitation was made, accepted or called back."""
    TOKEN = "token"  # noqa: S105 - a kind of entry
    RULE = "rule"
    IMPORT = "import"
    """Another system's comments were taken over, or an import was taken back."""
    WEBHOOK = "webhook"
    """Where events are sent, or with which secret, changed; or an endpoint was switched off since it only failed."""
    ERASURE = "erasure"
    """Everything that an author wrote was erased, or words about it were taken out of earlier entries."""
    FLOOD = "flood"
    """What a site asks of everybody rose, or sank again."""
    RETENTION = "retention"
    """What had been kept long enough went. Its `log_to` is the last entry from which words may have been taken."""


@dataclass(frozen=True)
class LogEntry:
    """One entry, before it has its number and hashes.

    The fields of a decision are None for other kinds: `revision`, the `version` it led to, the statuses, and `waited`,
    the seconds since the comment was queued. `subject` names what else a change is about. `details` is JSON: for a
    decision what undoing it has to bring back, for a change `{"field": [before, after]}`.
    """

    id: UUID
    site_id: UUID
    kind: LogKind
    action: str
    actor: Actor
    created_at: datetime
    comment_id: UUID | None = None
    batch_id: UUID | None = None
    revision: int | None = None
    version: int | None = None
    from_status: str | None = None
    to_status: str | None = None
    reason_id: UUID | None = None
    reason: str | None = None
    note: str | None = None
    waited: float | None = None
    subject: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ChainedEntry:
    """An entry in its place in the chain of its site; `number` counts from 1 without gaps."""

    entry: LogEntry
    number: int
    previous_hash: bytes
    hash: bytes
    erased_at: datetime | None = None
    """When retention took its words and names; the hash is that of what it said."""

    @property
    def is_whole(self) -> bool:
        """True where the entry still says what was hashed."""
        return self.hash == entry_hash(self.entry, number=self.number, previous_hash=self.previous_hash)


def without_words(entry: LogEntry) -> LogEntry:
    """Return an entry about a comment less what moderators wrote in it, which may speak of the author or quote them."""
    details = entry.details
    if details is not None and details.get("reason") is not None:
        details = {**details, "reason": None}
    return replace(entry, reason=None, note=None, details=details)


def chained(entry: LogEntry, *, number: int, previous_hash: bytes) -> ChainedEntry:
    """Return the entry with its number and hashes."""
    return ChainedEntry(entry, number, previous_hash, entry_hash(entry, number=number, previous_hash=previous_hash))


def entry_hash(entry: LogEntry, *, number: int, previous_hash: bytes) -> bytes:
    """Return the SHA-256 of the hash before and everything the entry says, as `hashed_text` writes it."""
    return hashlib.sha256(hashed_text(entry, number=number, previous_hash=previous_hash).encode()).digest()


def hashed_text(entry: LogEntry, *, number: int, previous_hash: bytes) -> str:
    """Return the text that is hashed: ASCII JSON with sorted keys and no spaces; times in UTC to the microsecond."""
    said = hashed_fields(entry, number=number, previous_hash=previous_hash)
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def hashed_fields(entry: LogEntry, *, number: int, previous_hash: bytes) -> dict[str, Any]:
    """Return everything an entry says, as JSON has it; an export adds nothing but the hash."""
    return {
        "previous_hash": previous_hash.hex(),
        "number": number,
        "id": str(entry.id),
        "site_id": str(entry.site_id),
        "kind": entry.kind.value,
        "action": entry.action,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id and str(entry.actor.id),
        "actor_name": entry.actor.name,
        "comment_id": entry.comment_id and str(entry.comment_id),
        "batch_id": entry.batch_id and str(entry.batch_id),
        "revision": entry.revision,
        "version": entry.version,
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "reason_id": entry.reason_id and str(entry.reason_id),
        "reason": entry.reason,
        "note": entry.note,
        "waited": entry.waited,
        "subject": entry.subject,
        "details": entry.details,
        "created_at": entry.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
