"""The life of a comment: every status with every action, decisions that come too late, and what always holds."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.domain import life
from service.domain.errors import Invalid, StaleDecision
from service.domain.life import AUTHOR, POLICY, Action, Actor, PastDecision, Standing, Status

MIRA, NOOR = Actor("token", UUID(int=1), "Mira"), Actor("token", UUID(int=2), "Noor")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

LEADS_TO = {
    "pending": {"approve": "approved", "reject": "rejected", "spam": "spam", "delete": "deleted"},
    "approved": {"reject": "rejected", "spam": "spam", "delete": "deleted"},
    "rejected": {"restore": "approved", "delete": "deleted"},
    "spam": {"restore": "approved", "delete": "deleted"},
    "deleted": {},
}
EVERY_PAIR = [(status, action) for status in Status for action in Action]


def standing(status: Status, *, revision: int = 1, published: int | None = None, version: int = 4) -> Standing:
    """Return a standing in which an approved comment has its latest revision published."""
    if status is Status.APPROVED and published is None:
        published = revision
    return Standing(status, revision, published, version)


def past(action: Action, actor: Actor = MIRA, revision: int = 1) -> PastDecision:
    """Return a decision that stands in the log."""
    return PastDecision(action, revision, actor, NOW)


def decide(
    on: Standing,
    action: Action,
    *,
    revision: int | None = None,
    actor: Actor = MIRA,
    version: int | None = None,
    last: PastDecision | None = None,
) -> Standing:
    """Decide on the latest revision, as Mira, unless something else is said."""
    return life.decide(
        on,
        action,
        revision=on.revision if revision is None else revision,
        actor=actor,
        expected_version=version,
        last_decision=last,
    )


@pytest.mark.parametrize(("status", "action"), EVERY_PAIR, ids=lambda word: word.value)
def test_every_action_in_every_status_leads_where_the_table_says(status: Status, action: Action) -> None:
    target = LEADS_TO[status].get(action)
    before = standing(status)
    if target is None:
        with pytest.raises(Invalid) as refused:
            decide(before, action)
        assert [fault.code for fault in refused.value.faults] == ["not_offered"]
        return
    after = decide(before, action)
    assert after.status == target
    assert after.version == before.version + 1
    assert after.revision == before.revision
    assert after.published_revision == (before.revision if target == "approved" else None)


@pytest.mark.parametrize("status", list(Status), ids=lambda word: word.value)
def test_what_is_offered_is_what_can_be_done(status: Status) -> None:
    assert {action.value for action in standing(status).offered_actions} == set(LEADS_TO[status])


@pytest.mark.parametrize(
    ("on", "revision", "version", "last"),
    [
        (standing(Status.PENDING, revision=2), 1, None, None),
        (standing(Status.PENDING, revision=2, published=1), 1, None, past(Action.APPROVE)),
        (standing(Status.PENDING, revision=2), 1, 4, None),
        (standing(Status.PENDING), 1, 3, None),
        (standing(Status.PENDING), 1, 5, past(Action.APPROVE)),
        (standing(Status.APPROVED), 1, None, past(Action.APPROVE, NOOR)),
        (standing(Status.DELETED), 1, None, past(Action.DELETE, AUTHOR)),
        (standing(Status.DELETED), 1, 4, past(Action.DELETE)),
        (standing(Status.REJECTED, revision=2), 1, None, past(Action.REJECT)),
    ],
    ids=[
        "an earlier revision", "the published revision while an edit waits", "an earlier revision at this version",
        "an earlier version", "a later version", "what another person has approved", "a withdrawn comment",
        "a deleted comment at its version", "an earlier revision of a rejected one",
    ],
)  # fmt: skip
def test_a_decision_on_what_is_no_more_is_stale(
    on: Standing, revision: int, version: int | None, last: PastDecision | None
) -> None:
    with pytest.raises(StaleDecision) as refused:
        decide(on, Action.REJECT, revision=revision, version=version, last=last)
    stale = refused.value
    assert (stale.status, stale.revision, stale.version) == (on.status, on.revision, on.version)
    assert stale.decision == (last.brief if last else None)


def test_a_stale_decision_says_who_decided_what_and_when() -> None:
    with pytest.raises(StaleDecision) as refused:
        decide(standing(Status.REJECTED), Action.APPROVE, last=past(Action.REJECT, NOOR))
    assert refused.value.detail == (
        "Noor decided `reject` on revision 1 at 2026-11-24 09:30:00 UTC; the comment is rejected now, "
        "its latest revision is 1."
    )


def test_a_revision_that_never_was_is_refused_with_the_one_that_is() -> None:
    with pytest.raises(StaleDecision, match="no revision 3; its latest one is 2") as refused:
        decide(standing(Status.PENDING, revision=2), Action.APPROVE, revision=3)
    assert refused.value.revision == 2


def test_a_rejected_edit_can_be_restored_and_is_published_then() -> None:
    edited = standing(Status.APPROVED, revision=2, published=1)
    assert Action.RESTORE in edited.offered_actions
    after = decide(edited, Action.RESTORE, revision=2, last=past(Action.REJECT, NOOR, revision=2))
    assert (after.status, after.published_revision) == (Status.APPROVED, 2)
    assert Action.RESTORE not in after.offered_actions


def test_a_rejected_edit_is_not_restored_by_naming_the_text_that_is_published() -> None:
    edited = standing(Status.APPROVED, revision=2, published=1)
    with pytest.raises(StaleDecision):
        decide(edited, Action.RESTORE, revision=1, last=past(Action.REJECT, NOOR, revision=2))


def test_what_another_person_decided_is_changed_only_with_the_version_they_left() -> None:
    approved = standing(Status.APPROVED)
    with pytest.raises(StaleDecision):
        decide(approved, Action.SPAM, last=past(Action.APPROVE, NOOR))
    assert decide(approved, Action.SPAM, version=4, last=past(Action.APPROVE, NOOR)).status is Status.SPAM


@pytest.mark.parametrize(
    "last", [past(Action.APPROVE), past(Action.APPROVE, POLICY), None], ids=["own", "policy", "none"]
)
def test_what_no_other_person_decided_is_changed_without_a_version(last: PastDecision | None) -> None:
    assert decide(standing(Status.APPROVED), Action.REJECT, last=last).status is Status.REJECTED


@pytest.mark.parametrize("status", [Status.REJECTED, Status.SPAM], ids=lambda word: word.value)
def test_whoever_restores_knows_of_the_decision_that_they_undo(status: Status) -> None:
    assert decide(standing(status), Action.RESTORE, last=past(Action.SPAM, NOOR)).published_revision == 1


def test_a_waiting_edit_is_decided_on_by_anybody() -> None:
    waiting = standing(Status.PENDING, revision=2, published=1)
    after = decide(waiting, Action.APPROVE, last=past(Action.APPROVE, NOOR))
    assert (after.status, after.published_revision) == (Status.APPROVED, 2)


def test_rejecting_an_edit_keeps_the_approved_revision_published() -> None:
    after = decide(standing(Status.PENDING, revision=3, published=1), Action.REJECT)
    assert after == Standing(Status.APPROVED, 3, 1, 5)


@pytest.mark.parametrize("action", [Action.SPAM, Action.DELETE], ids=lambda word: word.value)
def test_spam_and_deletion_of_an_edit_take_everything_down(action: Action) -> None:
    assert not decide(standing(Status.PENDING, revision=2, published=1), action).is_published


@pytest.mark.parametrize("revision", [1, 3], ids=["the published one", "the latest one"])
def test_after_a_rejected_edit_either_revision_names_the_comment_to_take_down(revision: int) -> None:
    after = decide(standing(Status.APPROVED, revision=3, published=1), Action.SPAM, revision=revision)
    assert (after.status, after.published_revision) == (Status.SPAM, None)


def test_after_a_rejected_edit_one_that_is_neither_is_stale() -> None:
    with pytest.raises(StaleDecision):
        decide(standing(Status.APPROVED, revision=3, published=1), Action.SPAM, revision=2)


REPORTED = Standing(Status.PENDING, 2, 2, 5)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Standing(Status.APPROVED, 2, 2, 4), REPORTED),
        (Standing(Status.APPROVED, 3, 1, 4), Standing(Status.PENDING, 4, 4, 5)),
    ],
    ids=["the latest revision", "an earlier revision, after a rejected edit"],
)
def test_what_readers_see_returns_to_the_queue_and_stays_published(before: Standing, after: Standing) -> None:
    assert life.return_to_queue(before) == after
    assert after.is_reported
    assert after.is_published
    assert not before.is_reported


@pytest.mark.parametrize("status", list(Status), ids=lambda word: word.value)
def test_only_what_is_approved_can_be_returned(status: Status) -> None:
    assert life.can_be_returned(standing(status)) == (status is Status.APPROVED)


@pytest.mark.parametrize(
    ("action", "status", "published"),
    [
        (Action.APPROVE, Status.APPROVED, 2),
        (Action.REJECT, Status.REJECTED, None),
        (Action.SPAM, Status.SPAM, None),
        (Action.DELETE, Status.DELETED, None),
    ],
    ids=lambda value: str(value),
)
def test_a_decision_on_what_was_reported_is_about_what_readers_see(
    action: Action, status: Status, published: int | None
) -> None:
    after = decide(REPORTED, action, last=past(Action.APPROVE, NOOR))
    assert after == Standing(status, 2, published, 6)


def test_an_edit_of_what_was_reported_waits_and_its_rejection_leaves_the_rest() -> None:
    edited = life.revise(REPORTED, Status.PENDING)
    assert edited == Standing(Status.PENDING, 3, 2, 6)
    assert not edited.is_reported
    assert decide(edited, Action.REJECT) == Standing(Status.APPROVED, 3, 2, 7)


def test_a_decision_on_the_version_before_the_report_is_stale_and_says_so() -> None:
    with pytest.raises(StaleDecision, match="Readers have reported this comment since") as refused:
        decide(REPORTED, Action.SPAM, version=4, last=past(Action.APPROVE))
    assert refused.value.version == 5


def test_an_edit_waits_and_the_approved_revision_stays() -> None:
    assert life.revise(standing(Status.APPROVED), Status.PENDING) == Standing(Status.PENDING, 2, 1, 5)


def test_an_edit_that_the_policy_publishes_is_published() -> None:
    assert life.revise(standing(Status.PENDING), Status.APPROVED) == Standing(Status.APPROVED, 2, 2, 5)


@pytest.mark.parametrize("status", list(Status), ids=lambda word: word.value)
def test_only_what_waits_or_is_approved_can_be_revised(status: Status) -> None:
    assert life.can_be_revised(standing(status)) == (status in {Status.PENDING, Status.APPROVED})


@pytest.mark.parametrize("actor", [MIRA, AUTHOR], ids=lambda actor: actor.kind)
def test_moderators_and_authors_are_people(actor: Actor) -> None:
    assert actor.is_a_person
    assert not POLICY.is_a_person


class LifeOfAComment(RuleBasedStateMachine):
    """A comment to which moderators, its author and the policy do whatever they may."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Standing(Status.PENDING, revision=1, published_revision=None, version=1)
        self.last: PastDecision | None = None
        self.allowed_to_be_public: set[int] = set()
        self.was_deleted = False
        self.highest_version = 0

    @rule(
        action=st.sampled_from(Action),
        actor=st.sampled_from([MIRA, NOOR]),
        revision_back=st.integers(-1, 2),
        version_back=st.one_of(st.none(), st.integers(0, 1)),
    )
    def decide(self, action: Action, actor: Actor, revision_back: int, version_back: int | None) -> None:
        revision = self.now.revision - revision_back
        expected = None if version_back is None else self.now.version - version_back
        try:
            after = life.decide(
                self.now, action, revision=revision, actor=actor, expected_version=expected, last_decision=self.last
            )
        except (StaleDecision, Invalid):
            return
        assert (self.now.status, action) in life.TRANSITIONS
        assert expected in {None, self.now.version}
        if action in {Action.APPROVE, Action.RESTORE}:
            assert after.published_revision == revision == self.now.revision
            self.allowed_to_be_public.add(revision)
        self.last = PastDecision(action, revision, actor, NOW)
        self.now = after

    @precondition(lambda self: life.can_be_revised(self.now))
    @rule(at_once=st.booleans())
    def revise(self, at_once: bool) -> None:
        published = self.now.published_revision
        self.now = life.revise(self.now, Status.APPROVED if at_once else Status.PENDING)
        if at_once:
            self.allowed_to_be_public.add(self.now.revision)
            self.last = PastDecision(Action.APPROVE, self.now.revision, POLICY, NOW)
        else:
            assert self.now.published_revision == published

    @precondition(lambda self: life.can_be_returned(self.now))
    @rule()
    def be_reported(self) -> None:
        seen = self.now.published_revision
        self.now = life.return_to_queue(self.now)
        assert self.now.published_revision == self.now.revision
        # After a rejected edit it is the very text that readers see, under a new number.
        assert seen in self.allowed_to_be_public
        self.allowed_to_be_public.add(self.now.revision)

    @precondition(lambda self: self.now.status is not Status.DELETED)
    @rule()
    def withdraw(self) -> None:
        self.now = life.withdraw(self.now)
        self.last = PastDecision(Action.DELETE, self.now.revision, AUTHOR, NOW)

    @invariant()
    def only_what_a_person_or_the_policy_allowed_is_public(self) -> None:
        if self.now.published_revision is not None:
            assert self.now.published_revision in self.allowed_to_be_public
            assert self.now.published_revision <= self.now.revision

    @invariant()
    def the_status_fits_what_is_public(self) -> None:
        if self.now.status in {Status.REJECTED, Status.SPAM, Status.DELETED}:
            assert not self.now.is_published
        if self.now.status is Status.APPROVED:
            assert self.now.is_published

    @invariant()
    def what_was_deleted_never_returns(self) -> None:
        self.was_deleted = self.was_deleted or self.now.status is Status.DELETED
        assert not self.was_deleted or self.now.status is Status.DELETED

    @invariant()
    def the_version_never_goes_back(self) -> None:
        assert self.now.version >= self.highest_version
        self.highest_version = self.now.version


TestLifeOfAComment = LifeOfAComment.TestCase
TestLifeOfAComment.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
