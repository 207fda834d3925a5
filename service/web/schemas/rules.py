"""What moderators' tools send and get about the rules of the screening."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from service.domain.life import Status
from service.domain.rules import MOST_TERMS, NOTE_MAX, RuleAction, RuleKind
from service.web.schemas.fields import (
    Choice,
    Moment,
    MomentSent,
    StrictSchema,
    Text,
    WholeInQuery,
    Word,
    YesNo,
    absent,
)
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.public import PAGE_LIMIT

# fmt: off
SAID: dict[str, dict[str, Any]] = {
    "site": {"description": "The site's slug; a token's own by default.", "example": "demo"},
    "kind": {"description": "`word`: words and phrases in text or name; `pattern`: a regular expression of RE2; "
             "`domain`: of links and websites, with all below it; `author`: an author's id, an e-mail address, or "
             "`@domain`; `network`: where replies come from."},
    "action": {"description": "`hold` for a person; `spam`: out of the queue, and the author is told what anybody is "
               "told; `reject`: not taken, and the author is told which words; `trust`: never held for it."},
    "value": {"description": f"One thing a line, {MOST_TERMS:,} lines at most; a pattern is one line. E-mail addresses "
              "are shown with the scope `pii` alone, as keyed hashes otherwise.", "example": "casino"},
    "note": {"description": f"Only colleagues read it; {NOTE_MAX} characters at most."},
    "expires_at": {"description": "When the rule ends; null for never."},
    "confirm": {"description": "True where a rule is meant that meets nearly everything."},
}
# fmt: on


class RuleSchema(Schema):
    """A rule as it is now."""

    id = fields.UUID(required=True)
    site = fields.String(required=True)
    kind = Word(RuleKind, required=True, metadata=SAID["kind"])
    action = Word(RuleAction, required=True, metadata=SAID["action"])
    value = fields.String(required=True, metadata=SAID["value"])
    lines = fields.Integer(required=True, metadata={"description": "How many lines the value has in all."})
    whole = fields.Boolean(required=True, metadata={"description": "False where `value` is only its beginning."})
    note = fields.String(required=True, metadata=SAID["note"])
    expires_at = Moment(required=True, allow_none=True, metadata=SAID["expires_at"])
    expired = fields.Boolean(required=True)
    version = fields.Integer(required=True, metadata={"description": "Signals and the log name it."})
    created_by = fields.String(required=True)
    created_at = Moment(required=True)
    changed_at = Moment(required=True)


class RulesSchema(Schema):
    """A page of the site's rules, the newest first."""

    rules = fields.List(fields.Nested(RuleSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RulesQuery(SiteQuery):
    """Which rules to list."""

    kind = Choice(RuleKind, load_default=absent, metadata={"description": "What the rules look at."})
    action = Choice(RuleAction, load_default=absent, metadata={"description": "What the rules ask for."})
    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Rules on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})


class NewRuleSchema(StrictSchema):
    """A rule to be added, or to be tried."""

    site = Text(load_default=None, metadata=SAID["site"])
    kind = Choice(RuleKind, required=True, metadata=SAID["kind"])
    action = Choice(RuleAction, required=True, metadata=SAID["action"])
    value = Text(required=True, metadata=SAID["value"])
    note = Text(load_default="", metadata=SAID["note"])
    expires_at = MomentSent(load_default=None, allow_none=True, metadata=SAID["expires_at"])
    confirm = YesNo(load_default=False, metadata=SAID["confirm"])


class RuleChangeSchema(StrictSchema):
    """What is to change of a rule; what is left out stays as it is."""

    kind = Choice(RuleKind, metadata=SAID["kind"])
    action = Choice(RuleAction, metadata=SAID["action"])
    value = Text(metadata=SAID["value"])
    note = Text(metadata=SAID["note"])
    expires_at = MomentSent(allow_none=True, metadata=SAID["expires_at"])
    confirm = YesNo(load_default=False, metadata=SAID["confirm"])


class ExampleSchema(Schema):
    """A past comment that a rule would have met."""

    comment_id = fields.UUID(required=True)
    author = fields.String(required=True, metadata={"description": "The name that was given."})
    status = Word(Status, required=True, metadata={"description": "What became of it."})
    said = fields.List(
        fields.String(), required=True, metadata={"description": "The words, hosts or networks that the rule met."}
    )
    excerpt = fields.String(required=True, metadata={"description": "The text around the first of them."})
    submitted_at = Moment(required=True)


class BacktestSchema(Schema):
    """What a rule would have done to the latest comments of its site."""

    checked = fields.Integer(required=True, metadata={"description": "Comments it was tried on, the latest first."})
    matched = fields.Integer(required=True, metadata={"description": "Those of them that it would have met."})
    later_approved = fields.Integer(required=True, metadata={"description": "Those of these that are approved now."})
    examples = fields.List(fields.Nested(ExampleSchema), required=True, metadata={"description": "The latest ten."})
    warning = fields.String(required=True, allow_none=True, metadata={"description": "What should give one pause."})
