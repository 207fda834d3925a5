"""What the log of a site says, and how it is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import Schema, fields

from service.domain.life import Status
from service.domain.log import LogKind
from service.web.schemas.fields import (
    Choice,
    Identifier,
    Moment,
    MomentSent,
    StrictSchema,
    Text,
    WholeInQuery,
    Word,
    absent,
)
from service.web.schemas.public import PAGE_LIMIT


class MomentInQuery(MomentSent):
    """A time in a query."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_default=absent, **kwargs)


class Format(StrEnum):
    """What an export is written in."""

    CSV = "csv"
    JSONL = "jsonl"


class LogEntrySchema(Schema):
    """One thing that was done. Fields of a decision are null for other kinds."""

    number = fields.Integer(required=True, metadata={"description": "1, 2, 3 … on each site, without gaps."})
    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    kind = Word(LogKind, required=True)
    action = fields.String(required=True, metadata={"description": "What was done; for `undo`, what was taken back."})
    actor_kind = fields.String(
        required=True, metadata={"description": "`token`, `moderator`, `author`, `policy`, `command` or `service`."}
    )
    actor_id = fields.UUID(required=True, allow_none=True)
    actor_name = fields.String(required=True)
    comment_id = fields.UUID(required=True, allow_none=True)
    batch_id = fields.UUID(required=True, allow_none=True)
    revision = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True)
    from_status = Word(Status, required=True, allow_none=True)
    to_status = Word(Status, required=True, allow_none=True)
    reason_id = fields.UUID(required=True, allow_none=True)
    erased_at = Moment(
        metadata={"description": "Only where retention has taken its words: when. The hash is of what it said."}
    )
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    waited = fields.Float(
        required=True, allow_none=True, metadata={"description": "Seconds since the comment was queued."}
    )
    subject = fields.String(
        required=True, allow_none=True, metadata={"description": "What was changed where it is no comment."}
    )
    details = fields.Dict(
        required=True, allow_none=True, metadata={"description": "For a change, `{field: [before, after]}`."}
    )
    created_at = Moment(required=True)
    previous_hash = fields.String(required=True, metadata={"description": "`hash` of the entry before."})
    hash = fields.String(
        required=True,
        metadata={
            "description": "SHA-256 of all other fields as ASCII JSON with sorted keys and no spaces, in hexadecimal."
        },
    )


class LogSchema(Schema):
    """A page of the log, the newest entry first."""

    entries = fields.List(fields.Nested(LogEntrySchema), required=True)
    next = fields.String(required=True, allow_none=True)


class LogFilterQuery(StrictSchema):
    """Which entries to read."""

    site = Text(load_default=absent, metadata={"description": "The token's site, which is also the default."})
    kind = Choice(LogKind, load_default=absent, metadata={"description": "What the entries are about."})
    action = Text(load_default=absent, metadata={"description": "What was done.", "example": "approve"})
    moderator = Text(
        load_default=absent, metadata={"description": "Who did it: an id, or the whole name of a person or token."}
    )
    comment = Identifier(load_default=absent, metadata={"description": "The id of a comment: its history."})
    since = MomentInQuery(data_key="from", metadata={"description": "The first moment that is wanted."})
    until = MomentInQuery(metadata={"description": "The first moment that is left out."})


class LogQuery(LogFilterQuery):
    """Which entries to list."""

    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Entries on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})


class LogExportQuery(LogFilterQuery):
    """Which entries to export, and how."""

    format = Choice(Format, load_default=Format.JSONL, metadata={"description": "CSV, or JSON Lines."})
