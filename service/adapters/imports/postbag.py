"""Our own export: JSON Lines, each with its type, between a line that says what it is and one that counts them.

Whatever has another type than it should is told with its line; nothing is taken as something else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from service.adapters.imports.json_stream import JsonStream
from service.adapters.imports.opening import Readable
from service.domain.exports import VERSION
from service.domain.flags import FlagReason
from service.domain.imports import (
    Markup,
    Source,
    SourceComment,
    SourcePage,
    SourcePerson,
    SourceRecord,
    parse_time,
    wrong_kind,
)
from service.domain.life import Status
from service.domain.screening.signals import Verdict

Check = Callable[[Any], Any]
"""Returns a value, or raises ValueError with what is wanted in its place."""

MOST = 2**31 - 1
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_SHORT = 64  # characters of a word such as a signal's name


class _Wrong(Exception):
    """A field that is not what it should be."""


def _wanted(what: str) -> Any:
    raise ValueError(f"what is wanted here is {what}")


def _uuid(value: Any) -> str:
    try:
        return str(UUID(value)) if isinstance(value, str) else _wanted("a UUID")
    except ValueError:
        return str(_wanted("a UUID"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(_wanted("a text"))


def _word(value: Any) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= _SHORT else str(_wanted("a word"))


def _whole(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value if is_whole and -MOST <= value <= MOST else _wanted("a whole number"))


def _count(value: Any) -> int:
    return int(value if _whole(value) >= 0 else _wanted("a whole number from 0 on"))


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18
    return float(value if is_number else _wanted("a number"))


def _truth(value: Any) -> bool:
    return bool(value if isinstance(value, bool) else _wanted("true or false"))


def _time(value: Any) -> str:
    found = parse_time(value) if isinstance(value, str) else None
    return found.isoformat() if found is not None else str(_wanted("a time"))


def _hex(value: Any) -> str:
    return value if isinstance(value, str) and _HEX.fullmatch(value) else str(_wanted("hexadecimal digits"))


def _one_of(words: Any) -> Check:
    there = frozenset(str(word.value) for word in words)
    return lambda value: value if value in there else _wanted(f"one of {', '.join(sorted(there))}")


def _or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _object(value: Any) -> dict[str, Any]:
    return dict(value if isinstance(value, dict) else _wanted("an object"))


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in (value if isinstance(value, list) else _wanted("a list"))]


def _spans(value: Any) -> list[list[int]]:
    spans = [[_count(at) for at in one] for one in (value if isinstance(value, list) else _wanted("a list"))]
    return spans if all(len(span) == 2 for span in spans) else list(_wanted("a list of pairs"))


def _list_of(fields: Mapping[str, Check]) -> Check:
    def check(value: Any) -> list[dict[str, Any]]:
        return [_fields(_object(one), fields) for one in (value if isinstance(value, list) else _wanted("a list"))]

    return check


def _fields(item: dict[str, Any], fields: Mapping[str, Check]) -> dict[str, Any]:
    """Return the fields that are known, each checked; raises _Wrong with the name of the first that is not right."""
    found = {}
    for name, check in fields.items():
        try:
            found[name] = check(item.get(name))
        except (ValueError, TypeError) as fault:
            said = str(fault) if str(fault).startswith("what is wanted") else "something else is wanted here"
            raise _Wrong(f"`{name}`: {said}") from fault
    return found


SITE = {
    "name": _text, "origins": _texts, "policy": _word, "trusted_after": _count, "limits": lambda value: value,
    "max_depth": _count, "revise_seconds": _count, "flag_threshold": _count, "close_after_days": _or_null(_count),
    "spam_threshold": _or_null(_number), "late_after_minutes": _or_null(_count), "reader_trust": _or_null(_word),
    "retention": lambda value: value,
}  # fmt: skip
REASON = {"id": _uuid, "position": _count, "title": _text, "text": _text, "created_at": _time}
RULE = {
    "id": _uuid, "kind": _word, "action": _word, "terms": _texts, "note": _text, "expires_at": _or_null(_time),
    "version": _count, "created_by": _text, "created_at": _time, "changed_at": _time,
}  # fmt: skip
ARTICLE = {
    "id": _uuid, "key": _text, "url": _or_null(_text), "title": _text, "open": _truth, "created_at": _time,
    "opened_at": _or_null(_time),
}  # fmt: skip
AUTHOR = {
    "id": _uuid, "created_at": _time, "proven_at": _or_null(_time), "email": _or_null(_text),
    "subject": _or_null(_text),
}  # fmt: skip
REVISION = {"number": _count, "body": _text, "created_at": _time}
SIGNAL = {
    "revision": _count, "name": _word, "verdict": _one_of(Verdict), "score": _number, "detail": _text,
    "spans": _spans, "rule": _or_null(_uuid), "rule_version": _or_null(_count),
}  # fmt: skip
FLAG = {"revision": _count, "reason": _one_of(FlagReason), "detail": _or_null(_text), "created_at": _time}
COMMENT = {
    "id": _uuid, "article": _uuid, "parent": _or_null(_uuid), "author": _uuid, "name": _text,
    "url": _or_null(_text), "avatar": _hex, "status": _one_of(Status), "revision": _count,
    "published_revision": _or_null(_count), "version": _count, "votes": _whole, "flag_count": _count,
    "flags_settled": _or_null(_count), "score": _number, "reason": _or_null(_text), "quietly_spam": _truth,
    "receipt": _hex, "created_at": _time, "queued_at": _time, "published_at": _or_null(_time),
    "edited_at": _or_null(_time), "edit_until": _time, "appealed_at": _or_null(_time), "badge": _or_null(_text),
    "proven": _truth,
    "revisions": _list_of(REVISION), "signals": _list_of(SIGNAL), "flags": _list_of(FLAG),
}  # fmt: skip
NOTE = {
    "id": _uuid, "comment": _or_null(_uuid), "author": _or_null(_uuid), "actor_kind": _word,
    "actor_id": _or_null(_uuid), "actor_name": _text, "text": _text, "created_at": _time,
}  # fmt: skip
LOG = {
    "number": _count, "id": _uuid, "site_id": _uuid, "kind": _word, "action": _word, "actor_kind": _word,
    "actor_name": _text, "comment_id": _or_null(_uuid), "created_at": _time, "previous_hash": _hex, "hash": _hex,
}  # fmt: skip


def read(stream: Readable) -> Iterator[Source]:
    """Yield everything of an export; raises Invalid where it is broken, not whole, or of another version."""
    lines = JsonStream(stream)
    if lines.peek() != "{":
        raise wrong_kind("This is no export of Postbag, which is a JSON object a line.")
    head = lines.value()
    if head.get("type") != "export" or head.get("format") != "postbag":
        raise wrong_kind("This is no export of Postbag: its first line does not say so.")
    if head.get("version") != VERSION or isinstance(head["version"], bool):
        raise wrong_kind(f"This is version {str(head.get('version'))[:20]} of Postbag's export; {VERSION} is known.")
    counts = Counter[str]()
    while lines.peek():
        if lines.peek() != "{":
            raise lines.fault("a record is wanted here, as an object.")
        item = lines.value()
        kind = item.get("type")
        if kind == "end":
            if item.get("counts") != counts:
                raise lines.fault("the file does not hold as many records as it says.")
            lines.end()
            return
        if not isinstance(kind, str) or kind not in _READ:
            raise lines.fault(f"“{str(kind)[:50]}” is no type of a record.")
        if kind != "site":
            counts[kind] += 1
        try:
            yield _READ[kind](item)
        except _Wrong as wrong:
            raise lines.fault(f"in this record of the type {kind} {wrong}.") from wrong
    raise lines.fault("the file is cut off: its last line, which counts the records, is missing.")


def _article(item: dict[str, Any]) -> Source:
    found = _fields(item, ARTICLE)
    return SourcePage(found["id"], found["key"], found["title"], not found["open"], _kept(found))


def _author(item: dict[str, Any]) -> Source:
    found = _fields(item, AUTHOR)
    return SourcePerson(found["id"], "", found.pop("email") or "", "", _kept(found))


def _comment(item: dict[str, Any]) -> Source:
    found = _fields(item, COMMENT)
    status = Status(found["status"])
    numbers = [one["number"] for one in found["revisions"]]
    if found["revision"] < 1 or numbers != list(range(1, found["revision"] + 1)):
        raise _Wrong("`revisions`: every revision is wanted here, from 1 to the latest")
    seen = found["published_revision"]
    if (seen is not None and seen not in numbers) or not _fits(status, seen):
        raise _Wrong("`published_revision`: it does not fit the status")
    text = found["revisions"][-1].pop("body")
    return SourceComment(
        found["article"],
        found["id"],
        found["parent"] or "",
        text,
        Markup.MARKDOWN,
        parse_time(found["created_at"]),
        status,
        name=found["name"],
        url=found["url"] or "",
        person=found["author"],
        votes=found["votes"],
        kept=_kept(found),
    )


def _fits(status: Status, published_revision: int | None) -> bool:
    if status is Status.APPROVED:
        return published_revision is not None
    return published_revision is None or status is Status.PENDING


def _record(kind: str, fields: Mapping[str, Check], *, whole: bool = False) -> Callable[[dict[str, Any]], Source]:
    def read_one(item: dict[str, Any]) -> Source:
        found = _fields(item, fields)
        return SourceRecord(kind, _kept(item if whole else found))

    return read_one


def _kept(found: Mapping[str, Any]) -> str:
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = json.dumps(_without_nul(found), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "ignore").decode()


def _without_nul(value: Any) -> Any:
    # JSON can say NUL and lone surrogates, which stand in no database.
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return {name: _without_nul(one) for name, one in value.items()} if isinstance(value, dict) else value


_READ: Mapping[str, Callable[[dict[str, Any]], Source]] = {
    "site": _record("site", SITE),
    "reason": _record("reason", REASON),
    "rule": _record("rule", RULE),
    "article": _article,
    "author": _author,
    "comment": _comment,
    "note": _record("note", NOTE),
    # An entry of a log is kept as it was hashed.
    "log": _record("log", LOG, whole=True),
}
