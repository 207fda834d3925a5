"""Where somebody was when their session ended or the service failed, and the form that they had filled in there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from flask import request

from service.web.auth import CSRF_FIELD
from service.web.desk.shell import own_path

SECRETS = frozenset({"password", "old_password", "new_password", "code", "key", "sealed"})
NEVER_KEPT = SECRETS | {CSRF_FIELD}
WORDS = {
    "text": "What you wrote",
    "value": "What the rule meets",
    "kind": "What the rule looks at",
    "expires": "Last day",
    "note": "Your note",
    "reason": "What the author will read",
    "name": "Name",
    "title": "Title",
    "url": "Address",
    "decide": "Decision",
    "action": "Decision",
    "do": "What to do",
}
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:\d+)*")


@dataclass(frozen=True)
class Interrupted:
    """The page or form that was asked for, the page that the form was on, and what it said."""

    place: str
    whence: str
    fields: list[tuple[str, str]]

    WRITTEN: ClassVar = frozenset({"text", "note", "reason", "name", "title", "value", "url"})
    """Fields that people write into; they are shown as fields again."""

    @property
    def written(self) -> str:
        """The fields as a hidden field carries them through signing in."""
        return json.dumps(self.fields) if self.fields else ""

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """The fields to write into: (name, words, value)."""
        return [(name, WORDS[name], value) for name, value in self.fields if name in self.WRITTEN]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What else the form says, in words; ids say nothing to anybody, nor does what a field held before."""
        others = [
            (WORDS.get(name, name.replace("_", " ").capitalize()), IDENTIFIER.sub("", value).strip())
            for name, value in self.fields
            if name not in self.WRITTEN and name != "next" and not name.startswith("was.")
        ]
        return [(words, value) for words, value in others if value]

    @classmethod
    def from_sign_in(cls) -> Interrupted:
        """Return what a sign-in form carries; nothing where it was tampered with."""
        try:
            written = json.loads(request.form.get("kept") or "[]")
            kept = [(_whole_text(name), _whole_text(value)) for name, value in written]
        except (ValueError, TypeError, RecursionError):
            kept = []
        return cls(own_path(request.form.get("next")), own_path(request.form.get("whence")), kept)

    @classmethod
    def from_request(cls) -> Interrupted:
        """Return what the present request asks for, without passwords and codes."""
        fields = [(name, value) for name, value in request.form.items(multi=True) if name not in NEVER_KEPT]
        return cls(own_path(request.full_path.rstrip("?")), _page_before(), fields)


def _whole_text(value: object) -> str:
    """Return a text that a page can hold; raises ValueError for one with lone surrogates, which JSON can name."""
    return str(value).encode().decode()


def can_be_sent_again() -> bool:
    """True where everything that the present form says may be shown on a page once more."""
    return request.method == "POST" and bool(request.form) and not SECRETS & request.form.keys()


def _page_before() -> str:
    """Return the page of the desk that the form was on, as the browser says; else the queue."""
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:
        return "/desk"
    if before.netloc.lower() != request.host.lower():
        return "/desk"
    return own_path(f"{before.path}?{before.query}" if before.query else before.path)
