"""What admins' tools send and get about the settings of a site."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from service.domain.comment import TITLE_MAX
from service.domain.known_readers import ReaderTrust
from service.domain.site import (
    HIGHEST_FLAG_THRESHOLD,
    HIGHEST_MAX_DEPTH,
    HIGHEST_TRUSTED_AFTER,
    LONGEST_REVISE_WINDOW,
    MOST_DAYS_OPEN,
    MOST_LATE_MINUTES,
    MOST_ORIGINS,
    Policy,
)
from service.web.schemas.fields import NOT_NULL, Choice, Number, StrictSchema, Text, Whole, Word

LONGEST_REVISE_SECONDS = int(LONGEST_REVISE_WINDOW.total_seconds())

# fmt: off
SAID: dict[str, dict[str, Any]] = {
    "name": {"maxLength": TITLE_MAX, "description": "What people call the site.", "example": "The Harbour Gazette"},
    "origins": {"description": "Origins of its pages."},
    "policy": {"description": "`all`: a person reads every reply first; `first`: until its author is trusted; `none`: "
               "replies appear at once unless something holds them."},
    "trusted_after": {"description": "Approved comments that make an author trusted under the policy `first`."},
    "limits": {"description": "Null for the defaults, `off`, or `{name: [requests, seconds]}` laid over the defaults."},
    "max_depth": {"description": "Levels of replies below a top-level comment."},
    "revise_seconds": {"description": "How long an author may revise."},
    "flag_threshold": {"description": "Readers' flags that return a comment to the queue; 0 for never."},
    "close_after_days": {"description": "Days until an article takes no more replies; null for never."},
    "reader_trust": {"description": "What readers gain whom the site signs in, under the policy `first`: `none`; "
                     "`proven`, as at a proven address; `trusted`, with their first reply."},
    "retention": {"description": "Days by what is kept: `client_keys`, `rejected` and `spam` (their words), "
                  "`unproven_emails`, `log` (its words and names). Null for ever.",
                  "example": {"spam": 60, "log": None}},
    "spam_threshold": {"description": "Score of the learned filter, from 0.5 to 1, that makes a waiting reply spam by "
                       "itself; null for never.", "example": 0.95},
    "late_after_minutes": {"description": "Minutes that a reply may wait before `queue.late` is told; null for never."},
}
# fmt: on


class SiteSchema(Schema):
    """A site with every setting."""

    slug = fields.String(required=True)
    name = fields.String(required=True, metadata=SAID["name"])
    origins = fields.List(fields.String(), required=True, metadata=SAID["origins"])
    policy = Word(Policy, required=True, metadata=SAID["policy"])
    trusted_after = fields.Integer(required=True, metadata=SAID["trusted_after"])
    limits = fields.Raw(required=True, allow_none=True, metadata=SAID["limits"])
    max_depth = fields.Integer(required=True, metadata=SAID["max_depth"])
    revise_seconds = fields.Integer(required=True, metadata=SAID["revise_seconds"])
    flag_threshold = fields.Integer(required=True, metadata=SAID["flag_threshold"])
    close_after_days = fields.Integer(required=True, allow_none=True, metadata=SAID["close_after_days"])
    spam_threshold = fields.Float(required=True, allow_none=True, metadata=SAID["spam_threshold"])
    late_after_minutes = fields.Integer(required=True, allow_none=True, metadata=SAID["late_after_minutes"])
    reader_trust = Word(ReaderTrust, required=True, metadata=SAID["reader_trust"])
    retention = fields.Dict(
        keys=fields.String(), values=fields.Integer(allow_none=True), required=True, metadata=SAID["retention"]
    )


class SitesSchema(Schema):
    """The sites that the caller may see."""

    sites = fields.List(fields.Nested(SiteSchema), required=True)


class SiteChangeSchema(StrictSchema):
    """What is to change of a site; what is left out stays as it is. Null is what an answer says null for."""

    name = Text(metadata=SAID["name"])
    origins = fields.List(
        Text(),
        validate=validate.Length(1, MOST_ORIGINS, error=f"out_of_range: Give 1 to {MOST_ORIGINS} origins."),
        error_messages={"invalid": "wrong_type: This must be a list of strings.", "null": NOT_NULL},
        metadata=SAID["origins"] | {"example": ["https://example.org"]},
    )
    policy = Choice(Policy, metadata=SAID["policy"])
    trusted_after = Whole(least=1, most=HIGHEST_TRUSTED_AFTER, metadata=SAID["trusted_after"])
    limits = fields.Raw(allow_none=True, metadata=SAID["limits"] | {"example": {"client": [10, 60]}})
    max_depth = Whole(least=0, most=HIGHEST_MAX_DEPTH, metadata=SAID["max_depth"])
    revise_seconds = Whole(least=0, most=LONGEST_REVISE_SECONDS, metadata=SAID["revise_seconds"])
    flag_threshold = Whole(least=0, most=HIGHEST_FLAG_THRESHOLD, metadata=SAID["flag_threshold"])
    close_after_days = Whole(least=0, most=MOST_DAYS_OPEN, allow_none=True, metadata=SAID["close_after_days"])
    spam_threshold = Number(allow_none=True, metadata=SAID["spam_threshold"])
    late_after_minutes = Whole(least=0, most=MOST_LATE_MINUTES, allow_none=True, metadata=SAID["late_after_minutes"])
    reader_trust = Choice(ReaderTrust, metadata=SAID["reader_trust"])
    retention = fields.Raw(metadata=SAID["retention"] | {"type": "object"}, error_messages={"null": NOT_NULL})
