"""Whoever has proven the address says that a reply is theirs: from then on it counts as one that came with the proof.

The widget cannot bring the author's token along, so what is sent from an article's page comes without it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from service.actions import events, proven, screen
from service.actions.change import change_standing
from service.actions.receipts import Receipt, moved_on, read_receipt, screen_known
from service.actions.record import decision_entry
from service.domain import life, screening
from service.domain.comment import Comment, author_may_vouch, check_author_may_vouch
from service.domain.errors import Forbidden, PostbagError
from service.domain.life import POLICY, Action, Status
from service.domain.likeness import sketch
from service.domain.queue import QueueItem
from service.domain.rulebook import RuleBook
from service.domain.screening import may_be_published_at_once, total_score
from service.domain.site import Site
from service.store import comments, log, mine, opinions, queue, revisions
from service.store.session import reading, writing


def may_vouch(receipt: Receipt, author_token: str, *, now: datetime) -> bool:
    """True where a browser with this token can say that the reply of a receipt is its author's own."""
    return author_may_vouch(receipt.comment) and proven.is_of(receipt.author, author_token, now=now)


def vouch(receipt_token: str, author_token: str, *, client_address: str | None, now: datetime) -> Receipt:
    """Note that a reply is by whoever has proven its address, and return the receipt as it is then.

    Where nothing but the policy held it, it is published, as it would have been with the token; else it waits on, and
    its signals say what they would have said. The second time changes nothing. Raises NotFound, Forbidden for a token
    that is not this author's and for what does not wait, StaleDecision where somebody was faster, and what a rejection
    by a rule stands for.
    """
    receipt = read_receipt(receipt_token, now=now)
    if not proven.is_of(receipt.author, author_token, now=now):
        raise Forbidden("This token has not proven the address of this comment.", says="not_proven_here")
    comment = receipt.comment
    if not comment.is_proven:
        check_author_may_vouch(comment)
        if not _vouch(comment, receipt.site, client_address, now):
            raise moved_on(comment)
    return read_receipt(receipt_token, now=now)


def asked_about(comment_id: UUID, author_id: UUID, *, site_id: UUID) -> QueueItem | None:
    """Return the reply that a letter asked about, where its author may still say that it is theirs; else None."""
    with reading():
        item = queue.find_item(comment_id, site_id=site_id)
    return item if item is not None and item.comment.author_id == author_id and author_may_vouch(item.comment) else None


def vouch_by_letter(
    item: QueueItem, site: Site, *, revision: int, client_address: str | None, now: datetime
) -> Comment | None:
    """Do the same for the reply that a letter asked about, as its author has just proven; return it as it is then.

    None where it was not done: the author has seen another revision, somebody was faster, or a rule would refuse it.
    """
    if item.comment.standing.revision != revision:
        return None
    try:
        done = _vouch(item.comment, site, client_address, now)
    except PostbagError:
        # The address is proven all the same, which is what the letter was for.
        return None
    if not done:
        return None
    with reading():
        return comments.find_comment(item.comment.id, site_id=site.id)


def _vouch(comment: Comment, site: Site, client_address: str | None, now: datetime) -> bool:
    """Do it in one transaction; False where the comment is no longer what its author has seen."""
    book = screen.rules_in_force(site)
    with writing():
        held = next(iter(comments.hold_comments([comment.id], site_id=site.id)), None)
        item = queue.find_item(comment.id, site_id=site.id)
        if held is None or item is None:
            return False
        if held.is_proven:
            return True
        # Everything of an author may be on its way out at this moment.
        if held.standing.version != comment.standing.version or item.author.proven_at is None:
            return False
        if held.standing.status is not Status.PENDING:
            # A persistent spammer is to learn nothing, and their reply stays where it is.
            mine.mark_proven(comment.id)
            return True
        if _screen(item, site, client_address, book, now):
            _publish(item, site, now)
    return True


def _screen(item: QueueItem, site: Site, client_address: str | None, book: RuleBook, now: datetime) -> bool:
    """Store what the screening finds now that the reply is its author's; True where nothing is left that holds it."""
    comment, text = item.comment, item.revision.body_raw
    found = screen_known(
        item,
        site,
        text,
        is_edit=comment.standing.revision > 1,
        is_proven=True,
        numbers=sketch(text),
        client_address=client_address,
        book=book,
        now=now,
    )
    names = screening.FOUND_AGAIN | {signal.name for signal in found}
    kept = [signal for signal in item.signals if signal.name not in names]
    dropped = opinions.drop_signals(comment.id, comment.standing.revision, names)
    revisions.add_signals(comment.key, comment.standing.revision, found, waiting=True, now=comment.queued_at)
    comments.add_to_score(comment.id, total_score(found) - sum(dropped))
    mine.mark_proven(comment.id)
    last = log.last_decisions([comment.id]).get(comment.id)
    # What a person has taken in hand, be it to take a decision back, is not published over their head.
    is_in_hand = last is not None and last.revision == comment.standing.revision and last.actor.is_a_person
    return may_be_published_at_once([*found, *kept]) and not is_in_hand


def _publish(item: QueueItem, site: Site, now: datetime) -> None:
    comment, before = item.comment, item.comment.standing
    after = life.decide(
        before, Action.APPROVE, revision=before.revision, actor=POLICY, expected_version=None, last_decision=None
    )
    columns = {"reason": None, "body_html": item.revision.body_html, "published_at": comment.published_at or now}
    columns |= {"edited_at": now} if before.is_published else {}
    is_done = change_standing(comment, after, **columns)
    assert is_done, "nobody else changes a row that is held"
    events.tell_published(site, comment, after, now=now)
    log.add_entries([decision_entry(comment.id, site.id, Action.APPROVE, before, after, POLICY, now=now)])
