"""The kinds of fields, with messages of the form `code: sentence`, which `web/parsing.py` takes apart again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from service.domain.text import forbidden_character

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DIGITS = re.compile(r"-?[0-9]{1,18}")  # as many as a database's integer has

REQUIRED = "required: This field is needed."
NOT_NULL = "required: This field must not be null."


def absent() -> None:
    """Stand as `load_default` of a query's parameter that may be left out; there is no way to send null in a query."""


class StrictSchema(Schema):
    """A schema for which an unknown field is an error."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 - marshmallow declares it so
        "unknown": "unknown_field: There is no such field here.",
        "type": "wrong_type: This must be a JSON object.",
    }


Messages = dict[str, str | list[Any] | dict[Any, Any]]
"""As marshmallow types them; ours are all strings."""


def _messages(kind: str) -> Messages:
    return {
        "required": REQUIRED,
        "null": NOT_NULL,
        "invalid": f"wrong_type: This must be {kind}.",
        "validator_failed": f"wrong_type: This must be {kind}.",
    }


class Text(fields.String):
    """A string that PostgreSQL and UTF-8 can hold: without NUL and lone surrogates."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it so
        **_messages("a string"),
        "invalid_utf8": "wrong_type: This must be a string in UTF-8.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if (name := forbidden_character(text)) is not None:
            raise ValidationError(f"forbidden_character: The character {name} cannot be part of a text.")
        return text


class MomentSent(Text):
    """A time as RFC 3339 writes it, with its zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            if _RFC_3339.fullmatch(text):
                return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("wrong_type: This must be a time such as 2026-11-24T09:30:00Z.")


class Whole(fields.Integer):
    """A whole number; 7.5, true and `"7"` are none."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it so
        **_messages("a whole number"),
        "too_large": "out_of_range: This number is too large.",
    }

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        error = f"out_of_range: This must be from {least:,} to {most:,}."
        super().__init__(strict=True, validate=validate.Range(least, most, error=error), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Number(fields.Float):
    """A number; true and `"0.5"` are none."""

    default_error_messages = _messages("a number")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class WholeInQuery(Whole):
    """A whole number in a query, where everything is text: written in plain digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(int(value), attr, data, **kwargs)


class Identifier(fields.UUID):
    """A UUID."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it so
        **_messages("a UUID"),
        "invalid_uuid": "wrong_type: This must be a UUID.",
    }


class IdentifierOrNone(Identifier):
    """A UUID, or null; an empty string is taken for null, as forms send it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **kwargs)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the UUID, or None for null and for an empty string."""
        return super().deserialize(None if value == "" else value, attr, data, **kwargs)


class YesNo(fields.Boolean):
    """True or false, and no other word for either."""

    default_error_messages = _messages("true or false")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class YesInQuery(fields.Boolean):
    """`true` or `false` in a query, where everything is text; false where it is left out."""

    default_error_messages = _messages("true or false")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, load_default=False, **kwargs)


class Choice(fields.Enum[Any]):
    """One word of a fixed few."""

    def __init__(self, words: type[StrEnum], **kwargs: Any) -> None:
        listed = ", ".join(word.value for word in words)
        messages = _messages(f"one of: {listed}") | {"unknown": f"not_a_choice: This must be one of: {listed}."}
        # apispec does not see by itself that the values of these enumerations are strings.
        metadata = {"type": "string", **kwargs.pop("metadata", {})}
        super().__init__(words, by_value=True, error_messages=messages, metadata=metadata, **kwargs)


class Word(fields.Enum[Any]):
    """One word of a fixed few; only ever sent by us."""

    def __init__(self, words: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(words, by_value=fields.String, **kwargs)


class Moment(fields.String):
    """A time in RFC 3339, UTC; only ever sent by us."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)
