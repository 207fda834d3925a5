"""`/mail/...`: what links in letters lead to. GET shows a page with a button, POST acts; nobody signs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template

from service.actions import subscriptions
from service.actions.signed_links import BadLink
from service.web.languages import language, say, speak
from service.web.responses import page
from service.web.times import utc_now

blueprint = Blueprint("mail_links", __name__, url_prefix="/mail")


@dataclass(frozen=True)
class Page:
    """A page of a link: its heading, what it says, and what its button says where it has one."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    button: str = ""


def link_page(shown: Page, status: int = 200, *, template: str = "mail_link.html", **others: Any) -> Response:
    """Answer with the page of a link: no search engine keeps it, and its address travels nowhere."""
    html = render_template(template, shown=shown, tongue=language(), **others)
    response = page(html, status)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def bad_link() -> Response:
    """Answer to a token that was changed or is too old; what it would have done is as it was."""
    return link_page(Page(say("mail.badLink"), (say("mail.badLinkText"),)), 404)


@blueprint.get("/confirm/<token>")
def show_confirmation(token: str) -> Response:
    """Ask whether letters about a discussion are to be sent."""
    speak()
    linked = subscriptions.read_confirmation(token, now=utc_now())
    if linked.is_done:
        return link_page(Page(say("mail.alreadyConfirmed"), (say("mail.confirmedText"),)))
    heading = say("mail.confirmPage", article=linked.name)
    return link_page(Page(heading, (say("mail.confirmedText"),), say("mail.confirm")))


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> Response:
    """Begin to send letters about a discussion; the second time says so."""
    speak()
    linked = subscriptions.confirm(token, now=utc_now())
    heading = say("mail.alreadyConfirmed") if linked.is_done else say("mail.confirmed")
    return link_page(Page(heading, (say("mail.confirmedText"),)))


@blueprint.get("/stop/<token>")
def show_stop(token: str) -> Response:
    """Ask whether no more letters about a discussion are to be sent."""
    speak()
    linked = subscriptions.read_stop(token, now=utc_now())
    if linked.is_done:
        return link_page(Page(say("mail.alreadyStopped")))
    return link_page(Page(say("mail.stopPage", article=linked.name), button=say("mail.stop")))


@blueprint.post("/stop/<token>")
def stop(token: str) -> Response:
    """End the letters about a discussion, also for a mailbox that posts by itself when its reader says so (RFC 8058).

    The second time changes nothing, and says so.
    """
    speak()
    linked = subscriptions.stop_all(token, now=utc_now())
    return link_page(Page(say("mail.alreadyStopped") if linked.is_done else say("mail.stopped")))


@blueprint.errorhandler(BadLink)
def refuse(_: BadLink) -> Response:
    """Say kindly that the link is no longer good."""
    speak()
    return bad_link()
