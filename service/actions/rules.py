"""Moderators write the rules of the screening; each change is a version, and stands in the log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from service.actions import announce
from service.actions.backtest import is_too_broad
from service.actions.paging import rule_cursor, rule_position, scope_of
from service.actions.record import record
from service.actions.screen import rules_in_force
from service.actions.toolbox import tools
from service.adapters.patterns import what_is_wrong_with
from service.domain.errors import Invalid, NotFound
from service.domain.log import LogKind
from service.domain.permissions import Caller, Permission
from service.domain.rules import (
    HASHED,
    MOST_PATTERNS,
    MOST_RULES,
    MOST_TERMS_OF_SITE,
    Rule,
    RuleAction,
    RuleKind,
    check_expiry,
    check_note,
    check_terms,
)
from service.domain.writing import Faults
from service.store import rules, sites
from service.store.ids import new_id
from service.store.session import reading, writing

LOGGED = 500  # characters of a value that the log repeats; of a longer one it keeps a digest as well
RULES_PAGE = 100


@dataclass(frozen=True)
class Proposed:
    """A rule as somebody wrote it, unchecked. `confirmed` says that it may match nearly everything."""

    kind: RuleKind
    action: RuleAction
    value: str
    note: str = ""
    expires_at: datetime | None = None
    confirmed: bool = False


@dataclass(frozen=True)
class RulePage:
    """A page of a site's rules, the newest first."""

    rules: Sequence[Rule]
    next_cursor: str | None


def list_rules(
    caller: Caller,
    *,
    kind: RuleKind | None = None,
    action: RuleAction | None = None,
    cursor: str | None = None,
    limit: int = RULES_PAGE,
) -> RulePage:
    """Return a page of the rules of the caller's site, the newest first; raises Invalid for a cursor of another list.

    Of a long value only its beginning is there; `read_rule` has it whole.
    """
    scope = scope_of("rules", caller.site_id, kind, action)
    after = rule_position(scope, cursor)
    with reading():
        # One more than the page holds tells whether there is another page.
        found = rules.list_rules(caller.site_id, kind=kind, action=action, after=after, limit=limit + 1)
    page = found[:limit]
    return RulePage(page, rule_cursor(scope, page[-1].id) if len(found) > limit else None)


def read_rule(caller: Caller, rule_id: UUID) -> Rule:
    """Return a rule of the caller's site, whole; raises NotFound."""
    with reading():
        return _one(caller, rule_id)


def value_for(caller: Caller, rule: Rule) -> str:
    """Return the lines of a rule as its readers may see them: e-mail addresses for those with the scope `pii` alone."""
    if rule.addresses_sealed is None or not caller.may(Permission.READ_EMAIL):
        return "\n".join(rule.terms)
    wanted = {term.removeprefix(HASHED) for term in rule.terms if term.startswith(HASHED)}
    by_hash: dict[str, str] = {}
    for address in addresses_of(rule):
        if not wanted:
            break  # a rule of a list may have its first lines alone, and hashing thousands of addresses takes a while
        for email_hash in _hashes(rule.site_id, address):
            by_hash[email_hash] = address
            wanted.discard(email_hash)
    return "\n".join(by_hash.get(term.removeprefix(HASHED), term) for term in rule.terms)


def addresses_of(rule: Rule) -> list[str]:
    """Return the e-mail addresses of a rule, for those alone who may see them, and for moving them to another key."""
    if rule.addresses_sealed is None:
        return []
    return tools().keyring.unseal(rule.addresses_sealed, context=rule.site_id.bytes).split("\n")


def addresses_by_term(rule: Rule) -> dict[str, str]:
    """Return the e-mail addresses of a rule by the lines that stand for them, for those alone who may see them."""
    return {HASHED + email_hash: one for one in addresses_of(rule) for email_hash in _hashes(rule.site_id, one)}


def check_rule(caller: Caller, proposed: Proposed, *, now: datetime, before: Rule | None = None) -> Rule:
    """Return what would be stored: the next version of `before`, or a new rule; raises Invalid for all faults at once.

    Nothing is stored, and whether it matches too much is not asked.
    """
    addresses: dict[str, str] = {}

    def email_hash(address: str) -> bytes:
        addresses[address] = _hashed(caller.site_id, address)
        return bytes.fromhex(addresses[address])

    faults = Faults()
    none: tuple[str, ...] = ()
    terms = faults.gather(
        lambda: check_terms(proposed.kind, proposed.value, email_hash=email_hash, compiles=what_is_wrong_with), none
    )
    note = faults.gather(lambda: check_note(proposed.note), "")
    # An expiry that stays as it was is no new one, even where it is over.
    is_kept = before is not None and before.expires_at == proposed.expires_at
    expires_at = proposed.expires_at
    if not is_kept:
        expires_at = faults.gather(lambda: check_expiry(proposed.expires_at, now=now), None)
    faults.raise_if_any()
    terms = _by_current_key(caller.site_id, terms, addresses_of(before) if before else ())
    return Rule(
        id=before.id if before else new_id(now),
        site_id=caller.site_id,
        kind=proposed.kind,
        action=proposed.action,
        terms=terms,
        note=note,
        expires_at=expires_at,
        version=before.version + 1 if before else 1,
        created_by=before.created_by if before else caller.name,
        created_at=before.created_at if before else now,
        changed_at=now,
        term_count=len(terms),
        addresses_sealed=_sealed(caller.site_id, terms, addresses, before),
    )


def add_rule(caller: Caller, proposed: Proposed, *, now: datetime) -> Rule:
    """Store a rule, which holds from the next submission on, and return it.

    Raises Invalid for every field at fault; for `value` also where it would match nearly everything and that is not
    confirmed, and where the site has as many rules as it may have.
    """
    rule = check_rule(caller, proposed, now=now)
    _check_breadth(rule, proposed)
    with writing():
        sites.hold_site(caller.site_id)
        announce.site_changed(caller.site_id)
        _check_room(rule)
        rules.add_rule(rule)
        _log(caller, "add", rule, now, {name: [None, told] for name, told in _told(rule).items() if told})
    _make_ready(caller)
    return rule


def change_rule(
    caller: Caller,
    rule_id: UUID,
    changes: dict[str, Any],
    *,
    now: datetime,
    confirmed: bool,
    expected_version: int | None = None,
) -> Rule:
    """Store the next version of a rule and return it; what `changes` leaves out stays, and the same again is no change.

    `changes` may have `kind`, `action`, `value`, `note` and `expires_at`. Raises NotFound, and Invalid as `add_rule`,
    also where the rule has another version than `expected_version`.
    """
    with reading():
        before = _one(caller, rule_id)
    if expected_version not in {None, before.version}:
        raise _changed_meanwhile()
    before = replace(before, terms=_by_current_key(caller.site_id, before.terms, addresses_of(before)))
    kept = {
        "kind": before.kind,
        "action": before.action,
        "value": "\n".join(before.terms),
        "note": before.note,
        "expires_at": before.expires_at,
    }
    proposed = Proposed(**{**kept, **changes}, confirmed=confirmed)
    after = check_rule(caller, proposed, now=now, before=before)
    was, told = _told(before), _told(after)
    if was == told:
        return before
    # What was confirmed to hold nearly everything was not confirmed to refuse it.
    if (before.terms, before.kind, before.action) != (after.terms, after.kind, after.action):
        _check_breadth(after, proposed)
    with writing():
        sites.hold_site(caller.site_id)
        announce.site_changed(caller.site_id)
        if _one(caller, rule_id).version != before.version:
            raise _changed_meanwhile()
        _check_room(after)
        rules.save_rule(after)
        _log(caller, "change", after, now, {n: [was[n], told[n]] for n in told if was[n] != told[n]})
    _make_ready(caller)
    return after


def remove_rule(caller: Caller, rule_id: UUID, *, now: datetime) -> None:
    """Take a rule of the caller's site away; raises NotFound. What it held stays as it is, with its words."""
    with writing():
        sites.hold_site(caller.site_id)
        announce.site_changed(caller.site_id)
        gone = _one(caller, rule_id)
        rules.remove_rule(gone)
        _log(caller, "remove", gone, now, {name: [told, None] for name, told in _told(gone).items() if told})
    _make_ready(caller)


def reseal_rules() -> int:
    """Seal the addresses of rules under the current key, and hash them anew; returns how many were moved.

    That is no new version of a rule: it says what it said.
    """
    keyring, moved = tools().keyring, 0
    with reading():
        listed = rules.rules_with_addresses()
    for rule_id, site_id, sealed in listed:
        if keyring.is_current(sealed):
            continue
        with writing():
            sites.hold_site(site_id)
            rule = rules.find_rule(rule_id, site_id=site_id)
            # Somebody may have changed it meanwhile, and moved it by that.
            if rule is None or rule.addresses_sealed is None or keyring.is_current(rule.addresses_sealed):
                continue
            addresses = addresses_of(rule)
            terms = _by_current_key(site_id, rule.terms, addresses)
            sealed_anew = keyring.seal("\n".join(addresses), context=site_id.bytes)
            rules.save_rule(replace(rule, terms=terms, addresses_sealed=sealed_anew))
            moved += len(addresses)
    return moved


def _make_ready(caller: Caller) -> None:
    """Let whoever changes a long list wait until it is ready, and not the next reader whom this process serves."""
    with reading():
        site = sites.get_site(caller.site_id)
    rules_in_force(site)


def _one(caller: Caller, rule_id: UUID) -> Rule:
    found = rules.find_rule(rule_id, site_id=caller.site_id)
    if found is None:
        raise NotFound("This site has no such rule.")
    return found


def _changed_meanwhile() -> Invalid:
    return Invalid("value", "changed_meanwhile", "Somebody has changed this rule meanwhile; look at it again.")


def _check_breadth(rule: Rule, proposed: Proposed) -> None:
    if rule.action is RuleAction.TRUST or proposed.confirmed or not is_too_broad(rule):
        return
    raise Invalid(
        "value",
        "matches_nearly_everything",
        "This would meet most of what is written here. Try it on past comments first, and send `confirm` if it is "
        "meant so.",
    )


def _check_room(rule: Rule) -> None:
    count, patterns, terms = rules.count_rules(rule.site_id, besides=rule.id)
    if count >= MOST_RULES:
        raise Invalid("value", "too_many", f"A site has at most {MOST_RULES:,} rules; a list of words can be one rule.")
    if rule.kind is RuleKind.PATTERN and patterns >= MOST_PATTERNS:
        raise Invalid("value", "too_many", f"A site has at most {MOST_PATTERNS} patterns.")
    if terms + rule.term_count > MOST_TERMS_OF_SITE:
        raise Invalid(
            "value", "too_many", f"All rules of a site have at most {MOST_TERMS_OF_SITE:,} lines; {terms:,} are taken."
        )


def _hashed(site_id: UUID, address: str) -> str:
    return tools().keyring.lookup_hash("email", str(site_id), address).hex()


def _hashes(site_id: UUID, address: str) -> list[str]:
    """Return the address's hashes by every key: a rule written before a change of keys has it by the older one."""
    return [found.hex() for found in tools().keyring.lookup_hashes("email", str(site_id), address)]


def _by_current_key(site_id: UUID, terms: Sequence[str], addresses: Sequence[str]) -> tuple[str, ...]:
    """Return the terms with these addresses hashed by the current key; one that was there by both keys is one line."""
    anew = {HASHED + old: HASHED + _hashed(site_id, one) for one in addresses for old in _hashes(site_id, one)}
    return tuple(dict.fromkeys(anew.get(term, term) for term in terms))


def _sealed(site_id: UUID, terms: Sequence[str], typed: dict[str, str], before: Rule | None) -> bytes | None:
    """Return the addresses among the terms, sealed: those typed now, and those kept that are still meant."""
    keyring = tools().keyring
    wanted = {term.removeprefix(HASHED) for term in terms if term.startswith(HASHED)}
    known = {email_hash: address for address, email_hash in typed.items()}
    for address in addresses_of(before) if before is not None else ():
        known.setdefault(_hashed(site_id, address), address)
    addresses = [address for email_hash, address in known.items() if email_hash in wanted]
    return keyring.seal("\n".join(addresses), context=site_id.bytes) if addresses else None


def _told(rule: Rule) -> dict[str, Any]:
    """Return what the log says of a rule; addresses stand in it as their keyed hashes."""
    return {
        "kind": rule.kind.value,
        "action": rule.action.value,
        "value": _shortened("\n".join(rule.terms)),
        "note": rule.note,
        "expires_at": rule.expires_at and rule.expires_at.isoformat(),
    }


def _shortened(value: str) -> str:
    if len(value) <= LOGGED:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[:LOGGED]}… ({value.count(chr(10)) + 1:,} lines, SHA-256 {digest})"


def _log(caller: Caller, action: str, rule: Rule, now: datetime, details: dict[str, list[Any]]) -> None:
    details["version"] = [None, rule.version]
    record(
        caller.site_id,
        LogKind.RULE,
        action,
        actor=caller.actor,
        subject=f"{rule.kind} {rule.title}"[:200],
        details={"rule_id": [None, str(rule.id)], **details},
        now=now,
    )
