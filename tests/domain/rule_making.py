"""Rules for tests, made without a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from service.adapters.patterns import searching
from service.domain.rulebook import RuleBook
from service.domain.rules import Rule, RuleAction, RuleKind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SITE_ID = UUID(int=1)


def rule(
    kind: RuleKind,
    *terms: str,
    action: RuleAction = RuleAction.HOLD,
    note: str = "",
    expires_in: timedelta | None = None,
    version: int = 1,
) -> Rule:
    """Return a rule that somebody made just now."""
    return Rule(
        id=uuid4(),
        site_id=SITE_ID,
        kind=kind,
        action=action,
        terms=terms,
        note=note,
        expires_at=None if expires_in is None else NOW + expires_in,
        version=version,
        created_by="Ada",
        created_at=NOW,
        changed_at=NOW,
        term_count=len(terms),
    )


def book(*rules: Rule) -> RuleBook:
    """Return the rules made ready."""
    return RuleBook(rules, patterns=searching)
