"""Reads and writes of the rules of sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, delete, func, insert, select, update

from service.domain.rules import Rule, RuleAction, RuleKind
from service.extensions import db
from service.store import sites
from service.store.models import RuleRow, SiteRow

LISTED = 2_000  # characters of a rule's value in a list; a list of words can be a million long

RULE_COLUMNS = (
    RuleRow.id,
    RuleRow.site_id,
    RuleRow.kind,
    RuleRow.action,
    RuleRow.terms,
    RuleRow.note,
    RuleRow.expires_at,
    RuleRow.version,
    RuleRow.created_by,
    RuleRow.created_at,
    RuleRow.changed_at,
    RuleRow.term_count,
    RuleRow.addresses_sealed,
)


def rules_of(site_id: UUID) -> list[Rule]:
    """Return every rule of a site, the first made first."""
    rows = db.session.execute(select(*RULE_COLUMNS).where(RuleRow.site_id == site_id).order_by(RuleRow.id))
    return [rule_from_row(row) for row in rows]


def list_rules(
    site_id: UUID, *, kind: RuleKind | None, action: RuleAction | None, after: UUID | None, limit: int
) -> list[Rule]:
    """Return up to `limit` rules that come after one, the newest first; of a long value its beginning alone.

    `term_count` tells how many lines there are in all; none of those that are there is cut.
    """
    start = func.substr(RuleRow.terms, 1, LISTED)
    columns = [start.label("terms") if column is RuleRow.terms else column for column in RULE_COLUMNS]
    statement = select(*columns).where(RuleRow.site_id == site_id)
    if kind is not None:
        statement = statement.where(RuleRow.kind == kind.value)
    if action is not None:
        statement = statement.where(RuleRow.action == action.value)
    if after is not None:
        statement = statement.where(RuleRow.id < after)
    rows = db.session.execute(statement.order_by(RuleRow.id.desc()).limit(limit))
    return [_without_cut_line(rule_from_row(row)) for row in rows]


def _without_cut_line(rule: Rule) -> Rule:
    """Return a rule without its last line where the list's value may end within it."""
    is_cut = sum(map(len, rule.terms)) + len(rule.terms) > LISTED
    return replace(rule, terms=rule.terms[:-1]) if is_cut else rule


def find_rule(rule_id: UUID, *, site_id: UUID) -> Rule | None:
    """Return a rule of this site, or None."""
    row = db.session.execute(
        select(*RULE_COLUMNS).where(RuleRow.id == rule_id, RuleRow.site_id == site_id)
    ).one_or_none()
    return None if row is None else rule_from_row(row)


def is_taken(rule_id: UUID, *, site_id: UUID) -> bool:
    """True where another site has a rule of this id."""
    taken = select(RuleRow.id).where(RuleRow.id == rule_id, RuleRow.site_id != site_id)
    return db.session.scalar(taken) is not None


def rules_with_addresses() -> list[tuple[UUID, UUID, bytes]]:
    """Return (id, site's id, sealed addresses) of every rule of every site that names e-mail addresses."""
    statement = select(RuleRow.id, RuleRow.site_id, RuleRow.addresses_sealed)
    rows = db.session.execute(statement.where(RuleRow.addresses_sealed.is_not(None)).order_by(RuleRow.id))
    return [(row.id, row.site_id, row.addresses_sealed) for row in rows]


def count_rules(site_id: UUID, *, besides: UUID | None = None) -> tuple[int, int, int]:
    """Return how many rules a site has, how many of them are patterns, and how many lines they have together."""
    statement = select(
        func.count(),
        func.coalesce(func.sum(case((RuleRow.kind == RuleKind.PATTERN.value, 1), else_=0)), 0),
        func.coalesce(func.sum(RuleRow.term_count), 0),
    ).where(RuleRow.site_id == site_id)
    if besides is not None:
        statement = statement.where(RuleRow.id != besides)
    rules, patterns, terms = db.session.execute(statement).one()
    return rules, patterns, terms


def add_rule(rule: Rule) -> None:
    """Store a new rule and let every process know that the site's rules have changed."""
    db.session.execute(insert(RuleRow).values(id=rule.id, site_id=rule.site_id, **_values(rule)))
    _count_up(rule.site_id)


def save_rule(rule: Rule) -> None:
    """Store the next version of a rule that exists."""
    db.session.execute(update(RuleRow).where(RuleRow.id == rule.id).values(_values(rule)))
    _count_up(rule.site_id)


def remove_rule(rule: Rule) -> None:
    """Take a rule away; the signals it made keep its id, and the log tells what it was."""
    db.session.execute(delete(RuleRow).where(RuleRow.id == rule.id))
    _count_up(rule.site_id)


def _count_up(site_id: UUID) -> None:
    sites.change_row(site_id, {"rules_version": SiteRow.rules_version + 1})


def _values(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind.value,
        "action": rule.action.value,
        "terms": "\n".join(rule.terms),
        "term_count": len(rule.terms),
        "addresses_sealed": rule.addresses_sealed,
        "note": rule.note,
        "expires_at": rule.expires_at,
        "version": rule.version,
        "created_by": rule.created_by,
        "created_at": rule.created_at,
        "changed_at": rule.changed_at,
    }


def rule_from_row(row: Row[*tuple[Any, ...]]) -> Rule:
    """Build the rule from a row that holds RULE_COLUMNS."""
    rule_id, site_id, kind, action, terms, *others = row
    lines: Sequence[str] = terms.split("\n")
    return Rule(rule_id, site_id, RuleKind(kind), RuleAction(action), tuple(lines), *others)
