"""A newcomer's first site, seeded through the actions that everybody uses: it cannot look better than life."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from service.actions import articles, decide, flag, forms, receipts, sites, submit
from service.actions.authenticate import authenticate
from service.actions.invitations import create_moderator
from service.actions.reply import Reply
from service.demo.content import ARTICLES, SITE_NAME, SITE_SLUG, DemoArticle
from service.demo.discussion import DemoComment
from service.domain.errors import Invalid, StaleDecision, Unauthenticated, UnknownSite
from service.domain.life import Action, Status
from service.domain.permissions import Caller, Role, Scope
from service.domain.site import Site

MODERATOR_EMAIL = "robin@example.org"
REVIEWED_AFTER = timedelta(minutes=2)
WRITING = timedelta(minutes=2)  # between the moment a form was shown and its reply
"""How long after a reply its review is dated: within the revise window, so that an edit can follow."""


def ensure_site(origins: Sequence[str], *, now: datetime) -> Site:
    """Return the demo site with these origins, made where it does not exist; its limits are the default ones."""
    try:
        return sites.change_site(SITE_SLUG, origins=origins, limits="default", now=now)
    except UnknownSite:
        return sites.create_site(SITE_SLUG, name=SITE_NAME, origins=origins, now=now)


def make_token(*, now: datetime) -> str:
    """Return a new token with every scope on the demo site."""
    return sites.create_token(SITE_SLUG, name="the demo moderator", scopes=tuple(Scope), now=now)


def is_good_token(token: str, *, now: datetime) -> bool:
    """Whether the token is one of the demo site's that is in use."""
    try:
        return authenticate(token, now=now).site_slug == SITE_SLUG
    except Unauthenticated:
        return False


def register_articles(token: str, base_url: str, *, now: datetime) -> None:
    """Register the demo articles under their slugs, with the addresses they have today."""
    site, caller = sites.find_site(SITE_SLUG), authenticate(token, now=now)
    for article in ARTICLES:
        said = articles.Registration(article.slug, article_address(base_url, article), article.headline, open=None)
        articles.register_article(caller, site, said, now=now)


def article_address(base_url: str, article: DemoArticle) -> str:
    """Return where the demo serves an article."""
    return f"{base_url}/demo/{article.slug}"


def seed_discussions(token: str, *, now: datetime) -> None:
    """Fill the demo articles with what their readers wrote; begun before and broken off, it goes on where it was.

    Every reply has an Idempotency-Key, and what is decided already is left as it is.
    """
    # The seeding is one client, and would be limited like one.
    site = sites.change_site(SITE_SLUG, limits="off", now=now)
    caller = authenticate(token, now=now)
    for article in ARTICLES:
        _seed(article, site, caller, now)
    sites.change_site(SITE_SLUG, limits="default", now=now)


def _seed(article: DemoArticle, site: Site, caller: Caller, now: datetime) -> None:
    ids: dict[str, UUID] = {}
    for comment in article.comments:
        sent_at = now - timedelta(minutes=comment.minutes_ago)
        sent = submit.submit_comment(
            Reply(
                article=article.slug,
                parent_id=None if comment.reply_to is None else ids[comment.reply_to],
                name=comment.name,
                email=comment.email,
                url=comment.url or "",
                body=comment.earlier_body or comment.body,
                form_token=forms.token_for(site.slug, article.slug, now=sent_at - WRITING),
            ),
            site=site,
            caller=None,
            client_address=None,
            idempotency_key=f"demo {article.slug} {comment.ref}",
            now=sent_at,
        )
        ids[comment.ref] = sent.id
        if comment.state != "pending":
            _decide(caller, sent.id, Action.APPROVE, 1, sent_at + REVIEWED_AFTER)
        if comment.state in {"edited", "revised"}:
            _edit(caller, sent, comment, sent_at + REVIEWED_AFTER)
        if comment.state == "reported":
            _report(sent.id, site, now)
    for comment in article.comments:
        if comment.state == "removed":
            _decide(caller, ids[comment.ref], Action.DELETE, 1, now)


def _edit(caller: Caller, sent: submit.Submitted, comment: DemoComment, at: datetime) -> None:
    receipt = receipts.revise_comment(sent.receipt_token, comment.body, client_address=None, now=at)
    if comment.state == "edited" and receipt.comment.standing.status is Status.PENDING:
        _decide(caller, sent.id, Action.APPROVE, receipt.comment.standing.revision, at + REVIEWED_AFTER)


def _report(comment_id: UUID, site: Site, now: datetime) -> None:
    # Each of another network (RFC 5737), since a second flag of the same reader counts nothing.
    for place, reason in enumerate(("abuse", "abuse", "This is a rumour about a real person.")):
        address = f"192.0.2.{place + 1}"
        flag.flag_comment(comment_id, reason, "", site=site, caller=None, client_address=address, now=now)


def ensure_moderator(password: str, *, now: datetime) -> None:
    """Make the account that a newcomer signs in with, unless it is there; it gets this password."""
    with suppress(Invalid):
        create_moderator(
            SITE_SLUG, name="Robin (demo)", email=MODERATOR_EMAIL, password=password, role=Role.ADMIN, now=now
        )


def _decide(caller: Caller, comment_id: UUID, action: Action, revision: int, at: datetime) -> None:
    try:
        decide.decide(caller, decide.Proposal(comment_id, action, revision), now=at)
    except StaleDecision:
        return  # an earlier seeding, broken off later than this, has decided it
