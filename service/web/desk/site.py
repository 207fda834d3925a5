"""`/desk/site`: every setting of a site, and its canned reasons, as plain forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import known_readers, measured, reasons, sites
from service.domain.errors import FieldFault, Invalid, NotFound, PostbagError
from service.domain.limit_settings import DEFAULT_LIMITS
from service.domain.opinions import OpinionKind
from service.domain.permissions import Permission
from service.domain.retention import Kept
from service.domain.site import Policy, Site
from service.domain.writing import Faults
from service.web.auth import the_caller
from service.web.desk.filters import chosen, own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_site", __name__, url_prefix="/desk/site")

POLICY_WORDS = {
    Policy.ALL: "A person reads every reply before it appears",
    Policy.FIRST: "A person reads the first replies of every author; those of trusted authors appear at once",
    Policy.NONE: "Replies appear at once, unless something holds them",
}
ASKED_WORDS = {OpinionKind.AKISMET: "Akismet", OpinionKind.HOOK: "a server of the site’s own"}
NOBODY = "Nobody else is asked what they think of a reply."
TOLD = "What happens here is sent to servers of the site’s own."
TOLD_NOBODY = "What happens here is sent to no other server."
FORM_NAMES = {"origin": "origins", "revise_window": "revise_minutes"}
"""What a refusal calls a field where the form has another name for it."""
DONE_WORDS = {
    "settings": "The settings are saved.",
    "add": "The reason is added.",
    "change": "The reason is changed.",
    "move": "The reason is moved.",
    "remove": "The reason is removed.",
}


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show() -> Response:
    """Answer with the settings and the reasons; only admins get buttons."""
    return _page()


@blueprint.post("")
@desk_page(Permission.CHANGE_SITE)
def change_settings() -> Response:
    """Change what was typed otherwise than the form had it, so that nothing a colleague saved meanwhile is undone."""
    caller, form = the_caller(), request.form
    faults = Faults()
    given: dict[str, Any] = {}
    nothing: dict[str, Any] = {}
    for name, read in READ_AS.items():
        if name in form and form[name].splitlines() != form.get(f"was.{name}", "").splitlines():
            given |= faults.gather(partial(read, form[name]), nothing)
    try:
        # What could be read is checked as well, so that everything is told at once.
        faults.gather(lambda: sites.check_changes(**given), nothing)
        faults.raise_if_any()
        sites.change_site(caller.site_slug, actor=caller.actor, now=utc_now(), **given)
    except Invalid as error:
        return _page(_renamed(error), typed=form)
    return _done("settings")


@blueprint.post("/reasons")
@desk_page(Permission.CHANGE_SITE)
def change_reasons() -> Response:
    """Add, change, move or remove a canned reason."""
    what = request.form.get("do", "")
    try:
        chosen(REASON_ACTIONS)()
    except (Invalid, NotFound) as error:
        about = "new" if what == "add" else request.form.get("reason", "")
        return _page(error, about=about, typed=request.form)
    return _done("move" if what in {"up", "down"} else what)


def _add() -> None:
    form = request.form
    reasons.add_reason(the_caller(), title=form.get("title", ""), text=form.get("text", ""), now=utc_now())


def _change() -> None:
    form = request.form
    title, text = form.get("title", ""), form.get("text", "")
    reasons.change_reason(the_caller(), _reason_id(), title=title, text=text, now=utc_now())


def _remove() -> None:
    reasons.remove_reason(the_caller(), _reason_id(), now=utc_now())


def _move(by: int) -> None:
    reason_id = _reason_id()
    there = [reason.id for reason in reasons.read_reasons(the_caller())]
    if reason_id not in there:
        raise NotFound("This site has no such reason.")
    place = min(max(there.index(reason_id) + by, 0), len(there) - 1)
    reasons.change_reason(the_caller(), reason_id, position=place, now=utc_now())


REASON_ACTIONS: Mapping[str, Callable[[], None]] = {
    "add": _add,
    "change": _change,
    "up": partial(_move, -1),
    "down": partial(_move, 1),
    "remove": _remove,
}


def _reason_id() -> UUID:
    try:
        return UUID(request.form.get("reason", ""))
    except ValueError:
        raise NotFound("This site has no such reason.") from None


def _done(what: str) -> Response:
    anchor = "" if what == "settings" else "#reasons"
    return seen_at(own_address("/desk/site", done=what) + anchor)


def _page(
    error: PostbagError | None = None, *, about: str = "settings", typed: Mapping[str, str] | None = None
) -> Response:
    caller = the_caller()
    site = sites.read_site(caller, now=utc_now())
    there = _typed_as(site)
    faults = by_field(error.faults) if isinstance(error, Invalid) else {}
    kept = typed or {}
    shown = set(READ_AS) if about == "settings" else {"title", "text"}
    return desk(
        "site.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site=site,
        was={name: kept.get(f"was.{name}", value) if about == "settings" else value for name, value in there.items()},
        typed={name: kept.get(name, value) if about == "settings" else value for name, value in there.items()},
        errors=faults if about == "settings" else {},
        policies=POLICY_WORDS,
        default_limits={name: limit for name, limit in DEFAULT_LIMITS.items() if name != "preview"},
        reasons=reasons.read_reasons(caller),
        asked_words=_asked_words(site),
        webhook_words=TOLD if site.tells else TOLD_NOBODY,
        kept_words=_kept_words(site),
        signs_readers_in=bool(known_readers.signing_keys(caller.site_id)),
        measured=measured.read_precision(caller),
        about=about,
        reason_typed=kept if about != "settings" else {},
        reason_errors=faults if about != "settings" else {},
        # What no field on the page could say is said above.
        problem=error.detail if error is not None and not set(faults) & shown else None,
        done=DONE_WORDS.get(request.args.get("done", "")) if error is None else None,
    )


def _asked_words(site: Site) -> str:
    names = [ASKED_WORDS[OpinionKind(kind)] for kind in site.asks]
    if not names:
        return NOBODY
    return f"About every reply and edit {' and '.join(names)} {'is' if len(names) == 1 else 'are'} asked."


def _kept_words(site: Site) -> str:
    texts = [site.retention[Kept.REJECTED], site.retention[Kept.SPAM]]
    told = [f"{days} {'day' if days == 1 else 'days'}" if days else "ever" for days in texts]
    return f"Texts of rejected comments are kept for {told[0]}, those of spam for {told[1]}."


def _typed_as(site: Site) -> dict[str, str]:
    """Return every setting as one would type it."""
    told = sites.settings_told(site)
    limits = told["limits"]
    lines = [f"{name}={quota}/{window}" for name, (quota, window) in limits.items()] if isinstance(limits, dict) else []
    return {
        "name": site.name,
        "origins": "\n".join(site.origins),
        "policy": site.policy.value,
        "trusted_after": str(site.trusted_after),
        "limits": "off" if limits == "off" else "\n".join(lines),
        "max_depth": str(site.max_depth),
        "revise_minutes": f"{site.revise_window.total_seconds() / 60:g}",
        "flag_threshold": str(site.flag_threshold),
        "close_after_days": str(told["close_after_days"] or 0),
        "spam_threshold": f"{site.spam_threshold or 0:g}",
        "late_after_minutes": str(told["late_after_minutes"] or 0),
    }


def _whole(name: str, text: str) -> int:
    digits = text.strip().replace(",", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Invalid(name, "wrong_type", "Write a whole number, such as 3.")
    return int(digits)


def _share(text: str) -> float:
    try:
        share = float(text.strip().replace(",", "."))
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise Invalid("spam_threshold", "wrong_type", "Write a number, such as 0.95.")
    return share


def _policy(text: str) -> Policy:
    try:
        return Policy(text)
    except ValueError:
        raise Invalid("policy", "not_a_choice", "Choose one of the list.") from None


def _limits(text: str) -> str:
    words = ",".join(part.strip() for part in text.replace(",", "\n").splitlines() if part.strip())
    return words.lower() if words.lower() == "off" else words or "default"


READ_AS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "name": lambda text: {"name": text},
    "origins": lambda text: {"origins": text.split()},
    "policy": lambda text: {"policy": _policy(text)},
    "trusted_after": lambda text: {"trusted_after": _whole("trusted_after", text)},
    "limits": lambda text: {"limits": _limits(text)},
    "max_depth": lambda text: {"max_depth": _whole("max_depth", text)},
    "revise_minutes": lambda text: {"revise_window": timedelta(minutes=_whole("revise_minutes", text))},
    "flag_threshold": lambda text: {"flag_threshold": _whole("flag_threshold", text)},
    "close_after_days": lambda text: {"close_after_days": _whole("close_after_days", text)},
    "spam_threshold": lambda text: {"spam_threshold": _share(text)},
    "late_after_minutes": lambda text: {"late_after_minutes": _whole("late_after_minutes", text)},
}
"""How each field of the form is read, into what `change_site` takes."""


def _renamed(error: Invalid) -> Invalid:
    return Invalid.of(
        FieldFault(FORM_NAMES.get(f.field, f.field), f.code, f.detail, f.values, f.says) for f in error.faults
    )
