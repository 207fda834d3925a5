"""`/receipts/{token}`: the author's page. A form can only post, so revising and withdrawing are one field apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from service.actions.appeal import appeal
from service.actions.mine import ask_for_mine, ask_to_prove, is_offered_to
from service.actions.proven import is_of
from service.actions.receipts import Receipt, read_receipt, revise_comment, withdraw_comment
from service.actions.subscriptions import ask, state_of, stop
from service.actions.vouch import may_vouch, vouch
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.letters import check_subscription_kind
from service.domain.life import Status
from service.web.languages import language, say, speak
from service.web.own_browser import author_cookie
from service.web.pages.reply_form import Problem
from service.web.pages.words import by_field, explanation, heading
from service.web.problems import ERROR_CODES, problem_headers
from service.web.responses import page
from service.web.times import utc_now
from service.web.views import avatar_path

blueprint = Blueprint("receipt_page", __name__, url_prefix="/receipts")

MAIL_ACTIONS = frozenset({"mail", "no_mail"})
NOTICES = {"revised": "page.changesSent", "unchanged": "page.unchanged"}
LETTERS = {"prove": ask_to_prove, "mine": ask_for_mine}
LETTERS_SENT = {"prove": "mail.mailSent", "mine": "page.mineSent"}
"""What asks for a letter, and what is said once it is on its way."""


@dataclass
class Form:
    """The forms to revise and to appeal, with everything typed; the faults are of one of them."""

    action: str
    values: dict[str, str]
    is_appeal: bool = False
    is_letter: bool = False
    is_mail: bool = False
    is_vouching: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)
    problem: Problem | None = None


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """Answer with what became of the comment; raises NotFound for a token that was never given out."""
    speak()
    receipt = read_receipt(token, now=utc_now())
    form = Form(url_for(".act", token=token), {"body": receipt.revision.body_raw})
    done = request.args.get("done", "")
    # The address is kept and opened again later, when the notice may no longer be what there is to say.
    is_fresh = receipt.may_revise and _status(receipt) is Status.PENDING
    notice = NOTICES.get(done) if is_fresh else None
    if done == "vouched" and receipt.comment.is_proven and _status(receipt) in {Status.PENDING, Status.APPROVED}:
        notice = "page.vouched"
    return _page(receipt, form, notice=LETTERS_SENT.get(done, notice))


@blueprint.post("/<token>")
def act(token: str) -> Response:
    """Revise, withdraw, appeal, vouch or ask for a letter, then lead back; a refusal shows everything that was typed.

    Whoever has the address may do this, so the address is also what a forged request would have to know.
    """
    speak()
    typed = {name: request.form.get(name, "") for name in ("body", "text")}
    action = request.form.get("action")
    try:
        if action == "withdraw":
            withdraw_comment(token, now=utc_now())
            return _seen_at(url_for(".show", token=token))
        if action in MAIL_ACTIONS:
            return _wished(token, action)
        if action == "appeal":
            appeal(token, typed["text"], client_address=request.remote_addr, now=utc_now())
            return _seen_at(url_for(".show", token=token))
        if action in LETTERS:
            LETTERS[action](token, language=language(), client_address=request.remote_addr, now=utc_now())
            return _seen_at(url_for(".show", token=token, done=action))
        if action == "vouch":
            known_by = author_cookie(read_receipt(token, now=utc_now()).site.slug)
            vouch(token, known_by, client_address=request.remote_addr, now=utc_now())
            return _seen_at(url_for(".show", token=token, done="vouched"))
        before = read_receipt(token, now=utc_now()).comment.standing.revision
        receipt = revise_comment(token, typed["body"], client_address=request.remote_addr, now=utc_now())
        done = "unchanged" if receipt.comment.standing.revision == before else "revised"
    except NotFound:
        raise
    except PostbagError as error:
        return _refused(token, typed, error, action=action)
    return _seen_at(url_for(".show", token=token, done=done))


def _wished(token: str, action: str) -> Response:
    about, now = check_subscription_kind("about", request.form.get("about", "")), utc_now()
    if action == "mail":
        ask(token, about, language=language(), client_address=request.remote_addr, now=now)
    else:
        stop(token, about, now=now)
    return _seen_at(f"{url_for('.show', token=token)}#mail")


def _seen_at(address: str) -> Response:
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def _refused(token: str, typed: dict[str, str], error: PostbagError, *, action: str | None) -> Response:
    receipt = read_receipt(token, now=utc_now())
    is_revision = action not in {"appeal", "vouch", *LETTERS, *MAIL_ACTIONS}
    form = Form(url_for(".act", token=token), typed if is_revision else typed | {"body": receipt.revision.body_raw})
    form.is_appeal, form.is_letter, form.is_mail = action == "appeal", action in LETTERS, action in MAIL_ACTIONS
    form.is_vouching = action == "vouch"
    if isinstance(error, Invalid):
        form.errors = by_field(error.faults)
    else:
        form.problem = Problem(heading(error), explanation(error))
    response = _page(receipt, form, status=ERROR_CODES[error.code].status)
    response.headers.update(problem_headers(error))
    return response


def _page(receipt: Receipt, form: Form, *, notice: str | None = None, status: int = 200) -> Response:
    known_by, now = author_cookie(receipt.site.slug), utc_now()
    html = render_template(
        "receipt.html",
        receipt=_view(receipt) | {"may_vouch": may_vouch(receipt, known_by, now=now)},
        is_known=is_of(receipt.author, known_by, now=now),
        form=form,
        notice=notice and say(notice),
        letters=is_offered_to(receipt.comment.author_id),
    )
    response = page(html, status)
    response.headers["X-Robots-Tag"] = "noindex"
    # The address is a key: not even another page of this host may learn it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _status(receipt: Receipt) -> Status:
    """Return what the author is told: a comment that readers have flagged is published until it is decided on."""
    comment = receipt.comment
    return Status.APPROVED if comment.standing.is_reported else comment.status_for_author


def _view(receipt: Receipt) -> dict[str, Any]:
    comment, article = receipt.comment, receipt.article
    anchor = f"comment-{comment.id}"
    shown = url_for("discussion.show", site=receipt.site.slug, article=article.key, comment=comment.id)
    return {
        "status": _status(receipt).value,
        "revision": comment.standing.revision,
        "published_revision": comment.standing.published_revision,
        "author_name": comment.author_name,
        "avatar": avatar_path(comment.avatar),
        "body_html": receipt.revision.body_html,
        "body_raw": receipt.revision.body_raw,
        "submitted_at": comment.created_at,
        "edit_until": comment.edit_until,
        "may_revise": receipt.may_revise,
        "may_withdraw": receipt.may_withdraw,
        "may_appeal": receipt.may_appeal,
        "mail": {kind.value: state.value for kind, state in (state_of(receipt) or {}).items()},
        "is_appealed": comment.appealed_at is not None,
        "reason": comment.reason,
        "article": article,
        "site_name": receipt.site.name,
        "permalink": f"{shown}#{anchor}" if comment.standing.is_published else None,
    }
