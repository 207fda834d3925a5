"""What integrators send and get about webhooks."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from service.domain.destinations import URL_LONGEST
from service.domain.events import EventType
from service.domain.webhooks import DESCRIPTION_MAX, MOST_ATTEMPTS, Delivery
from service.web.schemas.fields import (
    NOT_NULL,
    REQUIRED,
    Choice,
    Moment,
    StrictSchema,
    Text,
    WholeInQuery,
    Word,
    YesNo,
    absent,
)
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.public import PAGE_LIMIT

URL = {
    "description": "An http(s) address of the public internet.",
    "maxLength": URL_LONGEST,
    "example": "https://example.org/postbag",
}
EVENTS = {"description": "The types of events that are sent to it.", "example": ["comment.submitted", "comment.held"]}
DESCRIPTION = {"description": "What it is for, in your words.", "maxLength": DESCRIPTION_MAX}
ENABLED = {"description": "While it is false nothing is collected for it; what waited goes out when it is true again."}


class WebhookSchema(Schema):
    """An endpoint that events of the site are sent to."""

    id = fields.UUID(required=True)
    url = fields.String(required=True, metadata=URL)
    events = fields.List(Word(EventType), required=True, metadata=EVENTS)
    description = fields.String(required=True, metadata=DESCRIPTION)
    enabled = fields.Boolean(required=True, metadata=ENABLED)
    disabled_at = Moment(required=True, allow_none=True)
    disabled_reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it is switched off, in a sentence."}
    )
    failing_since = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "When the first of the failures was since which nothing has got there."},
    )
    both_secrets_until = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "Until when requests have the signature of the earlier secret as well."},
    )
    waiting = fields.Integer(required=True, metadata={"description": "Events that wait for it, counted up to 1,000."})
    given_up = fields.Integer(required=True, metadata={"description": "Events given up, counted up to 1,000."})
    created_at = Moment(required=True)


class WebhookWithSecretSchema(WebhookSchema):
    """A webhook with its new secret."""

    secret = fields.String(
        required=True,
        metadata={"description": "What requests are signed with (Standard Webhooks); told once, when it is made."},
    )


class WebhooksSchema(Schema):
    """The webhooks of the site, the first made first."""

    webhooks = fields.List(fields.Nested(WebhookSchema), required=True)


class Events(fields.List):  # type: ignore[type-arg]
    """Types of events, each once."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(
            Choice(EventType),
            validate=validate.Length(min=1, error="required: Choose at least one event."),
            error_messages={
                "invalid": "wrong_type: This must be a list of events.",
                "null": NOT_NULL,
                "required": REQUIRED,
            },
            metadata=EVENTS,
            **kwargs,  # type: ignore[arg-type]
        )


class NewWebhookSchema(StrictSchema):
    """Where to send which events."""

    url = Text(required=True, metadata=URL)
    events = Events(required=True)
    description = Text(load_default="", metadata=DESCRIPTION)


class WebhookChangeSchema(StrictSchema):
    """What is to change of a webhook; what is left out stays as it is."""

    url = Text(metadata=URL)
    events = Events()
    description = Text(metadata=DESCRIPTION)
    enabled = YesNo(metadata=ENABLED)


class WebhookTrialSchema(Schema):
    """What came back from an endpoint that was tried."""

    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the answer; null where nobody answered."}
    )
    seconds = fields.Float(required=True, metadata={"description": "How long it took."})
    answer = fields.String(required=True, metadata={"description": "The first 1,000 characters of what it said."})
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "What is wrong, in a sentence; null where nothing is."}
    )


class AttemptSchema(WebhookTrialSchema):
    """One attempt to deliver an event."""

    attempt = fields.Integer(required=True, metadata={"description": f"1 to {MOST_ATTEMPTS}."})
    at = Moment(required=True)


class DeliverySchema(Schema):
    """An event on its way to an endpoint, or what became of it."""

    id = fields.UUID(required=True, metadata={"description": "The event's id, which is sent as `webhook-id`."})
    type = Word(EventType, required=True)
    comment_id = fields.UUID(required=True, allow_none=True)
    status = Word(Delivery, required=True)
    happened_at = Moment(required=True)
    next_try_at = Moment(required=True, allow_none=True, metadata={"description": "Null for what does not wait."})
    attempts = fields.List(
        fields.Nested(AttemptSchema),
        required=True,
        metadata={"description": "The latest ten, in order."},
    )


class DeliveriesSchema(Schema):
    """A page of what was sent within thirty days, or waits; the latest event first."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)
    next = fields.String(required=True, allow_none=True)


class DeliveriesQuery(SiteQuery):
    """Which deliveries to list."""

    status = Choice(Delivery, load_default=absent, metadata={"description": "What became of them."})
    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Deliveries on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})
