"""How the queue's forms are read: what is asked for, what is decided, and the address that leads back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from service.actions.decide import BATCH_MAX, Proposal
from service.actions.moderate import QueueQuestion
from service.domain.article_keys import parse_article_key
from service.domain.errors import Invalid
from service.domain.life import Action, Status
from service.domain.sorting import QueueSort
from service.domain.text import forbidden_character

PAGE = 50
SEARCH_MAX = 200  # characters, as in the API
NARROWED = ("has_links", "flagged", "edited")
KEPT = ("status", "article", "reason", "author", "q", *NARROWED, "sort")
"""What an address of the queue may ask for, besides the site and where the page begins."""


def asked_for(query: Mapping[str, str]) -> dict[str, str]:
    """Return what the address asks for in as few words as say it; a word that means nothing asks for nothing."""
    said = {name: query.get(name, "").strip()[:2000] for name in KEPT}
    # PostgreSQL takes no NUL, not even to compare with.
    said = {name: "" if forbidden_character(value) else value for name, value in said.items()}
    said["q"] = said["q"][:SEARCH_MAX]
    if said["status"] not in set(Status) or said["status"] == Status.PENDING:
        said["status"] = ""
    if said["sort"] not in set(QueueSort):
        said["sort"] = ""
    for name in NARROWED:
        said[name] = "true" if said[name] == "true" else ""
    asked = {name: value for name, value in said.items() if value}
    if asked.get("sort") == usual_order(asked):
        del asked["sort"]
    return asked


def is_narrowed(asked: Mapping[str, str]) -> bool:
    """True where the address looks for some of a status, not for all."""
    return bool(set(asked) - {"status", "sort"})


def usual_order(asked: Mapping[str, str]) -> QueueSort:
    """Return the order of what is asked for where the address names none."""
    return QueueSort.usual(waits="status" not in asked, is_narrowed=is_narrowed(asked))


def question(asked: Mapping[str, str], *, cursor: str | None, limit: int = PAGE) -> QueueQuestion:
    """Return what to look for; raises Invalid for an article that cannot be one."""
    article = asked.get("article")
    return QueueQuestion(
        status=Status(asked.get("status", Status.PENDING)),
        article_key=None if article is None else parse_article_key(article).value,
        reason=asked.get("reason"),
        author=asked.get("author"),
        words=asked.get("q"),
        has_links="has_links" in asked,
        flagged="flagged" in asked,
        edited="edited" in asked,
        sort=QueueSort(asked["sort"]) if "sort" in asked else None,
        cursor=cursor,
        limit=limit,
    )


def queue_path(site: str, asked: Mapping[str, str], **changes: str | None) -> str:
    """Return the address of the queue that asks for this, with some of it changed; None leaves a thing out."""
    said = {"site": site} | dict(asked) | changes
    return f"/desk?{urlencode({name: value for name, value in said.items() if value})}"


@dataclass(frozen=True)
class Decisions:
    """What a form wants decided, and the words that were typed for all of it."""

    action: Action
    proposals: list[Proposal]
    words: dict[str, str]


def read_decisions() -> Decisions:
    """Return what the posted form wants decided; raises Invalid for a form that no page of ours sends.

    A button of one comment says all of it in its own value; the others decide on every comment that is ticked.
    """
    form = request.form
    one, _, its_comment = form.get("decide", "").partition(" ")
    named = [its_comment] if one else form.getlist("comment")
    words = {name: form.get(name, "") for name in ("reason_id", "reason", "note")}
    try:
        action = Action(one or form.get("action", ""))
        reason_id = UUID(words["reason_id"]) if words["reason_id"] and action is Action.REJECT else None
        seen = [_seen(name) for name in dict.fromkeys(named)]
    except ValueError as fault:
        raise Invalid("action", "malformed", "This form says nothing that can be decided.") from fault
    if not seen:
        raise Invalid("comment", "required", "Tick the comments that you want to decide on.")
    if len(seen) > BATCH_MAX:
        raise Invalid("comment", "out_of_range", f"At most {BATCH_MAX} comments can be decided together.")
    reason = words["reason"].strip() if action is Action.REJECT else ""
    told = [replace(p, action=action, reason=reason, reason_id=reason_id, note=words["note"].strip()) for p in seen]
    return Decisions(action, told, words)


def _seen(value: str) -> Proposal:
    comment_id, revision, version = value.split(":")
    return Proposal(UUID(comment_id), Action.APPROVE, _number(revision), expected_version=_number(version))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return int(text)


def whole(args: Mapping[str, Any], name: str, *, most: int, default: int = 0) -> int:
    """Return a small number out of an address, or the default where there is none."""
    text = args.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 10 else default
