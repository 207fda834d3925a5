"""`/v1/receipts/{token}`: the author sees, revises and withdraws their own comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from service.actions.appeal import appeal
from service.actions.mine import ask_for_mine, ask_to_prove
from service.actions.receipts import Receipt, read_receipt, revise_comment, withdraw_comment
from service.actions.subscriptions import ask, state_of, stop
from service.actions.vouch import vouch
from service.domain.letters import check_subscription_kind
from service.domain.life import Status
from service.domain.limits import Verdict
from service.web.documentation import answers, described
from service.web.languages import language, speak
from service.web.limit_headers import limit_headers
from service.web.origins import open_to_any_page
from service.web.parsing import ApiBlueprint
from service.web.responses import add_headers, json_response
from service.web.schemas.public import AppealSchema, MailWishSchema, ReceiptSchema, RevisionSchema, VouchingSchema
from service.web.times import rfc3339, utc_now
from service.web.views import article_view, author_view

blueprint = ApiBlueprint("receipts", __name__, url_prefix="/v1/receipts", description="The author's own comment.")


@blueprint.get("/<token>")
@open_to_any_page
@blueprint.response(200, ReceiptSchema)
@answers("not_found", "store_unavailable")
@described("readReceipt", "See what became of a comment")
def show(token: str) -> Response:
    """The token is the author's capability; no other sign-in is needed."""
    return json_response(_view(read_receipt(token, now=utc_now())))


@blueprint.patch("/<token>")
@open_to_any_page
@blueprint.arguments(RevisionSchema, location="json")
@blueprint.response(200, ReceiptSchema)
@answers(
    "malformed_json", "forbidden", "not_found", "stale_decision", "too_large", "unsupported_media_type", "invalid",
    "rate_limited", "store_unavailable",
)  # fmt: skip
@described("reviseComment", "Revise a comment within its window")
def revise(sent: dict[str, Any], token: str) -> Response:
    """The new revision waits for review; what was approved before stays published until then."""
    receipt = revise_comment(token, sent["body"], client_address=request.remote_addr, now=utc_now())
    if receipt.verdict is not None:
        add_headers(limit_headers(receipt.verdict))
    return json_response(_view(receipt))


@blueprint.post("/<token>/appeal")
@open_to_any_page
@blueprint.arguments(AppealSchema, location="json")
@blueprint.response(200, ReceiptSchema)
@answers(
    "malformed_json", "forbidden", "not_found", "stale_decision", "too_large", "unsupported_media_type", "invalid",
    "rate_limited", "store_unavailable",
)  # fmt: skip
@described("appeal", "Ask for another look at a comment that was turned down")
def ask_again(sent: dict[str, Any], token: str) -> Response:
    """The comment waits again, marked with what its author says; that is possible once."""
    receipt = appeal(token, sent["text"], client_address=request.remote_addr, now=utc_now())
    if receipt.verdict is not None:
        add_headers(limit_headers(receipt.verdict))
    return json_response(_view(receipt))


@blueprint.post("/<token>/prove")
@open_to_any_page
@blueprint.response(202)
@answers("not_found", "rate_limited", "store_unavailable")
@described("askToProve", "Have a letter sent that proves the address")
def ask_for_proof(token: str) -> Response:
    """It goes to the address of the reply. Where the service sends no mail the answer is `not_found`."""
    return _letter(ask_to_prove, token)


@blueprint.post("/<token>/vouch")
@open_to_any_page
@blueprint.arguments(VouchingSchema, location="json")
@blueprint.response(200, ReceiptSchema)
@answers(
    "malformed_json", "forbidden", "not_found", "stale_decision", "too_large", "unsupported_media_type", "invalid",
    "store_unavailable",
)  # fmt: skip
@described("vouchForComment", "Say that a comment is by whoever has proven its address")
def vouch_for(sent: dict[str, Any], token: str) -> Response:
    """For what was sent without the author's token and waits. Where nothing but the site's policy held it, it is
    published; else it waits on.
    """
    receipt = vouch(token, sent["author_token"], client_address=request.remote_addr, now=utc_now())
    return json_response(_view(receipt))


@blueprint.post("/<token>/mine")
@open_to_any_page
@blueprint.response(202)
@answers("not_found", "rate_limited", "store_unavailable")
@described("askForMine", "Have a letter sent with a link to everything that was written with the address")
def ask_for_everything(token: str) -> Response:
    """It goes to the address of the reply. Where the service sends no mail the answer is `not_found`."""
    return _letter(ask_for_mine, token)


@blueprint.post("/<token>/mail")
@open_to_any_page
@blueprint.arguments(MailWishSchema, location="json")
@blueprint.response(200, ReceiptSchema)
@answers(
    "malformed_json", "forbidden", "not_found", "too_large", "unsupported_media_type", "invalid", "rate_limited",
    "store_unavailable",
)  # fmt: skip
@described("wishForMail", "Be told by mail, or no more")
def wish_for_mail(sent: dict[str, Any], token: str) -> Response:
    """The letters are in the language of this request. All but the decision are first confirmed by a link in one."""
    speak()
    about = check_subscription_kind("about", sent["about"])
    now = utc_now()
    if sent["wanted"]:
        receipt = ask(token, about, language=language(), client_address=request.remote_addr, now=now)
    else:
        receipt = stop(token, about, now=now)
    if receipt.verdict is not None:
        add_headers(limit_headers(receipt.verdict))
    return json_response(_view(receipt))


@blueprint.delete("/<token>")
@open_to_any_page
@blueprint.response(204)
@answers("not_found", "stale_decision", "store_unavailable")
@described("withdrawComment", "Withdraw a comment")
def withdraw(token: str) -> Response:
    """The text is gone for good; where there are published replies, a tombstone stays. Twice is the same as once."""
    withdraw_comment(token, now=utc_now())
    response = Response(status=204)
    del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    return response


def _letter(ask: Callable[..., Verdict], token: str) -> Response:
    speak()
    verdict = ask(token, language=language(), client_address=request.remote_addr, now=utc_now())
    add_headers(limit_headers(verdict))
    response = Response(status=202)
    del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    return response


def _view(receipt: Receipt) -> dict[str, Any]:
    comment, mail = receipt.comment, state_of(receipt)
    return {
        "id": str(comment.id),
        "parent_id": None if comment.parent_id is None else str(comment.parent_id),
        "depth": comment.depth,
        "author": None if comment.standing.status is Status.DELETED else author_view(comment),
        "status": comment.status_for_author.value,
        "revision": comment.standing.revision,
        "published_revision": comment.standing.published_revision,
        "body": receipt.revision.body_raw,
        "body_html": receipt.revision.body_html,
        "reason": comment.reason,
        "article": article_view(receipt.article, receipt.article.key, site=receipt.site, now=utc_now()),
        "submitted_at": rfc3339(comment.created_at),
        "edit_until": rfc3339(comment.edit_until),
        "may_revise": receipt.may_revise,
        "may_withdraw": receipt.may_withdraw,
        "may_appeal": receipt.may_appeal,
        "address_proven": comment.is_proven,
        "appealed_at": None if comment.appealed_at is None else rfc3339(comment.appealed_at),
        "mail": None if mail is None else {kind.value: state.value for kind, state in mail.items()},
    }
