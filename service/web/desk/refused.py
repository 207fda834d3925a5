"""Refusals at the desk, with its menu around them: what happened, how to go on, and what was typed."""

from __future__ import annotations

from flask import Response, request

from service.domain.errors import Forbidden, NotFound, PostbagError, RateLimited, StoreUnavailable
from service.web.auth import StaleForm, check_same_origin
from service.web.desk.interrupted import Interrupted, can_be_sent_again
from service.web.desk.shell import desk, own_path
from service.web.problems import ERROR_CODES, InternalError, MethodNotAllowed, problem_headers

LATER = (RateLimited, StoreUnavailable, InternalError)
"""What may be right the next time, with nothing changed by the person."""


def refused_at_the_desk(error: PostbagError) -> Response:
    """Return a refusal as a page of the desk; a form that may be sent once more stands there as it was filled in."""
    again = Interrupted.from_request() if isinstance(error, (*LATER, StaleForm)) and _may_show_form() else None
    if isinstance(error, StaleForm) and again is not None:
        return send_again(again, "This page was opened in an earlier session.", ERROR_CODES[error.code].status)
    title, detail, hint = _words(error)
    is_later = isinstance(error, LATER)
    response = desk(
        "problem.html",
        ERROR_CODES[error.code].status,
        is_away=isinstance(error, StoreUnavailable),
        title=title,
        detail=detail,
        hint=hint,
        again=again,
        again_words="Send again",
        retry=own_path(request.full_path.rstrip("?")) if is_later and request.method == "GET" else None,
        request_id=request.environ.get("postbag.request_id", "") if isinstance(error, InternalError) else "",
    )
    response.headers.update(problem_headers(error))
    return response


def send_again(interrupted: Interrupted, why: str, status: int = 200) -> Response:
    """Return a page that shows what was being sent, with a button that sends it."""
    return desk("send_again.html", status, again=interrupted, why=why)


def waiting_words(error: RateLimited) -> str:
    """Return how long to wait, in seconds or minutes."""
    seconds = error.retry_after
    number, unit = (seconds, "second") if seconds < 100 else (round(seconds / 60), "minute")
    return f"Wait {number} {unit}{'' if number == 1 else 's'}, then try again."


def _may_show_form() -> bool:
    try:
        # Another site's form must not wait here for somebody to send it.
        check_same_origin()
    except Forbidden:
        return False
    return can_be_sent_again()


def _words(error: PostbagError) -> tuple[str, str, str]:
    """Return (title, what happened, how to go on)."""
    match error:
        case StoreUnavailable():
            return "The database does not answer", "Nothing was changed.", "It is mostly back within seconds."
        case RateLimited():
            return "That was a lot in a short time", "Nothing was changed.", waiting_words(error)
        case InternalError():
            return "Something went wrong", "This is a fault of the service, not yours.", ""
        case MethodNotAllowed():
            return "There is no page here", "This address only takes forms.", ""
        case NotFound():
            is_told = error.detail != NotFound.default_detail
            detail = error.detail if is_told else "Nothing has this address."
            return "There is nothing here", detail, "" if is_told else "A part of the address may be missing."
        case Forbidden():
            return "You may not do this", error.detail, "An admin of the site can change what you may do."
        case _:
            return "This cannot be read", error.detail, "Go back, and try it in another way."
