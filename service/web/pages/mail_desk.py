"""`/mail/decide/...` and `/mail/quiet/...`: what links in moderators' letters lead to. English, as the desk."""

from __future__ import annotations

from flask import Response, request

from service.actions import mail_choices
from service.actions.body import link_targets, plain_text
from service.actions.mail_choices import Offer
from service.domain.errors import Claimed, Forbidden, Invalid, StaleDecision
from service.domain.life import Action
from service.web.pages.mail_links import Page, blueprint, link_page
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

__all__ = ["blueprint"]

BUTTONS = {Action.APPROVE: "Approve", Action.REJECT: "Reject"}
DONE = {Action.APPROVE: "Approved: readers see it now.", Action.REJECT: "Rejected: readers do not see it."}


@blueprint.get("/decide/<token>")
def show_decision(token: str) -> Response:
    """Show the comment and a button; nothing is decided by looking."""
    try:
        offer = mail_choices.read_offer(token, now=utc_now())
    except Forbidden as refusal:
        return _refused(refusal)
    return _offered(offer)


@blueprint.post("/decide/<token>")
def decide(token: str) -> Response:
    """Decide as the moderator whose letter it is; where the comment is another by now, say what happened instead."""
    reason = request.form.get("reason", "")
    try:
        offer = mail_choices.decide_by_link(token, reason=reason, now=utc_now())
    except Invalid as error:
        return _offered(mail_choices.read_offer(token, now=utc_now()), reason=reason, fault=error.detail)
    except (Forbidden, StaleDecision, Claimed) as refusal:
        return _refused(refusal)
    return _page(offer, Page(DONE[offer.action]))


@blueprint.get("/quiet/<token>")
def show_ending(token: str) -> Response:
    """Ask whether no more letters about a site are to be sent to a moderator."""
    ending = mail_choices.read_ending(token, now=utc_now())
    if ending.is_done:
        return link_page(Page(f"You get no emails about {ending.site.name} already."))
    return link_page(Page(f"No more emails about {ending.site.name}?", button="No more emails"))


@blueprint.post("/quiet/<token>")
def quiet(token: str) -> Response:
    """End a moderator's letters about a site, also for a mailbox that posts by itself (RFC 8058)."""
    ending = mail_choices.end(token, now=utc_now())
    if ending.is_done:
        return link_page(Page(f"You get no emails about {ending.site.name} already."))
    again = "At the desk, under your account, you can choose them again."
    return link_page(Page(f"No more emails about {ending.site.name} will come.", (again,)))


def _offered(offer: Offer, *, reason: str = "", fault: str = "") -> Response:
    if not offer.is_good:
        status = offer.item.comment.standing.status.value
        told = (
            f"Since the email was written it was changed or decided on; it is {status} now. Nothing was changed here."
        )
        return _page(offer, Page("This comment is not what it was.", (told,)))
    button = BUTTONS[offer.action]
    shown = Page(f"{button} this reply?", (f"You decide as {offer.caller.name} on {offer.site.name}.",), button)
    return _page(offer, shown, reason=reason, fault=fault, status=422 if fault else 200)


def _page(offer: Offer, shown: Page, *, reason: str = "", fault: str = "", status: int = 200) -> Response:
    item = offer.item
    return link_page(
        shown,
        status,
        template="mail_decide.html",
        author=item.comment.author_name,
        website=item.comment.author_url or "",
        article=item.article.title or item.article.key,
        text=plain_text(item.revision.body_html) if offer.is_good else "",
        targets=link_targets(item.revision.body_html),
        signals=[signal.detail for signal in item.signals if signal.detail],
        wants_reason=offer.action is Action.REJECT,
        reason=reason,
        fault=fault,
        at_the_desk=f"/desk/comments/{item.comment.id}",
    )


def _refused(refusal: Forbidden | StaleDecision | Claimed) -> Response:
    return link_page(Page("Nothing was decided.", (refusal.detail,)), ERROR_CODES[refusal.code].status)
