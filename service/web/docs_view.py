"""The documentation page, read out of the OpenAPI document so that it can never lag behind it.

`build_docs` takes any OpenAPI 3.0 or 3.1 document as a dict and gives plain values for `docs.html`. Two extensions are
understood: `x-scope` on an operation (one scope, or a list), and `x-error-codes` at the top (a list of
`{code, status, title, detail}`). References are followed inside the document only; nothing is ever fetched.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from service.web.docs_example import example_options, example_target, parameter_schema, preferred_media_type
from service.web.docs_schema import Field, SchemaReader, bounds_of, paragraphs_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Parameter:
    """One value outside the body; `place` is path, query, header or cookie."""

    name: str
    place: str
    type: str
    required: bool
    bounds: tuple[str, ...]
    description: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """What a call takes in: every media type it reads, and the fields of the first of them, JSON before others."""

    media_types: tuple[str, ...]
    type: str
    required: bool
    description: tuple[str, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Response:
    """One answer; `status` is a number as text, a range such as 4XX, or `default`.

    `has_common_shape` holds for errors whose fields are those of `DocsView.problem_fields`, which are shown once.
    """

    status: str
    description: tuple[str, ...]
    media_types: tuple[str, ...]
    type: str
    fields: tuple[Field, ...]
    headers: tuple[tuple[str, str], ...]
    has_common_shape: bool = False

    @property
    def is_error(self) -> bool:
        return self.status[:1] in "45" or self.status == "default"


@dataclass(frozen=True)
class Operation:
    """One call, with what it takes and gives, and a command line to try it with."""

    operation_id: str
    anchor: str
    method: str
    path: str
    summary: str
    description: tuple[str, ...]
    deprecated: bool
    needs_token: bool
    scopes: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    example_target: str
    example_options: tuple[str, ...]

    def curl(self, base_url: str) -> str:
        """Give a command to paste into a shell; words in capitals stand for what the reader has to fill in."""
        verb = "" if self.method == "GET" else f"-X {self.method} "
        first = f"curl {verb}{shlex.quote(base_url.rstrip('/') + self.example_target)}"
        return " \\\n  ".join((first, *self.example_options))


@dataclass(frozen=True)
class Group:
    """The calls under one tag; a call with several tags stands under its first."""

    name: str
    anchor: str
    description: tuple[str, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class ErrorCode:
    """One stable code that a program may branch on."""

    code: str
    anchor: str
    status: int
    title: str
    detail: str


@dataclass(frozen=True)
class DocsView:
    """All that `docs.html` shows, in the order in which it shows it."""

    title: str
    version: str
    description: tuple[str, ...]
    groups: tuple[Group, ...]
    problem_fields: tuple[Field, ...]
    error_codes: tuple[ErrorCode, ...]


def build_docs(spec: dict[str, Any]) -> DocsView:
    """Turn an OpenAPI document into what the page shows; parts that are absent come out empty, never as an error."""
    reader = SchemaReader(spec)
    described = {tag["name"]: tag.get("description", "") for tag in spec.get("tags", [])}
    by_tag: dict[str, list[Operation]] = {name: [] for name in described}
    for path, method, item, node in _operations_of(spec, reader):
        tag = (node.get("tags") or ["Other"])[0]
        by_tag.setdefault(tag, []).append(_operation(spec, reader, path, method, item, node))
    common = _most_common_error_shape(by_tag)
    groups = tuple(
        Group(name, f"tag-{_slug(name)}", paragraphs_of(described.get(name, "")), _mark_common(operations, common))
        for name, operations in by_tag.items()
        if operations
    )
    info = spec.get("info", {})
    return DocsView(
        title=str(info.get("title", "API")),
        version=str(info.get("version", "")),
        description=paragraphs_of(info.get("description", "")),
        groups=groups,
        problem_fields=common,
        error_codes=tuple(
            ErrorCode(e["code"], f"error-{e['code']}", int(e["status"]), e["title"], e.get("detail", ""))
            for e in spec.get("x-error-codes", [])
        ),
    )


def _operations_of(
    spec: dict[str, Any], reader: SchemaReader
) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    for path, path_item in spec.get("paths", {}).items():
        item = reader.resolve(path_item)
        for method in METHODS:
            if method in item:
                yield path, method, item, item[method]


def _operation(
    spec: dict[str, Any], reader: SchemaReader, path: str, method: str, item: dict[str, Any], node: dict[str, Any]
) -> Operation:
    # An operation's own parameter replaces the path's parameter of the same name and place (OpenAPI 3.1, 4.8.9).
    nodes = [reader.resolve(each) for each in (*item.get("parameters", []), *node.get("parameters", []))]
    parameters = list({(each["name"], each["in"]): each for each in nodes}.values())
    operation_id = str(node.get("operationId") or _slug(f"{method} {path}"))
    scope = node.get("x-scope") or ()
    scopes = (scope,) if isinstance(scope, str) else tuple(scope)
    security = node.get("security", spec.get("security", []))
    needs_token = bool(scopes) or (bool(security) and {} not in security)
    request_body = reader.resolve(node.get("requestBody", {}))
    return Operation(
        operation_id=operation_id,
        anchor=f"op-{operation_id}",
        method=method.upper(),
        path=path,
        summary=str(node.get("summary", "")),
        description=paragraphs_of(node.get("description", "")),
        deprecated=bool(node.get("deprecated", False)),
        needs_token=needs_token,
        scopes=scopes,
        parameters=tuple(_parameter(reader, each) for each in parameters),
        body=_body(reader, request_body) if request_body else None,
        responses=tuple(
            _response(reader, str(status), reader.resolve(answer))
            for status, answer in sorted(node.get("responses", {}).items(), key=lambda entry: str(entry[0]))
        ),
        example_target=example_target(reader, path, parameters),
        example_options=tuple(example_options(reader, parameters, request_body, needs_token)),
    )


def _parameter(reader: SchemaReader, node: dict[str, Any]) -> Parameter:
    schema = parameter_schema(node)
    return Parameter(
        name=node["name"],
        place=node["in"],
        type=reader.type_of(schema),
        required=bool(node.get("required", False)),
        bounds=bounds_of(reader.merged(schema)),
        description=paragraphs_of(node.get("description") or reader.merged(schema).get("description", "")),
    )


def _body(reader: SchemaReader, node: dict[str, Any]) -> Body:
    content = node.get("content", {})
    schema = content[preferred_media_type(content)].get("schema", {}) if content else {}
    return Body(
        media_types=tuple(content),
        type=reader.type_of(schema),
        required=bool(node.get("required", False)),
        description=paragraphs_of(node.get("description", "")),
        fields=reader.fields_of(schema, hidden="readOnly"),
    )


def _response(reader: SchemaReader, status: str, node: dict[str, Any]) -> Response:
    content = node.get("content", {})
    schema = content[preferred_media_type(content)].get("schema", {}) if content else {}
    return Response(
        status=status,
        description=paragraphs_of(node.get("description", "")),
        media_types=tuple(content),
        type=reader.type_of(schema) if content else "",
        fields=reader.fields_of(schema, hidden="writeOnly"),
        headers=tuple(
            (name, str(reader.resolve(header).get("description", "")))
            for name, header in node.get("headers", {}).items()
        ),
    )


def _most_common_error_shape(by_tag: dict[str, list[Operation]]) -> tuple[Field, ...]:
    shapes = Counter(
        answer.fields
        for operations in by_tag.values()
        for operation in operations
        for answer in operation.responses
        if answer.is_error and answer.fields
    )
    return shapes.most_common(1)[0][0] if shapes else ()


def _mark_common(operations: list[Operation], common: tuple[Field, ...]) -> tuple[Operation, ...]:
    return tuple(
        replace(
            operation,
            responses=tuple(
                replace(answer, has_common_shape=answer.is_error and bool(common) and answer.fields == common)
                for answer in operation.responses
            ),
        )
        for operation in operations
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
