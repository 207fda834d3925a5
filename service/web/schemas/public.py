"""What readers and their browsers send and get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.domain.comment import APPEAL_MAX, BODY_MAX, EMAIL_MAX, NAME_MAX, NOTE_MAX, REASON_MAX, TITLE_MAX, URL_MAX
from service.domain.known_readers import TOKEN_MAX
from service.domain.letters import SubscriptionKind, SubscriptionState
from service.domain.life import Status
from service.domain.sorting import Sort
from service.web.schemas.fields import (
    REQUIRED,
    Choice,
    Identifier,
    IdentifierOrNone,
    Moment,
    MomentSent,
    StrictSchema,
    Text,
    Whole,
    WholeInQuery,
    Word,
    YesNo,
    absent,
)

PAGE_LIMIT = 100
COUNT_LIMIT = 100


class AuthorSchema(Schema):
    """Who wrote a comment, as far as readers may know."""

    name = fields.String(required=True, metadata={"example": "Ada Okafor"})
    url = fields.String(required=True, allow_none=True, metadata={"description": "Their website, http or https."})
    avatar = fields.String(required=True, metadata={"description": "Path of a small SVG on this service."})
    badge = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": 'What the site says of a reader whom it knows, such as "Staff"; null for most.'},
    )


class PublishedCommentSchema(Schema):
    """A comment as readers see it; a removed one with replies stays as a tombstone without author and text."""

    id = fields.UUID(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    depth = fields.Integer(required=True, metadata={"description": "0 for a comment on the article itself."})
    author = fields.Nested(AuthorSchema, required=True, allow_none=True)
    body_html = fields.String(
        required=True, metadata={"description": "Sanitised HTML, safe to insert; empty if deleted."}
    )
    published_at = Moment(required=True, allow_none=True)
    edited_at = Moment(required=True, allow_none=True)
    votes = fields.Integer(required=True)
    deleted = fields.Boolean(required=True)


class ArticleSchema(Schema):
    """What a page of comments says of its article."""

    key = fields.String(required=True, metadata={"description": "The normalised canonical URL, or the registered id."})
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    open = fields.Boolean(required=True, metadata={"description": "Whether it takes replies."})
    count = fields.Integer(required=True, metadata={"description": "Published comments."})


class PageSchema(Schema):
    """One page of an article's published comments, depth-first."""

    article = fields.Nested(ArticleSchema, required=True)
    comments = fields.List(fields.Nested(PublishedCommentSchema), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "Cursor of the next page."})
    earlier = fields.Boolean(
        metadata={"description": "Only where `comment` was asked for: whether comments stand before this page."}
    )


class PageQuery(StrictSchema):
    """Which page of which article."""

    site = Text(required=True, metadata={"description": "The site's slug.", "example": "demo"})
    article = Text(required=True, metadata={"description": "The canonical URL, or a registered id."})
    sort = Choice(
        Sort, load_default=Sort.OLDEST, metadata={"description": "Order of the threads; replies stand oldest first."}
    )
    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Comments on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})
    comment = Identifier(
        load_default=absent,
        metadata={
            "description": "A comment to be on the page, in place of `cursor`, oldest first. One that is not published "
            "gives the first page."
        },
    )


class CountsQuery(StrictSchema):
    """Which articles to count, `article` repeated for each."""

    site = Text(required=True, metadata={"description": "The site's slug.", "example": "demo"})
    article = fields.List(
        Text(),
        required=True,
        validate=validate.Length(1, COUNT_LIMIT, error=f"out_of_range: Give 1 to {COUNT_LIMIT} articles."),
        error_messages={"required": "required: Give at least one article."},
        metadata={"description": f"Canonical URLs or registered ids, up to {COUNT_LIMIT}, each as `article=`."},
    )


class CountsSchema(Schema):
    """The number of published comments for every article, by the key as it was asked for."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class FeedQuery(StrictSchema):
    """Whose feed."""

    site = Text(required=True, metadata={"description": "The site's slug.", "example": "demo"})
    article = Text(
        load_default=absent,
        metadata={"description": "The canonical URL, or a registered id; without it the feed of the whole site."},
    )


class SubmissionSchema(StrictSchema):
    """A reply."""

    site = Text(required=True, metadata={"example": "demo"})
    article = Text(required=True, metadata={"description": "The canonical URL, or a registered id."})
    article_url = Text(load_default="", allow_none=True, metadata={"description": "Kept if the article is new."})
    article_title = Text(
        load_default="",
        allow_none=True,
        metadata={"maxLength": TITLE_MAX, "description": "Kept if the article is new."},
    )
    parent_id = IdentifierOrNone(metadata={"description": "The comment replied to."})
    name = Text(
        load_default="",
        metadata={
            "maxLength": NAME_MAX,
            "description": "Published. Required, unless there is a `reader_token`.",
            "example": "Ada Okafor",
        },
    )
    email = Text(
        load_default="",
        metadata={
            "maxLength": EMAIL_MAX,
            "description": "Never published. Required, unless there is a `reader_token`.",
            "example": "ada@example.org",
        },
    )
    url = Text(load_default="", allow_none=True, metadata={"maxLength": URL_MAX, "description": "Their website."})
    body = Text(
        required=True,
        metadata={"description": f"CommonMark, at most {BODY_MAX:,} characters as a reader counts them."},
    )
    form_token = Text(
        load_default="",
        allow_none=True,
        metadata={"description": "From `GET /v1/form-token`, where a form was shown. A reply is accepted without."},
    )
    challenge = Text(
        load_default="",
        allow_none=True,
        metadata={"description": "A solved challenge in base64, as ALTCHA v2 has it, after `challenge_required`."},
    )
    reader_token = Text(
        load_default="",
        allow_none=True,
        metadata={
            "maxLength": TOKEN_MAX,
            "description": "A JWT by which the site says who its reader is, in place of `name` and `email`: HS256 or "
            "EdDSA, with `aud` (the site's slug), `sub`, `name`, `iat`, `exp`, and perhaps `email`, `badge`, `avatar`.",
        },
    )
    client_address = Text(
        load_default="",
        allow_none=True,
        metadata={
            "description": "The reader's network address, told by a server of the site (scope `integrate`); limits and "
            "rules are applied to it.",
            "example": "203.0.113.7",
        },
    )
    submitted_at = MomentSent(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "When it was written, told by a server of the site (scope `integrate`): up to 7 days ago."
        },
    )
    author_token = Text(
        load_default="",
        allow_none=True,
        metadata={"description": "What an author is given who proves the address; without it, it is only typed in."},
    )
    subject = Text(
        load_default="", allow_none=True, metadata={"description": "Stays empty: in forms, people do not see it."}
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def say_who_writes(self, data: Any, original: Mapping[str, Any], **_: Any) -> None:
        """Refuse what says neither by a token nor by name and address whose it is; what is empty is told of later."""
        if not original.get("reader_token"):
            missing = {name: [REQUIRED] for name in ("name", "email") if name not in original}
            if missing:
                raise ValidationError(dict(missing))


class FormTokenQuery(StrictSchema):
    """For which article a form is shown."""

    site = Text(required=True, metadata={"description": "The site's slug.", "example": "demo"})
    article = Text(required=True, metadata={"description": "The canonical URL, or a registered id."})


class ChallengeQuery(StrictSchema):
    """For which site a proof of work is to be done."""

    site = Text(required=True, metadata={"description": "The site's slug.", "example": "demo"})


class FormTokenSchema(Schema):
    """A token to be sent with the reply that is written in the form."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)


class ReceiptLinkSchema(Schema):
    """The author's capability: whoever has it can see, revise and withdraw the comment."""

    token = fields.String(required=True)
    url = fields.String(required=True, metadata={"description": "The receipt page."})
    edit_until = Moment(required=True)


class SubmittedSchema(Schema):
    """What became of a reply."""

    id = fields.UUID(required=True)
    status = Word(Status, required=True)
    revision = fields.Integer(required=True)
    body_html = fields.String(required=True, metadata={"description": "The HTML that is published on approval."})
    receipt = fields.Nested(ReceiptLinkSchema, required=True)


class PreviewSchema(StrictSchema):
    """A text to look at."""

    body = Text(required=True, metadata={"example": "A *first* draft."})


class PreviewedSchema(Schema):
    """The very HTML that would be published."""

    body_html = fields.String(required=True)


class RevisionSchema(StrictSchema):
    """A new text of the author's own comment."""

    body = Text(required=True)


class AppealSchema(StrictSchema):
    """Why a moderator should look again."""

    text = Text(
        required=True,
        metadata={"description": "A sentence or two, for moderators alone.", "maxLength": APPEAL_MAX},
    )


class VouchingSchema(StrictSchema):
    """Who says that a comment is theirs."""

    author_token = Text(
        required=True, metadata={"description": "What an author is given who proves the address of the comment."}
    )


class MailWishSchema(StrictSchema):
    """What the author wants to be told by mail, or no more."""

    about = Text(
        required=True,
        metadata={
            "description": "`decision`: what is decided on the comment, in one letter. `answers`: when somebody "
            "answers it. `article`: new comments of the discussion.",
            "example": "decision",
        },
    )
    wanted = YesNo(load_default=True, metadata={"description": "False to be told no more."})


class VoteSchema(StrictSchema):
    """A reader's vote, or what takes it back."""

    value = Whole(least=0, most=1, load_default=1, metadata={"description": "1 to vote, 0 to take the vote back."})


class VotedSchema(Schema):
    """How the votes stand now."""

    id = fields.UUID(required=True)
    votes = fields.Integer(required=True)
    voted = fields.Boolean(required=True, metadata={"description": "Whether this reader's vote is among them."})


class FlagSchema(StrictSchema):
    """What a reader finds wrong with a comment."""

    reason = Text(
        required=True,
        metadata={
            "maxLength": REASON_MAX,
            "description": "`spam`, `abuse`, `off_topic` or `other`; anything else is `other` in a reader's own words.",
            "example": "spam",
        },
    )
    detail = Text(
        load_default="",
        allow_none=True,
        metadata={"maxLength": NOTE_MAX, "description": "More about it; only moderators read it."},
    )


class FlaggedSchema(Schema):
    """A flag that is stored."""

    id = fields.UUID(required=True)
    flagged = fields.Boolean(required=True)


class ReceiptSchema(Schema):
    """What the author may know of their own comment."""

    id = fields.UUID(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    depth = fields.Integer(required=True, metadata={"description": "Where it stands in the thread."})
    author = fields.Nested(
        AuthorSchema, required=True, allow_none=True, metadata={"description": "Null once the comment is deleted."}
    )
    status = Word(Status, required=True)
    revision = fields.Integer(required=True, metadata={"description": "The latest one."})
    published_revision = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The one readers see."}
    )
    body = fields.String(
        required=True, metadata={"description": "The latest revision as typed, for an edit field only."}
    )
    body_html = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was rejected."})
    article = fields.Nested(ArticleSchema, required=True)
    submitted_at = Moment(required=True)
    edit_until = Moment(required=True)
    may_revise = fields.Boolean(required=True)
    may_withdraw = fields.Boolean(required=True)
    may_appeal = fields.Boolean(
        required=True, metadata={"description": "Whether its author may ask for another look, which they can once."}
    )
    appealed_at = Moment(required=True, allow_none=True, metadata={"description": "When they did."})
    address_proven = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether it came from whoever has proven the address, or has been vouched for by them since."
        },
    )
    mail = fields.Dict(
        keys=Word(SubscriptionKind),
        values=Word(SubscriptionState),
        required=True,
        allow_none=True,
        metadata={
            "description": "What the author is told by mail, of what they can be: `off`, `on`, or `waiting` until they "
            "open the link in the letter that asks whether it was they. Null where no mail is sent."
        },
    )


class ArticleRegistrationSchema(StrictSchema):
    """What an integrator says of an article; what is left out stays as it is."""

    site = Text(required=True)
    key = Text(required=True, metadata={"description": "The canonical URL, or an id of your own."})
    url = Text(load_default=None, allow_none=True)
    title = Text(load_default=None, allow_none=True, metadata={"maxLength": TITLE_MAX})
    open = YesNo(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Whether it takes replies. The same again changes nothing: what the days of the site have "
            "closed since stays closed."
        },
    )
