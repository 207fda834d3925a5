"""`/mail/...`: what links in letters lead to. GET shows a page with a button, POST acts; nobody signs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template

from service.actions.signed_links import BadLink
from service.web.languages import language, say, speak
from service.web.responses import page

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


@blueprint.errorhandler(BadLink)
def refuse(_: BadLink) -> Response:
    """Say kindly that the link is no longer good."""
    speak()
    return bad_link()
