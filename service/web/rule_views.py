"""What moderators see of the rules, and of what one would have done; the desk's pages are drawn from the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from service.actions.backtest import Backtest, Example
from service.actions.rules import value_for
from service.domain.permissions import Caller
from service.domain.rules import Rule
from service.web.times import rfc3339, rfc3339_or_none

AROUND = 80
"""Characters on either side of a match that an excerpt shows."""


def rule_view(rule: Rule, caller: Caller, *, now: datetime) -> dict[str, Any]:
    """Return a rule as its reader may see it."""
    return {
        "id": str(rule.id),
        "site": caller.site_slug,
        "kind": rule.kind.value,
        "action": rule.action.value,
        "value": value_for(caller, rule),
        "lines": rule.term_count,
        "whole": len(rule.terms) == rule.term_count,
        "note": rule.note,
        "expires_at": rfc3339_or_none(rule.expires_at),
        "expired": not rule.is_in_force(now),
        "version": rule.version,
        "created_by": rule.created_by,
        "created_at": rfc3339(rule.created_at),
        "changed_at": rfc3339(rule.changed_at),
    }


def backtest_view(tried: Backtest) -> dict[str, Any]:
    """Return what a rule would have done."""
    return {
        "checked": tried.checked,
        "matched": tried.matched,
        "later_approved": tried.later_approved,
        "examples": [_example_view(example) for example in tried.examples],
        "warning": tried.warning,
    }


def _example_view(example: Example) -> dict[str, Any]:
    comment = example.comment
    return {
        "comment_id": str(comment.id),
        "author": comment.author_name,
        "status": comment.status.value,
        "said": list(example.said),
        "excerpt": "".join(excerpt(example)),
        "submitted_at": rfc3339(comment.created_at),
    }


def excerpt(example: Example) -> tuple[str, str, str]:
    """Return the text around the first match as (before, match, after); where none is in it, its beginning."""
    body = example.comment.body
    start, end = example.spans[0] if example.spans else (0, 0)
    before, match, after = body[max(0, start - AROUND) : start], body[start:end], body[end : end + AROUND]
    if len(match) > AROUND:
        match, after = f"{match[:AROUND]}…", ""
    return "…" * (start > AROUND) + before, match, after + "…" * (bool(after) and end + AROUND < len(body))
