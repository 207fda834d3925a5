"""openapi.yaml is the promise to clients: valid, complete, and what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from flask import Flask
from jsonschema import Draft202012Validator

from service import create_app
from service.cli import openapi_text
from service.domain.permissions import OF_ROLE, Permission, scopes_for
from service.web.docs_view import build_docs
from service.web.problems import ERROR_CODES
from tests.conftest import settings_for

FILE = Path(__file__).parent.parent / "openapi.yaml"
METHODS = {"get", "put", "post", "patch", "delete"}

DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
OPERATIONS = [
    pytest.param(path, operation, id=f"{method} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
EVERY_OPERATION = [item[method] for item in DOCUMENT["paths"].values() for method in item if method in METHODS]


@pytest.fixture(scope="module")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that is only asked for its routes."""
    folder = tmp_path_factory.mktemp("instance")
    return create_app(settings_for(f"sqlite:///{folder / 'unused.sqlite3'}", "redis://localhost:1", folder))


def schemas_within(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of the document."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "schema":
                yield inner
            yield from schemas_within(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas_within(inner)


def test_the_committed_file_is_what_the_code_writes(bare_app: Flask) -> None:
    with bare_app.app_context():
        written = openapi_text()
    assert FILE.read_text() == written, "Write it again: flask --app wsgi openapi write"


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_every_schema_is_valid_json_schema() -> None:
    found = [*DOCUMENT["components"]["schemas"].values(), *schemas_within(DOCUMENT["paths"])]
    assert len(found) > 50
    for schema in found:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = set(re.findall(r"\$ref: '#/components/schemas/(\w+)'", FILE.read_text()))
    assert references == set(DOCUMENT["components"]["schemas"])


def test_every_route_of_the_api_is_documented_with_its_methods_and_nothing_else(bare_app: Flask) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in bare_app.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item if method in METHODS}
    assert documented == served


def test_every_error_code_is_listed_with_its_status_and_its_meaning() -> None:
    listed = {entry["code"]: (entry["status"], entry["title"], entry["detail"]) for entry in DOCUMENT["x-error-codes"]}
    assert listed == {code: (known.status, known.title, known.meaning) for code, known in ERROR_CODES.items()}
    assert DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(ERROR_CODES)


def test_a_list_of_words_that_stands_twice_has_one_name() -> None:
    written_out = re.findall(r"enum:\n((?: +- \S.*\n)+)", FILE.read_text())
    lists = [tuple(line.strip() for line in words.splitlines()) for words in written_out]
    twice = {words for words in lists if lists.count(words) > 1}
    assert not twice, "Name them in service/web/openapi_words.py: generators make one type of a name"


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in EVERY_OPERATION]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does(path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert operation["description"] != operation["summary"]
    parameters = operation.get("parameters", []) + DOCUMENT["paths"][path].get("parameters", [])
    assert {found["name"] for found in parameters if found["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    undescribed = [found["name"] for found in parameters if not found.get("description")]
    assert not undescribed, f"parameters without a description: {undescribed}"
    for found in parameters:
        assert "null" not in str(found["schema"].get("type")), f"nobody can send null as {found['name']}"


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_refusal_is_a_problem_document_that_names_its_codes(path: str, operation: dict[str, Any]) -> None:
    refusals = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
    assert refusals
    for status, answer in refusals.items():
        schema = answer["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
        named = re.findall(r"`(\w+)`: ", answer["description"])
        assert named
        assert {ERROR_CODES[code].status for code in named} == {int(status)}


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_what_moderators_and_integrators_do_needs_a_token_of_their_scope(path: str, operation: dict[str, Any]) -> None:
    guarded = ("/v1/moderation/", "/v1/articles", "/v1/exports", "/v1/imports", "/v1/webhooks")
    is_guarded = path.startswith(guarded)
    if not is_guarded:
        assert "x-permission" not in operation
        assert operation.get("security", [{}])[0] == {}, "works without credentials too"
    else:
        permission = Permission(operation["x-permission"])
        assert operation["x-scope"] == " or ".join(scopes_for(permission))
        is_for_people = any(permission in opened for opened in OF_ROLE.values())
        assert operation["security"] == [{"bearer": []}, *([{"session": []}] if is_for_people else [])]
        assert {"401", "403", "429"} <= set(operation["responses"])


def test_the_documentation_page_shows_every_operation_and_every_code() -> None:
    shown = build_docs(DOCUMENT)
    summaries = {operation["summary"] for operation in EVERY_OPERATION}
    text = repr(shown)
    assert all(repr(summary)[1:-1] in text for summary in summaries)
    assert all(code in text for code in ERROR_CODES)
