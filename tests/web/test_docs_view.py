"""The documentation page is read from the OpenAPI document, whichever way a valid one is written."""

# flask-smorest carries no types, so its decorators have none to give.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import shlex
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask, render_template
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from marshmallow import fields, validate

from service.web import languages
from service.web.docs_view import DocsView, Operation, build_docs


class AuthorSchema(ma.Schema):
    name = fields.Str(required=True, metadata={"description": "Text, never HTML."})
    url = fields.Url(allow_none=True)


class CommentSchema(ma.Schema):
    id = fields.UUID(dump_only=True)
    status = fields.Str(validate=validate.OneOf(["pending", "approved"]))
    author = fields.Nested(AuthorSchema)
    parent_author = fields.Nested(AuthorSchema, allow_none=True, metadata={"description": "Null at the top."})
    replies = fields.List(fields.Nested(lambda: CommentSchema()))
    secret = fields.Str(load_only=True)


class ReplySchema(ma.Schema):
    site = fields.Str(required=True)
    email = fields.Email(required=True)
    body = fields.Str(required=True, validate=validate.Length(1, 10_000))
    url = fields.Url(load_default=None)


class PageQuerySchema(ma.Schema):
    site = fields.Str(required=True)
    article = fields.List(fields.Str(), required=True)
    limit = fields.Int(load_default=50, validate=validate.Range(1, 100))


def spec_written_by_smorest(openapi_version: str) -> dict[str, Any]:
    app = Flask(__name__)
    app.config.update(API_TITLE="Postbag", API_VERSION="1", OPENAPI_VERSION=openapi_version)
    api = Api(app)
    comments = Blueprint("comments", __name__, url_prefix="/v1", description="What readers write.")
    moderation = Blueprint("moderation", __name__, url_prefix="/v1/moderation", description="The queue.")

    @comments.route("/comments")
    class Comments(MethodView):
        @comments.doc(operationId="listComments")
        @comments.arguments(PageQuerySchema, location="query")
        @comments.response(200, CommentSchema(many=True), headers={"ETag": {"description": "A strong one."}})
        def get(self, query: dict[str, Any]) -> None:
            """Read the published page

            An article nobody wrote under
            is an empty page.

            A read creates no row.
            """

        @comments.doc(operationId="submitComment")
        @comments.arguments(ReplySchema)
        @comments.response(202, CommentSchema)
        def post(self, reply: dict[str, Any]) -> None:
            """Send a reply for review"""

    @moderation.route("/comments/<uuid:comment_id>")
    class Comment(MethodView):
        @moderation.doc(operationId="readComment", **{"x-scope": "moderate"})
        @moderation.response(200, CommentSchema)
        def get(self, comment_id: str) -> None:
            """Open one comment"""

    api.register_blueprint(comments)
    api.register_blueprint(moderation)
    with app.app_context():
        spec: dict[str, Any] = api.spec.to_dict()
    spec["x-error-codes"] = [{"code": "not_found", "status": 404, "title": "Not found", "detail": "Nothing is here."}]
    return spec


@pytest.fixture(scope="module", params=["3.0.3", "3.1.0"])
def docs(request: pytest.FixtureRequest) -> DocsView:
    return build_docs(spec_written_by_smorest(request.param))


def operation_of(view: DocsView, operation_id: str) -> Operation:
    return next(each for group in view.groups for each in group.operations if each.operation_id == operation_id)


def docs_of_schema(schema: dict[str, Any], components: dict[str, Any] | None = None) -> Operation:
    """Give the one operation of a document whose only answer and body have this schema."""
    content = {"application/json": {"schema": schema}}
    call = {"operationId": "it", "requestBody": {"content": content}, "responses": {"200": {"content": content}}}
    spec = {"openapi": "3.1.0", "paths": {"/it": {"post": call}}, "components": {"schemas": components or {}}}
    return operation_of(build_docs(spec), "it")


def test_calls_are_grouped_by_tag_in_the_order_of_the_document(docs: DocsView) -> None:
    assert [(group.name, group.description) for group in docs.groups] == [
        ("comments", ("What readers write.",)),
        ("moderation", ("The queue.",)),
    ]
    assert [each.operation_id for each in docs.groups[0].operations] == ["listComments", "submitComment"]


def test_a_description_becomes_paragraphs_without_the_line_breaks_of_its_source(docs: DocsView) -> None:
    description = operation_of(docs, "listComments").description
    assert description == ("An article nobody wrote under is an empty page.", "A read creates no row.")


def test_parameters_tell_their_place_type_and_bounds(docs: DocsView) -> None:
    shown = {
        each.name: (each.place, each.type, each.required, each.bounds)
        for each in operation_of(docs, "listComments").parameters
    }
    assert shown == {
        "site": ("query", "string", True, ()),
        "article": ("query", "list of string", True, ()),
        "limit": ("query", "integer", False, ("1 to 100", "50 if left out")),
    }


def test_a_body_shows_its_fields_with_bounds(docs: DocsView) -> None:
    body = operation_of(docs, "submitComment").body
    assert body is not None
    assert body.media_types == ("application/json",)
    shown = {each.name: (each.type, each.required, each.bounds) for each in body.fields}
    assert shown["body"] == ("string", True, ("1 to 10,000 characters",))
    assert shown["url"] == ("string (url) or null", False, ())


def test_an_answer_shows_nested_fields_by_their_path_and_hides_what_is_only_written(docs: DocsView) -> None:
    answer = operation_of(docs, "submitComment").responses[0]
    types = {each.name: each.type for each in answer.fields}
    assert answer.status == "202"
    assert types["author.name"] == "string"
    assert types["parent_author"] == "object or null"
    assert types["parent_author.url"] == "string (url) or null"
    assert "secret" not in types


def test_a_schema_that_contains_itself_is_named_and_not_unrolled(docs: DocsView) -> None:
    answer = operation_of(docs, "submitComment").responses[0]
    types = {each.name: each.type for each in answer.fields}
    assert types["replies"] == "list of Comment"
    assert not [name for name in types if name.startswith("replies[]")]


def test_a_list_as_answer_shows_the_fields_of_its_items(docs: DocsView) -> None:
    answer = operation_of(docs, "listComments").responses[0]
    assert answer.type == "list of Comment"
    assert "[].author.name" in {each.name for each in answer.fields}
    assert answer.headers == (("ETag", "A strong one."),)


def test_errors_of_the_common_shape_are_described_once(docs: DocsView) -> None:
    errors = [each for each in operation_of(docs, "submitComment").responses if each.is_error]
    assert [each.status for each in errors] == ["422", "default"]
    assert all(each.has_common_shape for each in errors)
    assert "message" in {each.name for each in docs.problem_fields}


def test_error_codes_and_calls_have_anchors(docs: DocsView) -> None:
    assert [(each.code, each.anchor, each.status) for each in docs.error_codes] == [
        ("not_found", "error-not_found", 404)
    ]
    assert operation_of(docs, "submitComment").anchor == "op-submitComment"


def test_the_example_of_a_read_fills_in_what_is_required(docs: DocsView) -> None:
    command = operation_of(docs, "listComments").curl("http://127.0.0.1:8000/")
    assert command == "curl 'http://127.0.0.1:8000/v1/comments?site=SITE&article=ARTICLE'"


def test_the_example_of_a_write_sends_json(docs: DocsView) -> None:
    words = shlex.split(operation_of(docs, "submitComment").curl("http://127.0.0.1:8000").replace("\\\n", " "))
    assert words == [
        *("curl", "-X", "POST", "http://127.0.0.1:8000/v1/comments"),
        *("-H", "Content-Type: application/json"),
        *("-d", '{"site": "SITE", "email": "reader@example.org", "body": "BODY"}'),
    ]


def test_a_call_with_a_scope_asks_for_a_token(docs: DocsView) -> None:
    read = operation_of(docs, "readComment")
    assert read.scopes == ("moderate",)
    assert "-H 'Authorization: Bearer TOKEN'" in read.curl("http://h")
    assert not operation_of(docs, "submitComment").needs_token


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": ["string", "null"]}, "string or null", id="null as a type"),
        pytest.param({"type": "string", "nullable": True}, "string or null", id="nullable of 3.0"),
        pytest.param({"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}, "object or null", id="anyOf"),
        pytest.param({"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": True}, "object or null", id="allOf"),
        pytest.param({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "string or integer", id="alternatives"),
        pytest.param({"type": "object", "additionalProperties": {"type": "integer"}}, "map of integer", id="map"),
        pytest.param({"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}, "list of Tree", id="recursive"),
        pytest.param({"$ref": "#/components/schemas/Tree"}, "list of Tree", id="a list of itself"),
        pytest.param({"$ref": "https://example.org/other.yaml#/X"}, "X", id="elsewhere"),
        pytest.param({"$ref": "#/components/schemas/Missing"}, "Missing", id="dangling"),
        pytest.param({"$ref": "#/components/schemas/Ring"}, "Ring", id="a reference to itself"),
        pytest.param({}, "any value", id="nothing said"),
        pytest.param(True, "any value", id="true of 3.1"),
    ],
)
def test_types_in_words(schema: Any, expected: str) -> None:
    components = {
        "A": {"type": "object", "properties": {"x": {"type": "string"}}},
        "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        "Ring": {"$ref": "#/components/schemas/Ring"},
    }
    operation = docs_of_schema({"type": "object", "properties": {"it": schema}}, components)
    assert operation.body is not None
    assert operation.body.fields[0].type == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"minLength": 1}, ("at least 1 character",), id="lower end"),
        pytest.param({"maxItems": 100}, ("at most 100 items",), id="upper end"),
        pytest.param({"minLength": 2, "maxLength": 2}, ("exactly 2 characters",), id="both the same"),
        pytest.param({"exclusiveMinimum": 0}, ("more than 0",), id="exclusive of 3.1"),
        pytest.param({"minimum": 0, "exclusiveMinimum": True}, ("at least 0",), id="exclusive flag of 3.0"),
        pytest.param({"enum": ["a", "b", None]}, ("one of a, b",), id="choices"),
        pytest.param({"const": "v1"}, ("always v1",), id="constant"),
        pytest.param({"pattern": "^[a-z]+$"}, ("pattern ^[a-z]+$",), id="pattern"),
        pytest.param({"default": False}, ("false if left out",), id="default"),
    ],
)
def test_bounds_in_words(schema: dict[str, Any], expected: tuple[str, ...]) -> None:
    operation = docs_of_schema({"type": "object", "properties": {"it": schema}})
    assert operation.body is not None
    assert operation.body.fields[0].bounds == expected


def test_a_parameter_of_the_call_replaces_the_one_of_its_path() -> None:
    def limit(description: str) -> dict[str, Any]:
        return {"name": "limit", "in": "query", "description": description, "schema": {"type": "integer"}}

    call = {"operationId": "it", "parameters": [limit("of the call")], "responses": {}}
    view = build_docs({"openapi": "3.1.0", "paths": {"/it": {"parameters": [limit("of the path")], "get": call}}})
    assert [each.description for each in operation_of(view, "it").parameters] == [("of the call",)]


def test_a_call_without_tag_or_operation_id_still_has_a_place() -> None:
    view = build_docs({"openapi": "3.1.0", "paths": {"/v1/x/{id}": {"get": {"responses": {}}}}})
    assert [(group.name, group.operations[0].anchor) for group in view.groups] == [("Other", "op-get-v1-x-id")]


def test_a_form_is_sent_as_a_form() -> None:
    schema = {"type": "object", "required": ["body"], "properties": {"body": {"type": "string", "example": "It's"}}}
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    call = {"operationId": "it", "requestBody": {"content": content}, "responses": {}}
    view = build_docs({"openapi": "3.1.0", "paths": {"/it": {"post": call}}})
    assert shlex.split(operation_of(view, "it").curl("http://h").replace("\\\n", " "))[-2:] == [
        "--data-urlencode",
        "body=It's",
    ]


@pytest.mark.parametrize(
    ("security", "needs_token"),
    [
        pytest.param([{"token": []}], True, id="asked for"),
        pytest.param([], False, id="waived"),
        pytest.param([{}, {"token": []}], False, id="optional"),
    ],
)
def test_security_of_a_call_overrides_that_of_the_document(security: list[dict[str, Any]], needs_token: bool) -> None:
    call = {"operationId": "it", "security": security, "responses": {}}
    view = build_docs({"openapi": "3.1.0", "security": [{"token": []}], "paths": {"/it": {"get": call}}})
    assert operation_of(view, "it").needs_token is needs_token


def test_the_page_links_codes_to_their_meaning_and_escapes_what_it_shows() -> None:
    spec = spec_written_by_smorest("3.1.0")
    spec["tags"][0]["description"] = "Refused with `not_found`, <b>never</b> `else`."
    app = Flask("service.web")
    app.jinja_env.globals["asset"] = "/static/{}".format
    languages.register(app)
    with app.test_request_context():
        page = render_template("docs.html", api=build_docs(spec), base_url="http://127.0.0.1:8000")
    assert '<a href="#error-not_found"><code>not_found</code></a>' in page
    assert '<tr id="error-not_found">' in page
    assert "&lt;b&gt;never&lt;/b&gt; <code>else</code>" in page
    assert 'id="op-submitComment"' in page
    assert "style=" not in page
    assert "<script" not in page
