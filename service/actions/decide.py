"""Moderators decide: on one comment or up to a hundred together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from service import metrics
from service.actions import claims, events, flag, opinions, outbox
from service.actions.change import Change, change_standings
from service.actions.record import decision_entry, kept_for_undoing
from service.domain import life
from service.domain.comment import NOTE_MAX, REASON_MAX, Comment, Revision
from service.domain.errors import FieldFault, Invalid, NotFound, PostbagError
from service.domain.flags import settled_by_approval
from service.domain.life import Action, Standing, Status
from service.domain.log import LogEntry
from service.domain.permissions import Caller
from service.domain.queue import LoggedDecision
from service.domain.reasons import Reason
from service.domain.site import Site
from service.domain.writing import Faults, check_line, check_text
from service.store import comments, log, reasons, revisions, sites
from service.store.ids import new_id
from service.store.session import reading, writing

BATCH_MAX = 100
"""Decisions in one request: what a person can have looked at, and what one transaction carries before others wait."""


WORDS_ARE_GONE = "The words of this comment were kept as long as the site keeps them, and are gone."


@dataclass(frozen=True)
class Proposal:
    """What a moderator wants decided: an action on the revision they read.

    `expected_version` is the version they saw, None where they do not say. `reason_id` names a canned reason, whose
    text the author reads unless `reason` says something else.
    """

    comment_id: UUID
    action: Action
    revision: int
    expected_version: int | None = None
    reason: str = ""
    reason_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True)
class Decided:
    """A decision that was carried out or taken back, and where the comment stands after it."""

    comment_id: UUID
    decision: LoggedDecision
    standing: Standing


@dataclass(frozen=True)
class Batch:
    """What was decided together: for each proposal, in their order, what became of it, or why not."""

    id: UUID
    results: Sequence[tuple[UUID, Decided | PostbagError]]


def decide(caller: Caller, proposal: Proposal, *, now: datetime) -> Decided:
    """Carry out a decision on one revision, log it in the same transaction, and return both.

    Rejecting an edit leaves the earlier text published; where readers have flagged that one, it is reviewed next.
    Raises StaleDecision, with who decided what and when, where the comment is no longer what the moderator saw; of two
    decisions at the same moment one is carried out. Raises Claimed, NotFound, Invalid for an action not offered.
    """
    ((_, outcome),) = _decide(caller, [_with_checked_words(proposal)], now).results
    if isinstance(outcome, PostbagError):
        raise outcome
    return outcome


def decide_many(caller: Caller, proposals: Sequence[Proposal], *, now: datetime) -> Batch:
    """Carry out up to 100 decisions in one transaction; each that cannot be is answered with its own refusal.

    Raises Invalid for none or too many, where a comment is named twice, and for reasons and notes that cannot be kept,
    named as `decisions.3.note`: nothing was decided then.
    """
    _check_batch(proposals)
    faults: list[FieldFault] = []
    checked = []
    for place, proposal in enumerate(proposals):
        try:
            checked.append(_with_checked_words(proposal))
        except Invalid as error:
            faults += [replace(fault, field=f"decisions.{place}.{fault.field}") for fault in error.faults]
    if faults:
        raise Invalid.of(faults)
    return _decide(caller, checked, now)


def _decide(caller: Caller, proposals: Sequence[Proposal], now: datetime) -> Batch:
    batch_id = new_id(now)
    refused: dict[UUID, PostbagError] = {}
    with reading():
        canned = _canned(caller, proposals)
    ready = []
    for proposal in proposals:
        try:
            ready.append(_with_reason(proposal, canned))
        except Invalid as fault:
            refused[proposal.comment_id] = fault
    refused |= claims.refusals(caller, [proposal.comment_id for proposal in ready])
    ready = [proposal for proposal in ready if proposal.comment_id not in refused]
    decided: dict[UUID, Decided] = {}
    if ready:
        with writing():
            decided, too_late = _carry_out(caller, ready, batch_id, now)
        refused |= too_late
    _count(decided.values())
    claims.release_decided(caller, list(decided))
    return Batch(batch_id, [(p.comment_id, decided.get(p.comment_id) or refused[p.comment_id]) for p in proposals])


def _check_batch(proposals: Sequence[Proposal]) -> None:
    if not 1 <= len(proposals) <= BATCH_MAX:
        raise Invalid("decisions", "out_of_range", f"Send 1 to {BATCH_MAX} decisions together.")
    if len({proposal.comment_id for proposal in proposals}) < len(proposals):
        raise Invalid("decisions", "repeated", "Each comment can be decided once in a batch.")


def _canned(caller: Caller, proposals: Sequence[Proposal]) -> Mapping[UUID, Reason]:
    wanted = {proposal.reason_id for proposal in proposals if proposal.reason_id is not None}
    return {found.id: found for found in reasons.find_reasons(caller.site_id, wanted)} if wanted else {}


def _with_checked_words(proposal: Proposal) -> Proposal:
    faults = Faults()
    reason = faults.gather(lambda: check_line("reason", proposal.reason, most=REASON_MAX), "")
    note = faults.gather(lambda: check_text("note", proposal.note, most=NOTE_MAX), "")
    faults.raise_if_any()
    return replace(proposal, reason=reason, note=note)


def _with_reason(proposal: Proposal, canned: Mapping[UUID, Reason]) -> Proposal:
    if proposal.reason_id is None:
        return proposal
    if proposal.reason_id not in canned:
        raise Invalid("reason_id", "unknown_reason", "This site has no canned reason of this id.")
    return replace(proposal, reason=proposal.reason or canned[proposal.reason_id].text)


def _carry_out(
    caller: Caller, proposals: Sequence[Proposal], batch_id: UUID, now: datetime
) -> tuple[dict[UUID, Decided], dict[UUID, PostbagError]]:
    ids = [proposal.comment_id for proposal in proposals]
    held = {comment.id: comment for comment in comments.hold_comments(ids, site_id=caller.site_id)}
    last = log.last_decisions(list(held))
    afters: dict[UUID, Standing] = {}
    refused: dict[UUID, PostbagError] = {}
    for proposal in proposals:
        comment = held.get(proposal.comment_id)
        try:
            if comment is None:
                raise NotFound("This site has no such comment.")
            after = life.decide(
                comment.standing,
                proposal.action,
                revision=proposal.revision,
                actor=caller.actor,
                expected_version=proposal.expected_version,
                last_decision=last.get(comment.id),
            )
            # Only now: of what was decided or taken back meanwhile, that is what there is to say.
            if comment.is_erased and proposal.action in {Action.APPROVE, Action.RESTORE}:
                raise Invalid("action", "not_offered", WORDS_ARE_GONE)
            afters[comment.id] = after
        except PostbagError as fault:
            refused[proposal.comment_id] = fault
    to_do = [proposal for proposal in proposals if proposal.comment_id in afters]
    publishing = {p.comment_id: afters[p.comment_id] for p in to_do if p.action in {Action.APPROVE, Action.RESTORE}}
    texts = published_texts(publishing)
    changes = []
    for proposal in to_do:
        comment, after = held[proposal.comment_id], afters[proposal.comment_id]
        changes.append(Change(comment, after, _columns(comment, after, proposal, texts, now)))
    change_standings(changes)
    gone = [change.comment.id for change in changes if change.after.status is Status.DELETED]
    if gone:
        comments.erase_texts(gone)
    site = sites.get_site(caller.site_id)
    told = [(change, proposal.action, proposal.reason or None) for change, proposal in zip(changes, to_do, strict=True)]
    events.tell_decided(site, told, actor=caller.actor, now=now)
    for change in changes:
        if change.after.has_rejected_edit:
            afters[change.comment.id] = _return_if_flagged(site, change.comment.id, now)
    entries = [_entry(caller, change, p, batch_id, now) for change, p in zip(changes, to_do, strict=True)]
    if entries:
        outbox.enqueue("learn", caller.site_id, now=now)
        done = [(change.comment.id, change.after.revision, p.action) for change, p in zip(changes, to_do, strict=True)]
        opinions.enqueue_reports(site, done, now=now)
    log.add_entries(entries)
    decided = {
        change.comment.id: Decided(change.comment.id, log.logged_decision(entry), afters[change.comment.id])
        for change, entry in zip(changes, entries, strict=True)
    }
    return decided, refused


def _entry(caller: Caller, change: Change, proposal: Proposal, batch_id: UUID, now: datetime) -> LogEntry:
    comment = change.comment
    waited = (now - comment.queued_at).total_seconds() if comment.standing.status is Status.PENDING else None
    return replace(
        decision_entry(
            comment.id,
            comment.site_id,
            proposal.action,
            comment.standing,
            change.after,
            caller.actor,
            batch_id=batch_id,
            reason_id=proposal.reason_id,
            reason=proposal.reason or None,
            note=proposal.note or None,
            waited=waited,
            details=kept_for_undoing(comment),
            now=now,
        ),
        # The log names the revision that was read, which may be the published one below a rejected edit.
        revision=proposal.revision,
    )


def _return_if_flagged(site: Site, comment_id: UUID, now: datetime) -> Standing:
    # Read again, since its standing is another one now.
    comment = comments.find_comment(comment_id, site_id=site.id)
    assert comment is not None, "comments are never removed"
    return flag.return_if_flagged(comment, site, now=now)


def published_texts(standings: Mapping[UUID, Standing]) -> dict[UUID, Revision]:
    """Return the texts that readers will see, of those of the comments that they will see anything of."""
    return revisions.revisions_of(
        [(comment_id, after.published_revision) for comment_id, after in standings.items() if after.published_revision]
    )


def _columns(
    comment: Comment, after: Standing, proposal: Proposal, texts: Mapping[UUID, Revision], now: datetime
) -> dict[str, Any]:
    columns: dict[str, Any] = {"reason": (proposal.reason or None) if proposal.action is Action.REJECT else None}
    if comment.id in texts:
        revision = texts[comment.id]
        columns |= {"body_html": revision.body_html, "published_at": comment.published_at or now}
        if comment.flags:
            columns["flags_settled"] = settled_by_approval(comment.standing, after)
        if comment.published_at is not None and revision.created_at > comment.published_at:
            # Readers saw an earlier text; the mark tells them when the author changed it.
            columns["edited_at"] = revision.created_at
    elif not after.is_published:
        columns["body_html"] = ""
    return columns


def _count(decided: Any) -> None:
    for done in decided:
        metrics.decisions.labels(done.decision.action.value).inc()
        if done.standing.is_reported:
            metrics.flagged_returns.inc()
