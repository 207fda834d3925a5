"""Events on their way to webhooks: claimed by one worker at a time, in their order, and kept as a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from service.domain.article import Article
from service.domain.comment import Comment, Revision
from service.domain.events import Event, EventType
from service.domain.webhooks import Delivery, MadeAttempt, Webhook
from service.extensions import db
from service.store.articles import ARTICLE_COLUMNS, article_from_columns
from service.store.comments import COMMENT_COLUMNS, comment_from_row
from service.store.dialect import insert_or_ignore
from service.store.ids import first_id
from service.store.models import ArticleRow, CommentRow, DeliveryRow, RevisionRow, WebhookRow
from service.store.prepared import run
from service.store.types import UtcDateTime

_COLUMNS = (
    DeliveryRow.webhook_id,
    DeliveryRow.event_id,
    DeliveryRow.type,
    DeliveryRow.comment_id,
    DeliveryRow.place,
    DeliveryRow.facts,
    DeliveryRow.happened_at,
    DeliveryRow.status,
    DeliveryRow.due_at,
    DeliveryRow.claimed_until,
    DeliveryRow.attempts,
    DeliveryRow.tries,
)
TRIES_KEPT = 10  # of one delivery: what came back lately is what helps


def _word(status: Delivery) -> ColumnElement[str]:
    # Said in the statement, since an index of what has this status is not found by a value that comes beside it.
    return literal_column(f"'{status.value}'")


_WAITING = _word(Delivery.WAITING)
_TABLE: Any = DeliveryRow.__table__


@dataclass(frozen=True)
class Sending:
    """An event on its way to one endpoint; `attempts` counts the one that is going on, `tries` tells of the others.

    `due_at` is when it is tried next, None for what does not wait, and for what waits behind an earlier event.
    """

    webhook_id: UUID
    event_id: UUID
    type: EventType
    comment_id: UUID | None
    place: int
    facts: Any
    happened_at: datetime
    status: Delivery
    due_at: datetime | None
    claimed_until: datetime | None
    attempts: int
    tries: Sequence[Any]

    @property
    def made(self) -> list[MadeAttempt]:
        """The latest attempts that came to an end, the first of them first."""
        return [
            MadeAttempt(
                one["attempt"],
                datetime.fromisoformat(one["at"]),
                one["status"],
                one["seconds"],
                one["answer"],
                one["problem"],
            )
            for one in self.tries
        ]

    def event(self, site_id: UUID) -> Event:
        """Return what happened."""
        return Event(self.event_id, site_id, self.type, self.comment_id, self.place, self.facts, self.happened_at)


def add_deliveries(webhooks: Sequence[Webhook], events: Sequence[Event], *, now: datetime) -> None:
    """Let events wait for the endpoints that listen to them; what an endpoint has already it does not get again.

    An event that comes after one which still waits is not due before that one has got there or was given up: of each
    comment an endpoint is told in order.
    """
    about = {event.comment_id for event in events if event.comment_id is not None}
    # Whoever is sending an earlier event lets the next one go when it has got there, and has to see it by then.
    waiting = {
        (row.webhook_id, row.comment_id)
        for row in db.session.execute(
            select(DeliveryRow.webhook_id, DeliveryRow.comment_id)
            .where(
                DeliveryRow.webhook_id.in_([webhook.id for webhook in webhooks]),
                DeliveryRow.comment_id.in_(about),
                DeliveryRow.status == _WAITING,
            )
            .order_by(DeliveryRow.webhook_id, DeliveryRow.comment_id, DeliveryRow.place)
            .with_for_update(read=True)
        )
    }
    for event in sorted(events, key=attrgetter("place")):
        for webhook in webhooks:
            if event.type in webhook.events:
                is_behind = (webhook.id, event.comment_id) in waiting
                values = _new_row(webhook, event, due_at=None if is_behind else now)
                db.session.execute(insert_or_ignore(DeliveryRow, values))
                if event.comment_id is not None:
                    waiting.add((webhook.id, event.comment_id))


def _new_row(webhook: Webhook, event: Event, *, due_at: datetime | None) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "event_id": event.id,
        "type": event.type.value,
        "comment_id": event.comment_id,
        "place": event.place,
        "facts": dict(event.facts),
        "happened_at": event.happened_at,
        "status": Delivery.WAITING.value,
        "due_at": due_at,
        "attempts": 0,
        "tries": [],
    }


def ready(*, now: datetime) -> list[tuple[UUID, int]]:
    """Return the endpoints to which something can be sent and that do not rest, with their failures in a row.

    Whoever has waited longest comes first. It costs a look into an index for each endpoint that is switched on.
    """
    oldest = (
        select(DeliveryRow.due_at)
        .where(DeliveryRow.webhook_id == WebhookRow.id, DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.due_at, DeliveryRow.event_id)
        .limit(1)
        .scalar_subquery()
    )
    awake = (
        select(WebhookRow.id, WebhookRow.failures, oldest.label("oldest"))
        .where(
            WebhookRow.disabled_at.is_(None),
            or_(WebhookRow.resting_until.is_(None), WebhookRow.resting_until <= now),
        )
        .subquery()
    )
    rows = db.session.execute(
        select(awake.c.id, awake.c.failures).where(awake.c.oldest.is_not(None)).order_by(awake.c.oldest)
    )
    return [(row.id, row.failures) for row in rows]


def claim(webhook_id: UUID, *, until: datetime, now: datetime) -> Sending | None:
    """Take what is to be sent to an endpoint next, or None; nobody else gets it before `until`."""
    rows = run(_claim(), {"to_webhook": webhook_id, "until": until, "now": now})
    return _sending(rows[0]) if rows else None


@cache
def _claim() -> Any:
    of_webhook = DeliveryRow.webhook_id == bindparam("to_webhook")
    first = (
        select(DeliveryRow.event_id)
        .where(of_webhook, DeliveryRow.due_at <= bindparam("now"))
        .order_by(DeliveryRow.due_at, DeliveryRow.event_id)
        .limit(literal_column("1"))
        .with_for_update(skip_locked=True, of=DeliveryRow)
        # Asked once, so that no more than one row is taken.
        .scalar_subquery()
    )
    until = bindparam("until", type_=UtcDateTime())
    return (
        update(_TABLE)
        .where(of_webhook, DeliveryRow.event_id == first)
        .values(claimed_until=until, due_at=until, attempts=DeliveryRow.attempts + literal_column("1"))
        .returning(*_COLUMNS)
    )


def settle(sending: Sending, status: Delivery, attempt: Any, *, due_at: datetime | None, now: datetime) -> None:
    """Store what came of an attempt, and let the next event of the comment go where this one waits no longer.

    Nothing happens where somebody else has taken it up since.
    """
    known = {
        "to_webhook": sending.webhook_id,
        "the_event": sending.event_id,
        "claimed": sending.claimed_until,
        "becomes": status.value,
        "next_at": due_at,
        "made": [*sending.tries, attempt][-TRIES_KEPT:],
    }
    is_settled = bool(run(_settle(), known))
    if is_settled and status is not Delivery.WAITING and sending.comment_id is not None:
        _let_go({"to_webhook": sending.webhook_id, "about": sending.comment_id, "now": now})


@cache
def _settle() -> Any:
    return (
        update(_TABLE)
        .where(
            DeliveryRow.webhook_id == bindparam("to_webhook"),
            DeliveryRow.event_id == bindparam("the_event"),
            DeliveryRow.claimed_until == bindparam("claimed"),
        )
        .values(
            status=bindparam("becomes", type_=DeliveryRow.status.type),
            due_at=bindparam("next_at", type_=UtcDateTime()),
            claimed_until=null(),
            tries=bindparam("made", type_=DeliveryRow.tries.type),
        )
        .returning(DeliveryRow.event_id)
    )


def _let_go(known: Mapping[str, Any]) -> None:
    """Let go what waits for an endpoint and has no earlier event of its comment before it any more.

    Of one comment, where `about` is among what is known, else of all.
    """
    run(_released(of_one_comment="about" in known), known)


@cache
def _released(*, of_one_comment: bool) -> Any:
    earlier = aliased(DeliveryRow)
    is_behind = exists().where(
        earlier.webhook_id == bindparam("to_webhook"),
        earlier.comment_id == DeliveryRow.comment_id,
        earlier.status == _WAITING,
        earlier.place < DeliveryRow.place,
    )
    those = [DeliveryRow.comment_id == bindparam("about")] if of_one_comment else []
    return (
        update(_TABLE)
        .where(
            DeliveryRow.webhook_id == bindparam("to_webhook"),
            DeliveryRow.status == _WAITING,
            DeliveryRow.due_at.is_(None),
            ~is_behind,
            *those,
        )
        .values(due_at=bindparam("now", type_=UtcDateTime()))
    )


def note_success(webhook_id: UUID) -> None:
    """Note that an endpoint has taken something, where it had failed before."""
    db.session.execute(
        update(WebhookRow)
        .where(WebhookRow.id == webhook_id, WebhookRow.failing_since.is_not(None))
        .values(failures=0, failing_since=None, resting_until=None)
        .execution_options(synchronize_session=False)
    )


def what_it_is_about(
    comment_id: UUID, revision: int | None, *, site_id: UUID
) -> tuple[Comment, Article, Revision | None] | None:
    """Return a comment, its article and the text of a revision, as they are stored now; None where it has gone."""
    rows = run(_about(), {"the_comment": comment_id, "of_site": site_id, "revision": revision or 0})
    if not rows:
        return None
    start = len(COMMENT_COLUMNS)
    end = start + len(ARTICLE_COLUMNS)
    number, *texts = rows[0][end:]
    text = None if number is None else Revision(number, *texts)
    return comment_from_row(rows[0]), article_from_columns(rows[0][start:end]), text


@cache
def _about() -> Any:
    text = (RevisionRow.number, RevisionRow.body_raw, RevisionRow.body_html, RevisionRow.created_at)
    named = and_(RevisionRow.comment_id == CommentRow.id, RevisionRow.number == bindparam("revision"))
    return (
        select(*COMMENT_COLUMNS, *ARTICLE_COLUMNS, *text)
        .join(ArticleRow, CommentRow.article_id == ArticleRow.id)
        .outerjoin(RevisionRow, named)
        .where(CommentRow.id == bindparam("the_comment"), CommentRow.site_id == bindparam("of_site"))
    )


def drop_of_webhook(webhook_id: UUID, *, limit: int) -> int:
    """Forget up to `limit` deliveries to an endpoint; returns how many."""
    some = select(DeliveryRow.event_id).where(DeliveryRow.webhook_id == webhook_id).limit(limit)
    done = db.session.execute(
        delete(DeliveryRow)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id.in_(some))
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def send_again(webhook_id: UUID, event_id: UUID, *, now: datetime) -> Sending | None:
    """Let a delivery be tried now, with all its attempts, and return it; None where there is none.

    One that is on its way at this moment stays so, as does one that waits behind an earlier event.
    """
    row = db.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.webhook_id == webhook_id,
            DeliveryRow.event_id == event_id,
            or_(DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= now),
            or_(DeliveryRow.status != Delivery.WAITING.value, DeliveryRow.due_at.is_not(None)),
        )
        .values(status=Delivery.WAITING.value, due_at=now, claimed_until=None, attempts=0)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return find_delivery(webhook_id, event_id) if row is None else _sending(row)


def send_given_up_again(webhook_id: UUID, *, limit: int, now: datetime) -> int:
    """Let up to `limit` of what was given up be tried again, the earliest first; returns how many."""
    earliest = (
        select(DeliveryRow.event_id)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.status == _word(Delivery.GIVEN_UP))
        .order_by(DeliveryRow.event_id)
        .limit(limit)
    )
    done = db.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id.in_(earliest))
        .values(status=Delivery.WAITING.value, due_at=None, claimed_until=None, attempts=0)
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    sent = len(done.all())
    if sent:
        _let_go({"to_webhook": webhook_id, "now": now})
    return sent


def find_delivery(webhook_id: UUID, event_id: UUID) -> Sending | None:
    """Return one delivery, or None."""
    row = db.session.execute(
        select(*_COLUMNS).where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.event_id == event_id)
    ).one_or_none()
    return None if row is None else _sending(row)


def list_deliveries(
    webhook_id: UUID, *, status: Delivery | None = None, before: UUID | None = None, limit: int
) -> list[Sending]:
    """Return deliveries to an endpoint, those of the latest events first."""
    wanted = select(*_COLUMNS).where(DeliveryRow.webhook_id == webhook_id)
    if status is not None:
        wanted = wanted.where(DeliveryRow.status == _word(status))
    if before is not None:
        wanted = wanted.where(DeliveryRow.event_id < before)
    return [_sending(row) for row in db.session.execute(wanted.order_by(DeliveryRow.event_id.desc()).limit(limit))]


def count_deliveries(webhook_ids: Sequence[UUID], *, most: int) -> dict[UUID, tuple[int, int]]:
    """Return how much waits for each endpoint, and how much was given up; each is counted up to `most`."""
    which = [DeliveryRow.status == _word(status) for status in (Delivery.WAITING, Delivery.GIVEN_UP)]
    counted = {}
    for webhook_id in webhook_ids:
        of = select(DeliveryRow.event_id).where(DeliveryRow.webhook_id == webhook_id)
        some = [of.where(condition).limit(most).subquery() for condition in which]
        waiting, given_up = (db.session.scalar(select(func.count()).select_from(one)) or 0 for one in some)
        counted[webhook_id] = (waiting, given_up)
    return counted


def drop_deliveries(*, before: datetime, limit: int) -> int:
    """Forget up to `limit` deliveries of events that happened before a time; returns how many. It reads all of them."""
    oldest = (
        select(DeliveryRow.webhook_id, DeliveryRow.event_id).where(DeliveryRow.event_id < first_id(before)).limit(limit)
    )
    done = db.session.execute(
        delete(DeliveryRow)
        .where(tuple_(DeliveryRow.webhook_id, DeliveryRow.event_id).in_(oldest))
        .returning(DeliveryRow.event_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def _sending(row: Sequence[Any]) -> Sending:
    values = dict(zip((column.key for column in _COLUMNS), row, strict=True))
    return Sending(**values | {"type": EventType(values["type"]), "status": Delivery(values["status"])})
