"""The author's capability: see what became of a comment, revise it within the window, withdraw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.actions import events, flag, limiting, opinions, outbox, screen
from service.actions.body import check_body, render
from service.actions.change import change_standing
from service.actions.record import decision_entry
from service.actions.toolbox import tools
from service.adapters.keyring import token_hash
from service.adapters.markup import SANITISER_VERSION
from service.domain import life, screening
from service.domain.article import Article
from service.domain.comment import (
    Comment,
    Revision,
    author_may_appeal,
    author_may_revise,
    author_may_withdraw,
    check_author_may_revise,
)
from service.domain.emails import email_lookup_form
from service.domain.errors import NotFound, StaleDecision
from service.domain.life import AUTHOR, POLICY, Action, Status
from service.domain.likeness import sketch
from service.domain.limits import Verdict
from service.domain.queue import AuthorRecord, QueueItem
from service.domain.rulebook import RuleBook
from service.domain.screening import Signal, Submission
from service.domain.site import Site
from service.domain.text import body_fingerprint
from service.store import authors, comments, log, queue, revisions, sites, sketches
from service.store.session import reading, writing

ATTEMPTS = 3  # a moderator may decide in the same moment; more than twice in a row has not been seen


@dataclass(frozen=True)
class Receipt:
    """What the author may know of their own comment. `revision` is the latest one, as typed and as sanitised."""

    comment: Comment
    article: Article
    site: Site
    revision: Revision
    may_revise: bool
    may_withdraw: bool
    may_appeal: bool
    author: AuthorRecord
    verdict: Verdict | None = None


def read_receipt(token: str, *, now: datetime) -> Receipt:
    """Return what the receipt opens; raises NotFound for a token that was never given out."""
    with reading():
        return _receipt(token, now)


def revise_comment(token: str, body: str, *, client_address: str | None, now: datetime) -> Receipt:
    """Store a new revision and return the receipt; the same text again changes nothing.

    The new revision goes through the screening, and is held where enough readers have flagged the comment. What was
    approved before stays published until a person has decided on the new one, or the site's policy publishes it at
    once. Raises NotFound, Forbidden outside the window, Invalid, RateLimited, or StaleDecision where the comment keeps
    changing under the author's hands.
    """
    receipt = read_receipt(token, now=now)
    check_author_may_revise(receipt.comment, now)
    raw = check_body(body)
    client = limiting.client_key(receipt.site, client_address)
    verdict = limiting.spend(receipt.site, limiting.charges(receipt.site, ("receipt", client)), now=now)
    body_html = render(raw)
    for _ in range(ATTEMPTS):
        check_author_may_revise(receipt.comment, now)
        if raw == receipt.revision.body_raw:
            break
        book = screen.rules_in_force(receipt.site)
        with writing():
            done = _store_revision(receipt, raw, body_html, client_address, book, now)
        receipt = read_receipt(token, now=now)
        if done:
            break
    else:
        raise moved_on(receipt.comment)
    return Receipt(**(vars(receipt) | {"verdict": verdict}))


def withdraw_comment(token: str, *, now: datetime) -> None:
    """Delete the author's comment; where it has published replies a tombstone without words remains.

    Withdrawing twice is the same as once. Raises NotFound.
    """
    for _ in range(ATTEMPTS):
        receipt = read_receipt(token, now=now)
        comment = receipt.comment
        if not author_may_withdraw(comment):
            return
        after = life.withdraw(comment.standing)
        with writing():
            if change_standing(comment, after, reason=None):
                comments.erase_texts([comment.id])
                events.tell_withdrawn(receipt.site, comment, after, now=now)
                _log(comment, Action.DELETE, after, AUTHOR, now)
                return
    raise moved_on(comment)


def _receipt(token: str, now: datetime) -> Receipt:
    comment = comments.find_comment_by_receipt(token_hash(token))
    if comment is None:
        raise NotFound("This receipt does not exist.")
    item = queue.find_item(comment.id, site_id=comment.site_id)
    assert item is not None, "comments are never removed"
    return Receipt(
        comment=item.comment,
        article=item.article,
        site=sites.get_site(comment.site_id),
        revision=item.revision,
        may_revise=author_may_revise(item.comment, now),
        may_withdraw=author_may_withdraw(item.comment),
        may_appeal=author_may_appeal(item.comment),
        author=item.author,
    )


def _store_revision(
    receipt: Receipt, raw: str, body_html: str, client_address: str | None, book: RuleBook, now: datetime
) -> bool:
    comment = receipt.comment
    item = queue.find_item(comment.id, site_id=comment.site_id)
    assert item is not None, "comments are never removed"
    standing = comment.standing
    numbers = sketch(raw)
    signals = screen_known(
        item,
        receipt.site,
        raw,
        is_edit=True,
        # Whoever has this receipt has sent the reply, so what that one showed holds for its edit.
        is_proven=comment.is_proven,
        numbers=numbers,
        client_address=client_address,
        book=book,
        now=now,
    )
    after = life.revise(standing, screening.status_asked_for(signals, is_published=standing.is_published))
    published = after.status is Status.APPROVED
    changes = {
        "queued_at": now,
        "score": screening.total_score(signals),
        "reason": None,
        "body_fingerprint": body_fingerprint(raw),
        "search_text": comments.search_text(comment.author_name, raw),
        "has_links": screening.has_links(raw),
        "quietly_spam": after.status is Status.SPAM,
    }
    if published:
        changes |= {"body_html": body_html, "published_at": comment.published_at or now}
        changes |= {"edited_at": now} if standing.is_published else {}
    if not change_standing(comment, after, **changes):
        return False
    revision = Revision(after.revision, raw, body_html, now)
    revisions.add_revision(comment.key, revision, sanitiser_version=SANITISER_VERSION)
    waiting = after.status is Status.PENDING
    revisions.add_signals(comment.key, after.revision, signals, waiting=waiting, now=now)
    sketches.drop_sketches_of([comment.id])
    sketches.keep_sketch(comment.key, numbers, now=now)
    outbox.enqueue("score", comment.site_id, comment_id=comment.id, revision=after.revision, now=now)
    opinions.enqueue_questions(
        receipt.site, comment.key, after.revision, address=client_address, waiting=waiting, now=now
    )
    events.tell_arrival(receipt.site, comment.id, after, signals, flags=comment.flags, now=now)
    if published:
        _log(comment, Action.APPROVE, after, POLICY, now)
    return True


def screen_known(
    item: QueueItem,
    site: Site,
    raw: str,
    *,
    is_edit: bool,
    is_proven: bool,
    numbers: Sequence[int],
    client_address: str | None,
    book: RuleBook,
    now: datetime,
) -> tuple[Signal, ...]:
    """Return what the screening finds in a text of a comment that is stored; raises what a rejection stands for.

    What only the moment of its sending could show, such as how fast its form was filled in, is not looked at again.
    """
    comment = item.comment
    # What is published and waits, with an edit or a report, is not among the approved; a person has approved it.
    is_uncounted = comment.standing.is_published and comment.standing.status is Status.PENDING
    email = _email(comment)
    return screen.screen(
        Submission(
            raw,
            is_edit=is_edit,
            email=email,
            name=comment.author_name,
            website=comment.author_url or "",
            email_hashes=tools().keyring.lookup_hashes("email", str(comment.site_id), email_lookup_form(email)),
            author_id=comment.author_id,
            client_address=client_address,
        ),
        site,
        item.author,
        is_proven=is_proven,
        book=book,
        author_flagged=comments.count_flagged(comment.author_id, besides=comment.id),
        alike=sketches.count_alike(comment.site_id, numbers, since=now - screen.ALIKE_WINDOW, besides=comment.id),
        now=now,
        author_approved=item.author.approved + is_uncounted,
        flags=flag.flags_calling_for_review(comment, site),
        approved_body=_approved_body(comment, item),
    )


def _approved_body(comment: Comment, item: QueueItem) -> str | None:
    """Return the text that readers see, or None where they see nothing."""
    if not comment.standing.is_published:
        return None
    if comment.standing.published_revision == item.revision.number:
        return item.revision.body_raw
    assert comment.standing.published_revision is not None, "it is published"
    return revisions.find_revision(comment.id, comment.standing.published_revision).body_raw


def _email(comment: Comment) -> str:
    """Return the author's address, empty where none is known or everything of theirs is just being erased."""
    sealed = authors.find_sealed_email(comment.author_id)
    return tools().keyring.unseal(sealed, context=comment.site_id.bytes) if sealed else ""


def _log(comment: Comment, action: Action, after: life.Standing, actor: life.Actor, now: datetime) -> None:
    log.add_entries([decision_entry(comment.id, comment.site_id, action, comment.standing, after, actor, now=now)])


def moved_on(comment: Comment) -> StaleDecision:
    """Return the refusal of an author whose comment kept changing while they acted on it."""
    standing = comment.standing
    return StaleDecision(
        "This comment is being changed by others at this moment; please look at it again.",
        status=standing.status.value,
        revision=standing.revision,
        version=standing.version,
        decision=None,
    )
