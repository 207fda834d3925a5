"""What moderators see of comments, decisions, claims and notes, as JSON; the desk's pages are drawn from the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from service.actions.claims import Claim
from service.actions.decide import Decided
from service.actions.moderate import CommentFile
from service.domain.comment import offered_actions
from service.domain.differences import differences
from service.domain.queue import LoggedDecision, Note, QueueItem
from service.domain.screening import Signal
from service.domain.site import Site
from service.web.times import rfc3339
from service.web.views import article_view, avatar_path

CLIENT_BYTES = 8
"""Of the keyed hash of a network, to tell which comments came from the same one; it says nothing else to anybody."""


def item_view(item: QueueItem, site: Site, claim: Claim | None, *, now: datetime) -> dict[str, Any]:
    """Return a comment with what is needed to decide on its latest revision."""
    comment, standing, author = item.comment, item.comment.standing, item.author
    return {
        "id": str(comment.id),
        "site": site.slug,
        "article": article_view(item.article, item.article.key, site=site, now=now),
        "parent_id": None if comment.parent_id is None else str(comment.parent_id),
        "parent": item.parent
        and {"id": str(item.parent.id), "name": item.parent.author_name, "body_html": item.parent.body_html},
        "depth": comment.depth,
        "status": standing.status.value,
        "revision": standing.revision,
        "published_revision": standing.published_revision,
        "version": standing.version,
        "actions": [action.value for action in offered_actions(comment)],
        "author": {
            "id": str(author.id),
            "name": comment.author_name,
            "url": comment.author_url,
            "avatar": avatar_path(comment.avatar),
            "badge": comment.author_badge,
            "record": {
                "pending": author.pending,
                "approved": author.approved,
                "rejected": author.rejected,
                "spam": author.spam,
                "deleted": author.deleted,
            },
            # Of the address of somebody else, typed in by this one, nothing is proven.
            "proven": author.proven_at is not None and comment.is_proven,
            "known": author.is_known_reader,
        },
        "body": item.revision.body_raw,
        "body_html": item.revision.body_html,
        "signals": signal_views(item.signals),
        "score": comment.score,
        "reason": comment.reason,
        "votes": comment.votes,
        "flags": {
            "count": comment.flags,
            "reasons": {reason.value: count for reason, count in item.flags.reasons.items()},
            "settled": comment.flags_are_settled,
        },
        "submitted_at": rfc3339(comment.created_at),
        "queued_at": rfc3339(comment.queued_at),
        "client": comment.client_hash and comment.client_hash[:CLIENT_BYTES].hex(),
        "claim": None if claim is None else claim_view(claim),
        "edit": _edit_view(item),
        "notes": [note_view(note) for note in item.notes],
    }


def _edit_view(item: QueueItem) -> dict[str, Any] | None:
    if item.approved is None:
        return None
    changes = differences(item.approved.body_raw, item.revision.body_raw)
    return {
        "from_revision": item.approved.number,
        "changes": [{"kind": change.kind.value, "text": change.text} for change in changes],
    }


def file_view(file: CommentFile, *, now: datetime) -> dict[str, Any]:
    """Return everything known about a comment; `email` stands there only for who may see it."""
    view = item_view(file.item, file.site, file.claim, now=now)
    view["revisions"] = [
        {
            "number": revision.number,
            "body": revision.body_raw,
            "body_html": revision.body_html,
            "created_at": rfc3339(revision.created_at),
            "signals": signal_views(file.signals[file.item.comment.id, revision.number]),
        }
        for revision in file.revisions
    ]
    view["flags"]["latest"] = [
        {
            "reason": flag.reason.value,
            "detail": flag.detail,
            "revision": flag.revision,
            "flagged_at": rfc3339(flag.flagged_at),
        }
        for flag in file.item.flags.latest
    ]
    view["decisions"] = [decision_view(decision) for decision in file.decisions]
    if file.email is not None:
        view["email"] = file.email
    return view


def signal_views(signals: Iterable[Signal]) -> list[dict[str, Any]]:
    """Return what the screening found, each with the offsets of the words that made it and the rule that asked."""
    return [
        {
            "name": signal.name,
            "verdict": signal.verdict.value,
            "score": signal.score,
            "detail": signal.detail,
            "spans": [list(span) for span in signal.spans],
            "rule": None if signal.rule_id is None else {"id": str(signal.rule_id), "version": signal.rule_version},
        }
        for signal in signals
    ]


def decision_view(decision: LoggedDecision) -> dict[str, Any]:
    """Return a decision, or the undoing of one, as the log has it."""
    return {
        "id": str(decision.id),
        "action": f"undo {decision.action}" if decision.is_undo else decision.action.value,
        "batch_id": None if decision.batch_id is None else str(decision.batch_id),
        "revision": decision.revision,
        "from_status": decision.from_status.value,
        "to_status": decision.to_status.value,
        "moderator": decision.actor.name,
        "reason": decision.reason,
        "note": decision.note,
        "decided_at": rfc3339(decision.decided_at),
    }


def decided_view(done: Decided) -> dict[str, Any]:
    """Return a decision that was carried out, and where the comment stands now."""
    standing = done.standing
    return {
        "comment_id": str(done.comment_id),
        "status": standing.status.value,
        "revision": standing.revision,
        "published_revision": standing.published_revision,
        "version": standing.version,
        "decision": decision_view(done.decision),
    }


def claim_view(claim: Claim) -> dict[str, Any]:
    """Return who is on a comment."""
    return {"moderator": claim.moderator, "until": rfc3339(claim.until), "mine": claim.mine}


def note_view(note: Note) -> dict[str, Any]:
    """Return a private note."""
    return {
        "id": str(note.id),
        "about": "author" if note.comment_id is None else "comment",
        "moderator": note.moderator,
        "text": note.text,
        "written_at": rfc3339(note.written_at),
    }
