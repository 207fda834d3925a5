"""`/desk/site/retention`: how long the site keeps what, and what has gone last."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Response, request

from service.actions import retention, sites
from service.domain.errors import FieldFault, Invalid, PostbagError
from service.domain.permissions import Permission
from service.domain.retention import LEAST_DAYS, MOST_DAYS, Kept
from service.domain.writing import Faults
from service.web.auth import the_caller
from service.web.desk.filters import own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_retention", __name__, url_prefix="/desk/site/retention")

WORDS: Mapping[Kept, tuple[str, str]] = {
    Kept.REJECTED: (
        "Texts of rejected comments",
        "Since the last decision. That there was a comment, and what was decided, stays; words and name are gone.",
    ),
    Kept.SPAM: ("Texts of spam", "In the same way. What the filter has learned of it stays."),
    Kept.UNPROVEN_EMAILS: (
        "E-mail addresses that nobody has proven to be theirs",
        "Since their author’s last comment. Whoever proves the address later still finds what they wrote.",
    ),
    Kept.CLIENT_KEYS: (
        "Keys of networks",
        "By which a campaign, votes and flags from one place are known; they say nothing of the address itself.",
    ),
    Kept.LOG: (
        "Words and names in the log",
        f"Reasons, notes, and who did it. What was done, when and on what stays. At least {LEAST_DAYS[Kept.LOG]} days.",
    ),
}
COUNTED = {
    Kept.REJECTED: "texts of rejected comments",
    Kept.SPAM: "texts of spam",
    Kept.UNPROVEN_EMAILS: "addresses",
    Kept.CLIENT_KEYS: "keys of networks",
    Kept.LOG: "entries of the log",
}


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show() -> Response:
    """Answer with the days and the last run; only admins get a button."""
    return _page()


@blueprint.post("")
@desk_page(Permission.CHANGE_SITE)
def change() -> Response:
    """Change what was typed otherwise than the form had it, so that nothing a colleague saved meanwhile is undone."""
    caller, form, faults = the_caller(), request.form, Faults()
    given: dict[str, int | None] = {}
    for kept in Kept:
        typed = form.get(kept.value, "").strip()
        if kept.value in form and typed != form.get(f"was.{kept.value}", "").strip():
            given[kept.value] = faults.gather(partial(_days, kept, typed), None)
    try:
        faults.raise_if_any()
        sites.change_site(caller.site_slug, retention=given, actor=caller.actor, now=utc_now())
    except Invalid as error:
        return _page(Invalid.of(_renamed(fault) for fault in error.faults))
    return seen_at(own_address("/desk/site/retention", done="1"))


def _days(kept: Kept, typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 9):
        raise Invalid(kept.value, "wrong_type", "Write a whole number of days, or nothing for ever.")
    return int(typed)


def _renamed(fault: FieldFault) -> FieldFault:
    words = fault.detail.replace("or null for ever", "or nothing for ever")
    return FieldFault(fault.field.removeprefix("retention."), fault.code, words)


def _page(error: PostbagError | None = None) -> Response:
    caller = the_caller()
    site = sites.read_site(caller, now=utc_now())
    there = {kept.value: "" if days is None else str(days) for kept, days in site.retention.items()}
    typed = request.form if error is not None else {}
    return desk(
        "retention.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site=site,
        words=WORDS,
        counted=COUNTED,
        was={name: typed.get(f"was.{name}", days) for name, days in there.items()},
        typed={name: typed.get(name, days) for name, days in there.items()},
        most_days=MOST_DAYS,
        last=retention.last_run(caller.site_id),
        errors=by_field(error.faults) if isinstance(error, Invalid) else {},
        done=error is None and "done" in request.args,
    )
