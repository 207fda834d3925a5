"""The numbers of the desk, and how they are asked for."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.web.schemas.fields import Moment, StrictSchema, Text, absent
from service.web.schemas.log import MomentInQuery


class StatsQuery(StrictSchema):
    """Of which site and which time."""

    site = Text(load_default=absent, metadata={"description": "The token's site, which is also the default."})
    since = MomentInQuery(data_key="from", metadata={"description": "A week before `until` where it is left out."})
    until = MomentInQuery(
        metadata={"description": "The first moment that is left out; now where it is not said. At most 92 days later."}
    )


class HourSchema(Schema):
    """What came and what was decided in an hour."""

    hour = Moment(required=True, metadata={"description": "When it begins, in UTC."})
    arrivals = fields.Integer(required=True)
    decisions = fields.Integer(required=True)


class RateSchema(Schema):
    """How decisions went for one thing."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    decisions = fields.Integer(required=True)
    actions = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Decisions by action, without those that nobody took."},
    )


class ModeratorRateSchema(RateSchema):
    """What one person or token decided."""

    undone = fields.Integer(required=True, metadata={"description": "How much of it was taken back, by anybody."})


class StatsSchema(Schema):
    """What came, what people decided, how long that took, and how it went."""

    since = Moment(required=True, data_key="from")
    until = Moment(required=True)
    arrivals = fields.Integer(required=True)
    decisions = fields.Integer(required=True)
    undone = fields.Integer(required=True)
    share_undone = fields.Float(required=True, allow_none=True, metadata={"description": "0 to 1."})
    flood_level = fields.Integer(
        required=True,
        metadata={"description": "Now. 1: every reply needs a proof of work; 2: a dearer one, and new authors wait."},
    )
    flood_since = Moment(
        required=True, allow_none=True, metadata={"description": "When that last changed; null where it never did."}
    )
    oldest_pending = Moment(
        required=True, allow_none=True, metadata={"description": "Since when the one waits that waits longest."}
    )
    median_seconds = fields.Float(
        required=True, allow_none=True, metadata={"description": "Between the queue and the decision."}
    )
    p95_seconds = fields.Float(required=True, allow_none=True)
    hours = fields.List(fields.Nested(HourSchema), required=True)
    by_reason = fields.List(
        fields.Nested(RateSchema),
        required=True,
        metadata={"description": "By why it was held, a signal's name; what had two reasons counts for both."},
    )
    by_canned_reason = fields.List(
        fields.Nested(RateSchema), required=True, metadata={"description": "By what authors were told."}
    )
    by_article = fields.List(
        fields.Nested(RateSchema),
        required=True,
        metadata={"description": "The busiest 50; `id` is the key."},
    )
    by_moderator = fields.List(fields.Nested(ModeratorRateSchema), required=True)
