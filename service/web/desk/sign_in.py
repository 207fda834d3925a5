"""`/desk/sign-in`: address and password, then a code where one is set up; and the way back to what was interrupted."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, request

from service.actions.desk_sessions import find_signed_in
from service.actions.sign_in import SecondStep, finish_sign_in, sign_in, sign_out
from service.domain.errors import Invalid, PostbagError, RateLimited, StoreUnavailable
from service.web.auth import check_csrf, check_same_origin, session_cookie, signed_in_if_any
from service.web.desk.interrupted import Interrupted
from service.web.desk.refused import send_again, waiting_words
from service.web.desk.shell import SIGN_IN, desk, own_path, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES, problem_headers
from service.web.times import utc_now

blueprint = Blueprint("desk_sign_in", __name__)

COOKIE_DAYS = 14


@blueprint.get(SIGN_IN)
def show() -> Response:
    """Answer with the form, or lead on whoever is signed in already."""
    place = own_path(request.args.get("next"))
    if signed_in_if_any() is not None:
        return seen_at(place)
    # A cookie that opens nothing any more is that of a session which ended; signing out takes it away.
    has_ended = session_cookie() in request.cookies
    return _form(Interrupted(place, place, []), has_ended=has_ended)


@blueprint.post(SIGN_IN)
def act() -> Response:
    """Sign in, and lead back; what was being sent when the session ended is shown once more, to be sent again."""
    check_same_origin()
    interrupted = Interrupted.from_sign_in()
    sealed = request.form.get("sealed", "")
    browser = request.user_agent.string
    try:
        if sealed:
            code = request.form.get("code", "")
            cookie = finish_sign_in(sealed, code, address=request.remote_addr, browser=browser, now=utc_now())
        else:
            email, password = request.form.get("email", ""), request.form.get("password", "")
            outcome = sign_in(email, password, address=request.remote_addr, browser=browser, now=utc_now())
            if isinstance(outcome, SecondStep):
                return _code_form(interrupted, outcome.sealed)
            cookie = outcome
    except Invalid as error:
        if sealed and error.faults[0].code != "begin_again":
            return _code_form(interrupted, sealed, error)
        return _form(interrupted, error=error)
    except PostbagError as error:
        return _code_form(interrupted, sealed, error) if sealed else _form(interrupted, error=error)
    return _with_cookie(_back(interrupted, cookie), cookie)


@blueprint.post("/desk/sign-out")
def leave() -> Response:
    """End the session, also where it has ended already."""
    signed_in = signed_in_if_any()
    if signed_in is not None:
        check_csrf(signed_in)
        sign_out(signed_in.moderator_id, signed_in.session_id)
    response = seen_at(SIGN_IN)
    response.delete_cookie(session_cookie(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def ask_to_sign_in() -> Response:
    """Lead whoever is not signed in to the form, and back to where they were; a form that they posted comes along."""
    if request.method != "POST":
        return seen_at(f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')})}")
    # Another site's form must not wait here for somebody to sign in and send it.
    check_same_origin()
    return _form(Interrupted.from_request(), 401, has_ended=True)


def _back(interrupted: Interrupted, cookie: str) -> Response:
    if not interrupted.fields:
        return seen_at(interrupted.place)
    # The form has to carry the token of the session that has just begun.
    g.signed_in = find_signed_in(cookie, now=utc_now())
    return send_again(interrupted, "You are signed in.")


def _form(
    interrupted: Interrupted, status: int = 200, error: PostbagError | None = None, *, has_ended: bool = False
) -> Response:
    told = {"has_ended": has_ended, "email": request.form.get("email", ""), "is_new": "new" in request.args}
    return _shown("sign_in.html", interrupted, status, error, **told)


def _code_form(interrupted: Interrupted, sealed: str, error: PostbagError | None = None) -> Response:
    return _shown("second_factor.html", interrupted, 200, error, sealed=sealed)


def _shown(
    template: str, interrupted: Interrupted, status: int, error: PostbagError | None, **context: object
) -> Response:
    response = desk(
        template,
        status if error is None else ERROR_CODES[error.code].status,
        # Nobody is signed in here, and a database that is away is not asked once more.
        is_away=isinstance(error, StoreUnavailable),
        interrupted=interrupted,
        errors=by_field(error.faults) if isinstance(error, Invalid) else {},
        problem=_problem(error),
        **context,
    )
    if error is not None:
        response.headers.update(problem_headers(error))
    return response


def _problem(error: PostbagError | None) -> str | None:
    if error is None or (isinstance(error, Invalid) and error.faults[0].code != "begin_again"):
        return None
    return f"Too many tries. {waiting_words(error)}" if isinstance(error, RateLimited) else error.detail


def _with_cookie(response: Response, cookie: str) -> Response:
    response.set_cookie(
        session_cookie(),
        cookie,
        max_age=COOKIE_DAYS * 86_400,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response
