"""`/desk/site/webhooks`: where the site's events are sent, and what came of each, as plain forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import sites, webhooks
from service.actions.webhooks import MOST_COUNTED, Attempt, Delivery, Made, Sending
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.events import EventType
from service.domain.permissions import Permission
from service.domain.webhooks import DESCRIPTION_MAX, KEPT_FOR, MOST_ATTEMPTS
from service.web.auth import the_caller
from service.web.desk.filters import chosen, own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_webhooks", __name__, url_prefix="/desk/site/webhooks")

PLACE = "/desk/site/webhooks"
SHOWN = 25  # deliveries on a page
EVENT_WORDS = {
    EventType.SUBMITTED: "a reply came",
    EventType.HELD: "a reply or an edit waits for a person, or readers have reported one",
    EventType.PUBLISHED: "readers see it",
    EventType.REVISED: "its author has changed it",
    EventType.REJECTED: "a moderator rejected it",
    EventType.SPAM: "it was called spam",
    EventType.DELETED: "a moderator deleted it, or its author took it back",
    EventType.FLAGGED: "a reader has reported it",
    EventType.ARTICLE_CLOSED: "a person closed an article, or the site’s days did",
    EventType.QUEUE_LATE: "something waits longer than the site wants",
}
STATUS_WORDS = {
    Delivery.WAITING: "Waiting",
    Delivery.DELIVERED: "Delivered",
    Delivery.GIVEN_UP: "Given up",
}
DONE_WORDS = {
    "change": "The webhook is saved.",
    "on": "It is switched on; what waited goes out.",
    "off": "It is switched off; nothing is collected for it.",
    "resend": "It is sent once more, within a second or so.",
    "resend_all": "Everything that was given up is sent once more.",
    "remove": "The webhook is removed.",
}
FIELDS = frozenset({"url", "events", "description"})


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show_all() -> Response:
    """Answer with the site's webhooks; only admins get the form, and nobody the secrets."""
    return _list()


@blueprint.post("")
@desk_page(Permission.MANAGE_WEBHOOKS)
def add() -> Response:
    """Add a webhook; its secret stands on the answer, and on no page after it."""
    try:
        made = webhooks.add_webhook(the_caller(), now=utc_now(), **_typed())
    except Invalid as error:
        return _list(error)
    return _one(made.webhook.id, secret=made.secret)


@blueprint.get("/<uuid:webhook_id>")
@desk_page(Permission.MANAGE_WEBHOOKS)
def show(webhook_id: UUID) -> Response:
    """Answer with one webhook and what was sent to it."""
    return _one(webhook_id)


@blueprint.post("/<uuid:webhook_id>")
@desk_page(Permission.MANAGE_WEBHOOKS)
def change(webhook_id: UUID) -> Response:
    """Change, try or remove a webhook, make a new secret, or send something again."""
    what = request.form.get("do", "")
    try:
        came = chosen(ACTIONS)(webhook_id)
    except Invalid as error:
        return _one(webhook_id, error)
    if isinstance(came, Attempt):
        return _one(webhook_id, trial=came)
    if isinstance(came, Made):
        return _one(webhook_id, secret=came.secret)
    if what == "remove":
        return seen_at(own_address(PLACE, done=what))
    anchor = "#deliveries" if what in {"resend", "resend_all"} else ""
    return seen_at(own_address(f"{PLACE}/{webhook_id}", done=what, status=request.args.get("status")) + anchor)


def _typed() -> dict[str, Any]:
    form = request.form
    said = {"url": form.get("url", ""), "description": form.get("description", "")}
    return said | {"chosen": form.getlist("events")}


def _change(webhook_id: UUID) -> None:
    said = _typed()
    said["events"] = said.pop("chosen")
    webhooks.change_webhook(the_caller(), webhook_id, said, now=utc_now())


def _switch(webhook_id: UUID, *, is_on: bool) -> None:
    webhooks.change_webhook(the_caller(), webhook_id, {"enabled": is_on}, now=utc_now())


def _resend(webhook_id: UUID) -> None:
    try:
        event_id = UUID(request.form.get("delivery", ""))
    except ValueError:
        raise NotFound("Nothing of this id was sent to this webhook.") from None
    webhooks.resend(the_caller(), webhook_id, event_id, now=utc_now())


def _resend_all(webhook_id: UUID) -> None:
    webhooks.resend_given_up(the_caller(), webhook_id, now=utc_now())


ACTIONS: Mapping[str, Callable[[UUID], Made | Attempt | None]] = {
    "change": _change,
    "on": lambda webhook_id: _switch(webhook_id, is_on=True),
    "off": lambda webhook_id: _switch(webhook_id, is_on=False),
    "rotate": lambda webhook_id: webhooks.rotate_secret(the_caller(), webhook_id, now=utc_now()),
    "test": lambda webhook_id: webhooks.try_webhook(the_caller(), webhook_id, now=utc_now()),
    "resend": _resend,
    "resend_all": _resend_all,
    "remove": lambda webhook_id: webhooks.remove_webhook(the_caller(), webhook_id, now=utc_now()),
}


def _list(error: Invalid | None = None) -> Response:
    caller, form = the_caller(), request.form
    return desk(
        "webhooks.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site_name=sites.read_site(caller, now=utc_now()).name,
        listed=webhooks.read_webhooks(caller),
        typed={"url": form.get("url", ""), "description": form.get("description", "")},
        chosen=form.getlist("events"),
        **_form_words(error),
    )


def _one(
    webhook_id: UUID, error: PostbagError | None = None, *, secret: str | None = None, trial: Attempt | None = None
) -> Response:
    caller, now = the_caller(), utc_now()
    listed = webhooks.read_webhook(caller, webhook_id)
    webhook, is_typed = listed.webhook, error is not None
    status = next((one for one in Delivery if one.value == request.args.get("status")), None)
    cursor = request.args.get("cursor")
    try:
        page = webhooks.read_deliveries(caller, webhook_id, status=status, cursor=cursor, limit=SHOWN)
    except Invalid:
        # A cursor of another list: the first page is as good.
        cursor = None
        page = webhooks.read_deliveries(caller, webhook_id, status=status, limit=SHOWN)
    place = f"{PLACE}/{webhook_id}"
    return desk(
        "webhook.html",
        200 if error is None else ERROR_CODES[error.code].status,
        webhook=webhook,
        listed=listed,
        two_secrets_until=webhook.two_secrets_until(now),
        typed={
            "url": request.form.get("url", "") if is_typed else webhook.url,
            "description": request.form.get("description", "") if is_typed else webhook.description,
        },
        chosen=request.form.getlist("events") if is_typed else [event.value for event in webhook.events],
        secret=secret,
        trial=trial,
        rows=[_row(sending) for sending in page.deliveries],
        chosen_status=status,
        filters=[("All", own_address(place) + "#deliveries", status is None)]
        + [
            (words, own_address(place, status=one.value) + "#deliveries", status is one)
            for one, words in STATUS_WORDS.items()
        ],
        newest=own_address(place, status=status and status.value) + "#deliveries" if cursor else None,
        older=page.next_cursor
        and own_address(place, status=status and status.value, cursor=page.next_cursor) + "#deliveries",
        here=own_address(place, status=status and status.value),
        most_attempts=MOST_ATTEMPTS,
        **_form_words(error),
    )


def _form_words(error: PostbagError | None) -> dict[str, Any]:
    errors = by_field(error.faults) if isinstance(error, Invalid) else {}
    return {
        "events": {event.value: words for event, words in EVENT_WORDS.items()},
        "errors": errors,
        # What no field on the page could say is said above.
        "problem": error.detail if error is not None and not errors.keys() & FIELDS else None,
        "done": DONE_WORDS.get(request.args.get("done", "")) if request.method == "GET" else None,
        "description_max": DESCRIPTION_MAX,
        "most_counted": MOST_COUNTED,
        "kept_days": KEPT_FOR.days,
    }


def _row(sending: Sending) -> dict[str, Any]:
    return {
        "id": sending.event_id,
        "type": sending.type.value,
        "happened_at": sending.happened_at,
        "comment_href": sending.comment_id and own_address(f"/desk/comments/{sending.comment_id}"),
        "status": STATUS_WORDS[sending.status],
        "is_given_up": sending.status is Delivery.GIVEN_UP,
        "is_waiting": sending.status is Delivery.WAITING,
        "next_try_at": sending.due_at,
        "tries": sending.made,
        "last": sending.made[-1] if sending.made else None,
    }
