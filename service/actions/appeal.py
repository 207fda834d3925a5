"""An author asks for another look at a comment that was turned down: once, with a sentence, and it waits again."""

from __future__ import annotations

from datetime import datetime

from service.actions import events, limiting
from service.actions.change import change_standing
from service.actions.receipts import ATTEMPTS, Receipt, moved_on, read_receipt
from service.domain import life
from service.domain.comment import APPEAL_MAX, Comment, check_author_may_appeal
from service.domain.errors import Invalid
from service.domain.life import AUTHOR, Standing
from service.domain.log import LogEntry, LogKind
from service.domain.screening import appealed_signal
from service.domain.site import Site
from service.domain.text import is_blank
from service.domain.writing import check_text
from service.store import log, revisions
from service.store.ids import new_id
from service.store.session import writing


def appeal(token: str, words: str, *, client_address: str | None, now: datetime) -> Receipt:
    """Bring the author's comment back to the queue, marked with their words, and return the receipt as it is then.

    Raises NotFound, Invalid, RateLimited, Forbidden where nothing was turned down or this is the second time, and
    StaleDecision where the comment keeps changing under the author's hands.
    """
    receipt = read_receipt(token, now=now)
    check_author_may_appeal(receipt.comment)
    said = check_text("text", words, most=APPEAL_MAX)
    if is_blank(said):
        raise Invalid("text", "required", "Please say in a sentence or two why a moderator should look again.")
    client = limiting.client_key(receipt.site, client_address)
    verdict = limiting.spend(receipt.site, limiting.charges(receipt.site, ("receipt", client)), now=now)
    with limiting.told(verdict):
        for _ in range(ATTEMPTS):
            check_author_may_appeal(receipt.comment)
            if _return(receipt.site, receipt.comment, said, now):
                break
            receipt = read_receipt(token, now=now)
        else:
            raise moved_on(receipt.comment)
    return Receipt(**(vars(read_receipt(token, now=now)) | {"verdict": verdict}))


def _return(site: Site, comment: Comment, said: str, now: datetime) -> bool:
    after = life.appeal(comment.standing)
    with writing():
        if not change_standing(comment, after, queued_at=now, reason=None, appealed_at=now):
            return False
        signal = appealed_signal(said)
        revisions.add_signals(comment.key, after.revision, [signal], waiting=True, now=now)
        events.tell_found(site, comment, after, signal, now=now)
        # Not the words: they go when the author takes the comment back, and nothing leaves the log.
        log.add_entries([_entry(comment, after, now)])
    return True


def _entry(comment: Comment, after: Standing, now: datetime) -> LogEntry:
    return LogEntry(
        id=new_id(now),
        site_id=comment.site_id,
        kind=LogKind.APPEAL,
        action="appeal",
        actor=AUTHOR,
        created_at=now,
        comment_id=comment.id,
        revision=after.revision,
        version=after.version,
        from_status=comment.standing.status.value,
        to_status=after.status.value,
    )
