"""One of our own exports is restored: what a site has besides comments, before them and after them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from service.actions import announce
from service.actions.record import record
from service.actions.restore_batches import Restorer, moment, own_id
from service.actions.sites import check_changes, settings_told
from service.actions.toolbox import tools
from service.adapters.imports.staging import Staging
from service.adapters.patterns import what_is_wrong_with
from service.domain.errors import Invalid
from service.domain.imports import malformed
from service.domain.life import Actor
from service.domain.log import LogKind
from service.domain.reasons import Reason
from service.domain.rules import HASHED, MOST_RULES, Rule, RuleAction, RuleKind, check_note, check_terms
from service.domain.site import Policy, Site
from service.store import counters, imports, reasons, rules, sites
from service.store.imports import Import
from service.store.session import reading, writing

AT_ONCE = 500  # records of one transaction


@dataclass
class Restored:
    """What has come besides comments, so that it can be taken back: kept with the import, as JSON."""

    settings: dict[str, list[Any]] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    """Their ids, each with its version."""
    reasons: list[str] = field(default_factory=list)
    reasons_before: list[list[Any]] = field(default_factory=list)


def is_empty(site: Site) -> bool:
    """True for a site where nobody has written anything: it becomes what the export says, settings and all."""
    with reading():
        return not any(counters.site_totals(site.id).values()) and not imports.knows_any(site.id)


@dataclass(frozen=True)
class Prepared:
    """What an empty site becomes, checked before anything is written."""

    changes: dict[str, Any]
    rules: list[Rule]


def prepare(site: Site, staged: Staging, *, now: datetime) -> Prepared:
    """Return what an export makes of an empty site; raises Invalid where its settings are not right."""
    return Prepared(_settings(staged), list(_rules(site, staged, now)))


def begin(site: Site, staged: Staging, prepared: Prepared, import_id: UUID, *, actor: Actor, now: datetime) -> Site:
    """Give an empty site the settings, reasons and rules of an export, and return it."""
    restored = Restored()
    with writing():
        before = sites.hold_site(site.id)
        after = replace(before, **prepared.changes)
        if after != before:
            after = sites.save_site(after, now=now)
            was, told = settings_told(before), settings_told(after)
            restored.settings = {name: [was[name], value] for name, value in told.items() if was[name] != value}
        there = reasons.reasons_of(site.id)
        for reason in there:
            reasons.remove_reason(reason.id)
        restored.reasons_before = [[str(one.id), one.title, one.text, one.position] for one in there]
        restored.reasons = _add_reasons(site, staged, now)
        known = {rule.id for rule in rules.rules_of(site.id)}
        for rule in prepared.rules:
            if rule.id not in known:
                rules.add_rule(rule)
                restored.rules[str(rule.id)] = rule.version
        imports.change_import(import_id, restored=asdict(restored))
        announce.site_changed(site.id)
        if restored.settings:
            record(site.id, LogKind.SITE, "change", actor=actor, subject=site.slug, details=restored.settings, now=now)
    return after


def rule_ids(site: Site, staged: Staging) -> dict[str, UUID]:
    """Return what the rules of an export are called here."""
    with reading():
        there = {rule.id for rule in rules.rules_of(site.id)}
    found = {}
    for text in staged.records("rule"):
        old = UUID(json.loads(text)["id"])
        ours = old if old in there else own_id(site.id, old)
        if ours in there:
            found[str(old)] = ours
    return found


def finish(writer: Restorer, site: Site, import_id: UUID, staged: Staging, *, now: datetime) -> None:
    """Restore what names comments, once these are there: articles without any, notes, and the log of before."""
    walk = staged.articles()
    while some := list(islice(walk, AT_ONCE)):
        with writing():
            writer.take_articles(import_id, some)
    for group in _grouped(staged.records("note")):
        ours = _given(staged, group, "comment") | _given(staged, group, "author", prefix="author ")
        notes = [note for said in group if (note := _note(site, said, ours, now)) is not None]
        with writing():
            elsewhere = imports.notes_elsewhere(site.id, [note["id"] for note in notes])
            for note in notes:
                note["id"] = own_id(site.id, note["id"]) if note["id"] in elsewhere else note["id"]
            imports.add_notes(notes)
    number = 0
    for group in _grouped(staged.records("log")):
        ours = _given(staged, group, "comment_id")
        entries = []
        for said in group:
            number += 1
            if UUID(said["site_id"]) != site.id:
                entries.append(_past(site, import_id, number, said, ours))
        with writing():
            imports.add_past_log(entries, site_id=site.id)


def take_back(found: Import, *, actor: Actor, now: datetime) -> None:
    """Take back what an export has brought besides comments, as far as nobody has changed it since."""
    if not found.restored:
        return
    was = Restored(**found.restored)
    with writing():
        before = sites.hold_site(found.site_id)
        told = settings_told(before)
        untouched = {name: old for name, (old, new) in was.settings.items() if told[name] == new}
        after = replace(before, **_as_fields(untouched))
        if after != before:
            after = sites.save_site(after, now=now)
            details = {name: [told[name], old] for name, old in untouched.items()}
            record(after.id, LogKind.SITE, "change", actor=actor, subject=after.slug, details=details, now=now)
        for rule in rules.rules_of(found.site_id):
            if was.rules.get(str(rule.id)) == rule.version:
                rules.remove_rule(rule)
        there = reasons.reasons_of(found.site_id)
        if {str(reason.id) for reason in there} == set(was.reasons):
            for reason in there:
                reasons.remove_reason(reason.id)
            for old_id, title, text, position in was.reasons_before:
                old = UUID(old_id)
                reasons.restore_reason(
                    found.site_id, Reason(old, title, text, position), own_id(found.site_id, old), now
                )
        announce.site_changed(found.site_id)


def _as_fields(told: dict[str, Any]) -> dict[str, Any]:
    """Return settings as the log tells them as the fields of Site."""
    given = {name: value for name, value in told.items() if name != "revise_seconds"}
    if "revise_seconds" in told:
        given["revise_window"] = timedelta(seconds=told["revise_seconds"])
    if "limits" in given and given["limits"] is None:
        given["limits"] = "default"
    for name in ("close_after_days", "spam_threshold", "late_after_minutes"):
        if name in given:
            given[name] = given[name] or 0
    return check_changes(**given)


def _settings(staged: Staging) -> dict[str, Any]:
    found = list(staged.records("site"))
    if len(found) != 1:
        raise malformed("in the file", "there is not one record of the type site, which has the settings.")
    said = json.loads(found[0])
    try:
        said["policy"] = Policy(said["policy"]).value
        return _as_fields(said)
    except Invalid as fault:
        told = "; ".join(f"`{one.field}`: {one.detail}" for one in fault.faults)
        raise malformed("in the settings of the site", told) from fault
    except ValueError as fault:
        raise malformed("in the settings of the site", f"`policy`: {said['policy'][:50]} is none.") from fault


def _add_reasons(site: Site, staged: Staging, now: datetime) -> list[str]:
    made = []
    for text in staged.records("reason"):
        said = json.loads(text)
        old = UUID(said["id"])
        reason = Reason(old, said["title"], said["text"], said["position"])
        made.append(
            str(reasons.restore_reason(site.id, reason, own_id(site.id, old), moment(said["created_at"]) or now))
        )
    return made


def _rules(site: Site, staged: Staging, now: datetime) -> Iterator[Rule]:
    """Yield the rules of an export; one that cannot be a rule any more is told, and left out."""
    keyring = tools().keyring
    for place, text in enumerate(staged.records("rule")):
        said = json.loads(text)
        addresses: list[str] = []

        def email_hash(address: str, kept: list[str] = addresses) -> bytes:
            kept.append(address)
            return keyring.lookup_hash("email", str(site.id), address)

        try:
            if place >= MOST_RULES:
                raise Invalid("value", "too_many", f"A site has at most {MOST_RULES:,} rules.")  # noqa: TRY301
            kind, value = RuleKind(said["kind"]), "\n".join(said["terms"])
            terms = check_terms(kind, value, email_hash=email_hash, compiles=what_is_wrong_with)
            note = check_note(said["note"])
            action = RuleAction(said["action"])
        except (Invalid, ValueError) as fault:
            staged.tell("skipped", f"rule {said['id']}", f"it can be no rule here: {fault}")
            continue
        with reading():
            is_taken = rules.is_taken(UUID(said["id"]), site_id=site.id)
        yield Rule(
            id=own_id(site.id, UUID(said["id"])) if is_taken else UUID(said["id"]),
            site_id=site.id,
            kind=kind,
            action=action,
            terms=terms,
            note=note,
            expires_at=moment(said["expires_at"]),
            version=max(1, said["version"]),
            created_by=said["created_by"],
            created_at=moment(said["created_at"]) or now,
            changed_at=moment(said["changed_at"]) or now,
            term_count=len(terms),
            addresses_sealed=keyring.seal("\n".join(addresses), context=site.id.bytes)
            if any(term.startswith(HASHED) for term in terms)
            else None,
        )


def _grouped(texts: Iterator[str]) -> Iterator[list[dict[str, Any]]]:
    while group := [json.loads(text) for text in islice(texts, AT_ONCE)]:
        yield group


def _given(staged: Staging, group: Sequence[dict[str, Any]], name: str, *, prefix: str = "") -> dict[str, UUID]:
    return staged.given([prefix + said[name] for said in group if said[name]])


def _note(site: Site, said: dict[str, Any], ours: dict[str, UUID], now: datetime) -> dict[str, Any] | None:
    comment_id = ours.get(said["comment"]) if said["comment"] else None
    author_id = ours.get(f"author {said['author']}") if said["author"] else None
    if comment_id is None and author_id is None:
        return None
    written = min(moment(said["created_at"]) or now, now)
    return {
        "id": UUID(said["id"]),
        "site_id": site.id,
        "comment_id": comment_id,
        "author_id": author_id,
        "actor_kind": said["actor_kind"][:16],
        "actor_id": None if said["actor_id"] is None else UUID(said["actor_id"]),
        "actor_name": said["actor_name"],
        "text": said["text"],
        "created_at": written,
    }


def _past(site: Site, import_id: UUID, number: int, said: dict[str, Any], ours: dict[str, UUID]) -> dict[str, Any]:
    return {
        "site_id": site.id,
        "hash": bytes.fromhex(said["hash"]),
        "import_id": import_id,
        "number": number,
        "comment_id": ours.get(said["comment_id"]) if said["comment_id"] else None,
        "entry": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
    }
