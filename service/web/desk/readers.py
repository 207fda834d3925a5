"""`/desk/site/readers`: what readers gain whom the site signs in itself, and the keys it signs with, as plain forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import known_readers, sites
from service.actions.known_readers import SigningKey
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.known_readers import LONGEST_LIFE, MOST_SECRETS, KeyKind, ReaderTrust
from service.domain.permissions import Permission
from service.domain.site import Policy
from service.web.auth import the_caller
from service.web.desk.filters import chosen, own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_readers", __name__, url_prefix="/desk/site/readers")

TRUST_WORDS = {
    ReaderTrust.NONE: "Nothing",
    ReaderTrust.PROVEN: "What a proven address gives",
    ReaderTrust.TRUSTED: "Trust from the first reply on",
}
DONE_WORDS = {
    "trust": "What known readers gain is saved.",
    "key_set": "The key set is saved; tokens signed with one of its keys are good from now on.",
    "end_secret": "The secret is ended: what was signed with it is refused from now on.",
    "end_set": "The key set is ended: what was signed with one of its keys is refused from now on.",
}
FIELDS = frozenset({"trust", "key_set"})


@blueprint.get("")
@desk_page(Permission.READ_SITE)
def show() -> Response:
    """Answer with the keys and what known readers gain; only admins get forms, and nobody the secrets."""
    return _page()


@blueprint.post("")
@desk_page(Permission.CHANGE_SITE)
def change() -> Response:
    """Do what a form says; a new secret stands on the answer, and on no page after it."""
    what = request.form.get("do", "")
    try:
        made = chosen(ACTIONS)()
    except (Invalid, NotFound) as error:
        return _page(error)
    if made is not None and made.secret is not None:
        return _page(secret=made.secret)
    return seen_at(own_address("/desk/site/readers", done=what))


def _set_trust() -> None:
    caller = the_caller()
    try:
        trust = ReaderTrust(request.form.get("trust", ""))
    except ValueError:
        raise Invalid("trust", "not_a_choice", "Choose one of the list.") from None
    sites.change_site(caller.site_slug, reader_trust=trust, actor=caller.actor, now=utc_now())


def _make_secret() -> SigningKey:
    caller = the_caller()
    return known_readers.make_secret(caller.site_id, actor=caller.actor, now=utc_now())


def _set_keys() -> SigningKey:
    caller, text = the_caller(), request.form.get("key_set", "")
    return known_readers.set_key_set(caller.site_id, text, actor=caller.actor, now=utc_now())


def _end_secret() -> None:
    caller = the_caller()
    try:
        secret_id = UUID(request.form.get("secret", ""))
    except ValueError:
        raise NotFound("This site has no such secret.") from None
    known_readers.end_secret(caller.site_id, secret_id, actor=caller.actor, now=utc_now())


def _end_set() -> None:
    caller = the_caller()
    known_readers.end_key_set(caller.site_id, actor=caller.actor, now=utc_now())


ACTIONS: Mapping[str, Callable[[], SigningKey | None]] = {
    "trust": _set_trust,
    "secret": _make_secret,
    "key_set": _set_keys,
    "end_secret": _end_secret,
    "end_set": _end_set,
}


def _page(error: PostbagError | None = None, *, secret: str | None = None) -> Response:
    caller = the_caller()
    site = sites.read_site(caller, now=utc_now())
    keys = known_readers.signing_keys(caller.site_id)
    errors = by_field(error.faults) if isinstance(error, Invalid) else {}
    typed = request.form if error is not None else {}
    return desk(
        "readers.html",
        200 if error is None else ERROR_CODES[error.code].status,
        site=site,
        secrets=[key for key in keys if key.kind is KeyKind.SECRET],
        key_set=next((key for key in keys if key.kind is KeyKind.KEY_SET), None),
        most_secrets=MOST_SECRETS,
        hours=int(LONGEST_LIFE.total_seconds() // 3600),
        trusts=TRUST_WORDS,
        trust=typed.get("trust", site.reader_trust.value),
        # What a policy other than `first` does with them does not depend on trust.
        trust_counts=site.policy is Policy.FIRST,
        typed_keys=typed.get("key_set", ""),
        secret=secret,
        errors=errors,
        problem=error.detail if error is not None and not errors.keys() & FIELDS else None,
        done=DONE_WORDS.get(request.args.get("done", "")) if request.method == "GET" else None,
    )
