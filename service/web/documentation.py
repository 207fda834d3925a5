"""What the routes say of themselves in openapi.yaml, beyond their schemas."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from marshmallow import Schema, fields

from service.domain.life import Action, Status
from service.web.parsing import ApiBlueprint
from service.web.problems import ERROR_CODES
from service.web.schemas.fields import Moment, Word

View = TypeVar("View", bound=Callable[..., Any])
PROBLEM = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
"""Said by name, since flask-smorest copies what an operation says at each of its decorators, schemas most dearly."""
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
LIMIT_HEADERS = {
    "RateLimit-Policy": {
        "description": 'Quota and window of the limit that refused: `"client";q=5;w=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of it, and in how many seconds there is more: `"client";r=0;t=12`.',
        "schema": {"type": "string"},
    },
}
HEADERS: dict[int, dict[str, Any]] = {409: RETRY_AFTER, 429: RETRY_AFTER | LIMIT_HEADERS, 503: RETRY_AFTER}
"""By status; at 409 `Retry-After` comes with `request_in_progress` alone."""


DECIDED_WORDS = [*(action.value for action in Action), *(f"undo {action}" for action in Action)]
"""What the log calls a decision, or that one was taken back."""


class FieldFaultSchema(Schema):
    """One field that cannot be accepted."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True, metadata={"description": "What would be right."})


class StandingSchema(Schema):
    """Where a comment stands."""

    status = Word(Status, required=True)
    revision = fields.Integer(required=True)
    version = fields.Integer(required=True)


class DecisionBriefSchema(Schema):
    """Who decided what, and when."""

    action = fields.String(required=True, metadata={"enum": DECIDED_WORDS})
    revision = fields.Integer(required=True)
    moderator = fields.String(required=True)
    decided_at = Moment(required=True)


class ClaimBriefSchema(Schema):
    """Who is on a comment, and until when unless they renew it."""

    moderator = fields.String(required=True)
    until = Moment(required=True)


class ChallengeParametersSchema(Schema):
    """What is to be computed: PBKDF2 of nonce and counter (big-endian, 32 bits) until a key begins with `keyPrefix`."""

    algorithm = fields.String(required=True, metadata={"example": "PBKDF2/SHA-256"})
    cost = fields.Integer(required=True, metadata={"description": "Iterations for each key."})
    keyLength = fields.Integer(required=True, metadata={"description": "Bytes."})  # noqa: N815 - ALTCHA's own name
    keyPrefix = fields.String(required=True, metadata={"description": "In hexadecimal."})  # noqa: N815
    nonce = fields.String(required=True, metadata={"description": "In hexadecimal."})
    salt = fields.String(required=True, metadata={"description": "In hexadecimal."})
    expiresAt = fields.Integer(required=True, metadata={"description": "Seconds since 1970, in UTC."})  # noqa: N815
    data = fields.Dict(required=True, metadata={"description": "For which site, at which price."})


class ChallengeSchema(Schema):
    """A challenge as ALTCHA v2 has it; `challenge` of a reply is base64 of `{"challenge", "solution"}`.

    The solution is `{"counter", "derivedKey"}`. A challenge is good for ten minutes, on one site, for one reply.
    """

    parameters = fields.Nested(ChallengeParametersSchema, required=True)
    signature = fields.String(required=True)


class ProblemSchema(Schema):
    """A refusal, as RFC 9457 has it; `code` is stable, `detail` is for people."""

    type = fields.String(required=True, metadata={"description": "Path of the code's documentation."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"enum": list(ERROR_CODES)})
    errors = fields.List(fields.Nested(FieldFaultSchema), metadata={"description": "For 422: every field at fault."})
    current = fields.Nested(StandingSchema, metadata={"description": "For `stale_decision`: where it stands now."})
    decision = fields.Nested(
        DecisionBriefSchema,
        allow_none=True,
        metadata={"description": "For `stale_decision`: the decision that stands; null if only the author revised."},
    )
    challenge = fields.Nested(
        ChallengeSchema, metadata={"description": "For `challenge_required`: what to solve before it is sent again."}
    )
    claim = fields.Nested(ClaimBriefSchema, metadata={"description": "For `claimed`: who is on the comment."})


def described(operation_id: str, summary: str) -> Callable[[View], View]:
    """Name an operation; its docstring becomes the description."""

    def decorator(view: View) -> View:
        assert view.__doc__, f"{operation_id} needs a docstring for its clients"
        said = {"operationId": operation_id, "summary": summary, "description": inspect.cleandoc(view.__doc__)}
        return ApiBlueprint("described", __name__).doc(**said)(view)  # type: ignore[no-any-return]

    return decorator


def answers(*codes: str) -> Callable[[View], View]:
    """List the error codes that an operation can answer with; each stands under its HTTP status."""
    by_status: dict[int, list[str]] = {}
    for code in (*codes, "internal_error"):
        by_status.setdefault(ERROR_CODES[code].status, []).append(code)

    def decorator(view: View) -> View:
        for status, listed in by_status.items():
            said = " ".join(f"`{code}`: {ERROR_CODES[code].meaning}" for code in listed)
            view = ApiBlueprint("answers", __name__).alt_response(
                status, schema=PROBLEM_SCHEMA, description=said, content_type=PROBLEM, headers=HEADERS.get(status)
            )(view)
        return view

    return decorator
