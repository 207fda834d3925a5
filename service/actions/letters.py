"""Letters are written down by the transaction that causes them, and sent by the worker (`actions/mailing.py`).

What stands in the outbox are ids: the address, names and texts are looked up when the letter is sent, so that what was
taken back since goes nowhere, and no address stands there in plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from service.actions import outbox
from service.actions.toolbox import tools
from service.domain.letters import LetterKind
from service.store.outbox import Job

JOB = "letter"
"""The kind of their jobs in the outbox."""


@dataclass(frozen=True)
class Recipient:
    """Whom a letter is for: an author of the site, or a moderator."""

    kind: str
    """"author" or "moderator"."""
    id: UUID

    @classmethod
    def author(cls, author_id: UUID) -> Recipient:
        """Return an author, whose address is sealed with their row."""
        return cls("author", author_id)

    @classmethod
    def moderator(cls, moderator_id: UUID) -> Recipient:
        """Return a moderator, whose address is that of their account."""
        return cls("moderator", moderator_id)


@dataclass(frozen=True)
class Order:
    """A letter that is to be sent; `id` is the same at every attempt, and so is the letter's Message-ID."""

    id: UUID
    kind: LetterKind
    site_id: UUID
    to: Recipient
    language: str
    values: Mapping[str, Any]
    comment_id: UUID | None
    revision: int | None
    ordered_at: datetime

    @classmethod
    def of(cls, job: Job) -> Order:
        """Return what a job of the outbox asks for."""
        said = job.payload
        return cls(
            job.id,
            LetterKind(said["letter"]),
            job.site_id,
            Recipient(said["to"]["kind"], UUID(said["to"]["id"])),
            said["language"],
            said["values"],
            job.comment_id,
            job.revision,
            job.created_at,
        )


def can_be_sent() -> bool:
    """True where a server takes our mail; nothing that needs one is offered elsewhere."""
    return tools().mailer is not None


def enqueue_letter(
    kind: LetterKind,
    site_id: UUID,
    *,
    to: Recipient,
    language: str,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    comment_id: UUID | None = None,
    revision: int | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Have a letter sent once this transaction is committed, or at a later time; False where no mail is sent at all.

    `values` are JSON: ids and numbers, and what must be kept is sealed; no address, name or text of a reader.
    """
    if not can_be_sent():
        return False
    payload = {
        "letter": kind.value,
        "to": {"kind": to.kind, "id": str(to.id)},
        "language": language,
        "values": dict(values or {}),
    }
    outbox.enqueue(JOB, site_id, comment_id=comment_id, revision=revision, payload=payload, due_at=due_at, now=now)
    return True
