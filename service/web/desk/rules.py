"""`/desk/rules`: what is held, called spam, refused or trusted by rule; each can be tried before it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import rules
from service.actions.backtest import Backtest, backtest
from service.actions.rules import Proposed, RulePage
from service.domain.errors import FieldFault, Invalid, NotFound, PostbagError
from service.domain.permissions import Permission
from service.domain.rules import NOTE_MAX, Rule, RuleAction, RuleKind
from service.web.auth import the_caller
from service.web.desk.filters import own_address
from service.web.desk.queue_view import excerpts, in_plain_words
from service.web.desk.shell import desk, desk_page, own_path, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_rules", __name__, url_prefix="/desk/rules")

KIND_WORDS = {
    RuleKind.WORD: "Words and phrases",
    RuleKind.PATTERN: "Pattern",
    RuleKind.DOMAIN: "Domains of links",
    RuleKind.AUTHOR: "Authors",
    RuleKind.NETWORK: "Networks",
}
ACTION_WORDS = {
    RuleAction.HOLD: "Hold for a person",
    RuleAction.SPAM: "Take for spam",
    RuleAction.REJECT: "Refuse, and say why",
    RuleAction.TRUST: "Trust",
}
WOULD_HAVE = {
    RuleAction.HOLD: "held",
    RuleAction.SPAM: "taken for spam",
    RuleAction.REJECT: "refused",
    RuleAction.TRUST: "trusted",
}
VALUE_HINTS = {
    RuleKind.WORD: "a word or phrase a line; found as a whole word, however it is written",
    RuleKind.PATTERN: "one regular expression in the syntax of RE2, whatever the case",
    RuleKind.DOMAIN: "a domain a line, such as casino.example; all below it are meant, too",
    RuleKind.AUTHOR: "an e-mail address, @domain or author’s id a line",
    RuleKind.NETWORK: "a network a line, such as 192.0.2.0/24",
}
DONE_WORDS = {
    "add": "The rule is switched on.",
    "change": "The rule is changed.",
    "same": "Nothing was changed.",
    "remove": "The rule is removed. What it held stays held.",
}
CONFIRM_WORDS = (
    "This would meet most of what is written here. Try it on past comments first, or tick below that it is meant so."
)
FIELDS = ("kind", "action", "value", "note", "expires")
FORM_NAMES = {"expires_at": "expires"}
"""What a refusal calls a field where the form has another name for it."""
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show() -> Response:
    """Answer with a page of the rules, and a form that adds one for those who may."""
    return _page()


@blueprint.get("/<uuid:rule_id>")
@desk_page(Permission.READ_SITE)
def show_one(rule_id: UUID) -> Response:
    """Answer with one rule, whole."""
    return _page(rules.read_rule(the_caller(), rule_id))


@blueprint.post("")
@desk_page(Permission.MANAGE_RULES)
def change() -> Response:
    """Try, add, change or remove a rule; what was tried or refused is shown again as it was typed."""
    caller, form, what = the_caller(), request.form, request.form.get("do", "")
    before = rules.read_rule(caller, _rule_id(form["rule"])) if form.get("rule") else None
    if what == "remove" and before is not None:
        rules.remove_rule(caller, before.id, now=utc_now())
        return seen_at(own_address("/desk/rules", done="remove"))
    try:
        proposed = _proposed(before)
        if what == "try":
            return _page(before, typed=form, trial=_tried(before, proposed))
        if what != "save":
            raise Invalid("do", "not_a_choice", "This form does not say what to do.")  # noqa: TRY301 - told as the others
        return _save(before, proposed)
    except Invalid as error:
        return _page(before, typed=form, error=error)


def _save(before: Rule | None, proposed: Proposed) -> Response:
    caller, now = the_caller(), utc_now()
    if before is None:
        saved, done = rules.add_rule(caller, proposed, now=now), "add"
    else:
        changes = {name: getattr(proposed, name) for name in ("kind", "action", "value", "note", "expires_at")}
        seen = request.form.get("version", "")
        expected = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
        saved = rules.change_rule(
            caller, before.id, changes, now=now, confirmed=proposed.confirmed, expected_version=expected
        )
        done = "change" if saved.version != before.version else "same"
    return seen_at(own_address(f"/desk/rules/{saved.id}", done=done, next=request.form.get("next")))


def _tried(before: Rule | None, proposed: Proposed) -> Backtest:
    return backtest(rules.check_rule(the_caller(), proposed, now=utc_now(), before=before))


def _rule_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("This site has no such rule.") from None


def _proposed(before: Rule | None) -> Proposed:
    form = request.form
    try:
        kind, action = RuleKind(form.get("kind", "")), RuleAction(form.get("action", ""))
    except ValueError:
        raise Invalid("kind", "not_a_choice", "Choose one of each list.") from None
    kept = before.expires_at if before is not None else None
    typed = form.get("expires", "").strip()
    return Proposed(
        kind,
        action,
        form.get("value", ""),
        form.get("note", ""),
        # What the form showed is the day alone; the moment behind it stays where the day does.
        kept if typed == _last_day(kept) else _end_of(typed),
        confirmed=form.get("confirm") == "yes",
    )


def _last_day(expires_at: datetime | None) -> str:
    """Return the last day in UTC on which a rule is in force, as a date field has it."""
    return "" if expires_at is None else (expires_at.astimezone(UTC) - INSTANT).date().isoformat()


def _end_of(day: str) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + DAY
    except (ValueError, OverflowError):
        raise Invalid("expires_at", "wrong_type", "Write a day as 2026-11-24.") from None


def _page(
    rule: Rule | None = None,
    *,
    typed: Mapping[str, str] | None = None,
    error: Invalid | None = None,
    trial: Backtest | None = None,
) -> Response:
    caller, now = the_caller(), utc_now()
    asked, page, fault = _asked(), None, error
    if rule is None:
        try:
            page = rules.list_rules(caller, **asked, cursor=request.args.get("cursor") or None)
        except Invalid as refusal:
            page, fault = RulePage([], None), error or refusal
    errors = by_field(_renamed(fault)) if fault is not None else {}
    errors = {field: [in_plain_words(sentence) for sentence in said] for field, said in errors.items()}
    form = _form(rule)
    if typed is not None:
        form |= {name: typed.get(name, "") for name in FIELDS}
    must_confirm = trial is not None and trial.is_broad
    if fault is not None and fault.faults[0].code == "matches_nearly_everything":
        must_confirm, errors["value"] = True, [CONFIRM_WORDS]
    return desk(
        "rules.html",
        200 if fault is None else ERROR_CODES[fault.code].status,
        rule=rule and _row(rule, now),
        version=typed.get("version", "") if typed is not None and rule is not None else rule and rule.version,
        typed=form,
        errors=errors,
        problem=_problem(fault, errors),
        trial=trial and _told(trial, RuleAction(form["action"])),
        must_confirm=must_confirm,
        is_confirmed=typed is not None and typed.get("confirm") == "yes",
        kinds=KIND_WORDS,
        actions=ACTION_WORDS,
        hints=VALUE_HINTS,
        note_max=NOTE_MAX,
        asked={name: word.value for name, word in asked.items() if word is not None},
        rows=[_row(one, now) for one in page.rules] if page is not None else [],
        everything=own_address("/desk/rules") if any(asked.values()) else None,
        newest=_listed(asked) if request.args.get("cursor") else None,
        older=_listed(asked, cursor=page.next_cursor) if page is not None and page.next_cursor else None,
        done=DONE_WORDS.get(request.args.get("done", "")) if fault is None and trial is None else None,
        next=_way_back((typed or request.args).get("next")),
    )


def _asked() -> dict[str, Any]:
    """Return what the address narrows the list to; a word that means nothing narrows nothing."""
    kind, action = request.args.get("kind", ""), request.args.get("action", "")
    return {
        "kind": RuleKind(kind) if kind in set(RuleKind) else None,
        "action": RuleAction(action) if action in set(RuleAction) else None,
    }


def _listed(asked: dict[str, Any], **query: str | None) -> str:
    return own_address("/desk/rules", **{name: word and word.value for name, word in asked.items()}, **query)


def _way_back(address: str | None) -> str | None:
    """Return the page of the desk from which a rule was made, None where it was here."""
    back = own_path(address)
    return back if back.startswith("/desk/comments/") else None


def _renamed(error: Invalid) -> list[FieldFault]:
    return [FieldFault(FORM_NAMES.get(f.field, f.field), f.code, f.detail, f.values, f.says) for f in error.faults]


def _problem(fault: PostbagError | None, errors: dict[str, list[str]]) -> str | None:
    """Return what no field on the page could say."""
    return fault.detail if fault is not None and not set(errors) & set(FIELDS) else None


def _form(rule: Rule | None) -> dict[str, str]:
    """Return what the form shows before anybody types."""
    if rule is None:
        return {"kind": RuleKind.WORD.value, "action": RuleAction.HOLD.value, "value": "", "note": "", "expires": ""}
    return {
        "kind": rule.kind.value,
        "action": rule.action.value,
        "value": rules.value_for(the_caller(), rule),
        "note": rule.note,
        "expires": _last_day(rule.expires_at),
    }


def _row(rule: Rule, now: datetime) -> dict[str, Any]:
    value = rules.value_for(the_caller(), rule)
    first = value.split("\n", 1)[0]
    is_one_author = rule.kind is RuleKind.AUTHOR and rule.term_count == 1 and "@" not in first and ":" not in first
    return {
        "id": rule.id,
        "kind": KIND_WORDS[rule.kind],
        "action": rule.action.value,
        "action_words": ACTION_WORDS[rule.action],
        "first": first,
        "lines": rule.term_count,
        "value": value,
        "note": rule.note,
        "expires_at": rule.expires_at,
        "is_expired": not rule.is_in_force(now),
        "version": rule.version,
        "created_by": rule.created_by,
        "created_at": rule.created_at,
        "changed_at": rule.changed_at,
        "href": own_address(f"/desk/rules/{rule.id}"),
        "author_href": own_address("/desk", author=first) if is_one_author else None,
    }


def _told(trial: Backtest, action: RuleAction) -> dict[str, Any]:
    return {
        "checked": trial.checked,
        "matched": trial.matched,
        "approved": trial.later_approved,
        "would_have": WOULD_HAVE[action],
        "warning": trial.warning,
        "examples": [
            {
                "href": own_address(f"/desk/comments/{example.comment.id}"),
                "author": example.comment.author_name,
                "status": example.comment.status.value,
                "at": example.comment.created_at,
                "said": ", ".join(example.said),
                "excerpts": excerpts(example.comment.body, example.spans),
            }
            for example in trial.examples
        ],
    }
