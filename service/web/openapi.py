"""The OpenAPI document, put together from what the routes and their schemas say of themselves."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Flask, current_app
from flask_smorest import Api

from service.domain.exports import ExportForm
from service.web.auth import CSRF_HEADER, SCHEME, SESSION_SCHEME
from service.web.documentation import ProblemSchema
from service.web.openapi_words import with_named_words
from service.web.parsing import ApiBlueprint
from service.web.problems import ERROR_CODES

EXTENSION = "postbag-openapi"
METHODS = ("get", "put", "post", "patch", "delete")

INTRODUCTION = (
    "A moderated comment service for article pages. Times are RFC 3339 in UTC, ids are UUIDv7, lists page by opaque "
    "cursor, unknown fields are an error. Errors are RFC 9457 problem documents with a stable `code`. "
    "Every answer carries `X-Request-Id`, by which its line in the log is found."
)
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token made by `flask --app wsgi token create`; it belongs to one site and has the scopes "
    "that it was given: `moderate`, `integrate`, `pii`, `admin`.",
}
SESSION = {
    "type": "apiKey",
    "in": "cookie",
    "name": "__Host-postbag",
    "description": "A moderator's session, begun at `/desk/sign-in` (`postbag` without https). Whatever changes "
    f"something also carries the session's CSRF token in the header `{CSRF_HEADER}`; the desk's pages hold it.",
}
EXAMPLE_ID = "01980000-0000-7000-8000-000000000000"
PATH_PARAMETERS = {
    "token": {
        "description": "The receipt's token, which only the author was given. Keep it out of logs.",
        "example": "pbr_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    },
    "batch_id": {"description": "The batch's id, which every decision names.", "example": EXAMPLE_ID},
    "author_id": {"description": "The author's id, which comments have in the queue.", "example": EXAMPLE_ID},
    "moderator_id": {"description": "The moderator's id.", "example": EXAMPLE_ID},
    "invitation_id": {"description": "The invitation's id.", "example": EXAMPLE_ID},
    "rule_id": {"description": "The rule's id.", "example": EXAMPLE_ID},
    "webhook_id": {"description": "The webhook's id.", "example": EXAMPLE_ID},
    "delivery_id": {"description": "The event's id, sent as `webhook-id`.", "example": EXAMPLE_ID},
    "reason_id": {"description": "The reason's id.", "example": EXAMPLE_ID},
    "secret_id": {"description": "The secret's id.", "example": EXAMPLE_ID},
    "slug": {"description": "The site's slug.", "example": "demo"},
    "import_id": {"description": "The import's id.", "example": EXAMPLE_ID},
    "form": {
        "description": "What it is written in.",
        "schema": {"type": "string", "enum": [form.value for form in ExportForm]},
        "example": "jsonl",
    },
    "comment_id": {"description": "The comment's id.", "example": EXAMPLE_ID},
}
FORM_OF_A_REPLY = {"description": "A reply as an HTML form sends it: optional fields may be empty."}
"""The same fields under a name of their own: clients that generators write choose the media type by the type."""
UNUSED_SCHEMAS = frozenset({"Error", "PaginationMetadata"})
"""What flask-smorest brings for habits that are not ours."""

OPERATION_ORDER = (
    "operationId", "summary", "description", "tags", "security", "x-permission", "x-scope", "parameters",
    "requestBody", "responses",
)  # fmt: skip


class DocumentedApi(Api):
    """An API whose operations list every answer themselves, so that none is left to a default."""

    DEFAULT_ERROR_RESPONSE_NAME = None


def register(app: Flask, blueprints: tuple[ApiBlueprint, ...]) -> None:
    """Register the blueprints; what they say of themselves is put together when `openapi_document` first asks for it.

    That takes as long as a tenth of a start, and hardly any process is ever asked.
    """
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    collected = cache(lambda: _collected(app, blueprints))
    app.extensions[EXTENSION] = lambda: _document(collected())


def _collected(app: Flask, blueprints: tuple[ApiBlueprint, ...]) -> Api:
    api = DocumentedApi(
        spec_kwargs={
            "title": "Postbag",
            "version": "1",
            "openapi_version": "3.1.0",
            "info": {"description": INTRODUCTION},
            "x-error-codes": [
                {"code": code, "status": known.status, "title": known.title, "detail": known.meaning}
                for code, known in ERROR_CODES.items()
            ],
        }
    )
    # flask-smorest gives whatever application it meets commands, pages and handlers of its own. Ours needs none of
    # them, and could not take them any more once it has answered a request.
    api.init_app(Flask(__name__))
    api.spec.components.schema("Problem", schema=ProblemSchema)
    api.spec.components.security_scheme(SCHEME, BEARER)
    api.spec.components.security_scheme(SESSION_SCHEME, SESSION)
    for blueprint in blueprints:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    return api


def openapi_document() -> dict[str, Any]:
    """Return the document of the current application, the same for the same code."""
    document = current_app.extensions[EXTENSION]()
    assert isinstance(document, dict)
    return document


def _document(api: Api) -> dict[str, Any]:
    """Return what the API collected, in the order in which a person reads it."""
    spec = api.spec.to_dict()
    for path in spec["paths"].values():
        for parameter in path.get("parameters", []):
            parameter |= PATH_PARAMETERS[parameter["name"]]
        for method in METHODS:
            if method in path:
                path[method] = _operation(path[method])
    schemas = spec["components"]["schemas"]
    schemas["SubmissionForm"] = schemas["Submission"] | FORM_OF_A_REPLY
    components = {
        "schemas": {name: schema for name, schema in schemas.items() if name not in UNUSED_SCHEMAS},
        "securitySchemes": spec["components"]["securitySchemes"],
    }
    spec["components"] = components
    spec = with_named_words(spec)
    return {key: spec[key] for key in ("openapi", "info", "tags", "paths", "components", "x-error-codes")}


def _operation(said: dict[str, Any]) -> dict[str, Any]:
    operation = dict(sorted(said.items(), key=lambda pair: OPERATION_ORDER.index(pair[0])))
    operation["responses"] = dict(sorted(operation["responses"].items()))
    return operation
