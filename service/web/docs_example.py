"""Command lines to try an API with, made from its OpenAPI document with what is required and nothing else."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from service.web.docs_schema import SchemaReader, refs_in

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

# What a reader can recognise as a value of this format; other strings are shown as the field's name in capitals.
FORMAT_EXAMPLES = {
    "email": "reader@example.org",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uuid": "018f3c1e-7b5a-7c3e-9d42-5a1b6c7d8e9f",
    "date-time": "2026-03-14T18:20:00Z",
    "date": "2026-03-14",
}


def example_target(reader: SchemaReader, path: str, parameters: list[dict[str, Any]]) -> str:
    """Give the path with its places filled in, and the query parameters that are required."""
    query = []
    for node in parameters:
        value = _parameter_example(reader, node)
        if node["in"] == "path":
            path = path.replace(f"{{{node['name']}}}", quote(_as_text(value), safe=""))
        elif node["in"] == "query" and node.get("required"):
            query += [(node["name"], _as_text(each)) for each in (value if isinstance(value, list) else [value])]
    return path + (f"?{urlencode(query)}" if query else "")


def example_options(
    reader: SchemaReader, parameters: list[dict[str, Any]], body: dict[str, Any], needs_token: bool
) -> Iterator[str]:
    """Give curl's options, each quoted for a shell: credentials, required headers, then the body."""
    if needs_token:
        yield "-H 'Authorization: Bearer TOKEN'"
    for node in parameters:
        if node["in"] == "header" and node.get("required"):
            yield "-H " + shlex.quote(f"{node['name']}: {_as_text(_parameter_example(reader, node))}")
    content = body.get("content", {})
    if not content:
        return
    media_type = preferred_media_type(content)
    value = media_example(reader, content[media_type])
    if media_type == FORM_TYPE and isinstance(value, dict):
        for name, each in value.items():
            yield "--data-urlencode " + shlex.quote(f"{name}={_as_text(each)}")
        return
    yield "-H " + shlex.quote(f"Content-Type: {media_type}")
    yield "-d " + shlex.quote(json.dumps(value, ensure_ascii=False))


def preferred_media_type(content: dict[str, Any]) -> str:
    """Choose the media type to show: JSON, else anything that is JSON underneath, else the first one named."""
    return min(content, key=lambda name: (name != JSON_TYPE, "json" not in name))


def parameter_schema(node: dict[str, Any]) -> Any:
    """Give a parameter's schema, which may also stand under its one media type."""
    if "schema" in node:
        return node["schema"]
    return next((media.get("schema", {}) for media in node.get("content", {}).values()), {})


def media_example(reader: SchemaReader, media: dict[str, Any]) -> Any:
    """Give the document's own example of a body, or else one with the required fields."""
    if "example" in media:
        return media["example"]
    for named in media.get("examples", {}).values():
        value = reader.resolve(named).get("value")
        if value is not None:
            return value
    return example_of(reader, media.get("schema", {}), "body")


def example_of(reader: SchemaReader, schema: Any, name: str, above: frozenset[str] = frozenset()) -> Any:
    """Make up one value of this schema; where nothing is known of it, the name in capitals stands for it.

    `above` names the references that led here; a schema that contains itself ends there.
    """
    refs = frozenset(refs_in(schema))
    node = {} if refs & above else reader.merged(schema)
    for known in ("example", "const", "default"):
        if node.get(known) is not None:
            return node[known]
    for choices in (node.get("examples"), node.get("enum")):
        if isinstance(choices, list) and choices:
            return choices[0]
    alternatives = node.get("anyOf") or node.get("oneOf")
    if alternatives:
        return example_of(reader, alternatives[0], name, above | refs)
    kinds = node.get("type", "object" if "properties" in node else "string")
    kind = kinds if isinstance(kinds, str) else next((each for each in kinds if each != "null"), "null")
    if kind == "object":
        return _example_object(reader, node, above | refs)
    if kind == "array":
        return [example_of(reader, node.get("items", {}), name, above | refs)]
    if kind in {"integer", "number"}:
        return node.get("minimum", 1)
    if kind == "boolean":
        return True
    return FORMAT_EXAMPLES.get(node.get("format", ""), name.upper().replace("-", "_"))


def _example_object(reader: SchemaReader, node: dict[str, Any], above: frozenset[str]) -> dict[str, Any]:
    writable = {
        name: inner for name, inner in node.get("properties", {}).items() if not reader.merged(inner).get("readOnly")
    }
    # Where nothing is required (a PATCH), one field shows the shape better than an empty object would.
    wanted = [name for name in writable if name in node.get("required", [])] or list(writable)[:1]
    return {name: example_of(reader, writable[name], name, above) for name in wanted}


def _parameter_example(reader: SchemaReader, node: dict[str, Any]) -> Any:
    if "example" in node:
        return node["example"]
    return example_of(reader, parameter_schema(node), node["name"])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
