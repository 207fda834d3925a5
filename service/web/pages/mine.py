"""An author sees, takes along and erases what they wrote: the pages behind the link in a letter.

`/mine` asks for the letter by an address; the receipt does so, too (`pages/receipt.py`). GET changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from service.actions import erase, mine
from service.actions.known_sites import known_site
from service.actions.mine import Erased
from service.actions.signed_links import BadLink
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.life import Status
from service.domain.mine import Owner, Written
from service.domain.mine_export import json_pieces
from service.web.languages import language, speak
from service.web.own_browser import drop_author_cookie
from service.web.pages.mail_links import bad_link
from service.web.pages.reply_form import Problem
from service.web.pages.words import by_field, explanation, heading
from service.web.problems import ERROR_CODES, problem_headers
from service.web.responses import page
from service.web.streaming import each_in_a_context
from service.web.times import utc_now

blueprint = Blueprint("mine", __name__)

PAGE = 50  # comments on one page; the file has all of them


@dataclass
class Form:
    """The form that asks for the letter, with the address that was typed."""

    values: dict[str, str]
    errors: dict[str, list[str]] = field(default_factory=dict)
    problem: Problem | None = None


@blueprint.errorhandler(BadLink)
def refuse(_: BadLink) -> Response:
    """Say kindly that the link is no longer good."""
    speak()
    return bad_link()


@blueprint.get("/mine")
def ask() -> Response:
    """Answer with the form that has a letter sent to whoever wrote on `?site=`."""
    speak()
    if not mine.is_offered():
        raise NotFound
    return _ask_page(Form({"email": ""}), is_sent=request.args.get("done") == "sent")


@blueprint.post("/mine")
def send() -> Response:
    """Have the letter sent, and say the same whether anything was written with the address or not."""
    speak()
    slug, typed = request.args.get("site", ""), request.form.get("email", "")
    try:
        mine.ask_for_mine_by_address(
            slug, typed, language=language(), client_address=request.remote_addr, now=utc_now()
        )
    except NotFound:
        raise
    except PostbagError as error:
        form = Form({"email": typed})
        if isinstance(error, Invalid):
            form.errors = by_field(error.faults)
        else:
            form.problem = Problem(heading(error), explanation(error))
        response = _ask_page(form, status=ERROR_CODES[error.code].status)
        response.headers.update(problem_headers(error))
        return response
    return _seen_at(url_for(".ask", site=slug, done="sent"))


@blueprint.get("/mail/mine/<token>")
def show(token: str) -> Response:
    """Answer with everything that was written with the address, or with what is left of it once it is erased."""
    speak()
    return _show(token)


@blueprint.post("/mail/mine/<token>")
def erase_all(token: str) -> Response:
    """Erase everything where that was confirmed, and lead back to the page, which then has the proof."""
    speak()
    if request.form.get("confirm") != "yes":
        return _show(token)
    done = mine.erase_mine(token, now=utc_now())
    answer = _seen_at(url_for(".show", token=token))
    drop_author_cookie(answer, done.site.slug)
    return answer


@blueprint.get("/mail/mine/<token>/<any('json', 'html'):form>")
def download(token: str, form: str) -> Response:
    """Answer with everything as a file: JSON for programs, HTML for people."""
    speak()
    now = utc_now()
    found = mine.open_mine(token, now=now)
    if isinstance(found, Erased):
        return _erased(found)
    written = mine.everything_of(found)
    if form == "json":
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        pieces = each_in_a_context(app, json_pieces(found, written, made_at=now))
        answer = Response(pieces, content_type="application/json")
        answer.headers["Cache-Control"] = "no-store"
    else:
        html = render_template("mine_file.html", owner=found, comments=map(_view, written), made_at=now)
        answer = page(html)
    return _as_file(answer, f"{found.site.slug}-comments.{form}")


@blueprint.get("/mail/mine/<token>/proof")
def download_proof(token: str) -> Response:
    """Answer with the proof as a file, once everything is erased."""
    speak()
    found = mine.open_mine(token, now=utc_now())
    if isinstance(found, Owner) or found.done is None:
        raise NotFound
    answer = Response(erase.proof(found.done), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return _as_file(answer, f"{found.site.slug}-erasure.json")


def _show(token: str) -> Response:
    found = mine.open_mine(token, now=utc_now())
    if isinstance(found, Erased):
        return _erased(found)
    written = mine.page_of(found, before=_before(), limit=PAGE)
    older = url_for(".show", token=token, before=written[-1].comment.id) if len(written) == PAGE else None
    return _private(
        render_template(
            "mine.html",
            owner=found,
            comments=[_view(one) for one in written],
            older=older,
            action=url_for(".erase_all", token=token),
            files={form: url_for(".download", token=token, form=form) for form in ("html", "json")},
        )
    )


def _before() -> UUID | None:
    try:
        return UUID(request.args.get("before", ""))
    except ValueError:
        return None


def _erased(found: Erased) -> Response:
    token = (request.view_args or {})["token"]
    href = url_for(".download_proof", token=token)
    return _private(render_template("mine_erased.html", site=found.site, done=found.done, proof_href=href))


def _ask_page(form: Form, *, is_sent: bool = False, status: int = 200) -> Response:
    slug = request.args.get("site", "")
    return _private(
        render_template(
            "mine_ask.html",
            site=known_site(slug),
            form=form,
            is_sent=is_sent,
            action=url_for(".send", site=slug),
        ),
        status,
    )


def _private(html: str, status: int = 200) -> Response:
    response = page(html, status)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _as_file(answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _seen_at(address: str) -> Response:
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _view(one: Written) -> dict[str, Any]:
    comment = one.comment
    status = Status.APPROVED if comment.standing.is_published else comment.status_for_author
    texts = one.revisions if status is not Status.DELETED else []
    return {
        "id": comment.id,
        "article": one.article,
        "name": comment.author_name,
        "status": status.value,
        "waits": comment.standing.is_waiting_edit,
        "reason": comment.reason,
        "submitted_at": comment.created_at,
        "texts": list(reversed(texts)),
        "appeal": one.appeal,
    }
