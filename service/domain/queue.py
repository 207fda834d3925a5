"""What moderators work with: a comment in the queue, its author's record, and the decisions in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from service.domain.article import Article
from service.domain.comment import Comment, Revision
from service.domain.flags import FlagFile
from service.domain.life import Action, Actor, Status
from service.domain.screening import Signal


@dataclass(frozen=True)
class AuthorRecord:
    """How many comments of an author are in each status now; `proven_at` is None while the address is only claimed.

    `subject_sealed` is what the site calls a reader whom it knows itself, sealed, and None for everybody else.
    """

    id: UUID
    pending: int
    approved: int
    rejected: int
    spam: int
    deleted: int
    proven_at: datetime | None = None
    subject_sealed: bytes | None = None

    @property
    def is_known_reader(self) -> bool:
        """True for a reader whom the site has signed in itself."""
        return self.subject_sealed is not None


@dataclass(frozen=True)
class ParentBrief:
    """The comment that one answers, as published."""

    id: UUID
    author_name: str
    body_html: str


@dataclass(frozen=True)
class Note:
    """What a moderator told colleagues, about a comment or about an author."""

    id: UUID
    comment_id: UUID | None
    author_id: UUID | None
    moderator: str
    text: str
    written_at: datetime


@dataclass(frozen=True)
class QueueItem:
    """A comment with what a moderator needs to decide on it.

    `approved` is the revision that readers see while an edit of it waits. `notes` are on the comment and its author.
    """

    comment: Comment
    article: Article
    author: AuthorRecord
    revision: Revision
    signals: Sequence[Signal] = field(default=())
    parent: ParentBrief | None = None
    flags: FlagFile = field(default=FlagFile({}))
    approved: Revision | None = None
    notes: Sequence[Note] = field(default=())


@dataclass(frozen=True)
class LoggedDecision:
    """One decision in full, as moderators see it."""

    id: UUID
    action: Action
    is_undo: bool
    """True where the decision of this name was taken back."""
    batch_id: UUID | None
    """What was decided together with it, and can be undone together."""
    revision: int
    from_status: Status
    to_status: Status
    actor: Actor
    reason: str | None
    note: str | None
    decided_at: datetime
