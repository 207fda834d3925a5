"""`/desk/account`: one's name, password, second factor and sessions."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, request
from markupsafe import Markup

from service.actions import accounts, mail_choices
from service.domain.errors import Invalid
from service.domain.letters import MailChoice, check_mail_choice
from service.web.desk.browsers import browser_words
from service.web.desk.shell import ACCOUNT, desk, desk_page, seen_at, the_signed_in
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_account", __name__, url_prefix=ACCOUNT)

NOTICES = {
    "name": "Your name is changed.",
    "password": "Your password is changed, and your other sessions have ended.",
    "mail": "Your emails are chosen.",
    "off": "The second factor is off.",
    "session": "That session has ended.",
    "others": "Your other sessions have ended.",
}

MAIL_WORDS = {
    MailChoice.NONE: "None",
    MailChoice.AT_ONCE: "At once, for each reply that waits",
    MailChoice.DIGEST: "Once a day, where anything waits",
    MailChoice.LATE: "Only when the queue is late",
}


@blueprint.get("")
@desk_page(None)
def show() -> Response:
    """Answer with the account."""
    return _page(notice=NOTICES.get(request.args.get("done", "")))


@blueprint.post("/name")
@desk_page(None)
def rename() -> Response:
    """Change the name that colleagues read."""
    try:
        accounts.rename(the_signed_in().moderator_id, request.form.get("name", ""))
    except Invalid as error:
        return _page(error, name=request.form.get("name", ""))
    return _done("name")


@blueprint.post("/password")
@desk_page(None)
def change_password() -> Response:
    """Change the password; every other session ends."""
    signed_in = the_signed_in()
    old, new = request.form.get("old_password", ""), request.form.get("new_password", "")
    try:
        accounts.change_password(signed_in.moderator_id, old, new, session_id=signed_in.session_id, now=utc_now())
    except Invalid as error:
        return _page(error)
    return _done("password")


@blueprint.post("/second-factor")
@desk_page(None)
def second_factor() -> Response:
    """Offer a second factor, put one into force with a code, or take it out with the password."""
    moderator_id = the_signed_in().moderator_id
    step = request.form.get("step", "")
    try:
        if step == "offer":
            return _offered(accounts.offer_second_factor(moderator_id))
        if step == "prove":
            sealed, code = request.form.get("sealed", ""), request.form.get("code", "")
            codes = accounts.turn_on_second_factor(moderator_id, sealed, code, now=utc_now())
            return desk("recovery_codes.html", codes=codes)
        accounts.turn_off_second_factor(moderator_id, request.form.get("password", ""), now=utc_now())
    except accounts.WrongCode as error:
        return _offered(error.offer, error)
    except Invalid as error:
        return _page(error)
    return _done("off")


@blueprint.post("/sessions")
@desk_page(None)
def end_sessions() -> Response:
    """End one of one's sessions, or all but this one."""
    signed_in = the_signed_in()
    given = request.form.get("session", "")
    if given == "others":
        accounts.end_other_sessions(signed_in.moderator_id, signed_in.session_id)
        return _done("others")
    try:
        accounts.end_session(signed_in.moderator_id, UUID(given))
    except ValueError:
        return _page(Invalid("session", "unknown", "There is no such session."))
    return _done("session")


@blueprint.post("/mail")
@desk_page(None)
def choose_mail() -> Response:
    """Change which emails one gets about one's sites."""
    signed_in = the_signed_in()
    try:
        chosen = {
            one.site_slug: check_mail_choice("mail", request.form[f"mail-{one.site_slug}"])
            for one in signed_in.memberships
            if f"mail-{one.site_slug}" in request.form
        }
    except Invalid as error:
        return _page(error)
    mail_choices.choose(signed_in.moderator_id, chosen, now=utc_now())
    return _done("mail")


def _done(what: str) -> Response:
    """Lead back to the account, and to the site whose menu is around it."""
    asked = {name: request.args[name] for name in ("site",) if name in request.args}
    return seen_at(f"{ACCOUNT}?{urlencode(asked | {'done': what})}")


def _offered(offer: accounts.SecondFactorOffer, error: Invalid | None = None) -> Response:
    errors = {} if error is None else by_field(error.faults)
    status = 200 if error is None else ERROR_CODES[error.code].status
    # Drawn from our own address.
    qr = Markup(offer.qr_svg)  # noqa: S704
    return desk("second_factor_offer.html", status, offer=offer, qr=qr, errors=errors)


def _page(error: Invalid | None = None, *, notice: str | None = None, name: str | None = None) -> Response:
    signed_in = the_signed_in()
    view = accounts.read_account(signed_in.moderator_id, now=utc_now())
    return desk(
        "account.html",
        200 if error is None else ERROR_CODES[error.code].status,
        account=view,
        name=view.name if name is None else name,
        here=signed_in.session_id,
        browser_words=browser_words,
        mail=mail_choices.read_choices(signed_in.moderator_id),
        mail_words=MAIL_WORDS,
        errors={} if error is None else by_field(error.faults),
        notice=notice,
    )
