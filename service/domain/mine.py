"""What one address has written on a site, as its owner may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from service.domain.article import Article
from service.domain.comment import Comment, Revision
from service.domain.queue import AuthorRecord, LoggedDecision, Note
from service.domain.site import Site


@dataclass(frozen=True)
class Written:
    """One comment with all its texts, what was decided on it, and what its author said when they asked to look again.

    `notes` are moderators' own, which go to an author by the hand of the site's owner alone.
    """

    comment: Comment
    article: Article
    revisions: Sequence[Revision]
    decisions: Sequence[LoggedDecision] = ()
    appeal: str | None = None
    notes: Sequence[Note] = field(default=())


@dataclass(frozen=True)
class Subscribed:
    """Letters that an author asked for: about what, and since when; `confirmed_at` is None until they confirmed it."""

    kind: str
    article_key: str
    asked_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True)
class Owner:
    """An author who has shown that the address is theirs, or for whom the site's owner acts."""

    ids: Sequence[UUID]
    """All that the address is known by: as one that was typed, and as that of a reader whom the site signs in."""
    site: Site
    email: str
    """Empty where it is not kept any more."""
    record: AuthorRecord
    first_seen_at: datetime
    subscriptions: Sequence[Subscribed] = field(default=())
    notes: Sequence[Note] = field(default=())
    """On the author, with the same reserve."""
