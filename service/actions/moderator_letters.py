"""Letters to moderators: each reply that waits, what waits once a day, or that the queue is late. English, as the desk.

No letter holds an author's e-mail address: roles differ in who may see one, and letters are forwarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from service.actions import mail_addresses
from service.actions.body import link_targets, plain_text
from service.actions.letters import Order, Recipient, can_be_sent, enqueue_letter
from service.actions.signed_links import Purpose, signed_link
from service.actions.toolbox import tools
from service.domain.events import Event, EventType
from service.domain.letters import (
    AT_ONCE_LIMIT,
    DECIDE_WITHIN,
    LISTED_IN_DIGEST,
    QUOTE_MAX,
    UNSUBSCRIBE_WITHIN,
    Content,
    LetterKind,
    Link,
    MailChoice,
    Quote,
    digest_begins,
    shortened,
)
from service.domain.life import Action, Status
from service.domain.limits import Charge
from service.domain.permissions import Caller, Permission
from service.domain.queue import QueueItem
from service.domain.site import Site
from service.domain.sorting import QueueSort
from service.phrases import moment
from service.store import counters, lateness, mail_choices, queue, sites
from service.store.queue import QueueFilter
from service.store.session import reading, writing

ENGLISH = "en"
DIGEST_EXCERPT = 160  # characters of each reply in a digest


def wanted_types(site_id: UUID) -> set[EventType]:
    """Return the events that moderators of a site want to be told of."""
    wanted = {MailChoice.AT_ONCE: EventType.HELD, MailChoice.LATE: EventType.QUEUE_LATE}
    return {event for choice, event in wanted.items() if mail_choices.is_chosen(site_id, choice)}


def hear(site_id: UUID, events: Sequence[Event], now: datetime) -> None:
    """Write down the letters that follow from what happened, in the transaction of whoever tells."""
    if not can_be_sent():
        return
    held = [event for event in events if event.type is EventType.HELD]
    if held:
        for moderator_id in mail_choices.who_chose(site_id, MailChoice.AT_ONCE):
            for event in held:
                _tell_at_once(moderator_id, event, now)
    if any(event.type is EventType.QUEUE_LATE for event in events):
        for moderator_id in mail_choices.who_chose(site_id, MailChoice.LATE):
            _write(LetterKind.LATE, moderator_id, site_id, now)


def _tell_at_once(moderator_id: UUID, event: Event, now: datetime) -> None:
    charge = Charge(AT_ONCE_LIMIT, f"{moderator_id.hex}{event.site_id.hex}")
    if tools().limiter.spend("", [charge], now=now).allowed:
        revision = event.facts["revision"]
        _write(LetterKind.HELD, moderator_id, event.site_id, now, comment_id=event.comment_id, revision=revision)


def look_for_digests(*, now: datetime) -> None:
    """Write down the digests of a day that has begun; any number of workers may look."""
    if not can_be_sent():
        return
    begun = digest_begins(now)
    with reading():
        due = mail_choices.due_digests(before=begun)
    for moderator_id, site_id in due:
        with writing():
            if mail_choices.take_digest(moderator_id, site_id, before=begun, now=now):
                _write(LetterKind.DIGEST, moderator_id, site_id, now)


def _write(
    kind: LetterKind,
    moderator_id: UUID,
    site_id: UUID,
    now: datetime,
    *,
    comment_id: UUID | None = None,
    revision: int | None = None,
) -> None:
    to = Recipient.moderator(moderator_id)
    enqueue_letter(kind, site_id, to=to, language=ENGLISH, comment_id=comment_id, revision=revision, now=now)


def compose_held(order: Order, now: datetime) -> Content | None:
    """Show a reply that waits, with links to decide on this revision; None where it waits no more, or is another."""
    caller = _caller(order, MailChoice.AT_ONCE)
    assert order.comment_id is not None, "it is about a comment"
    item = queue.find_item(order.comment_id, site_id=order.site_id)
    if caller is None or item is None:
        return None
    standing = item.comment.standing
    if standing.status is not Status.PENDING or standing.revision != order.revision:
        return None
    site = sites.get_site(order.site_id)
    article = mail_addresses.article_name(item.article)
    what = "An edit waits" if standing.is_waiting_edit else "A reply waits"
    website = f" ({item.comment.author_url})" if item.comment.author_url else ""
    paragraphs = [f"{item.comment.author_name}{website} wrote:"]
    targets = "\n".join(link_targets(item.revision.body_html))
    reasons = [f"• {signal.detail}" for signal in item.signals if signal.detail]
    held = ["Why it is held:\n" + "\n".join(reasons)] if reasons else []
    return Content(
        subject=f"{what} on {site.name}: {article}",
        heading=article,
        paragraphs=[*held, *paragraphs],
        quotes=[
            Quote(shortened(plain_text(item.revision.body_html).strip(), QUOTE_MAX)),
            *([Quote(shortened(targets, QUOTE_MAX), "Where its links lead")] if targets else []),
        ],
        links=_ways_to_decide(caller, item, site, now),
        why=f"You moderate {site.name} and chose to get an email for each reply that waits, "
        f"at most {AT_ONCE_LIMIT.quota} an hour.",
        unsubscribe=_way_out(order, now),
    )


def _ways_to_decide(caller: Caller, item: QueueItem, site: Site, now: datetime) -> list[Link]:
    comment, standing = item.comment, item.comment.standing
    at_the_desk = Link("Open at the desk", mail_addresses.desk(site, f"/desk/comments/{comment.id}"))
    if not caller.may(Permission.DECIDE):
        return [at_the_desk]
    about = (str(caller.id), str(comment.site_id), str(comment.id), str(standing.revision), str(standing.version))
    expires_at = now + DECIDE_WITHIN
    approve, reject = (
        signed_link(Purpose.DECIDE, *about, action.value, expires_at=expires_at)
        for action in (Action.APPROVE, Action.REJECT)
    )
    return [Link("Approve", approve, is_main=True), Link("Reject", reject, is_main=True), at_the_desk]


def compose_digest(order: Order, now: datetime) -> Content | None:
    """Say what waits and how long; None where nothing does."""
    return _what_waits(order, MailChoice.DIGEST, "You moderate {site} and chose a digest once a day.", now)


def compose_late(order: Order, now: datetime) -> Content | None:
    """Say that the oldest has waited too long; None where it was decided on meanwhile."""
    site, oldest = sites.get_site(order.site_id), lateness.oldest_waiting(order.site_id)
    if site.late_after is None or oldest is None or now - oldest[1] < site.late_after:
        return None
    return _what_waits(order, MailChoice.LATE, "You moderate {site} and chose an email when its queue is late.", now)


def _what_waits(order: Order, choice: MailChoice, why: str, now: datetime) -> Content | None:
    site, oldest = sites.get_site(order.site_id), lateness.oldest_waiting(order.site_id)
    if _caller(order, choice) is None or oldest is None:
        return None
    waiting = counters.site_totals(site.id)[Status.PENDING.value]
    asked = QueueFilter(Status.PENDING)
    first = queue.read_queue(site.id, asked, sort=QueueSort.OLDEST, after=None, limit=LISTED_IN_DIGEST).items
    replies = f"{waiting:,} {'reply waits' if waiting == 1 else 'replies wait'}"
    return Content(
        subject=f"{'Late: ' if choice is MailChoice.LATE else ''}{replies} on {site.name}",
        heading=site.name,
        paragraphs=[f"{replies}, the oldest since {moment(ENGLISH, oldest[1])}."],
        quotes=[_brief(item) for item in first],
        links=[Link("Open the queue", mail_addresses.desk(site, sort=QueueSort.OLDEST.value), is_main=True)],
        why=why.format(site=site.name),
        unsubscribe=_way_out(order, now),
    )


def _brief(item: QueueItem) -> Quote:
    text = " ".join(plain_text(item.revision.body_html).split())
    by = f"{item.comment.author_name}, {mail_addresses.article_name(item.article)}"
    return Quote(shortened(text, DIGEST_EXCERPT), by)


def _caller(order: Order, choice: MailChoice) -> Caller | None:
    """Return the moderator, or None where they have no role there any more or chose otherwise since."""
    found = mail_choices.find_caller(order.to.id, order.site_id)
    return found[0] if found is not None and found[1] is choice else None


def _way_out(order: Order, now: datetime) -> Link:
    site = str(order.site_id)
    end = signed_link(Purpose.QUIET, str(order.to.id), site, expires_at=now + UNSUBSCRIBE_WITHIN)
    return Link("No more of these emails", end)
