"""A reader sends a reply: checked, limited, screened, stored in one transaction, and answered with a receipt."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from service import metrics
from service.actions import limiting, outbox
from service.actions.body import render
from service.actions.idempotent import AnsweredMeanwhile, answer_given, keep_answer, keyed_request
from service.actions.record import decision_entry
from service.actions.reply import CheckedReply, Reply, check_reply
from service.actions.toolbox import tools
from service.adapters.keyring import new_token, token_hash
from service.adapters.markup import SANITISER_VERSION
from service.domain import screening
from service.domain.article import Article, check_belongs_to_site, check_open
from service.domain.comment import DUPLICATE_WINDOW, Place, Revision, place_in_thread
from service.domain.emails import email_lookup_form
from service.domain.errors import Duplicate, ParentNotFound, PostbagError
from service.domain.life import POLICY, Action, Standing, Status
from service.domain.limits import Verdict
from service.domain.permissions import Caller, Permission
from service.domain.site import Policy, Site
from service.domain.text import body_fingerprint
from service.store import articles, authors, comments, counters, log, revisions
from service.store.ids import new_id
from service.store.session import reading, writing


@dataclass(frozen=True)
class Submitted:
    """What became of a reply; `verdict` tells what is left of the limits, None for an answer given before."""

    id: UUID
    status: Status
    revision: int
    body_html: str
    receipt_token: str
    edit_until: datetime
    verdict: Verdict | None

    def dumped(self) -> str:
        """Return the answer as the text that is sealed for a repeated Idempotency-Key.

        Without the comment's words: whoever withdraws them takes them back from everywhere.
        """
        return json.dumps(
            {
                "id": str(self.id),
                "status": self.status.value,
                "revision": self.revision,
                "receipt_token": self.receipt_token,
                "edit_until": self.edit_until.isoformat(),
            }
        )

    @classmethod
    def loaded(cls, text: str) -> Submitted:
        """Return the answer that `dumped` wrote, with the words as they are stored now."""
        kept: dict[str, Any] = json.loads(text)
        with reading():
            body_html = revisions.find_revision(UUID(kept["id"]), kept["revision"]).body_html
        return cls(
            UUID(kept["id"]),
            Status(kept["status"]),
            kept["revision"],
            body_html,
            kept["receipt_token"],
            datetime.fromisoformat(kept["edit_until"]),
            None,
        )


def submit_comment(
    reply: Reply,
    *,
    site: Site,
    caller: Caller | None,
    client_address: str | None,
    idempotency_key: str | None,
    now: datetime,
) -> Submitted:
    """Store a reply and return its receipt, held for review unless the site's policy publishes it at once.

    A `caller` with the scope `integrate` submits from the site's own servers and is limited by token, not by address;
    any other token of the site only stands in for its origin.
    Raises Invalid, ParentNotFound, ArticleClosed, Duplicate, RateLimited, RequestInProgress, IdempotencyKeyReused,
    Forbidden or StoreUnavailable; nothing is stored then.
    """
    if caller is not None:
        caller.check_site(site.slug)
        caller = caller if caller.may(Permission.SUBMIT_FROM_SERVER) else None
    request = None
    if idempotency_key is not None:
        request = keyed_request(site, idempotency_key, json.dumps(astuple(reply), default=str))
        given = answer_given(request, now=now)
        if given is not None:
            return Submitted.loaded(given)
    checked = check_reply(reply, site)
    email_hash, client_hash = _email_hashes(site, checked.email)[0], limiting.client_key(site, client_address)
    article_subject = tools().keyring.lookup_hash("article", checked.article.value)
    spent = limiting.charges(
        site,
        *([limiting.caller_charge(caller)] if caller else [("client", client_hash), ("client-hour", client_hash)]),
        ("email", email_hash),
        ("article", article_subject),
        ("site", b""),
    )
    verdict = limiting.spend(site, spent, now=now, idempotency_key=request.key_hash if request else None)
    try:
        # Only now, since it is the most expensive part: whoever is over a limit does not get it done.
        body_html = render(checked.body)
        with writing():
            submitted = _store(checked, body_html, site, None if caller else client_hash, verdict, now)
            if request is not None:
                keep_answer(request, submitted.dumped(), now=now)
    except BaseException as fault:
        if isinstance(fault, PostbagError):
            fault.verdict = verdict
        if request is not None:
            # The mark would make an immediate retry wait for nobody.
            tools().limiter.release(site.slug, request.key_hash.hex())
            # The same request may just have been carried out by a process that did not see our mark: Redis was away,
            # or the mark had gone. The author's row keeps both in line, so the later one may find a duplicate first.
            if isinstance(fault, AnsweredMeanwhile | Duplicate) and (given := answer_given(request, now=now)):
                return Submitted.loaded(given)
        raise
    metrics.submissions.labels(submitted.status.value).inc()
    return submitted


def _email_hashes(site: Site, email: str) -> tuple[bytes, ...]:
    return tools().keyring.lookup_hashes("email", str(site.id), email_lookup_form(email))


def _store(
    checked: CheckedReply, body_html: str, site: Site, client_hash: bytes | None, verdict: Verdict, now: datetime
) -> Submitted:
    keyring = tools().keyring
    article = _open_article(checked, site, now)
    comment_id = new_id(now)
    place = _place(checked, article, site, comment_id)
    author = authors.take_author(
        site.id,
        email_hashes=_email_hashes(site, checked.email),
        email_sealed=keyring.seal(checked.email, context=site.id.bytes),
        now=now,
    )
    fingerprint = body_fingerprint(checked.body)
    if comments.has_duplicate(author.id, article.id, fingerprint, since=now - DUPLICATE_WINDOW):
        raise Duplicate
    signals = screening.screen(
        screening.Submission(checked.body, is_edit=False, email=checked.email),
        screening.Facts(
            site.policy,
            author_approved=author.approved,
            author_is_proven=author.proven_at is not None,
            trusted_after=site.trusted_after,
        ),
    )
    published = screening.may_be_published_at_once(signals)
    pending = Standing(Status.PENDING, revision=1, published_revision=None, version=1)
    standing = Standing(Status.APPROVED, 1, 1, 1) if published else pending
    receipt = new_token("pbr_")
    comments.add_comment(
        comments.NewComment(
            id=comment_id,
            site_id=site.id,
            article_id=article.id,
            place=place,
            author_id=author.id,
            author_name=checked.name,
            author_url=checked.url,
            avatar=_avatar_seed(site, checked),
            standing=standing,
            body_html=body_html if published else "",
            body_fingerprint=fingerprint,
            search_text=comments.search_text(checked.name, checked.body),
            score=screening.total_score(signals),
            has_links=screening.has_links(checked.body),
            client_hash=client_hash,
            receipt_hash=token_hash(receipt),
            edit_until=now + site.revise_window,
        ),
        now=now,
    )
    revisions.add_revision(comment_id, Revision(1, checked.body, body_html, now), sanitiser_version=SANITISER_VERSION)
    revisions.add_signals((site.id, comment_id), 1, signals, waiting=not published, now=now)
    outbox.enqueue("score", site.id, comment_id=comment_id, revision=1, now=now)
    if published:
        comments.settle_visibility([comment_id])
    authors.move_author_counters({author.id: {standing.status: 1}})
    if published:
        articles.change_counts({article.id: 1})
    counters.move_site_counters(site.id, {standing.status: 1})
    if published:
        log.add_entries([decision_entry(comment_id, site.id, Action.APPROVE, pending, standing, POLICY, now=now)])
    return Submitted(comment_id, standing.status, 1, body_html, receipt, now + site.revise_window, verdict)


def _place(checked: CheckedReply, article: Article, site: Site, comment_id: UUID) -> Place:
    if checked.parent_id is None:
        return place_in_thread(comment_id, None, max_depth=site.max_depth)
    # A reply that is published at once changes the comment it stands below, which in a deep thread is an ancestor of
    # the one that was answered. Both rows have to be taken before the author's, from the reply upwards.
    may_be_published = site.policy is not Policy.ALL
    parent = comments.find_published_parent(checked.parent_id, article_id=article.id, hold=may_be_published)
    if parent is None:
        raise ParentNotFound
    place = place_in_thread(comment_id, parent, max_depth=site.max_depth)
    if may_be_published and place.parent_id is not None and place.parent_id != parent[0]:
        comments.hold_comment(place.parent_id)
    return place


def _open_article(checked: CheckedReply, site: Site, now: datetime) -> Article:
    article = articles.find_article(site.id, checked.article.value)
    if article is None:
        check_belongs_to_site(checked.article, site, is_registered=False)
        article, _ = articles.add_article_if_absent(
            site.id, checked.article.value, url=checked.article_url, title=checked.article_title, now=now
        )
    check_open(article, site, now)
    return article


def _avatar_seed(site: Site, checked: CheckedReply) -> str:
    digest = tools().keyring.lookup_hash("avatar", str(site.id), email_lookup_form(checked.email), checked.name)
    return digest[:8].hex()
