"""JSON Schema, as OpenAPI 3.0 and 3.1 write it, put into words for the documentation page.

Both spellings of "may be null" are understood (`nullable`, and a list of types), `allOf` is merged, and a schema that
contains itself is named where it comes back instead of being unrolled for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One line of a table of fields; `name` is a path such as `comments[].author.name`."""

    name: str
    type: str
    required: bool
    bounds: tuple[str, ...]
    description: tuple[str, ...]


class SchemaReader:
    """Reads the schemas of one document; references to other documents stay unread and show by their name."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    def resolve(self, node: Any) -> dict[str, Any]:
        """Follow `$ref` to what it stands for; a reference that leads nowhere, or in a circle, gives an empty node."""
        seen: set[str] = set()
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            if ref in seen or not ref.startswith("#/"):
                return {}
            seen.add(ref)
            node = self._spec
            for step in ref[2:].split("/"):
                node = node.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
        return node if isinstance(node, dict) else {}

    def merged(self, schema: Any, seen: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Give one flat schema: references followed, `allOf` joined, one alternative beside null made nullable."""
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            ref = schema["$ref"]
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            inner = {} if ref in seen else self.merged(self.resolve({"$ref": ref}), seen | {ref})
            return {**inner, **beside}
        result = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema.get("allOf", []):
            inner = self.merged(part, seen)
            properties = {**inner.get("properties", {}), **result.get("properties", {})}
            required = [*inner.get("required", []), *result.get("required", [])]
            result = {**inner, **result}
            if properties:
                result.update(properties=properties, required=required)
        for word in ("anyOf", "oneOf"):
            alternatives = [each for each in result.get(word, []) if not _is_null(each)]
            if len(alternatives) == 1:
                nullable = len(result.pop(word)) > 1
                result = {**self.merged(alternatives[0], seen), **result}
                if nullable:
                    result["nullable"] = True
        return result

    def type_of(self, schema: Any) -> str:
        """Say what kind of value this is: `string (uuid)`, `list of Comment`, `integer or null`."""
        node = self.merged(schema)
        kinds = node.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        nullable = bool(node.get("nullable")) or "null" in kinds
        alternatives = node.get("anyOf") or node.get("oneOf")
        if alternatives:
            nullable = nullable or any(_is_null(each) for each in alternatives)
            words = [self.type_of(each) for each in alternatives if not _is_null(each)]
        else:
            words = [self._kind_in_words(kind, node) for kind in kinds if kind != "null"]
        if not words:
            words = ["object"] if "properties" in node else [_ref_name(schema) or "any value"]
        return " or ".join(dict.fromkeys([*words, *(["null"] if nullable else [])]))

    def _kind_in_words(self, kind: str, node: dict[str, Any]) -> str:
        if kind == "array":
            return f"list of {self._called(node.get('items', {}))}"
        extra = node.get("additionalProperties")
        if kind == "object" and isinstance(extra, dict) and extra and not node.get("properties"):
            return f"map of {self._called(extra)}"
        return f"{kind} ({node['format']})" if "format" in node else kind

    def _called(self, schema: Any) -> str:
        """Call what is not a plain value by its name, if it has one: `list of Comment` says more than `list of object`.

        This also ends the words for a schema that contains itself.
        """
        name = _ref_name(schema)
        # Of a value that may be null the type is a list.
        kind = self.merged(schema).get("type")
        is_plain = isinstance(kind, str) and kind in {"string", "integer", "number", "boolean"}
        return name if name and not is_plain else self.type_of(schema)

    def fields_of(self, schema: Any, *, hidden: str) -> tuple[Field, ...]:
        """List every field, nested ones by their path; fields marked `hidden` (readOnly or writeOnly) are left out."""
        return tuple(self._walk(schema, prefix="", hidden=hidden, above=frozenset()))

    def _walk(self, schema: Any, *, prefix: str, hidden: str, above: frozenset[str]) -> Iterator[Field]:
        refs = frozenset(refs_in(schema))
        if refs & above:
            return  # It contains itself; its fields already stand further up.
        above = above | refs
        node = self.merged(schema)
        for each in (*node.get("anyOf", []), *node.get("oneOf", [])):
            yield from self._walk(each, prefix=prefix, hidden=hidden, above=above)
        if "items" in node:
            yield from self._walk(node["items"], prefix=f"{prefix}[]", hidden=hidden, above=above)
        if isinstance(node.get("additionalProperties"), dict):
            yield from self._walk(node["additionalProperties"], prefix=f"{prefix}.*", hidden=hidden, above=above)
        for name, inner in node.get("properties", {}).items():
            flat = self.merged(inner)
            if flat.get(hidden):
                continue
            path = f"{prefix}.{name}".removeprefix(".")
            yield Field(
                name=path,
                type=self.type_of(inner),
                required=name in node.get("required", []),
                bounds=bounds_of(flat),
                description=paragraphs_of(flat.get("description", "")),
            )
            yield from self._walk(inner, prefix=path, hidden=hidden, above=above)


def bounds_of(node: dict[str, Any]) -> tuple[str, ...]:
    """Put the limits of a merged schema into short phrases, as `1 to 100 characters`; no limits give no phrases."""
    phrases = []
    choices = [each for each in node.get("enum", []) if each is not None]
    if choices:
        phrases.append("one of " + ", ".join(str(each) for each in choices))
    if "const" in node:
        phrases.append(f"always {node['const']}")
    phrases += _span(node.get("minLength") or None, node.get("maxLength"), " characters")
    phrases += _span(node.get("minItems") or None, node.get("maxItems"), " items")
    phrases += _span(node.get("minimum"), node.get("maximum"), "")
    for word, phrase in (("exclusiveMinimum", "more than"), ("exclusiveMaximum", "less than")):
        limit = node.get(word)
        if limit is not None and not isinstance(limit, bool):  # OpenAPI 3.0 has a flag here, 3.1 the number itself.
            phrases.append(f"{phrase} {limit}")
    if node.get("uniqueItems"):
        phrases.append("no item twice")
    if "pattern" in node:
        phrases.append(f"pattern {node['pattern']}")
    if node.get("default") is not None:
        shown = node["default"]
        phrases.append(f"{str(shown).lower() if isinstance(shown, bool) else shown} if left out")
    return tuple(phrases)


def paragraphs_of(text: Any) -> tuple[str, ...]:
    """Split a description at its blank lines; line breaks inside a paragraph are only how the source was wrapped."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", str(text or "").strip()) if part.strip())


def _span(low: Any, high: Any, unit: str) -> list[str]:
    if low is not None and low == high:
        return [f"exactly {_counted(low, unit)}"]
    if low is not None and high is not None:
        return [f"{low:,} to {_counted(high, unit)}"]
    if low is not None:
        return [f"at least {_counted(low, unit)}"]
    return [f"at most {_counted(high, unit)}"] if high is not None else []


def _counted(count: Any, unit: str) -> str:
    return f"{count:,}{unit.removesuffix('s') if count == 1 else unit}"


def _is_null(schema: Any) -> bool:
    """Whether an alternative only says that null is allowed; in OpenAPI 3.0 that is a nullable object without more."""
    if not isinstance(schema, dict):
        return False
    return schema.get("type") == "null" or (bool(schema.get("nullable")) and schema.keys() <= {"type", "nullable"})


def _ref_name(schema: Any) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[-1] if isinstance(schema, dict) and "$ref" in schema else ""


def refs_in(schema: Any) -> Iterator[str]:
    """Name the references this schema is made of, but not those of its properties or items."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield schema["$ref"]
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, []):
            yield from refs_in(part)
