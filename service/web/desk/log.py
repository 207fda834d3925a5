"""`/desk/log`: what was done on the site, by whom and when, narrowed by a form and to be downloaded."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from service.actions.read_log import LogPage, LogQuestion, read_log
from service.domain.errors import FieldFault, Invalid
from service.domain.log import ChainedEntry, LogEntry, LogKind
from service.domain.permissions import Permission
from service.domain.retention import Kept
from service.web.auth import the_caller
from service.web.desk.filters import day, identifier, own_address, word
from service.web.desk.shell import desk, desk_page
from service.web.times import rfc3339

blueprint = Blueprint("desk_log", __name__, url_prefix="/desk/log")

KIND_WORDS = {
    LogKind.DECISION: "Decisions",
    LogKind.UNDO: "Taken back",
    LogKind.APPEAL: "Appeals",
    LogKind.SITE: "Settings",
    LogKind.FLOOD: "Floods",
    LogKind.REASON: "Canned reasons",
    LogKind.ARTICLE: "Articles",
    LogKind.MODERATOR: "Moderators",
    LogKind.TOKEN: "Tokens",
    LogKind.RULE: "Rules",
    LogKind.IMPORT: "Imports",
    LogKind.WEBHOOK: "Webhooks",
    LogKind.RETENTION: "Retention",
    LogKind.ERASURE: "Erasures",
}
WHAT_WORDS = {LogKind.UNDO: "took back", LogKind.SITE: "settings", LogKind.REASON: "canned reason"}
"""How one entry of a kind is called, where the kind's own word says too little."""
DONE_WORDS = {
    (LogKind.APPEAL, "appeal"): "asks for another look",
    (LogKind.FLOOD, "rise"): "a flood rises",
    (LogKind.FLOOD, "sink"): "a flood goes down",
    (LogKind.RETENTION, "run"): "what was kept long enough has gone",
    (LogKind.RETENTION, "log"): "old entries of this log lose their words",
    (LogKind.IMPORT, "finish"): "import",
    (LogKind.IMPORT, "undo"): "import taken back",
    (LogKind.WEBHOOK, "create"): "webhook added",
    (LogKind.WEBHOOK, "change"): "webhook changed",
    (LogKind.WEBHOOK, "rotate"): "webhook: a new secret",
    (LogKind.WEBHOOK, "enable"): "webhook switched on",
    (LogKind.WEBHOOK, "disable"): "webhook switched off",
    (LogKind.WEBHOOK, "remove"): "webhook removed",
    (LogKind.ERASURE, "erase"): "everything of an author erased",
    (LogKind.ERASURE, "redact"): "words about an erased author taken out",
}
"""How an entry is called where kind and action together make no sentence."""
DETAIL_WORDS = {
    "name": "Name",
    "origins": "Origins of its pages",
    "policy": "What happens to a reply",
    "trusted_after": "Approved comments until an author is trusted",
    "limits": "Limits",
    "max_depth": "Levels of replies",
    "revise_seconds": "Seconds to revise",
    "flag_threshold": "Flags that call for a second look",
    "close_after_days": "Days until an article closes",
    "spam_threshold": "Score that makes spam by itself",
    "late_after_minutes": "Minutes until the queue is late",
    "reader_trust": "What known readers gain",
    "reader_secrets": "Secrets to sign readers in with",
    "reader_keys": "Public keys to sign readers in with",
    "retention": "Days for which things are kept",
    "client_keys": "Keys of networks",
    "rejected": "Texts of rejected comments",
    "spam": "Texts of spam",
    "unproven_emails": "Addresses that nobody proved",
    "log": "Entries of the log",
    "log_to": "Last entry that may have no words",
    "reasons": "Canned reasons",
    "asks_hook": "Server of the site’s own that is asked",
    "hook_secret": "Secret of that server",
    "asks_akismet": "Akismet, asked at",
    "akismet_secret": "Key of Akismet",
}
"""What the page calls the members of `details`; others are told as they are written, without underscores."""
FIELDS = ("kind", "action", "moderator", "comment", "from", "until")


@blueprint.get("")
@desk_page(Permission.READ_LOG)
def show() -> Response:
    """Answer with a page of the log; a filter that cannot be read is shown again as it was typed."""
    typed = {name: request.args.get(name, "") for name in FIELDS}
    asked, faults = _asked()
    found = LogPage([], None)
    if not faults:
        try:
            found = read_log(the_caller(), asked)
        except Invalid as error:
            faults = list(error.faults)
    return desk(
        "log.html",
        422 if faults else 200,
        kinds=KIND_WORDS,
        typed=typed,
        faults={fault.field: fault.detail for fault in faults},
        rows=[_row(link) for link in found.entries],
        is_narrowed=any(typed.values()),
        everything=own_address("/desk/log"),
        newest=own_address("/desk/log", **typed) if asked.cursor else None,
        older=found.next_cursor and own_address("/desk/log", **typed, cursor=found.next_cursor),
        downloads=[(words, _download(asked, form)) for form, words in (("csv", "CSV"), ("jsonl", "JSON Lines"))],
    )


def _asked() -> tuple[LogQuestion, list[FieldFault]]:
    faults: list[FieldFault] = []

    def read(reader: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return reader(*arguments, **options)
        except Invalid as error:
            faults.extend(error.faults)
            return None

    asked = LogQuestion(
        kind=read(_kind),
        action=read(word, "action"),
        moderator=read(word, "moderator"),
        comment_id=read(identifier, "comment"),
        since=read(day, "from"),
        until=read(day, "until", is_last=True),
        cursor=request.args.get("cursor") or None,
    )
    return asked, faults


def _kind() -> LogKind | None:
    with suppress(ValueError):
        return LogKind(request.args.get("kind", "")) if request.args.get("kind") else None
    raise Invalid("kind", "not_a_choice", "Choose one of the list.")


def _download(asked: LogQuestion, form: str) -> str:
    return own_address(
        "/v1/moderation/log/export",
        format=form,
        kind=asked.kind and asked.kind.value,
        action=asked.action,
        moderator=asked.moderator,
        comment=None if asked.comment_id is None else str(asked.comment_id),
        **{"from": _moment(asked.since), "until": _moment(asked.until)},
    )


def _moment(when: datetime | None) -> str | None:
    return None if when is None else rfc3339(when)


def _row(link: ChainedEntry) -> dict[str, Any]:
    entry = link.entry
    is_about_comment = entry.comment_id is not None
    rule_id = _rule_id(entry) if entry.kind is LogKind.RULE and entry.action != "remove" else None
    return {
        "number": link.number,
        "when": entry.created_at,
        "is_erased": link.erased_at is not None,
        "who": entry.actor.name,
        "who_href": own_address("/desk/log", moderator=str(entry.actor.id) if entry.actor.id else entry.actor.name),
        "what": DONE_WORDS.get((entry.kind, entry.action), f"{WHAT_WORDS.get(entry.kind, entry.kind)}: {entry.action}"),
        "comment_href": own_address(f"/desk/comments/{entry.comment_id}") if is_about_comment else None,
        "history_href": own_address("/desk/log", comment=str(entry.comment_id)) if is_about_comment else None,
        "rule_href": own_address(f"/desk/rules/{rule_id}") if rule_id else None,
        "subject": entry.subject,
        "statuses": (entry.from_status, entry.to_status) if entry.from_status != entry.to_status else None,
        "reason": entry.reason,
        "note": entry.note,
        # What undoing a decision needs is no news to anybody; what a change changed is.
        "changes": {}
        if is_about_comment
        else _changes(_of_rule(entry) if entry.kind is LogKind.RULE else entry.details),
        "hash": link.hash.hex(),
    }


def _rule_id(entry: LogEntry) -> str | None:
    _, rule_id = (entry.details or {}).get("rule_id", (None, None))
    return rule_id if isinstance(rule_id, str) else None


def _of_rule(entry: LogEntry) -> dict[str, Any]:
    """Return what an entry tells of a rule: all of it where it came or went, else what is not as before."""
    details = {name: change for name, change in (entry.details or {}).items() if name != "rule_id"}
    told = {}
    for name, (before, after) in details.items():
        pair = [", ".join(one.splitlines()) if isinstance(one, str) else one for one in (before, after)]
        is_whole = name == "version" or entry.action != "change"
        told[name] = next((one for one in reversed(pair) if one is not None), None) if is_whole else pair
    return told


def _changes(details: Any) -> dict[str, str]:
    told = (details or {}).items()
    return {DETAIL_WORDS.get(name) or name.replace("_", " "): _change(value) for name, value in told}


def _change(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        before, after = (_plain(one) for one in value)
        return f"{before} → {after}"
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "nothing"
    if isinstance(value, dict) and value.keys() <= set(Kept):
        return ", ".join(f"{name.replace('_', ' ')} {days or 'for ever'}" for name, days in value.items())
    return str(value)
