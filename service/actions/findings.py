"""What is found out about a comment after it was stored: kept beside what the screening found, and acted on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.actions import events
from service.actions.change import Change, change_standings
from service.actions.record import decision_entry, kept_for_undoing
from service.domain import life
from service.domain.comment import Comment
from service.domain.life import POLICY, Action, PastDecision, Status
from service.domain.opinions import closed_without_answer
from service.domain.screening import Signal
from service.store import comments, log, opinions, outbox, revisions, sites
from service.store.ids import new_id
from service.store.outbox import Job
from service.store.session import reading, writing

FINDING = frozenset({"score", "opinion"})
"""Kinds of jobs that find something out about a revision, for whoever decides on it."""


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
    return None if _a_person_decided(job, last) else (held[0], last)


def without_settled(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that can still find something out; the others are finished, together and in few statements.

    While no worker runs, people go on deciding and authors take back what they wrote: a worker that comes back to a
    thousand of those has nothing to compute and nobody to ask.
    """
    about = {job.id: job.comment_id for job in jobs if job.kind in FINDING and job.comment_id is not None}
    if not about:
        return list(jobs)
    comment_ids = list(about.values())
    with reading():
        standing = opinions.where_they_stand(comment_ids)
        last = log.last_decisions(comment_ids)
    settled = [
        job
        for job in jobs
        if (comment_id := about.get(job.id)) is not None
        and (
            standing.get(comment_id, (0, Status.DELETED))[1] is Status.DELETED
            or standing[comment_id][0] != job.revision
            or _a_person_decided(job, last.get(comment_id))
        )
    ]
    if settled:
        with writing():
            close_unanswered(settled)
            outbox.finish_jobs([job.id for job in settled])
    gone = {job.id for job in settled}
    return [job for job in jobs if job.id not in gone]


def close_unanswered(jobs: Sequence[Job]) -> None:
    """Let what holds a revision for want of an answer say that none is waited for any more, in this transaction."""
    about = {(job.comment_id, job.revision) for job in jobs if job.comment_id and job.revision}
    for (comment_id, revision), signals in revisions.signals_of(list(about)).items():
        for signal in signals:
            detail = closed_without_answer(signal)
            if detail is not None:
                opinions.reword_signal(comment_id, revision, signal.name, detail)


def _a_person_decided(job: Job, last: PastDecision | None) -> bool:
    return last is not None and last.revision == job.revision and last.actor.is_a_person and not last.is_undo


def add_finding(comment: Comment, signal: Signal, *, now: datetime) -> None:
    """Store a signal on the latest revision of a comment; it waits for a person as long as the comment does."""
    waits = comment.standing.status is Status.PENDING
    revisions.add_signals(
        comment.key,
        comment.standing.revision,
        [signal],
        waiting=waits,
        now=comment.queued_at if waits else now,
    )


def is_new(comment: Comment) -> bool:
    """True for what waits and readers have never seen."""
    return comment.standing.status is Status.PENDING and not comment.standing.is_published


def move_to_spam(comment: Comment, found: Signal, now: datetime) -> None:
    """Do what the site has said is to be done with spam, without a word to the author.

    The log tells it in the name of the site's policy, and a person can undo it.
    """
    before = comment.standing
    after = life.decide(
        before, Action.SPAM, revision=before.revision, actor=POLICY, expected_version=None, last_decision=None
    )
    change_standings([Change(comment, after, {"reason": None, "body_html": "", "quietly_spam": True})])
    events.tell_found(sites.get_site(comment.site_id), comment, after, found, now=now)
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
