"""What nobody has seen yet goes to spam, in the name of the site's policy and without a word to its author."""

from __future__ import annotations

from datetime import datetime

from service.actions.change import Change, change_standings
from service.actions.record import decision_entry, kept_for_undoing
from service.domain import life
from service.domain.comment import Comment
from service.domain.life import POLICY, Action, Status
from service.store import log
from service.store.ids import new_id


def is_new(comment: Comment) -> bool:
    """True for what waits and readers have never seen."""
    return comment.standing.status is Status.PENDING and not comment.standing.is_published


def move_to_spam(comment: Comment, now: datetime) -> None:
    """Do what the site has said is to be done with spam; the log tells it, and a person can undo it."""
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
