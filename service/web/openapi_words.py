"""The fixed few words of the document, each list with one name: what generators make of a list is one type then.

A list that is written out where it is used becomes another type at each place, named after the place, so that whoever
reads a status from one call could not compare it with the status of another.
"""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Any

from service.actions.notes import NoteAbout
from service.domain.differences import ChangeKind
from service.domain.events import EventType
from service.domain.flags import FlagReason
from service.domain.imports import System
from service.domain.known_readers import ReaderTrust
from service.domain.life import Action, Status
from service.domain.log import LogKind
from service.domain.opinions import OpinionKind
from service.domain.permissions import Role
from service.domain.rules import RuleAction, RuleKind
from service.domain.screening.signals import Verdict
from service.domain.site import Policy
from service.domain.sorting import QueueSort, Sort
from service.domain.webhooks import Delivery
from service.web.documentation import DECIDED_WORDS
from service.web.schemas.log import Format
from service.web.schemas.moving import STATUSES

ENUMERATIONS: dict[str, type[StrEnum]] = {
    "Status": Status,
    "Action": Action,
    "Verdict": Verdict,
    "Role": Role,
    "Policy": Policy,
    "Sort": Sort,
    "QueueSort": QueueSort,
    "FlagReason": FlagReason,
    "RuleKind": RuleKind,
    "RuleAction": RuleAction,
    "OpinionKind": OpinionKind,
    "LogKind": LogKind,
    "LogFormat": Format,
    "ChangeKind": ChangeKind,
    "NoteAbout": NoteAbout,
    "EventType": EventType,
    "System": System,
    "ReaderTrust": ReaderTrust,
    "DeliveryStatus": Delivery,
}
TAKEN_BACK = "What was decided, or that it was taken back."


def named_words() -> dict[str, dict[str, Any]]:
    """Return the components that name the lists; each says what its enumeration says of itself."""
    named = {
        name: _component([word.value for word in words], inspect.getdoc(words) or "")
        for name, words in ENUMERATIONS.items()
    }
    return named | {
        "LoggedAction": _component(DECIDED_WORDS, TAKEN_BACK),
        "ImportStatus": _component(list(STATUSES), "How far an import has come."),
    }


def with_named_words(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a reference wherever one of the lists was written out; other lists stay as they are."""
    named = named_words()
    names = {tuple(component["enum"]): name for name, component in named.items()}
    changed = {**spec, "paths": _named(spec["paths"], names)}
    schemas = {name: _named(schema, names) for name, schema in spec["components"]["schemas"].items()}
    changed["components"] = {**spec["components"], "schemas": schemas | named}
    return changed


def _component(words: list[str], description: str) -> dict[str, Any]:
    return {"type": "string", "description": description.partition("\n\n")[0], "enum": words}


def _named(node: Any, names: dict[tuple[str, ...], str]) -> Any:
    if isinstance(node, list):
        return [_named(inner, names) for inner in node]
    if not isinstance(node, dict):
        return node
    words = node.get("enum")
    name = names.get(tuple(word for word in words if word is not None)) if isinstance(words, list) else None
    if name is None:
        return {key: _named(inner, names) for key, inner in node.items()}
    reference = {"$ref": f"#/components/schemas/{name}"}
    beside = {key: inner for key, inner in node.items() if key not in {"type", "enum"}}
    return beside | ({"anyOf": [reference, {"type": "null"}]} if None in node["enum"] else reference)
