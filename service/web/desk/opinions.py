"""`/desk/site/opinions`: whom the site asks what they think of a reply, as plain forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request

from service.actions import opinions, sites
from service.actions.opinions import CALL_SECONDS, Asked, Trial
from service.actions.outbox import MOST_ATTEMPTS
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.opinions import OpinionKind
from service.domain.permissions import Permission
from service.web.auth import the_caller
from service.web.desk.filters import chosen, own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_opinions", __name__, url_prefix="/desk/site/opinions")

DONE_WORDS = {
    "ask_hook": "The address is saved; requests are signed with the secret that your server knows.",
    "ask_akismet": "Akismet is asked from the next reply on.",
    "hook_no_more": "Your server is asked no more, and the secret is forgotten.",
    "akismet_no_more": "Akismet is asked no more, and the key is forgotten.",
}
FIELDS = frozenset({"url", "key"})


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show() -> Response:
    """Answer with whom the site asks; only admins get forms, and nobody the secrets."""
    return _page()


@blueprint.post("")
@desk_page(Permission.CHANGE_SITE)
def change() -> Response:
    """Ask somebody, ask them no more, or try it; a new secret stands on the answer, and on no page after it."""
    what = request.form.get("do", "")
    try:
        came = chosen(ACTIONS)()
    except (Invalid, NotFound) as error:
        return _page(error)
    if isinstance(came, Trial):
        return _page(trial=came)
    if came is not None and came.secret is not None:
        return _page(secret=came.secret)
    return seen_at(own_address("/desk/site/opinions", done=what))


def _ask_hook() -> Asked:
    caller, url = the_caller(), request.form.get("url", "")
    return opinions.ask_a_hook(caller.site_id, url, actor=caller.actor, now=utc_now(), keep_secret=True)


def _renew_secret() -> Asked:
    caller = the_caller()
    return opinions.renew_hook_secret(caller.site_id, actor=caller.actor, now=utc_now())


def _try_hook() -> Trial:
    return opinions.try_hook(the_caller().site_id, now=utc_now())


def _ask_akismet() -> Asked:
    caller = the_caller()
    # Another server that speaks the same is set by the API; a new key is one for it.
    there = _asked().get(OpinionKind.AKISMET)
    url, key = there.url if there else None, request.form.get("key", "")
    return opinions.ask_akismet(caller.site_id, key, url=url, actor=caller.actor, now=utc_now())


def _no_more(kind: OpinionKind) -> None:
    caller = the_caller()
    opinions.ask_no_more(caller.site_id, kind, actor=caller.actor, now=utc_now())


ACTIONS: Mapping[str, Callable[[], Asked | Trial | None]] = {
    "ask_hook": _ask_hook,
    "renew_secret": _renew_secret,
    "try_hook": _try_hook,
    "hook_no_more": lambda: _no_more(OpinionKind.HOOK),
    "ask_akismet": _ask_akismet,
    "akismet_no_more": lambda: _no_more(OpinionKind.AKISMET),
}


def _asked() -> dict[OpinionKind, Asked]:
    return {asked.kind: asked for asked in opinions.who_is_asked(the_caller().site_id)}


def _page(error: PostbagError | None = None, *, secret: str | None = None, trial: Trial | None = None) -> Response:
    asked = _asked()
    hook, akismet = asked.get(OpinionKind.HOOK), asked.get(OpinionKind.AKISMET)
    errors = by_field(error.faults) if isinstance(error, Invalid) else {}
    typed = request.form if error is not None else {}
    return desk(
        "opinions.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site_name=sites.read_site(the_caller(), now=utc_now()).name,
        hook=hook,
        akismet=akismet,
        url=typed.get("url", hook.url if hook else ""),
        key=typed.get("key", ""),
        secret=secret,
        trial=trial,
        errors=errors,
        # What no field on the page could say is said above.
        problem=error.detail if error is not None and not errors.keys() & FIELDS else None,
        done=DONE_WORDS.get(request.args.get("done", "")) if request.method == "GET" else None,
        call_seconds=CALL_SECONDS,
        most_attempts=MOST_ATTEMPTS,
    )
