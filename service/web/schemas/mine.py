"""What an author is shown of everything they wrote, and the proof that it was erased."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.life import Status
from service.web.schemas.fields import Moment, StrictSchema, Text, Word, YesInQuery, absent


class ProvenSchema(Schema):
    """What an author gets who has proven an address."""

    site = fields.String(required=True, metadata={"description": "The site's slug."})
    author_token = fields.String(
        required=True, metadata={"description": "Send it with further replies from this address. Keep it like a key."}
    )


class WrittenArticleSchema(Schema):
    """Under what something was written."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)


class WrittenRevisionSchema(Schema):
    """One of the texts of a comment."""

    number = fields.Integer(required=True)
    body = fields.String(required=True)
    body_html = fields.String(required=True)
    written_at = Moment(required=True)


class ToldDecisionSchema(Schema):
    """What was decided, as its author was told."""

    action = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    decided_at = Moment(required=True)


class WrittenSchema(Schema):
    """One comment with everything that is kept of it."""

    id = fields.UUID(required=True)
    article = fields.Nested(WrittenArticleSchema, required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    status = Word(Status, required=True)
    reason = fields.String(required=True, allow_none=True)
    submitted_at = Moment(required=True)
    published_at = Moment(required=True, allow_none=True)
    edited_at = Moment(required=True, allow_none=True)
    published_revision = fields.Integer(required=True, allow_none=True)
    revisions = fields.List(fields.Nested(WrittenRevisionSchema), required=True)
    decisions = fields.List(fields.Nested(ToldDecisionSchema), required=True)
    appealed_at = Moment(required=True, allow_none=True)
    appeal = fields.String(required=True, allow_none=True, metadata={"description": "What they said."})
    votes = fields.Integer(required=True)
    reports = fields.Integer(required=True)
    address_proven = fields.Boolean(required=True)
    network_hash_kept = fields.Boolean(required=True)


class OwnerSiteSchema(Schema):
    """Where it was written."""

    slug = fields.String(required=True)
    name = fields.String(required=True)


class OwnerSchema(Schema):
    """Who wrote it."""

    email = fields.String(required=True)
    first_seen_at = Moment(required=True)
    address_proven_at = Moment(required=True, allow_none=True)


class SubscribedSchema(Schema):
    """Letters that they asked for."""

    about = fields.String(required=True, metadata={"description": "`decision`, `answers` or `article`."})
    article = fields.String(required=True, metadata={"description": "The key of the article."})
    asked_at = Moment(required=True)
    confirmed_at = Moment(required=True, allow_none=True)


class MineSchema(Schema):
    """Everything that was written with an address on a site, the newest first."""

    format = fields.Integer(required=True)
    made_at = Moment(required=True)
    site = fields.Nested(OwnerSiteSchema, required=True)
    author = fields.Nested(OwnerSchema, required=True)
    subscriptions = fields.List(fields.Nested(SubscribedSchema), required=True)
    not_included = fields.List(fields.String(), required=True, metadata={"description": "What is kept beside it."})
    comments = fields.List(fields.Nested(WrittenSchema), required=True)


class AuthorExportQuery(StrictSchema):
    """Which of the caller's sites is meant, and what is put in besides."""

    site = Text(load_default=absent, metadata={"description": "A token's own site; a moderator's first by default."})
    notes = YesInQuery(metadata={"description": "With moderators' private notes, which may speak of others."})


class AuthorNoteSchema(Schema):
    """What a moderator noted for colleagues."""

    moderator = fields.String(required=True)
    text = fields.String(required=True)
    written_at = Moment(required=True)


class WrittenAndNotedSchema(WrittenSchema):
    """One comment with everything that is kept of it, and with what moderators noted where that was asked for."""

    notes = fields.List(fields.Nested(AuthorNoteSchema))


class AuthorExportSchema(MineSchema):
    """Everything that an author wrote on a site, for the site's owner. Without `pii` the address is left empty."""

    notes = fields.List(fields.Nested(AuthorNoteSchema), metadata={"description": "On the author, where asked for."})
    comments = fields.List(fields.Nested(WrittenAndNotedSchema), required=True)


class ErasureSchema(Schema):
    """The proof that everything was erased; it holds nothing about whom."""

    kind = fields.String(required=True)
    id = fields.UUID(required=True, metadata={"description": "Stands in the log of the site, too."})
    site = fields.String(required=True)
    comments = fields.Integer(required=True)
    erased_at = Moment(required=True)
    signature = fields.String(required=True)
