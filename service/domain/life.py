"""The life of a comment: its statuses, the one table of transitions, and when a decision comes too late.

    pending ─ approve ─▶ approved ─ edit ─▶ pending (the approved revision stays published)
       │                  │  ▲
       ├─ reject ─▶ rejected │ restore
       ├─ spam ───▶ spam ────┘
       └─ delete ─▶ deleted        (delete is possible from every status but itself; nothing leads back)
    approved ─ readers' flags ─▶ pending (and stays published until somebody decides)
    rejected, spam, or approved with a rejected edit ─ the author's one appeal ─▶ pending

`Comment.status` is the status of the latest revision; whether something is published, and which revision, is
`Comment.published_revision`. So an approved comment with an edit under review is `pending` and published at once, and
one that readers have reported is `pending` with its latest revision published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from service.domain.errors import DecisionBrief, Invalid, StaleDecision


class Status(StrEnum):
    """Where a comment stands; these words are the same in the database, in JSON and on the page."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SPAM = "spam"
    DELETED = "deleted"


class Action(StrEnum):
    """What a moderator can decide."""

    APPROVE = "approve"
    REJECT = "reject"
    SPAM = "spam"
    DELETE = "delete"
    RESTORE = "restore"


TRANSITIONS: dict[tuple[Status, Action], Status] = {
    (Status.PENDING, Action.APPROVE): Status.APPROVED,
    (Status.PENDING, Action.REJECT): Status.REJECTED,
    (Status.PENDING, Action.SPAM): Status.SPAM,
    (Status.PENDING, Action.DELETE): Status.DELETED,
    (Status.APPROVED, Action.REJECT): Status.REJECTED,
    (Status.APPROVED, Action.SPAM): Status.SPAM,
    (Status.APPROVED, Action.DELETE): Status.DELETED,
    (Status.REJECTED, Action.RESTORE): Status.APPROVED,
    (Status.REJECTED, Action.DELETE): Status.DELETED,
    (Status.SPAM, Action.RESTORE): Status.APPROVED,
    (Status.SPAM, Action.DELETE): Status.DELETED,
}


@dataclass(frozen=True)
class Standing:
    """The part of a comment that decisions and edits change, at one `version`."""

    status: Status
    revision: int
    published_revision: int | None
    version: int

    @property
    def is_published(self) -> bool:
        """True where readers see a revision of it now."""
        return self.published_revision is not None

    @property
    def offered_actions(self) -> tuple[Action, ...]:
        """What can be decided in this status, in the order in which people are offered it."""
        return tuple(action for action in Action if self.status_after(action) is not None)

    @property
    def is_reported(self) -> bool:
        """True where what readers see is under review again, because enough of them have flagged it."""
        return self.status is Status.PENDING and self.published_revision == self.revision

    @property
    def is_waiting_edit(self) -> bool:
        """True where an edit waits, and readers see the text that was approved before it."""
        return self.status is Status.PENDING and self.published_revision is not None and not self.is_reported

    @property
    def has_rejected_edit(self) -> bool:
        """True where readers see an earlier revision, because the latest one was turned down."""
        return self.status is Status.APPROVED and self.published_revision != self.revision

    def status_after(self, action: Action) -> Status | None:
        """Return where an action leads from here, or None where it is not offered.

        Beyond the table, an edit that was rejected can be restored while its comment is approved.
        """
        if action is Action.RESTORE and self.has_rejected_edit:
            return Status.APPROVED
        return TRANSITIONS.get((self.status, action))


@dataclass(frozen=True)
class Actor:
    """Who did something; colleagues read `name`.

    `kind` is "token", "moderator", "author", "policy", "command" or "service".
    """

    kind: str
    id: UUID | None
    name: str

    @property
    def is_a_person(self) -> bool:
        """False for the site's policy, whose publishing nobody has looked at yet."""
        return self.kind != "policy"


AUTHOR = Actor("author", None, "the author")
POLICY = Actor("policy", None, "the site's policy")
CLOSING_DAYS = Actor("policy", None, "the site's days")
"""What closes articles that no person has closed."""
COMMAND = Actor("command", None, "the command line")
SERVICE = Actor("service", None, "the service")
"""What is done by itself, such as forgetting."""


@dataclass(frozen=True)
class PastDecision:
    """A decision that stands in the log, or the undoing of one."""

    action: Action
    revision: int
    actor: Actor
    decided_at: datetime
    is_undo: bool = False

    @property
    def brief(self) -> DecisionBrief:
        """What the moderator who came second is told."""
        action = f"undo {self.action}" if self.is_undo else self.action.value
        return DecisionBrief(action, self.revision, self.actor.name, self.decided_at)


def decide(
    standing: Standing,
    action: Action,
    *,
    revision: int,
    actor: Actor,
    expected_version: int | None,
    last_decision: PastDecision | None,
) -> Standing:
    """Return the standing after the decision; raises StaleDecision where the comment moved on since it was looked at.

    `revision` is the one the moderator read. `expected_version` is the version they saw, if they say so. Without it,
    changing what *another person* has decided is refused, since nothing shows that they know of that decision; whoever
    restores knows. The same decision sent twice is refused too: after the rejection of an edit it would mean the text
    that readers see. Raises Invalid for an action that this status does not offer and nobody's decision explains.
    """
    if expected_version is not None and expected_version != standing.version:
        raise _stale(standing, last_decision)
    if revision not in _revisions_open_to_decision(standing, action):
        raise _stale(standing, last_decision, named=revision)
    target = standing.status_after(action)
    if target is None:
        if last_decision is not None:
            raise _stale(standing, last_decision)
        offered = ", ".join(standing.offered_actions)
        raise Invalid("action", "not_offered", f"A comment that is {standing.status} can be decided with: {offered}.")
    decided_by_another = last_decision is not None and last_decision.actor.is_a_person and last_decision.actor != actor
    if (
        expected_version is None
        and decided_by_another
        and standing.status is not Status.PENDING
        and action is not Action.RESTORE
    ):
        raise _stale(standing, last_decision)
    if expected_version is None and _is_repeated(standing, action, revision, last_decision):
        raise _stale(standing, last_decision)
    return _after(standing, action, target)


def first_standing(status: Status) -> Standing:
    """Return where a new comment stands whose first revision the screening sends to approved, pending or spam."""
    return Standing(status, revision=1, published_revision=1 if status is Status.APPROVED else None, version=1)


def revise(standing: Standing, to: Status) -> Standing:
    """Return the standing after the author's edit: a new revision, approved, pending or spam as the screening found.

    What was approved before stays published until the new revision is decided on; `to` is not spam for such a comment.
    """
    assert to is not Status.SPAM or not standing.is_published, "an edit takes nothing down that a person has approved"
    revision = standing.revision + 1
    return Standing(
        status=to,
        revision=revision,
        published_revision=revision if to is Status.APPROVED else standing.published_revision,
        version=standing.version + 1,
    )


def return_to_queue(standing: Standing) -> Standing:
    """Return the standing after enough readers have flagged an approved comment: under review, and still published.

    What is reviewed is the text that readers see. After a rejected edit that is an earlier revision, which becomes the
    latest one once more, under a new number.
    """
    assert can_be_returned(standing), "what waits already, or is not published, has no way back to the queue"
    revision = standing.revision + 1 if standing.has_rejected_edit else standing.revision
    return Standing(Status.PENDING, revision, revision, standing.version + 1)


def appeal(standing: Standing) -> Standing:
    """Return the standing after the author asked for another look: under review, with what readers see as it was."""
    assert can_be_appealed(standing), "what waits, is published whole, or is gone, has nothing to appeal against"
    return Standing(Status.PENDING, standing.revision, standing.published_revision, standing.version + 1)


def withdraw(standing: Standing) -> Standing:
    """Return the standing after the author took the comment back."""
    return _after(standing, Action.DELETE, Status.DELETED)


def undo(standing: Standing, *, to: Status, published_revision: int | None) -> Standing:
    """Return the standing after a decision was taken back: as it was before it, at a new version.

    Raises Invalid where a deletion was decided, since the words are gone.
    """
    if standing.status is Status.DELETED:
        raise Invalid("batch_id", "not_undoable", "A deleted comment has no words left that could be brought back.")
    return Standing(to, standing.revision, published_revision, standing.version + 1)


def moved_on(standing: Standing, last: PastDecision | None) -> StaleDecision:
    """Return the refusal of whoever speaks of an earlier state, with where the comment stands and who decided last."""
    return _stale(standing, last)


def can_be_returned(standing: Standing) -> bool:
    """True for what is approved; what waits for a person already need not be brought to one."""
    return standing.status is Status.APPROVED


def can_be_appealed(standing: Standing) -> bool:
    """True where the latest text was turned down, and its words are still there."""
    return standing.status in {Status.REJECTED, Status.SPAM} or standing.has_rejected_edit


def can_be_revised(standing: Standing) -> bool:
    """True while the comment is pending or approved; what was turned down is not reopened by an edit."""
    return standing.status in {Status.PENDING, Status.APPROVED}


def _after(standing: Standing, action: Action, target: Status) -> Standing:
    published = standing.published_revision
    if action is Action.REJECT and standing.is_waiting_edit:
        # Only the edit is turned down. The revision approved before is as good as it was.
        target = Status.APPROVED
    elif target is Status.APPROVED:
        published = standing.revision
    else:
        published = None
    return Standing(target, standing.revision, published, standing.version + 1)


def _is_repeated(standing: Standing, action: Action, revision: int, last: PastDecision | None) -> bool:
    is_settled = standing.status is not Status.PENDING
    return is_settled and last is not None and not last.is_undo and (last.action, last.revision) == (action, revision)


def _revisions_open_to_decision(standing: Standing, action: Action) -> set[int]:
    open_to_decision = {standing.revision}
    if standing.has_rejected_edit and standing.published_revision is not None and action is not Action.RESTORE:
        # Readers see an earlier revision than the latest; either names the comment to take down.
        open_to_decision.add(standing.published_revision)
    return open_to_decision


def _stale(standing: Standing, last: PastDecision | None, *, named: int | None = None) -> StaleDecision:
    if named is not None and named > standing.revision:
        detail = f"This comment has no revision {named}; its latest one is {standing.revision}."
    elif standing.is_reported:
        detail = f"Readers have reported this comment since; revision {standing.revision} waits for review again."
    elif last is None:
        detail = f"The author has revised this comment since; its latest revision is {standing.revision}."
    else:
        when = last.decided_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        detail = (
            f"{last.actor.name[:1].upper()}{last.actor.name[1:]} {'took back' if last.is_undo else 'decided'} "
            f"`{last.action}` on revision {last.revision} at {when}; the comment is {standing.status} now, "
            f"its latest revision is {standing.revision}."
        )
    return StaleDecision(
        detail,
        status=standing.status.value,
        revision=standing.revision,
        version=standing.version,
        decision=last.brief if last else None,
    )
