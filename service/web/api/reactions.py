"""`/v1/comments/{id}/votes` and `/flags`: what readers say of a comment that they read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request

from service.actions.flag import flag_comment
from service.actions.vote import vote_for_comment
from service.web.documentation import answers, described
from service.web.limit_headers import limit_headers
from service.web.origins import sent_about_a_comment
from service.web.parsing import ApiBlueprint
from service.web.responses import add_headers, json_response
from service.web.schemas.public import FlaggedSchema, FlagSchema, VotedSchema, VoteSchema
from service.web.times import utc_now

blueprint = ApiBlueprint("reactions", __name__, url_prefix="/v1/comments", description="What readers say of a comment.")


@blueprint.post("/<uuid:comment_id>/votes")
@sent_about_a_comment
@blueprint.arguments(VoteSchema, location="json_or_nothing", required=False)
@blueprint.response(200, VotedSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "origin_not_allowed", "not_found", "too_large",
    "unsupported_media_type", "invalid", "rate_limited", "store_unavailable",
)  # fmt: skip
@described("voteForComment", "Vote for a comment, or take the vote back")
def vote(sent: dict[str, Any], comment_id: UUID) -> Response:
    """Without a body it is a vote. Each network has one vote for a comment: a second one changes nothing."""
    voted = vote_for_comment(
        comment_id,
        votes_for=sent["value"] == 1,
        site=g.site,
        caller=g.caller,
        client_address=request.remote_addr,
        now=utc_now(),
    )
    add_headers(limit_headers(voted.verdict))
    return json_response({"id": str(voted.comment_id), "votes": voted.votes, "voted": voted.voted})


@blueprint.post("/<uuid:comment_id>/flags")
@sent_about_a_comment
@blueprint.arguments(FlagSchema, location="json")
@blueprint.response(201, FlaggedSchema, description="The flag is stored.")
@blueprint.alt_response(200, schema=FlaggedSchema, description="This reader had flagged it before; nothing changed.")
@answers(
    "malformed_json", "unauthenticated", "forbidden", "origin_not_allowed", "not_found", "too_large",
    "unsupported_media_type", "invalid", "rate_limited", "store_unavailable",
)  # fmt: skip
@described("flagComment", "Report a comment to the moderators")
def flag(sent: dict[str, Any], comment_id: UUID) -> Response:
    """Only moderators see it. As many flags as the site has set bring the comment back into the queue."""
    flagged = flag_comment(
        comment_id,
        sent["reason"],
        sent["detail"] or "",
        site=g.site,
        caller=g.caller,
        client_address=request.remote_addr,
        now=utc_now(),
    )
    add_headers(limit_headers(flagged.verdict))
    return json_response({"id": str(flagged.comment_id), "flagged": True}, 201 if flagged.is_new else 200)
