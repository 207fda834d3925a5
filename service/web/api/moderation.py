"""`/v1/moderation/comments`: the queue, a comment with everything known about it, and decisions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Response

from service.actions import moderate
from service.domain.article_keys import parse_article_key
from service.domain.permissions import Permission
from service.domain.queue import LoggedDecision, QueueItem
from service.domain.screening import Signal
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderation import (
    CommentFileSchema,
    DecidedSchema,
    DecisionSchema,
    QueueQuery,
    QueueSchema,
)
from service.web.times import rfc3339, utc_now
from service.web.views import article_view, avatar_path

blueprint = ApiBlueprint("moderation", __name__, url_prefix="/v1/moderation", description="For moderators.")


@blueprint.get("/comments")
@requires(Permission.READ_QUEUE)
@blueprint.arguments(QueueQuery, location="query")
@blueprint.response(200, QueueSchema)
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("readQueue", "List comments by status")
def read_queue(query: dict[str, Any]) -> Response:
    """Oldest first unless asked otherwise, each with why it is held. `totals` counts the whole site by status."""
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    article = query["article"]
    view = moderate.read_queue(
        caller,
        status=query["status"],
        article_key=None if article is None else parse_article_key(article).value,
        reason=query["reason"],
        author=query["author"],
        words=query["q"] or None,
        sort=query["sort"],
        cursor=query["cursor"],
        limit=query["limit"],
    )
    comments = [_item_view(item, caller.site_slug) for item in view.items]
    return json_response({"comments": comments, "next": view.next_cursor, "totals": view.totals})


@blueprint.get("/comments/<uuid:comment_id>")
@requires(Permission.READ_QUEUE)
@blueprint.response(200, CommentFileSchema)
@answers("unauthenticated", "forbidden", "not_found", "rate_limited", "store_unavailable")
@described("readComment", "Open a comment with everything known about it")
def read_comment(comment_id: UUID) -> Response:
    """All revisions with their signals, decisions, flags, the author's record; the e-mail address with scope `pii`."""
    caller = the_caller()
    file = moderate.read_comment(caller, comment_id)
    view = _item_view(file.item, caller.site_slug)
    view["revisions"] = [
        {
            "number": revision.number,
            "body": revision.body_raw,
            "body_html": revision.body_html,
            "created_at": rfc3339(revision.created_at),
            "signals": _signal_views(file.signals[comment_id, revision.number]),
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
    view["decisions"] = [_decision_view(decision) for decision in file.decisions]
    if file.email is not None:
        view["email"] = file.email
    return json_response(view)


@blueprint.post("/comments/<uuid:comment_id>/decisions")
@requires(Permission.DECIDE)
@blueprint.arguments(DecisionSchema, location="json")
@blueprint.response(201, DecidedSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "not_found", "stale_decision", "too_large",
    "unsupported_media_type", "invalid", "rate_limited", "store_unavailable",
)  # fmt: skip
@described("decide", "Approve, reject, mark as spam, delete or restore")
def decide(sent: dict[str, Any], comment_id: UUID) -> Response:
    """A decision names the revision that was read; one that comes too late is told who decided what and when."""
    decided = moderate.decide(
        the_caller(),
        comment_id,
        sent["action"],
        revision=sent["revision"],
        expected_version=sent["version"],
        reason=sent["reason"] or "",
        note=sent["note"] or "",
        now=utc_now(),
    )
    standing = decided.standing
    view = {
        "comment_id": str(decided.comment_id),
        "status": standing.status.value,
        "revision": standing.revision,
        "published_revision": standing.published_revision,
        "version": standing.version,
        "decision": _decision_view(decided.decision),
    }
    return json_response(view, 201)


def _item_view(item: QueueItem, site_slug: str) -> dict[str, Any]:
    comment, standing, author = item.comment, item.comment.standing, item.author
    return {
        "id": str(comment.id),
        "site": site_slug,
        "article": article_view(item.article, item.article.key),
        "parent_id": None if comment.parent_id is None else str(comment.parent_id),
        "parent": item.parent
        and {"id": str(item.parent.id), "name": item.parent.author_name, "body_html": item.parent.body_html},
        "depth": comment.depth,
        "status": standing.status.value,
        "revision": standing.revision,
        "published_revision": standing.published_revision,
        "version": standing.version,
        "actions": [action.value for action in standing.offered_actions],
        "author": {
            "id": str(author.id),
            "name": comment.author_name,
            "url": comment.author_url,
            "avatar": avatar_path(comment.avatar),
            "record": {
                "pending": author.pending,
                "approved": author.approved,
                "rejected": author.rejected,
                "spam": author.spam,
                "deleted": author.deleted,
            },
        },
        "body": item.revision.body_raw,
        "body_html": item.revision.body_html,
        "signals": _signal_views(item.signals),
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
    }


def _signal_views(signals: Iterable[Signal]) -> list[dict[str, Any]]:
    return [
        {
            "name": signal.name,
            "verdict": signal.verdict.value,
            "score": signal.score,
            "detail": signal.detail,
            "spans": [list(span) for span in signal.spans],
        }
        for signal in signals
    ]


def _decision_view(decision: LoggedDecision) -> dict[str, Any]:
    return {
        "id": str(decision.id),
        "action": decision.action.value,
        "revision": decision.revision,
        "from_status": decision.from_status.value,
        "to_status": decision.to_status.value,
        "moderator": decision.actor.name,
        "reason": decision.reason,
        "note": decision.note,
        "decided_at": rfc3339(decision.decided_at),
    }
