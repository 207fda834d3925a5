"""Moderators read the queue, open a comment with everything known about it, and decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service import metrics
from service.actions import flag
from service.actions.change import change_standing
from service.actions.paging import queue_cursor, queue_position, scope_of
from service.actions.toolbox import tools
from service.domain import life
from service.domain.comment import NOTE_MAX, REASON_MAX, Comment, Revision
from service.domain.emails import email_lookup_form
from service.domain.errors import NotFound
from service.domain.flags import settled_by_approval
from service.domain.life import Action, Standing, Status
from service.domain.permissions import Caller, Permission
from service.domain.queue import LoggedDecision, QueueItem
from service.domain.screening import Signal
from service.domain.sorting import QueueSort
from service.domain.writing import Faults, check_line, check_text
from service.store import authors, comments, counters, decisions, flags, queue, revisions, sites
from service.store.queue import QueueFilter
from service.store.session import reading, writing

FLAGS_LISTED = 100
"""Flags of one comment that are listed in full; all are counted, and nobody reads more of them to decide."""


@dataclass(frozen=True)
class QueueView:
    """A page of the queue, and the number of the site's comments in every status."""

    items: Sequence[QueueItem]
    next_cursor: str | None
    totals: dict[str, int]


@dataclass(frozen=True)
class CommentFile:
    """Everything known about a comment; `email` only for a caller with the scope `pii`."""

    item: QueueItem
    revisions: Sequence[Revision]
    signals: dict[tuple[UUID, int], list[Signal]]
    decisions: Sequence[LoggedDecision]
    email: str | None


@dataclass(frozen=True)
class Decided:
    """A decision that was carried out, and where the comment stands after it."""

    comment_id: UUID
    decision: LoggedDecision
    standing: Standing


def read_queue(
    caller: Caller,
    *,
    status: Status,
    article_key: str | None,
    reason: str | None,
    author: str | None,
    words: str | None,
    sort: QueueSort,
    cursor: str | None,
    limit: int,
) -> QueueView:
    """Return a page of the caller's site; `author` is an author's id, or an e-mail address with the scope `pii`.

    Raises Forbidden for an address without that scope, and Invalid for a cursor of another list.
    """
    scope = scope_of("queue", caller.site_id, status, article_key, reason, author, words, sort)
    with reading():
        wanted = QueueFilter(status, article_key, reason, _author_ids(caller, author), words)
        after = queue_position(scope, cursor)
        page = queue.read_queue(caller.site_id, wanted, sort=sort, after=after, limit=limit)
        return QueueView(page.items, queue_cursor(scope, page.next), counters.site_totals(caller.site_id))


def read_comment(caller: Caller, comment_id: UUID) -> CommentFile:
    """Return everything known about a comment of the caller's site; raises NotFound for any other."""
    with reading():
        item = queue.find_item(comment_id, site_id=caller.site_id)
        if item is None:
            raise NotFound("This site has no such comment.")
        texts = revisions.all_revisions(comment_id)
        listed = flags.latest_flags(comment_id, limit=FLAGS_LISTED) if item.comment.flags else ()
        return CommentFile(
            item=replace(item, flags=replace(item.flags, latest=listed)),
            revisions=texts,
            signals=revisions.signals_of([(comment_id, text.number) for text in texts]),
            decisions=decisions.decisions_on(comment_id),
            email=_email(item) if caller.may(Permission.READ_EMAIL) else None,
        )


def decide(
    caller: Caller,
    comment_id: UUID,
    action: Action,
    *,
    revision: int,
    expected_version: int | None,
    reason: str,
    note: str,
    now: datetime,
) -> Decided:
    """Carry out a decision on one revision, log it in the same transaction, and return both.

    Rejecting an edit leaves the earlier text published; where readers have flagged that one, it is reviewed next.
    Raises StaleDecision, with who decided what and when, where the comment is no longer what the moderator saw; of two
    decisions at the same moment one is carried out. Raises Invalid for an action that is not offered, NotFound.
    """
    reason, note = _check_words(reason, note)
    comment, after = _look(caller, comment_id, action, revision, expected_version)
    with writing():
        decision = None
        if change_standing(comment, after, **_changes(comment, after, action, reason, now)):
            if after.status is Status.DELETED:
                comments.erase_text(comment.id)
            decision = decisions.add_decision(
                site_id=comment.site_id,
                comment_id=comment.id,
                action=action,
                revision=revision,
                before=comment.standing,
                after=after,
                actor=caller.actor,
                reason=reason or None,
                note=note or None,
                now=now,
            )
            if after.has_rejected_edit:
                after = _return_if_flagged(caller, comment_id, now)
    if decision is not None:
        metrics.decisions.labels(action.value).inc()
        if after.is_reported:
            metrics.flagged_returns.inc()
        return Decided(comment.id, decision, after)
    # Somebody was faster by a moment. The version that was looked at makes the second look refuse, with their decision.
    seen = comment.standing.version if expected_version is None else expected_version
    _look(caller, comment_id, action, revision, seen)
    raise AssertionError("a version that was passed by never comes back")


def _return_if_flagged(caller: Caller, comment_id: UUID, now: datetime) -> Standing:
    # Read again, now that the row is ours: flags may have come since it was looked at.
    comment = comments.find_comment(comment_id, site_id=caller.site_id)
    assert comment is not None, "comments are never removed"
    return flag.return_if_flagged(comment, sites.get_site(caller.site_id), now=now)


def _check_words(reason: str, note: str) -> tuple[str, str]:
    faults = Faults()
    checked_reason = faults.gather(lambda: check_line("reason", reason, most=REASON_MAX), "")
    checked_note = faults.gather(lambda: check_text("note", note, most=NOTE_MAX), "")
    faults.raise_if_any()
    return checked_reason, checked_note


def _look(
    caller: Caller, comment_id: UUID, action: Action, revision: int, expected_version: int | None
) -> tuple[Comment, Standing]:
    with reading():
        comment = comments.find_comment(comment_id, site_id=caller.site_id)
        if comment is None:
            raise NotFound("This site has no such comment.")
        after = life.decide(
            comment.standing,
            action,
            revision=revision,
            actor=caller.actor,
            expected_version=expected_version,
            last_decision=decisions.last_decision(comment_id),
        )
    return comment, after


def _changes(comment: Comment, after: Standing, action: Action, reason: str, now: datetime) -> dict[str, object]:
    changes: dict[str, object] = {"reason": (reason or None) if action is Action.REJECT else None}
    publishes = after.published_revision is not None and action in {Action.APPROVE, Action.RESTORE}
    if publishes and comment.flags:
        changes["flags_settled"] = settled_by_approval(comment.standing, after)
    if publishes and after.published_revision is not None:
        revision = revisions.find_revision(comment.id, after.published_revision)
        changes |= {"body_html": revision.body_html, "published_at": comment.published_at or now}
        if comment.published_at is not None and revision.created_at > comment.published_at:
            # Readers saw an earlier text; the mark tells them when the author changed it.
            changes["edited_at"] = revision.created_at
    elif not after.is_published:
        changes["body_html"] = ""
    return changes


def _author_ids(caller: Caller, author: str | None) -> list[UUID] | None:
    if author is None:
        return None
    if "@" in author:
        caller.check(Permission.READ_EMAIL)
        hashes = tools().keyring.lookup_hashes("email", str(caller.site_id), email_lookup_form(author.strip()))
        return authors.find_author_ids(caller.site_id, hashes)
    try:
        return [UUID(author)]
    except ValueError:
        return []


def _email(item: QueueItem) -> str:
    comment = item.comment
    return tools().keyring.unseal(authors.sealed_email(comment.author_id), context=comment.site_id.bytes)
