"""`/mail/prove/...`: an author proves an address by the link in a letter, and their browser is known from then on.

With it they can say that the reply is theirs on whose receipt the letter was asked for. GET changes nothing.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from service.actions import mine
from service.actions.signed_links import BadLink
from service.domain.article import Article
from service.domain.comment import Comment
from service.domain.queue import QueueItem
from service.web.languages import say, speak
from service.web.own_browser import keep_author_cookie
from service.web.pages.mail_links import Page, bad_link, link_page
from service.web.times import utc_now
from service.web.views import avatar_path

blueprint = Blueprint("prove", __name__, url_prefix="/mail/prove")

MOST_DIGITS = 6  # of a revision's number: nobody edits as often, and every database takes it


@blueprint.errorhandler(BadLink)
def refuse(_: BadLink) -> Response:
    """Say kindly that the link is no longer good."""
    speak()
    return bad_link()


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """Answer with the button that proves the address, and with the reply on whose receipt the letter was asked for."""
    speak()
    found = mine.look_at_proof(token, now=utc_now())
    if found.token is None:
        return _proven_before()
    shown = Page(say("mail.provePage", site=found.site.name), button=say("mail.prove"))
    return link_page(shown, template="mail_prove.html", reply=found.reply and _reply(found.reply))


@blueprint.post("/<token>")
def prove(token: str) -> Response:
    """Note the proof and let this browser be known by it; the reply is vouched for where that was ticked.

    The form says which revision of it was shown, since its author may be somebody else who has changed it meanwhile.
    """
    speak()
    found = mine.prove(token, vouched_revision=_vouched_revision(), client_address=request.remote_addr, now=utc_now())
    if found.token is None:
        return _proven_before()
    said = say("mail.provedReply" if found.vouched else "mail.provedText", site=found.site.name)
    ways: dict[str, str] = {}
    if found.reply is not None and found.vouched is not None:
        ways = _ways(found.reply.article, found.vouched, found.site.slug)
        if not found.vouched.standing.is_published:
            said = f"{said} {say('page.waitsText')}"
    response = link_page(Page(say("mail.proved"), (said,)), template="mail_prove.html", ways=ways)
    keep_author_cookie(response, found.site.slug, found.token)
    return response


def _vouched_revision() -> int | None:
    seen = request.form.get("mine", "")
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= MOST_DIGITS else None


def _reply(item: QueueItem) -> dict[str, Any]:
    return {
        "name": item.comment.author_name,
        "avatar": avatar_path(item.comment.avatar),
        "article": item.article.title or item.article.key,
        "submitted_at": item.comment.created_at,
        "revision": item.comment.standing.revision,
        "body_html": item.revision.body_html,
    }


def _ways(article: Article, comment: Comment, slug: str) -> dict[str, str]:
    """Return where an author can go on from here, by what the links say."""
    ways = {}
    if comment.standing.is_published:
        shown = url_for("discussion.show", site=slug, article=article.key, comment=comment.id)
        ways[say("page.seeIt")] = f"{shown}#comment-{comment.id}"
    if article.url:
        ways[say("page.backToArticle")] = article.url
    return ways


def _proven_before() -> Response:
    return link_page(Page(say("mail.alreadyProven"), (say("mail.alreadyProvenText"),)))
