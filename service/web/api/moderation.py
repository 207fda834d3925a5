"""`/v1/moderation`: the queue, a comment with everything known about it, claims and notes on it, and decisions."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response

from service.actions import claims, decide, moderate, notes, undo
from service.actions.moderate import QueueQuestion
from service.domain.article_keys import parse_article_key
from service.domain.errors import PostbagError
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.moderation_views import claim_view, decided_view, file_view, item_view, note_view
from service.web.parsing import ApiBlueprint
from service.web.problems import problem_body
from service.web.responses import json_response, validated
from service.web.schemas.moderation import (
    BatchSchema,
    ClaimSchema,
    CommentFileSchema,
    DecidedSchema,
    DecisionSchema,
    DecisionsSchema,
    NewNoteSchema,
    NoteSchema,
    QueueQuery,
    QueueSchema,
)
from service.web.times import utc_now

blueprint = ApiBlueprint("moderation", __name__, url_prefix="/v1/moderation", description="For moderators.")


@blueprint.get("/comments")
@requires(Permission.READ_QUEUE)
@blueprint.arguments(QueueQuery, location="query")
@blueprint.response(200, QueueSchema)
@blueprint.alt_response(304, description="The page is still what `If-None-Match` says.")
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("readQueue", "List comments by status")
def read_queue(query: dict[str, Any]) -> Response:
    """What waits has the good ones first unless asked otherwise, each with why it is held.

    `totals` counts the whole site by status.
    """
    caller, now = the_caller(), utc_now()
    if query["site"] is not None:
        caller.check_site(query["site"])
    article = query["article"]
    asked = QueueQuestion(
        status=query["status"],
        article_key=None if article is None else parse_article_key(article).value,
        reason=query["reason"],
        author=query["author"],
        words=(query["q"] or "").strip() or None,
        has_links=query["has_links"],
        flagged=query["flagged"],
        edited=query["edited"],
        sort=query["sort"],
        cursor=query["cursor"],
        limit=query["limit"],
    )
    view = moderate.read_queue(caller, asked)
    comments = [item_view(item, view.site, view.claims.get(item.comment.id), now=now) for item in view.items]
    body = {"comments": comments, "next": view.next_cursor, "totals": view.totals}
    return validated(json.dumps(body, ensure_ascii=False, separators=(",", ":")), "application/json")


@blueprint.get("/comments/<uuid:comment_id>")
@requires(Permission.READ_QUEUE)
@blueprint.response(200, CommentFileSchema)
@answers("unauthenticated", "forbidden", "not_found", "rate_limited", "store_unavailable")
@described("readComment", "Open a comment with everything known about it")
def read_comment(comment_id: UUID) -> Response:
    """All revisions with their signals, decisions, flags, notes; the e-mail address for who may see it (`pii`)."""
    return json_response(file_view(moderate.read_comment(the_caller(), comment_id), now=utc_now()))


@blueprint.post("/comments/<uuid:comment_id>/decisions")
@requires(Permission.DECIDE)
@blueprint.arguments(DecisionSchema, location="json")
@blueprint.response(201, DecidedSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "not_found", "stale_decision", "claimed", "too_large",
    "unsupported_media_type", "invalid", "rate_limited", "store_unavailable",
)  # fmt: skip
@described("decide", "Approve, reject, mark as spam, delete or restore")
def decide_one(sent: dict[str, Any], comment_id: UUID) -> Response:
    """A decision names the revision that was read; one that comes too late is told who decided what and when."""
    done = decide.decide(the_caller(), _proposal(comment_id, sent), now=utc_now())
    return json_response(decided_view(done), 201)


@blueprint.post("/decisions")
@requires(Permission.DECIDE)
@blueprint.arguments(DecisionsSchema, location="json")
@blueprint.response(200, BatchSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "too_large", "unsupported_media_type", "invalid", "rate_limited",
    "store_unavailable",
)  # fmt: skip
@described("decideTogether", "Decide on up to 100 comments of a site together")
def decide_together(sent: dict[str, Any]) -> Response:
    """Each decision is carried out or refused by itself, with the status it would have had alone, in the order sent."""
    proposals = [_proposal(one["comment_id"], one) for one in sent["decisions"]]
    return json_response(_batch_view(decide.decide_many(the_caller(), proposals, now=utc_now())))


@blueprint.post("/batches/<uuid:batch_id>/undo")
@requires(Permission.DECIDE)
@blueprint.response(200, BatchSchema)
@answers("unauthenticated", "forbidden", "not_found", "rate_limited", "store_unavailable")
@described("undoBatch", "Take back a decision, or all that were made together")
def undo_batch(batch_id: UUID) -> Response:
    """Each comment is as it was before; where something has changed since, or it was deleted, it is left alone."""
    return json_response(_batch_view(undo.undo_batch(the_caller(), batch_id, now=utc_now())))


@blueprint.put("/comments/<uuid:comment_id>/claim")
@requires(Permission.CLAIM)
@blueprint.response(200, ClaimSchema)
@answers("unauthenticated", "forbidden", "not_found", "claimed", "rate_limited", "store_unavailable")
@described("claimComment", "Tell colleagues that one is on a comment")
def claim(comment_id: UUID) -> Response:
    """A claim lasts 60 seconds and can be renewed; while it does, others cannot decide on the comment."""
    return json_response(claim_view(claims.take(the_caller(), comment_id, now=utc_now())))


@blueprint.delete("/comments/<uuid:comment_id>/claim")
@requires(Permission.CLAIM)
@blueprint.response(204)
@answers("unauthenticated", "forbidden", "not_found", "claimed", "rate_limited", "store_unavailable")
@described("releaseClaim", "End a claim")
def release_claim(comment_id: UUID) -> Response:
    """Ends one's own claim, also where there is none any more; an admin can end anybody's."""
    claims.release(the_caller(), comment_id)
    return Response(status=204)


@blueprint.post("/comments/<uuid:comment_id>/notes")
@requires(Permission.WRITE_NOTES)
@blueprint.arguments(NewNoteSchema, location="json")
@blueprint.response(201, NoteSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "not_found", "too_large", "unsupported_media_type", "invalid",
    "rate_limited", "store_unavailable",
)  # fmt: skip
@described("addNote", "Leave a private note on a comment or its author")
def add_note(sent: dict[str, Any], comment_id: UUID) -> Response:
    """Only colleagues read it; one on the author stands beside everything they write on the site."""
    note = notes.add_note(the_caller(), comment_id, sent["text"], about=sent["about"], now=utc_now())
    return json_response(note_view(note), 201)


def _proposal(comment_id: UUID, sent: dict[str, Any]) -> decide.Proposal:
    return decide.Proposal(
        comment_id,
        sent["action"],
        sent["revision"],
        expected_version=sent["version"],
        reason=sent["reason"] or "",
        reason_id=sent["reason_id"],
        note=sent["note"] or "",
    )


def _batch_view(batch: decide.Batch) -> dict[str, Any]:
    return {"batch_id": str(batch.id), "results": [_result_view(*result) for result in batch.results]}


def _result_view(comment_id: UUID, outcome: decide.Decided | PostbagError) -> dict[str, Any]:
    if isinstance(outcome, PostbagError):
        problem = problem_body(outcome)
        return {"comment_id": str(comment_id), "status": problem["status"], "decided": None, "problem": problem}
    return {"comment_id": str(comment_id), "status": 201, "decided": decided_view(outcome), "problem": None}
