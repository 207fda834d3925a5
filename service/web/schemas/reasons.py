"""What moderators' tools send and get about canned reasons."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.comment import REASON_MAX
from service.domain.reasons import MOST_REASONS, REASON_TITLE_MAX
from service.web.schemas.fields import StrictSchema, Text, Whole

TITLE = {"maxLength": REASON_TITLE_MAX, "description": "For moderators.", "example": "Off the subject"}
TEXT = {"maxLength": REASON_MAX, "description": "What the author reads on the receipt."}
PLACE = "Its place in the list, from 0."


class ReasonSchema(Schema):
    """A canned reason of the site."""

    id = fields.UUID(required=True)
    title = fields.String(required=True, metadata=TITLE)
    text = fields.String(required=True, metadata=TEXT)
    position = fields.Integer(required=True, metadata={"description": PLACE})


class ReasonsSchema(Schema):
    """The canned reasons of the site, in their order."""

    reasons = fields.List(fields.Nested(ReasonSchema), required=True)


class NewReasonSchema(StrictSchema):
    """A reason to be added after the others."""

    title = Text(required=True, metadata=TITLE)
    text = Text(required=True, metadata=TEXT)


class ReasonChangeSchema(StrictSchema):
    """What is to change of a reason; what is left out stays as it is."""

    title = Text(load_default=None, metadata=TITLE)
    text = Text(load_default=None, metadata=TEXT)
    position = Whole(least=0, most=MOST_REASONS - 1, load_default=None, metadata={"description": PLACE})
