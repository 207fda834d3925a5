"""What is found out about a comment after it was stored: kept beside what the screening found, and acted on."""

from __future__ import annotations

from datetime import datetime

from service.actions.change import Change, change_standings
from service.actions.record import decision_entry, kept_for_undoing
from service.domain import life
from service.domain.comment import Comment
from service.domain.life import POLICY, Action, PastDecision, Status
from service.domain.screening import Signal
from service.store import comments, log, revisions
from service.store.ids import new_id
from service.store.outbox import Job


def hold_undecided(job: Job) -> tuple[Comment, PastDecision | None] | None:
    """Return the comment of a job with the last decision on it, its row held until the commit.

    None where the text has changed or gone since, or a person has decided on it: what is found out then helps nobody,
    and would make whoever found it look better than they are.
    """
    assert job.comment_id is not None, "a finding is about a comment"
    held = comments.hold_comments([job.comment_id], site_id=job.site_id)
    if not held or held[0].standing.status is Status.DELETED or held[0].standing.revision != job.revision:
        return None
    last = log.last_decisions([job.comment_id]).get(job.comment_id)
    if last is not None and last.revision == job.revision and last.actor.is_a_person and not last.is_undo:
        return None
    return held[0], last


def add_finding(comment: Comment, signal: Signal, *, now: datetime) -> None:
    """Store a signal on the latest revision of a comment; it waits for a person as long as the comment does."""
    waits = comment.standing.status is Status.PENDING
    revisions.add_signals(
        (comment.site_id, comment.id),
        comment.standing.revision,
        [signal],
        waiting=waits,
        now=comment.queued_at if waits else now,
    )


def is_new(comment: Comment) -> bool:
    """True for what waits and readers have never seen."""
    return comment.standing.status is Status.PENDING and not comment.standing.is_published


def move_to_spam(comment: Comment, now: datetime) -> None:
    """Do what the site has said is to be done with spam, without a word to the author.

    The log tells it in the name of the site's policy, and a person can undo it.
    """
    before = comment.standing
    after = life.decide(
        before, Action.SPAM, revision=before.revision, actor=POLICY, expected_version=None, last_decision=None
    )
    change_standings([Change(comment, after, {"reason": None, "body_html": "", "quietly_spam": True})])
    entry = decision_entry(
        comment.id,
        comment.site_id,
        Action.SPAM,
        before,
        after,
        POLICY,
        batch_id=new_id(now),
        details=kept_for_undoing(comment),
        now=now,
    )
    log.add_entries([entry])
