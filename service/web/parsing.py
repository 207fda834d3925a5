"""From a request to the fields of a schema: JSON or form, with every fault named by field and code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, current_app, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from service.config import MAX_BATCH_BYTES, MAX_FORM_BYTES, MAX_REQUEST_BYTES, MAX_RULE_BYTES
from service.domain.errors import FieldFault, Invalid
from service.web.problems import MalformedJson, TooLarge, UnsupportedMediaType

FORM = "application/x-www-form-urlencoded"
LARGER_BODIES = {
    "moderation.decide_together": MAX_BATCH_BYTES,
    "rules.add_rule": MAX_RULE_BYTES,
    "rules.change_rule": MAX_RULE_BYTES,
    "rules.backtest_rule": MAX_RULE_BYTES,
}
"""How many bytes of JSON the views take that need more than the others."""
LARGER_FORMS = {"desk_rules.change": MAX_RULE_BYTES}
"""How many bytes of a form the views take that need more than the others."""
FILES = frozenset({"imports.order_import", "desk_moving.change"})
"""Views that get a file, which they read as a stream."""
IMPORT_MAX = "POSTBAG_IMPORT_MAX"
"""Under which the application's configuration has how many bytes a file may have."""
FIELDS_OF_LARGER_FORM = 50
"""Each field of a form costs a hundred times the two bytes that it can be sent in."""
LOADED = "postbag.loaded_body"
"""Where in the WSGI environment the fields of a body are, once they are known."""
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def the_request() -> Request:
    """Return the present request itself: each look at it through Flask's stand-in takes four calls."""
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def is_form(request: Request) -> bool:
    """True where the body is an HTML form's."""
    return request.mimetype == FORM


def bound_body() -> None:
    """Hold the body to 64 KiB of what it says, or to what its view takes, before anything else is done with a request.

    Raises TooLarge where there is more, or a form that may be larger has fields beyond number. A form may be three
    times as long on its way, since percent-encoding makes three bytes of one. A body that does not tell its length is
    read here as far as it is accepted: werkzeug would cut it off there without a word, and half a reply would be stored
    as if it were the whole.
    """
    request = the_request()
    if request.method not in METHODS_WITH_BODY:
        return
    endpoint = request.endpoint or ""
    if endpoint in FILES:
        # The fields that come with it are in memory, the file is not.
        request.max_form_memory_size = MAX_REQUEST_BYTES
        request.max_content_length = current_app.config[IMPORT_MAX] + MAX_REQUEST_BYTES
        return
    has_form = is_form(request)
    larger_form = LARGER_FORMS.get(endpoint) if has_form else None
    most = larger_form or (MAX_FORM_BYTES if has_form else LARGER_BODIES.get(endpoint, MAX_REQUEST_BYTES))
    request.max_content_length = request.max_form_memory_size = most
    if request.content_length is None and len(request.get_data()) >= most and request.environ["wsgi.input"].read(1):
        raise TooLarge
    if larger_form and request.get_data().count(b"&") >= FIELDS_OF_LARGER_FORM:
        raise TooLarge
    if has_form and not larger_form and _decoded_bytes(request) > MAX_REQUEST_BYTES:
        raise TooLarge


def _decoded_bytes(request: Request) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in request.form.items(multi=True))


def load_body(request: Request) -> dict[str, Any]:
    """Return the body's fields as they were sent, from JSON or from a form; whoever asks again gets the same ones.

    Raises TooLarge, UnsupportedMediaType, MalformedJson, and Invalid for JSON that is no object.
    """
    loaded: dict[str, Any] | None = request.environ.get(LOADED)
    if loaded is None:
        loaded = request.environ[LOADED] = _loaded_body(request)
    return loaded


def _loaded_body(request: Request) -> dict[str, Any]:
    try:
        if is_form(request):
            return request.form.to_dict()
        if request.mimetype != "application/json":
            raise UnsupportedMediaType
        return _load_json(request.get_data())
    except RequestEntityTooLarge as fault:
        raise TooLarge from fault


def _load_json(data: bytes) -> dict[str, Any]:
    try:
        # Decoded here, because the parser would guess at UTF-16 and let lone surrogates pass (RFC 8259, section 8.1).
        body = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        # Deep nesting exhausts the parser's stack; no request of ours nests at all.
        raise MalformedJson from fault
    if not isinstance(body, dict):
        raise Invalid("body", "wrong_type", "The body must be a JSON object.")
    return body


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON.")


class Parser(FlaskParser):
    """Parses bodies and queries; what a schema does not know is an error everywhere."""

    __location_map__ = {**FlaskParser.__location_map__, "json_or_nothing": "load_json_or_nothing"}  # noqa: RUF012
    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys((*FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json_or_nothing"), ma.RAISE)

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the fields of a JSON body."""
        if is_form(req):
            raise UnsupportedMediaType
        return load_body(req)

    def load_json_or_nothing(self, req: Request, schema: ma.Schema) -> Any:
        """Return the fields of a JSON body, or none where there is no body, of whatever type it was said to be."""
        # A form was read when its length was looked at, and has left no data behind.
        has_body = bool(req.form) if is_form(req) else bool(req.get_data())
        return self.load_json(req, schema) if has_body else {}

    def load_json_or_form(self, req: Request, schema: ma.Schema) -> Any:
        """Return the fields of a JSON body or a form; a form's empty optional fields were left empty, not filled in."""
        fields = load_body(req)
        if not is_form(req):
            return fields
        optional = {name for name, field in schema.fields.items() if field.allow_none}
        return {name: value for name, value in fields.items() if value != "" or name not in optional}

    def handle_error(
        self, error: ma.ValidationError, req: Request, schema: ma.Schema, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        """Raise the faults of a schema as our Invalid."""
        messages = error.messages
        assert isinstance(messages, dict)
        # webargs wraps the messages once more, by the location they came from.
        raise Invalid.of(fault for by_field in messages.values() for fault in _faults(by_field, ())) from error


class ApiBlueprint(Blueprint):
    """A blueprint whose arguments are parsed by our Parser."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Let a view have arguments; a schema is made here once, since making it costs more than reading with it."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)

    def alt_response(self, *args: Any, **options: Any) -> Any:
        """Document what else a view answers, and leave it as it is: a wrapper for each would only call the next one."""
        document = super().alt_response(*args, **options)

        def documented(view: Any) -> Any:
            view._apidoc = document(view)._apidoc
            return view

        return documented

    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {  # noqa: RUF012 - flask-smorest declares it so
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "json_or_form": "application/json",
        "json_or_nothing": "application/json",
    }


_CODED = re.compile(r"([a-z][a-z_]+): (.+)", re.DOTALL)


def _faults(messages: Any, path: tuple[str, ...]) -> Iterator[FieldFault]:
    """Walk marshmallow's messages, each written `code: sentence`, and yield one fault for each."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _faults(inner, path if name == "_schema" else (*path, str(name)))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _faults(inner, path)
    else:
        coded = _CODED.fullmatch(str(messages))
        code, detail = coded.groups() if coded else ("invalid_value", str(messages))
        # A field's name can be anything that was sent, a lone surrogate too; what is quoted back is bounded and UTF-8.
        name = ".".join(path)[:100].encode("utf-8", "replace").decode("utf-8")
        # An e-mail address never stands in an error, not even as the name of a field.
        yield FieldFault("(an address)" if "@" in name else name or "body", code, detail)
