"""What the routes say of themselves in openapi.yaml, beyond their schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask_smorest import Api
from marshmallow import Schema, fields

from service.web.parsing import ApiBlueprint
from service.web.problems import ERROR_CODES

View = TypeVar("View", bound=Callable[..., Any])
PROBLEM = "application/problem+json"


class FieldFaultSchema(Schema):
    """One field that cannot be accepted."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True, metadata={"description": "What would be right."})


class ProblemSchema(Schema):
    """A refusal, as RFC 9457 has it; `code` is stable, `detail` is for people."""

    type = fields.String(required=True, metadata={"description": "Path of the code's documentation."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"enum": list(ERROR_CODES)})
    errors = fields.List(fields.Nested(FieldFaultSchema), metadata={"description": "For 422: every field at fault."})
    current = fields.Dict(metadata={"description": "For `stale_decision`: status, revision and version now."})
    decision = fields.Dict(
        allow_none=True,
        metadata={"description": "For `stale_decision`: who decided what and when; null if only the author revised."},
    )


def described(operation_id: str, summary: str) -> Callable[[View], View]:
    """Name an operation; its docstring becomes the description."""
    return ApiBlueprint("described", __name__).doc(operationId=operation_id, summary=summary)  # type: ignore[no-any-return]


def answers(*codes: str) -> Callable[[View], View]:
    """List the error codes that an operation can answer with; each stands under its HTTP status."""
    by_status: dict[int, list[str]] = {}
    for code in (*codes, "internal_error"):
        by_status.setdefault(ERROR_CODES[code].status, []).append(code)

    def decorator(view: View) -> View:
        for status, listed in by_status.items():
            said = "; ".join(f"`{code}`: {ERROR_CODES[code].meaning}" for code in listed)
            view = ApiBlueprint("answers", __name__).alt_response(
                status, schema=ProblemSchema, description=said, content_type=PROBLEM
            )(view)
        return view

    return decorator


def make_api() -> Api:
    """Return the API that collects the blueprints into one OpenAPI document."""
    return Api(
        spec_kwargs={
            "title": "Postbag",
            "version": "1",
            "openapi_version": "3.1.0",
            "info": {
                "description": "A moderated comment service for article pages. Times are RFC 3339 in UTC, ids are "
                "UUIDv7, lists page by opaque cursor, unknown fields are an error. "
                "Errors are RFC 9457 problem documents with a stable `code`."
            },
            "x-error-codes": [
                {"code": code, "status": known.status, "title": known.title, "detail": known.meaning}
                for code, known in ERROR_CODES.items()
            ],
        }
    )
