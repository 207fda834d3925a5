"""What happens on a site, told to whoever listens: the types of events, which follow from what, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from service.domain.article import Article
from service.domain.comment import Comment, Revision
from service.domain.errors import Invalid
from service.domain.flags import FlagReason
from service.domain.life import Action, Actor, Standing, Status
from service.domain.site import Site
from service.domain.times import rfc3339


class EventType(StrEnum):
    """What can be listened to; these words are the same in the database, in JSON and on the page."""

    SUBMITTED = "comment.submitted"
    """A reply came; what became of it at once is told beside it."""
    HELD = "comment.held"
    """It waits for a person: a new reply, an edit, or what readers have reported."""
    PUBLISHED = "comment.published"
    """Readers see this revision from now on."""
    REVISED = "comment.revised"
    """Its author has changed it; what became of the new revision is told beside it."""
    REJECTED = "comment.rejected"
    SPAM = "comment.spam"
    DELETED = "comment.deleted"
    """A moderator deleted it, or its author took it back; its words are gone."""
    FLAGGED = "comment.flagged"
    """A reader has reported it."""
    ARTICLE_CLOSED = "article.closed"
    """A person closed it, or the site's days did."""
    QUEUE_LATE = "queue.late"
    """Something waits longer than the site wants; told once, until nothing does any more."""


LED_TO: Mapping[Status, EventType] = {
    Status.PENDING: EventType.HELD,
    Status.APPROVED: EventType.PUBLISHED,
    Status.REJECTED: EventType.REJECTED,
    Status.SPAM: EventType.SPAM,
    Status.DELETED: EventType.DELETED,
}
OF_ACTION: Mapping[Action, EventType] = {
    Action.APPROVE: EventType.PUBLISHED,
    Action.RESTORE: EventType.PUBLISHED,
    Action.REJECT: EventType.REJECTED,
    Action.SPAM: EventType.SPAM,
    Action.DELETE: EventType.DELETED,
}

_STEP_BITS, _FLAG_BITS = 4, 24


@dataclass(frozen=True)
class Event:
    """One thing that happened; `facts` are JSON, as they were in that moment, and hold nothing that anybody wrote.

    `place` orders the events of one comment, whatever the clocks of several processes say; 0 where there is none.
    """

    id: UUID
    site_id: UUID
    type: EventType
    comment_id: UUID | None
    place: int
    facts: Mapping[str, Any]
    happened_at: datetime


def place_of(version: int, flags: int, step: int) -> int:
    """Return the place of an event among those of its comment.

    Whoever changes a comment holds its row, and leaves it with another version or one more flag; `step` counts what is
    told of one change.
    """
    most = (1 << _FLAG_BITS) - 1
    return (version << (_FLAG_BITS + _STEP_BITS)) | (min(flags, most) << _STEP_BITS) | step


def decided_type(action: Action, after: Standing, *, is_undo: bool) -> EventType:
    """Return what a decision, or taking one back, is told as.

    What an undoing leads to is told as if it had been decided so.
    """
    if is_undo:
        return EventType.HELD if after.status is Status.PENDING else LED_TO[after.status]
    return OF_ACTION[action]


def standing_facts(standing: Standing) -> dict[str, Any]:
    """Return where a comment stands, as events say it."""
    return {
        "status": standing.status.value,
        "revision": standing.revision,
        "published_revision": standing.published_revision,
        "version": standing.version,
    }


def decision_facts(action: Action, actor: Actor, *, reason: str | None = None, is_undo: bool = False) -> dict[str, Any]:
    """Return who decided what and why; private notes are for colleagues and stay here."""
    said = {"action": f"undo {action}" if is_undo else action.value, "by": by(actor), "reason": reason}
    return {"decision": said}


def flag_facts(reason: FlagReason, count: int) -> dict[str, Any]:
    """Return what a reader's report says, without the reader's own words, and how many reports there are now."""
    return {"flag": {"reason": reason.value, "count": count}}


def late_facts(*, waiting: int, oldest_id: UUID, oldest_since: datetime, late_after: timedelta) -> dict[str, Any]:
    """Return how much waits, and for how long."""
    said = {
        "waiting": waiting,
        "oldest_id": str(oldest_id),
        "oldest_since": rfc3339(oldest_since),
        "late_after_minutes": int(late_after.total_seconds()) // 60,
    }
    return {"queue": said}


def by(actor: Actor) -> dict[str, Any]:
    """Return who did something, as moderators see it."""
    return {"kind": actor.kind, "name": actor.name}


def payload(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as Standard Webhooks wants it."""
    return {"type": event.type.value, "timestamp": rfc3339(event.happened_at), "data": dict(data)}


def comment_data(event: Event, site: Site, comment: Comment, article: Article, text: Revision | None) -> dict[str, Any]:
    """Return what is told of a comment: where it stood when it happened, and its words as far as they are still there.

    No e-mail address, nothing that is made of one, and no network: none of these leaves the service.
    """
    is_gone = comment.standing.status is Status.DELETED
    standing = {name: event.facts.get(name) for name in ("status", "revision", "published_revision", "version")}
    others = {name: value for name, value in event.facts.items() if name not in standing}
    return {
        "site": site.slug,
        "comment": {
            "id": str(comment.id),
            "article": article_data(article),
            "parent_id": None if comment.parent_id is None else str(comment.parent_id),
            "depth": comment.depth,
            **standing,
            "author": None if is_gone else {"name": comment.author_name, "url": comment.author_url},
            "body": None if is_gone or text is None else text.body_raw,
            "body_html": None if is_gone or text is None else text.body_html,
            "submitted_at": rfc3339(comment.created_at),
        },
        **others,
    }


def gone_data(event: Event, site: Site) -> dict[str, Any]:
    """Return what is told of a comment that is not here any more."""
    return {"site": site.slug, "comment": {"id": str(event.comment_id)}, **event.facts}


def article_data(article: Article) -> dict[str, Any]:
    """Return which article it is."""
    return {"key": article.key, "url": article.url, "title": article.title}


def site_data(event: Event, site: Site) -> dict[str, Any]:
    """Return what is told of a site itself."""
    return {"site": site.slug, **event.facts}


def sample(site: Site, now: datetime) -> dict[str, Any]:
    """Return what an endpoint is sent to be tried: a comment that does not exist, marked as a test."""
    url = f"{site.origins[0]}/" if site.origins else ""
    text = "This is a test of the webhook; no reader wrote it."
    comment = {
        "id": str(UUID(int=0)),
        "article": {"key": url, "url": url, "title": "A test"},
        "parent_id": None,
        "depth": 0,
        "status": Status.PENDING.value,
        "revision": 1,
        "published_revision": None,
        "version": 1,
        "author": {"name": "Postbag", "url": None},
        "body": text,
        "body_html": f"<p>{text}</p>",
        "submitted_at": rfc3339(now),
    }
    data = {"site": site.slug, "test": True, "comment": comment}
    return {"type": EventType.SUBMITTED.value, "timestamp": rfc3339(now), "data": data}


def check_types(field: str, chosen: Iterable[object]) -> tuple[EventType, ...]:
    """Return the chosen events in their order, each once; raises Invalid for none, and for what is no event."""
    words = list(dict.fromkeys(str(one) for one in chosen))
    known = {event.value for event in EventType}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise Invalid(field, "not_a_choice", f"Choose from: {', '.join(event.value for event in EventType)}.")
    if not words:
        raise Invalid(field, "required", "Choose at least one event.")
    return tuple(event for event in EventType if event.value in words)


def is_wanted(tells: Sequence[str], event: EventType) -> bool:
    """True where somebody listens to this on a site that tells so."""
    return event.value in tells
