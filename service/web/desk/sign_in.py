"""`/desk/sign-in`: address and password, then a code where one is set up; and the way back to what was interrupted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from service.actions.sign_in import SecondStep, finish_sign_in, sign_in, sign_out
from service.domain.errors import Invalid, PostbagError
from service.web.auth import check_csrf, check_same_origin, session_cookie, signed_in_if_any
from service.web.desk.shell import SIGN_IN, desk, own_path, seen_at
from service.web.pages.words import by_field
from service.web.problems import ERROR_CODES, problem_headers
from service.web.times import utc_now

blueprint = Blueprint("desk_sign_in", __name__)

COOKIE_DAYS = 14
NEVER_KEPT = frozenset({"csrf", "password", "old_password", "new_password", "code", "sealed"})


@dataclass(frozen=True)
class Interrupted:
    """Where somebody was, and the form that they had filled in there, if there was one."""

    place: str
    fields: list[tuple[str, str]]

    @property
    def written(self) -> str:
        """The fields as a hidden field carries them through signing in."""
        return json.dumps(self.fields) if self.fields else ""

    @classmethod
    def from_form(cls) -> Interrupted:
        """Return what a sign-in form carries; nothing where it was tampered with."""
        try:
            written = json.loads(request.form.get("kept") or "[]")
            kept = [(_whole_text(name), _whole_text(value)) for name, value in written]
        except (ValueError, TypeError, RecursionError):
            kept = []
        return cls(own_path(request.form.get("next")), kept)


def _whole_text(value: object) -> str:
    """Return a text that a page can hold; raises ValueError for one with lone surrogates, which JSON can name."""
    return str(value).encode().decode()


@blueprint.get(SIGN_IN)
def show() -> Response:
    """Answer with the form, or lead on whoever is signed in already."""
    place = own_path(request.args.get("next"))
    if signed_in_if_any() is not None:
        return seen_at(place)
    return _form(Interrupted(place, []))


@blueprint.post(SIGN_IN)
def act() -> Response:
    """Sign in, and lead back; what was being sent when the session ended is shown once more, to be sent again."""
    check_same_origin()
    interrupted = Interrupted.from_form()
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
        return _form(interrupted, error)
    except PostbagError as error:
        return _form(interrupted, error)
    return _with_cookie(_back(interrupted), cookie)


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


@blueprint.post("/desk/resume")
def resume() -> Response:
    """Show what was being sent when the session ended, with a button that sends it."""
    check_same_origin()
    signed_in = signed_in_if_any()
    interrupted = Interrupted.from_form()
    if signed_in is None:
        return _form(interrupted)
    return desk("resume.html", place=interrupted.place, fields=interrupted.fields)


def ask_to_sign_in() -> Response:
    """Lead whoever is not signed in to the form, and back to where they were; a form that they posted comes along."""
    if request.method != "POST":
        return seen_at(f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')})}")
    # Another site's form must not wait here for somebody to sign in and send it.
    check_same_origin()
    place = own_path(request.full_path.rstrip("?"))
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in NEVER_KEPT]
    return _form(Interrupted(place, fields), has_ended=True)


def _back(interrupted: Interrupted) -> Response:
    if not interrupted.fields:
        return seen_at(interrupted.place)
    # The new session's token is not in this request, so a page of one button fetches a form that has it.
    return desk("signed_in.html", place=interrupted.place, kept=interrupted.written)


def _form(interrupted: Interrupted, error: PostbagError | None = None, *, has_ended: bool = False) -> Response:
    return _shown("sign_in.html", interrupted, error, has_ended=has_ended, email=request.form.get("email", ""))


def _code_form(interrupted: Interrupted, sealed: str, error: PostbagError | None = None) -> Response:
    return _shown("second_factor.html", interrupted, error, sealed=sealed)


def _shown(template: str, interrupted: Interrupted, error: PostbagError | None, **context: object) -> Response:
    has_ended = context.get("has_ended", False)
    status = 401 if has_ended else 200 if error is None else ERROR_CODES[error.code].status
    response = desk(
        template,
        status,
        place=interrupted.place,
        kept=interrupted.written,
        errors=by_field(error.faults) if isinstance(error, Invalid) else {},
        problem=error.detail if error is not None and not isinstance(error, Invalid) else None,
        **context,
    )
    if error is not None:
        response.headers.update(problem_headers(error))
    return response


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
