"""`/desk/moderators`: who moderates a site; and the page behind an invitation's link."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, request

from service.actions import invitations
from service.domain.errors import Invalid, PostbagError
from service.domain.permissions import Permission, Role
from service.web.auth import check_csrf, check_same_origin, signed_in_if_any, the_caller
from service.web.desk.shell import SIGN_IN, desk, desk_page, seen_at
from service.web.origins import base_url
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_moderators", __name__, url_prefix="/desk")


@blueprint.get("/moderators")
@desk_page(Permission.MANAGE_MODERATORS)
def show() -> Response:
    """Answer with who moderates the site, and who is invited to."""
    return _page()


@blueprint.post("/moderators")
@desk_page(Permission.MANAGE_MODERATORS)
def act() -> Response:
    """Invite somebody, call an invitation back, change a role, or take it."""
    caller, now, form = the_caller(), utc_now(), request.form
    try:
        match form.get("do"):
            case "invite":
                role = _role(form.get("role", ""))
                invited = invitations.invite(
                    caller.site_slug, name=form.get("name", ""), role=role, now=now, actor=caller.actor
                )
                return _page(invited=invited, link=f"{base_url()}/desk/invitations/{invited.token}")
            case "call_back":
                invitations.call_back(caller.site_id, _id(form.get("invitation")), actor=caller.actor, now=now)
            case "change":
                role = _role(form.get("role", ""))
                moderator_id = _id(form.get("moderator"))
                invitations.change_role(caller.site_id, moderator_id, role, actor=caller.actor, now=now)
            case "remove":
                invitations.remove(caller.site_id, _id(form.get("moderator")), actor=caller.actor, now=now)
            case _:
                raise Invalid("do", "not_a_choice", "This form does not say what to do.")
    except PostbagError as error:
        return _page(error)
    return seen_at(f"/desk/moderators?site={caller.site_slug}")


@blueprint.get("/invitations/<token>")
def invitation(token: str) -> Response:
    """Answer with what is offered; nothing is accepted by looking."""
    return _offer(token)


@blueprint.post("/invitations/<token>")
def accept(token: str) -> Response:
    """Accept with the account that is signed in, or with a new one, which then signs in."""
    check_same_origin()
    signed_in = signed_in_if_any()
    form = request.form
    try:
        if signed_in is not None:
            check_csrf(signed_in)
            offer = invitations.read_invitation(token, now=utc_now())
            invitations.accept(token, signed_in.moderator_id, now=utc_now())
            return seen_at(f"/desk?site={offer.site_slug}")
        offer = invitations.read_invitation(token, now=utc_now())
        invitations.accept_with_new_account(
            token,
            name=form.get("name", ""),
            email=form.get("email", ""),
            password=form.get("password", ""),
            now=utc_now(),
        )
    except Invalid as error:
        return _offer(token, error)
    return seen_at(f"{SIGN_IN}?{urlencode({'next': f'/desk?site={offer.site_slug}', 'new': ''})}")


def _page(error: PostbagError | None = None, *, invited: invitations.Invited | None = None, link: str = "") -> Response:
    caller = the_caller()
    team = invitations.read_team(caller.site_id, now=utc_now())
    return desk(
        "moderators.html",
        200 if error is None else ERROR_CODES[error.code].status,
        team=team,
        roles=list(Role),
        invited=invited,
        link=link,
        name=request.form.get("name", "") if error is not None else "",
        errors=by_field(error.faults) if isinstance(error, Invalid) else {},
        problem=None if error is None or isinstance(error, Invalid) else error.detail,
    )


def _offer(token: str, error: Invalid | None = None) -> Response:
    offer = invitations.read_invitation(token, now=utc_now())
    response = desk(
        "invitation.html",
        200 if error is None else ERROR_CODES[error.code].status,
        offer=offer,
        token=token,
        values=request.form,
        errors={} if error is None else by_field(error.faults),
    )
    # The address is a key, and its form is posted: `no-referrer` would make the browser send `Origin: null` with it.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError as fault:
        raise Invalid("role", "not_a_choice", f"A role is one of: {', '.join(Role)}.") from fault


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)
