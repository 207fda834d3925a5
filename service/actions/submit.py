"""A reader sends a reply: checked, limited, screened, stored in one transaction, and answered with a receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from service import metrics
from service.actions import announce, events, forms, known_readers, limiting, opinions, outbox, proven, screen
from service.actions.body import render
from service.actions.idempotent import AnsweredMeanwhile, answer_given, keep_answer, keyed_request
from service.actions.known_sites import SiteChanged
from service.actions.record import decision_entry
from service.actions.reply import CheckedReply, Reply, check_reply
from service.actions.toolbox import tools
from service.adapters.keyring import new_token, token_hash
from service.adapters.markup import SANITISER_VERSION
from service.domain import screening
from service.domain.article import Article, check_belongs_to_site
from service.domain.comment import DUPLICATE_WINDOW, CommentKey, Place, Revision, place_in_thread
from service.domain.emails import email_lookup_form
from service.domain.errors import Duplicate, ParentNotFound, PostbagError
from service.domain.forms import FormSeen
from service.domain.known_readers import KnownReader
from service.domain.life import POLICY, Action, Status, first_standing
from service.domain.likeness import sketch
from service.domain.limits import Verdict
from service.domain.permissions import Caller, Permission
from service.domain.rulebook import RuleBook
from service.domain.screening import Submission
from service.domain.site import Policy, Site
from service.domain.text import body_fingerprint
from service.store import arrivals, articles, authors, comments, counters, log, revisions, sketches
from service.store.ids import new_id
from service.store.session import reading, writing
from service.store.together import together


@dataclass(frozen=True)
class Submitted:
    """What its author is told of a reply: what the screening calls spam seems to wait.

    `verdict` tells what is left of the limits, None for an answer given before.
    """

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

    A `caller` with the scope `integrate` submits from the site's own servers and is limited by token, and by address
    only where it tells one; any other token of the site only stands in for its origin.
    Raises Invalid, ParentNotFound, ArticleClosed, Duplicate, RateLimited, ChallengeRequired, RequestInProgress,
    IdempotencyKeyReused, Forbidden or StoreUnavailable, and SiteChanged where the site is not as it is stored; nothing
    is stored then.
    """
    if caller is not None:
        caller.check_site(site.slug)
        caller = caller if caller.may(Permission.SUBMIT_FROM_SERVER) else None
    known = known_readers.identify(site, reply.reader_token, now=now) if reply.reader_token else None
    request = None
    if idempotency_key is not None:
        # A token is made anew now and then; whom it speaks of stays.
        sent = reply.content if known is None else json.dumps([reply.content, known.subject])
        request = keyed_request(site, idempotency_key, sent)
        given = answer_given(request, now=now)
        if given is not None:
            return Submitted.loaded(given)
    checked = check_reply(reply, site, now=now, reader=known, is_from_server=caller is not None)
    if caller:
        client_address = checked.client_address
    identity = _identity(site, checked.email, known)
    article_subject = tools().keyring.lookup_hash("article", checked.article.value)
    is_placed = caller is None or client_address is not None
    client_hash = limiting.client_key(site, client_address) if is_placed else None
    charges_of = limiting.hard_charges if caller else limiting.reader_charges
    where = [] if client_hash is None else charges_of(site, client_address, client_hash)
    spent = limiting.charges(
        site,
        *([limiting.caller_charge(caller)] if caller else []),
        *where,
        ("email", identity.hashes[0]),
        ("article", article_subject),
        *([] if caller else [("article-soft", article_subject)]),
        ("site", b""),
    )
    key_hash = request.key_hash if request else None
    proof = None if caller else limiting.check_proof(reply.challenge, site, now=now)
    try:
        if caller:
            verdict = limiting.spend(site, spent, now=now, idempotency_key=key_hash)
        else:
            verdict = limiting.spend_as_reader(site, spent, now=now, idempotency_key=key_hash, proof=proof)
    except PostbagError:
        limiting.give_back_proof(proof, site)
        raise
    form = forms.seen(reply, site, now=now)
    try:
        # Only now, since it is the most expensive part: whoever is over a limit does not get it done.
        body_html = render(checked.body)
        seen = None if caller else form
        has_proof = proof is not None
        sender = _Sender(identity, client_hash, client_address, seen, has_proof, reply.author_token)
        book = screen.rules_in_force(site)
        with writing(hurried=True):
            submitted = _store(checked, body_html, site, sender, book, verdict, now)
            if request is not None:
                keep_answer(request, submitted.dumped(), now=now)
    except BaseException as fault:
        if isinstance(fault, PostbagError):
            fault.verdict = verdict
        forms.give_back(reply, site, form)
        limiting.give_back_proof(proof, site)
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


@dataclass(frozen=True)
class _Identity:
    """Who an author is: found by `hashes`, at an address found by `address_hashes`, none where it is not known."""

    hashes: tuple[bytes, ...]
    address_hashes: tuple[bytes, ...]
    reader: KnownReader | None


def _identity(site: Site, email: str, reader: KnownReader | None) -> _Identity:
    lookup = tools().keyring.lookup_hashes
    address_hashes = lookup("email", str(site.id), email_lookup_form(email)) if email else ()
    if reader is None:
        return _Identity(address_hashes, address_hashes, None)
    return _Identity(known_readers.reader_hashes(site.id, reader.subject), address_hashes, reader)


@dataclass(frozen=True)
class _Sender:
    """Who sent, from where and with which form; where the site's own servers sent for them, as far as they say."""

    identity: _Identity
    client_hash: bytes | None
    address: str | None
    form: FormSeen | None
    has_proof: bool
    author_token: str


def _store(
    checked: CheckedReply,
    body_html: str,
    site: Site,
    sender: _Sender,
    book: RuleBook,
    verdict: Verdict,
    now: datetime,
) -> Submitted:
    identity, keyring = sender.identity, tools().keyring
    written_at = checked.submitted_at or now
    # Threads are in the order of the identifiers, which begin with a time: that of the writing.
    comment_id = new_id(written_at)
    # The comment that is answered is held before the author, as everywhere.
    place = _place(checked, site, comment_id)
    numbers = sketch(checked.body)
    found = arrivals.look_up(
        site.id,
        checked.article.value,
        email_hashes=identity.hashes,
        email_sealed=(email_sealed := keyring.seal(checked.email, context=site.id.bytes) if checked.email else b""),
        numbers=numbers,
        alike_since=now - screen.ALIKE_WINDOW,
        now=now,
    )
    if found.site_version != site.version:
        raise SiteChanged
    author, article = found.author, found.article or _new_article(checked, site, now)
    if identity.reader is not None:
        author = authors.know_reader(
            author,
            subject_sealed=keyring.seal(identity.reader.subject, context=site.id.bytes),
            email_sealed=email_sealed,
            address_hash=next(iter(identity.address_hashes), None),
            now=now,
        )
    fingerprint = body_fingerprint(checked.body)
    is_duplicate, flagged = False, 0
    if author.pending + author.approved + author.rejected + author.spam:
        since = written_at - DUPLICATE_WINDOW
        is_duplicate, flagged = comments.past_of_author(author.id, article.id, fingerprint, since=since)
    # Nobody comes to the row of a reader whom the site knows but by the site's word, which proves the address as well.
    is_proven = proven.is_of(author, sender.author_token, now=now) or (
        identity.reader is not None and author.proven_at is not None
    )
    signals = screen.screen(
        Submission(
            checked.body,
            is_edit=False,
            email=checked.email,
            name=checked.name,
            website=checked.url or "",
            email_hashes=identity.address_hashes,
            author_id=author.id,
            client_address=sender.address,
        ),
        site,
        author,
        is_proven=is_proven,
        book=book,
        alike=found.alike,
        author_flagged=flagged,
        now=now,
        form=sender.form,
        has_proof=sender.has_proof,
        redis_is_away=verdict.is_alone,
        article_is_open=article.is_open(site, now),
        is_duplicate=is_duplicate,
    )
    standing = first_standing(screening.status_asked_for(signals, is_published=False))
    receipt = new_token("pbr_")
    comment = comments.NewComment(
        id=comment_id,
        site_id=site.id,
        article_id=article.id,
        place=place,
        author_id=author.id,
        author_name=checked.name,
        author_url=checked.url,
        author_badge=None if identity.reader is None else identity.reader.badge,
        avatar=_avatar(site.id, checked, identity.reader),
        standing=standing,
        body_html=body_html if standing.is_published else "",
        body_fingerprint=fingerprint,
        search_text=comments.search_text(checked.name, checked.body),
        score=screening.total_score(signals),
        has_links=screening.has_links(checked.body),
        quietly_spam=standing.status is Status.SPAM,
        client_hash=sender.client_hash,
        receipt_hash=token_hash(receipt),
        created_at=written_at,
        edit_until=now + site.revise_window,
        is_proven=is_proven,
    )
    key, first = CommentKey(site.id, article.id, comment_id), Revision(1, checked.body, body_html, written_at)
    waiting = standing.status is Status.PENDING
    with together():
        comments.add_comment(comment, now=now)
        revisions.add_revision(key, first, sanitiser_version=SANITISER_VERSION)
        revisions.add_signals(key, 1, signals, waiting=waiting, now=now)
        sketches.keep_sketch(key, numbers, now=now)
        outbox.enqueue("score", site.id, comment_id=comment_id, revision=1, now=now)
        opinions.enqueue_questions(site, key, 1, address=sender.address, waiting=waiting, now=now)
        events.tell_arrival(site, comment_id, standing, signals, now=now)
        authors.move_author_counters({author.id: {standing.status: 1}})
        counters.move_site_counters(site.id, {standing.status: 1})
    if standing.is_published:
        comments.settle_visibility([comment_id])
        articles.change_counts({article.id: 1})
        announce.articles_changed(site.id, [article.id])
        pending = first_standing(Status.PENDING)
        log.add_entries([decision_entry(comment_id, site.id, Action.APPROVE, pending, standing, POLICY, now=now)])
    told = Status.APPROVED if standing.is_published else Status.PENDING
    return Submitted(comment_id, told, 1, body_html, receipt, now + site.revise_window, verdict)


def _place(checked: CheckedReply, site: Site, comment_id: UUID) -> Place:
    if checked.parent_id is None:
        return place_in_thread(comment_id, None, max_depth=site.max_depth)
    # A reply that is published at once changes the comment it stands below, which in a deep thread is an ancestor of
    # the one that was answered. Both rows have to be taken before the author's, from the reply upwards.
    may_be_published = site.policy is not Policy.ALL
    article = articles.find_article(site.id, checked.article.value)
    parent = None
    if article is not None:
        parent = comments.find_published_parent(checked.parent_id, article_id=article.id, hold=may_be_published)
    if parent is None:
        raise ParentNotFound
    place = place_in_thread(comment_id, parent, max_depth=site.max_depth)
    if may_be_published and place.parent_id is not None and place.parent_id != parent[0]:
        comments.hold_comment(place.parent_id)
    return place


def _new_article(checked: CheckedReply, site: Site, now: datetime) -> Article:
    check_belongs_to_site(checked.article, site, is_registered=False)
    article, _ = articles.add_article_if_absent(
        site.id, checked.article.value, url=checked.article_url, title=checked.article_title, now=now
    )
    announce.article_added(site.id)
    return article


def _avatar(site_id: UUID, checked: CheckedReply, reader: KnownReader | None) -> str:
    if reader is None:
        return avatar_seed(str(site_id), checked.email, checked.name)
    # Another picture at the site makes another one here, and nobody fetches it from there.
    drawn_from = ("avatar", str(site_id), "reader", reader.subject, reader.avatar)
    return tools().keyring.lookup_hash(*drawn_from)[:8].hex()


def avatar_seed(site_id: str, email: str, name: str) -> str:
    """Return what the picture beside a name is drawn from: the same for the same person on the same site."""
    return tools().keyring.lookup_hash("avatar", site_id, email_lookup_form(email), name)[:8].hex()
