"""What moderators' tools send and get."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from service.actions.decide import BATCH_MAX
from service.actions.notes import NoteAbout
from service.domain.comment import NOTE_MAX, REASON_MAX
from service.domain.differences import ChangeKind
from service.domain.flags import FlagReason
from service.domain.life import Action, Status
from service.domain.screening import Verdict
from service.domain.sorting import QueueSort
from service.web.documentation import DECIDED_WORDS, ProblemSchema
from service.web.schemas.fields import (
    NOT_NULL,
    REQUIRED,
    Choice,
    Identifier,
    Moment,
    StrictSchema,
    Text,
    Whole,
    WholeInQuery,
    Word,
    YesInQuery,
    absent,
)
from service.web.schemas.public import PAGE_LIMIT, ArticleSchema

HIGHEST_NUMBER = 2**31 - 1  # what an integer column of PostgreSQL holds


class SignalRuleSchema(Schema):
    """The rule of the site that a signal carries out, as it was then; it may have changed since, or be gone."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)


class SignalSchema(Schema):
    """What a screening phase found."""

    name = fields.String(required=True)
    verdict = Word(Verdict, required=True)
    score = fields.Float(required=True)
    detail = fields.String(required=True)
    spans = fields.List(
        fields.List(fields.Integer(), validate=validate.Length(equal=2)),
        required=True,
        metadata={"description": "Offsets [start, end) into the revision's `body`, in characters."},
    )
    rule = fields.Nested(
        SignalRuleSchema, required=True, allow_none=True, metadata={"description": "Null where no rule asked for it."}
    )


class AuthorRecordSchema(Schema):
    """The author as moderators know them, with their record on this site."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    avatar = fields.String(required=True)
    badge = fields.String(required=True, allow_none=True, metadata={"description": "What the site said of them."})
    record = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    proven = fields.Boolean(
        required=True, metadata={"description": "Whether this came from whoever has proven the address."}
    )
    known = fields.Boolean(required=True, metadata={"description": "Whether the site signed them in itself."})


class ParentCommentSchema(Schema):
    """The comment that one answers, as published."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    body_html = fields.String(required=True)


class FlagsSchema(Schema):
    """What readers have reported."""

    count = fields.Integer(required=True)
    reasons = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many gave each reason, without those that nobody gave."},
    )
    settled = fields.Boolean(
        required=True,
        metadata={"description": "Whether a person has overruled them: more flags of this text do not return it."},
    )


class FlagViewSchema(Schema):
    """One reader's flag."""

    reason = Word(FlagReason, required=True)
    detail = fields.String(required=True, allow_none=True, metadata={"description": "In the reader's words."})
    revision = fields.Integer(required=True, metadata={"description": "The one that the reader saw."})
    flagged_at = Moment(required=True)


class FlagFileSchema(FlagsSchema):
    """What readers have reported, with the latest flags in full."""

    latest = fields.List(
        fields.Nested(FlagViewSchema), required=True, metadata={"description": "Up to 100, the latest first."}
    )


class ClaimSchema(Schema):
    """Who is on a comment, until when unless they renew it, and whether that is the caller."""

    moderator = fields.String(required=True)
    until = Moment(required=True)
    mine = fields.Boolean(required=True)


class TextChangeSchema(Schema):
    """A piece of text, and what an edit did with it."""

    kind = Word(ChangeKind, required=True)
    text = fields.String(required=True)


class EditSchema(Schema):
    """What a waiting edit changes of the text that readers see."""

    from_revision = fields.Integer(required=True)
    changes = fields.List(fields.Nested(TextChangeSchema), required=True)


class NoteSchema(Schema):
    """A private note of a moderator."""

    id = fields.UUID(required=True)
    about = Word(NoteAbout, required=True)
    moderator = fields.String(required=True)
    text = fields.String(required=True)
    written_at = Moment(required=True)


class NewNoteSchema(StrictSchema):
    """A private note to be left."""

    text = Text(required=True, metadata={"description": f"{NOTE_MAX} characters at most."})
    about = Choice(NoteAbout, load_default=NoteAbout.COMMENT)


class QueueItemSchema(Schema):
    """A comment with what is needed to decide on its latest revision."""

    id = fields.UUID(required=True)
    site = fields.String(required=True)
    article = fields.Nested(ArticleSchema, required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    parent = fields.Nested(
        ParentCommentSchema,
        required=True,
        allow_none=True,
        metadata={"description": "What it answers, to read beside it."},
    )
    depth = fields.Integer(required=True)
    status = Word(Status, required=True)
    revision = fields.Integer(required=True, metadata={"description": "The latest one, which a decision names."})
    published_revision = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(
        required=True, metadata={"description": "Send it with a decision to be told of any change."}
    )
    actions = fields.List(fields.Enum(Action, by_value=True), required=True)
    author = fields.Nested(AuthorRecordSchema, required=True)
    body = fields.String(required=True, metadata={"description": "As typed. Never insert it into a page as HTML."})
    body_html = fields.String(required=True, metadata={"description": "As it would be published."})
    signals = fields.List(fields.Nested(SignalSchema), required=True)
    score = fields.Float(required=True)
    reason = fields.String(required=True, allow_none=True)
    votes = fields.Integer(required=True)
    flags = fields.Nested(FlagsSchema, required=True)
    submitted_at = Moment(required=True)
    queued_at = Moment(
        required=True, metadata={"description": "When the latest revision arrived, or readers' flags returned it."}
    )
    client = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The same for comments of one network on this site, and opaque; null after 30 days."},
    )
    claim = fields.Nested(ClaimSchema, required=True, allow_none=True)
    edit = fields.Nested(EditSchema, required=True, allow_none=True)
    notes = fields.List(
        fields.Nested(NoteSchema), required=True, metadata={"description": "On the comment and on its author."}
    )


class QueueSchema(Schema):
    """One page of the queue."""

    comments = fields.List(fields.Nested(QueueItemSchema), required=True)
    next = fields.String(required=True, allow_none=True)
    totals = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class QueueQuery(StrictSchema):
    """Which comments to list."""

    site = Text(load_default=absent, metadata={"description": "The token's site, which is also the default."})
    status = Choice(Status, load_default=Status.PENDING, metadata={"description": "Where the latest revision stands."})
    article = Text(load_default=absent, metadata={"description": "The canonical URL, or a registered id."})
    reason = Text(load_default=absent, metadata={"description": "The name of a signal.", "example": "many_links"})
    author = Text(load_default=absent, metadata={"description": "An author's id; an e-mail address with scope `pii`."})
    q = Text(
        load_default=absent,
        validate=validate.Length(max=200, error="too_long: A search has at most 200 characters."),
        metadata={
            "description": "Words in the text or the name; all of them, each also as a beginning. "
            "With scope `pii`, an e-mail address finds what its author wrote."
        },
    )
    has_links = YesInQuery(metadata={"description": "`true`: only what has links."})
    flagged = YesInQuery(metadata={"description": "`true`: only what readers have reported."})
    edited = YesInQuery(metadata={"description": "`true`: only what has been edited."})
    sort = Choice(
        QueueSort,
        load_default=absent,
        metadata={
            "description": "By when the latest revision arrived, or by the sum of its signals' scores: "
            "`score` has the heaviest first, `promising` the lightest. Without it, what waits has the lightest first, "
            "so that a flood buries nobody; every other list, and what is looked for with any other parameter, the "
            "oldest. A score may change while the filter or an outside opinion is still out: to read all of a queue "
            "page by page, ask for `oldest`."
        },
    )
    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Comments on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})


class RevisionViewSchema(Schema):
    """One numbered text, and what the screening found in it."""

    number = fields.Integer(required=True)
    body = fields.String(required=True)
    body_html = fields.String(required=True)
    created_at = Moment(required=True)
    signals = fields.List(fields.Nested(SignalSchema), required=True)


class DecisionViewSchema(Schema):
    """A decision in the log."""

    id = fields.UUID(required=True)
    action = fields.String(required=True, metadata={"enum": DECIDED_WORDS})
    batch_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "What was decided together, and can be undone."}
    )
    revision = fields.Integer(required=True)
    from_status = Word(Status, required=True)
    to_status = Word(Status, required=True)
    moderator = fields.String(required=True, metadata={"description": "The token's name, the author, or the policy."})
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    decided_at = Moment(required=True)


class CommentFileSchema(QueueItemSchema):
    """Everything known about a comment."""

    flags = fields.Nested(FlagFileSchema, required=True)
    revisions = fields.List(fields.Nested(RevisionViewSchema), required=True)
    decisions = fields.List(fields.Nested(DecisionViewSchema), required=True)
    email = fields.String(metadata={"description": "Only with the scope `pii`."})


class DecisionSchema(StrictSchema):
    """A decision on one revision."""

    action = Choice(Action, required=True)
    revision = Whole(least=1, most=HIGHEST_NUMBER, required=True, metadata={"description": "The one that was read."})
    version = Whole(
        least=1,
        most=HIGHEST_NUMBER,
        load_default=None,
        allow_none=True,
        metadata={"description": "The version that was seen; needed to change what another person has decided."},
    )
    reason = Text(
        load_default="",
        allow_none=True,
        metadata={"description": f"The author reads it; {REASON_MAX} characters at most."},
    )
    reason_id = Identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "A canned reason; its text is told unless `reason` is."},
    )
    note = Text(
        load_default="",
        allow_none=True,
        metadata={"description": f"Only colleagues read it; {NOTE_MAX} characters at most."},
    )


class CommentDecisionSchema(DecisionSchema):
    """A decision on one revision of a comment."""

    comment_id = Identifier(required=True)


class DecisionsSchema(StrictSchema):
    """Decisions to be made together."""

    decisions = fields.List(
        fields.Nested(CommentDecisionSchema, error_messages={"null": NOT_NULL}),
        required=True,
        validate=validate.Length(
            min=1, max=BATCH_MAX, error=f"out_of_range: Send 1 to {BATCH_MAX} decisions together."
        ),
        error_messages={"required": REQUIRED, "null": NOT_NULL, "invalid": "wrong_type: This must be a list."},
    )


class DecidedSchema(Schema):
    """A decision that was carried out, and where the comment stands now."""

    comment_id = fields.UUID(required=True)
    status = Word(Status, required=True)
    revision = fields.Integer(required=True)
    published_revision = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(required=True)
    decision = fields.Nested(DecisionViewSchema, required=True)


class ResultSchema(Schema):
    """What became of one of several decisions: `decided`, or the `problem` that it would have been answered with."""

    comment_id = fields.UUID(required=True)
    status = fields.Integer(required=True, metadata={"description": "The status that it would have had alone."})
    decided = fields.Nested(DecidedSchema, required=True, allow_none=True)
    problem = fields.Nested(ProblemSchema, required=True, allow_none=True)


class BatchSchema(Schema):
    """What was decided, or taken back, together."""

    batch_id = fields.UUID(required=True)
    results = fields.List(fields.Nested(ResultSchema), required=True)
