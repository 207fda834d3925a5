"""What admins' tools send and get about those whom a site asks for an opinion."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.opinions import OpinionKind
from service.domain.screening import Verdict
from service.web.schemas.fields import Moment, StrictSchema, Text, Word

URL = {"description": "An http(s) address of the public internet.", "example": "https://example.org/screen"}


class OpinionSourceSchema(Schema):
    """Somebody whom the site asks."""

    kind = Word(OpinionKind, required=True)
    url = fields.String(required=True, metadata=URL)
    changed_at = Moment(required=True)
    secret = fields.String(
        metadata={"description": "What requests are signed with (Standard Webhooks); told once, when it is made."}
    )


class OpinionSourcesSchema(Schema):
    """Whom the site asks."""

    opinions = fields.List(fields.Nested(OpinionSourceSchema), required=True)


class HookSchema(StrictSchema):
    """The site's own server to ask."""

    url = Text(required=True, metadata=URL)


class TrialSchema(Schema):
    """What came back from a hook that was tried."""

    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the answer; null where nobody answered."}
    )
    seconds = fields.Float(required=True, metadata={"description": "How long it took."})
    answer = fields.String(required=True, metadata={"description": "The beginning of what it said."})
    verdict = Word(Verdict, required=True, allow_none=True, metadata={"description": "Null where there is a problem."})
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "What is wrong, in a sentence; null where nothing is."}
    )


class AkismetSchema(StrictSchema):
    """The site's account with Akismet."""

    key = Text(required=True, metadata={"description": "The key of the account."})
    url = Text(load_default=None, allow_none=True, metadata={"description": "A server that speaks the same."})
