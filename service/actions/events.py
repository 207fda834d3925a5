"""What happens is told to whoever listens: written down by the transaction that causes it, handed on by the worker.

A site keeps the types that anybody listens to (`tells`); of all others nothing is written. An event is a job of the
outbox, and its id is the job's. Whoever is to hear of events joins LISTENERS: `wants` says what, `hear` takes events
in, in the worker's transaction, in which their jobs go as well; so each listener has them once, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from service.actions import announce, moderator_letters, outbox, reader_letters
from service.actions.change import Change
from service.domain.comment import Comment
from service.domain.events import (
    LED_TO,
    Event,
    EventType,
    by,
    decided_type,
    decision_facts,
    is_wanted,
    place_of,
    standing_facts,
)
from service.domain.life import AUTHOR, POLICY, Action, Actor, Standing, Status
from service.domain.screening import Signal, Verdict
from service.domain.site import Site
from service.store import deliveries, sites, webhooks
from service.store import outbox as jobs
from service.store.outbox import Job
from service.store.session import reading, writing
from service.store.together import together

HANDED_ON_TOGETHER = 200  # events of a site in one transaction, which takes a fraction of a second


@dataclass(frozen=True)
class Listener:
    """Somebody who hears of events: which types they want on a site, and what they do with some, in a transaction.

    Of each comment they hear in order (`place`), also of types that they do not want.
    """

    wants: Callable[[UUID], set[EventType]]
    hear: Callable[[UUID, Sequence[Event], datetime], None]


def _to_webhooks(site_id: UUID, events: Sequence[Event], now: datetime) -> None:
    listening = webhooks.listening(site_id)
    if listening:
        deliveries.add_deliveries(listening, events, now=now)


LISTENERS: Sequence[Listener] = (
    Listener(webhooks.wanted_types, _to_webhooks),
    Listener(reader_letters.wanted_types, reader_letters.hear),
    Listener(moderator_letters.wanted_types, moderator_letters.hear),
)


def settle_tells(site_id: UUID, *, now: datetime) -> None:
    """Store which events the site tells; call it in the transaction that changes who listens, with the site held."""
    wanted = {event for listener in LISTENERS for event in listener.wants(site_id)}
    tells = [event.value for event in EventType if event in wanted]
    told = sites.get_site(site_id).tells
    if tuple(tells) != told:
        changes: dict[str, Any] = {"tells": " ".join(tells)}
        if is_wanted(tells, EventType.ARTICLE_CLOSED) and not is_wanted(told, EventType.ARTICLE_CLOSED):
            # What closed while nobody listened is not told to who begins to now.
            changes["closed_told_until"] = now
        sites.change_row(site_id, changes)
        announce.site_changed(site_id)


def tell(
    site: Site,
    event: EventType,
    facts: Mapping[str, Any],
    *,
    now: datetime,
    comment_id: UUID | None = None,
    place: int = 0,
) -> None:
    """Write down, in the transaction that causes it, what happened, where somebody listens to it; else do nothing.

    `facts` hold nothing that anybody wrote: texts are looked up when they are sent, so that what was taken back since
    goes nowhere.
    """
    if is_wanted(site.tells, event):
        payload = {"type": event.value, "place": place, "facts": dict(facts)}
        outbox.enqueue("event", site.id, comment_id=comment_id, payload=payload, now=now)


def tell_arrival(
    site: Site, comment_id: UUID, standing: Standing, signals: Sequence[Signal], *, flags: int = 0, now: datetime
) -> None:
    """Tell that a reply or an edit came, and what the screening and the site's policy made of it."""
    if not site.tells:
        return
    found = [one.name for one in signals if one.verdict in {Verdict.HOLD, Verdict.SPAM}]
    came = EventType.SUBMITTED if standing.version == 1 else EventType.REVISED
    facts = standing_facts(standing) | {"signals": found}
    for step, event in enumerate((came, LED_TO[standing.status])):
        place = place_of(standing.version, flags, step)
        tell(site, event, facts, comment_id=comment_id, place=place, now=now)


def tell_decided(
    site: Site,
    changes: Sequence[tuple[Change, Action, str | None]],
    *,
    actor: Actor,
    now: datetime,
    is_undo: bool = False,
) -> None:
    """Tell what was decided or taken back; each comes with the reason that its author reads."""
    if not site.tells:
        return
    with together():
        for change, action, reason in changes:
            facts = decision_facts(action, actor, reason=reason, is_undo=is_undo)
            event = decided_type(action, change.after, is_undo=is_undo)
            _tell_change(site, change.comment, change.after, event, facts, now)


def tell_withdrawn(site: Site, comment: Comment, after: Standing, *, now: datetime) -> None:
    """Tell that an author took a comment back."""
    _tell_change(site, comment, after, EventType.DELETED, decision_facts(Action.DELETE, AUTHOR), now)


def tell_found(site: Site, comment: Comment, after: Standing, found: Signal, *, now: datetime) -> None:
    """Tell what became of a comment since something was found out about it after it was stored."""
    facts: dict[str, Any] = {"signals": [found.name]}
    if after.status is Status.SPAM:
        facts |= decision_facts(Action.SPAM, POLICY)
    _tell_change(site, comment, after, LED_TO[after.status], facts, now)


def tell_published(site: Site, comment: Comment, after: Standing, *, now: datetime) -> None:
    """Tell that the site's policy has published what waited, of which nothing new has come."""
    _tell_change(site, comment, after, EventType.PUBLISHED, {"signals": []}, now)


def tell_about(site: Site, comment: Comment, event: EventType, facts: Mapping[str, Any], *, now: datetime) -> None:
    """Tell what happened to a comment that stands where it stood."""
    _tell_change(site, comment, comment.standing, event, facts, now)


def tell_closed(site: Site, article: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    """Tell that an article takes no more replies: a person closed it, or the site's days did (CLOSING_DAYS)."""
    tell(site, EventType.ARTICLE_CLOSED, {"article": dict(article), "by": by(actor)}, now=now)


def _tell_change(
    site: Site, comment: Comment, after: Standing, event: EventType, facts: Mapping[str, Any], now: datetime
) -> None:
    place = place_of(after.version, comment.flags, 0)
    tell(site, event, standing_facts(after) | dict(facts), comment_id=comment.id, place=place, now=now)


def hand_on(job: Job, now: datetime) -> None:
    """Give an event to everybody who listens, along with those that wait beside it on its site."""
    with reading():
        is_done = not jobs.is_there(job.id)
    while not is_done:
        with writing():
            waiting = jobs.hold_events(job.site_id, limit=HANDED_ON_TOGETHER)
            told = sorted((_event(one) for one in waiting), key=attrgetter("place"))
            for listener in LISTENERS:
                listener.hear(job.site_id, told, now)
            outbox.finish([one.id for one in waiting])
        # Another worker may have had some of them in hand, and this one may come after the first two hundred.
        is_done = job.id in {one.id for one in waiting}
        if not is_done:
            with reading():
                is_done = not jobs.is_there(job.id)


def _event(job: Job) -> Event:
    said = job.payload
    return Event(
        job.id, job.site_id, EventType(said["type"]), job.comment_id, said["place"], said["facts"], job.created_at
    )
