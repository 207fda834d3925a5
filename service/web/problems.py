"""Every refusal as RFC 9457 `application/problem+json`, with a stable code, or as a page for people with a form.

No traceback, SQL, path or address ever stands in an answer: what is not one of ours says only that it failed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from service.domain.errors import ChallengeRequired, Claimed, Invalid, NotFound, PostbagError, StaleDecision
from service.web.languages import detail_of, detail_of_fault
from service.web.limit_headers import limit_headers
from service.web.times import rfc3339


class MalformedJson(PostbagError):
    """The body is not JSON at all, or nested beyond reason."""

    code = "malformed_json"
    default_detail = "The body is not valid JSON."


class TooLarge(PostbagError):
    """The body has more than 64 KiB, than the 1 MiB of decisions together, the 8 MiB of a rule, or a file may have."""

    code = "too_large"
    default_detail = "The body is larger than 64 KiB, or than 1 MiB for decisions together, or 8 MiB for a rule."


class UnsupportedMediaType(PostbagError):
    """The body is neither JSON nor a form."""

    code = "unsupported_media_type"
    default_detail = "Send the body as application/json, or as application/x-www-form-urlencoded where that is offered."


class MethodNotAllowed(PostbagError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    default_detail = "This address does not answer to that method."


class InternalError(PostbagError):
    """A fault of ours; the log has it under the request id."""

    code = "internal_error"
    default_detail = (
        "Something went wrong on our side. Please try again; if it goes on, tell the site with the request id."
    )


@dataclass(frozen=True)
class ErrorCode:
    """What a code means: its HTTP status and its title, which never change."""

    status: int
    title: str
    meaning: str


ERROR_CODES: dict[str, ErrorCode] = {
    "malformed_json": ErrorCode(400, "Malformed JSON", "The body cannot be read as a JSON object."),
    "unauthenticated": ErrorCode(401, "Unauthenticated", "No token was sent, or it is unknown or revoked."),
    "forbidden": ErrorCode(
        403, "Forbidden", "The token lacks a scope or belongs to another site, or the time to revise is over."
    ),
    "origin_not_allowed": ErrorCode(
        403, "Origin not allowed", "A page of an origin that the site does not list sent the reply."
    ),
    "article_closed": ErrorCode(403, "Article closed", "The article takes no more replies."),
    "not_found": ErrorCode(404, "Not found", "There is nothing at this address that this caller may know of."),
    "unknown_site": ErrorCode(404, "Unknown site", "No site has this slug."),
    "method_not_allowed": ErrorCode(
        405, "Method not allowed", "The address exists, but not for this method; `Allow` lists those that it has."
    ),
    "stale_decision": ErrorCode(
        409, "Stale decision", "The comment changed since it was looked at; `current` and `decision` say how."
    ),
    "claimed": ErrorCode(409, "Claimed", "A colleague is on the comment; `claim` says who, and until when."),
    "duplicate": ErrorCode(409, "Duplicate", "The same author sent the same text under the same article within a day."),
    "request_in_progress": ErrorCode(
        409, "Request in progress", "A request with the same Idempotency-Key is being carried out."
    ),
    "too_large": ErrorCode(
        413, "Too large", "The body has more than 64 KiB; for decisions together, more than 1 MiB; for a rule, 8 MiB."
    ),
    "unsupported_media_type": ErrorCode(
        415, "Unsupported media type", "The body is of a type that is not offered here."
    ),
    "invalid": ErrorCode(
        422, "Invalid", "One or more fields cannot be accepted; `errors` names each and says what would be right."
    ),
    "parent_not_found": ErrorCode(
        422, "Parent not found", "The comment to reply to is not published under this article."
    ),
    "idempotency_key_reused": ErrorCode(
        422, "Idempotency key reused", "The Idempotency-Key came before with another body."
    ),
    "rate_limited": ErrorCode(429, "Rate limited", "A limit is used up; `Retry-After` says for how many seconds."),
    "challenge_required": ErrorCode(
        429,
        "Challenge required",
        "A proof of work is asked for, or the one that came does not hold: solve `challenge`, send its solution along "
        "under the same Idempotency-Key, or wait for as long as `Retry-After` says.",
    ),
    "internal_error": ErrorCode(500, "Internal error", "A fault of the service; its log has it under the request id."),
    "store_unavailable": ErrorCode(
        503, "Store unavailable", "The database is away; nothing was stored, `Retry-After` says when to try again."
    ),
}


def problem_body(error: PostbagError) -> dict[str, Any]:
    """Return the problem document of an error; what it says to a person is in the language of the answer."""
    known = ERROR_CODES[error.code]
    body: dict[str, Any] = {
        "type": f"/docs/errors/{error.code}",
        "title": known.title,
        "status": known.status,
        "detail": detail_of(error),
        "code": error.code,
    }
    if isinstance(error, Invalid):
        body["errors"] = [{"field": f.field, "code": f.code, "detail": detail_of_fault(f)} for f in error.faults]
    if isinstance(error, StaleDecision):
        body["current"] = {"status": error.status, "revision": error.revision, "version": error.version}
        made = error.decision
        body["decision"] = made and {
            "action": made.action,
            "revision": made.revision,
            "moderator": made.moderator,
            "decided_at": rfc3339(made.decided_at),
        }
    if isinstance(error, ChallengeRequired):
        body["challenge"] = error.challenge
    if isinstance(error, Claimed):
        body["claim"] = {"moderator": error.moderator, "until": rfc3339(error.until)}
    return body


def problem_headers(error: PostbagError) -> dict[str, str]:
    """Return the headers that go with an error: when to try again, what is left, how to sign in."""
    headers = {"Cache-Control": "no-store"}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if error.verdict is not None:
        headers |= limit_headers(error.verdict)
    if error.code == "unauthenticated":
        headers["WWW-Authenticate"] = 'Bearer realm="postbag"'
    return headers


def problem_response(error: PostbagError) -> Response:
    """Return the error as `application/problem+json`."""
    return Response(
        json.dumps(problem_body(error), ensure_ascii=False),
        status=ERROR_CODES[error.code].status,
        headers=problem_headers(error),
        content_type="application/problem+json",
    )


def from_http_exception(error: HTTPException) -> PostbagError:
    """Return what werkzeug refused in our own words; the original description never reaches the client."""
    refusals: dict[int, PostbagError] = {
        404: NotFound(),
        405: MethodNotAllowed(),
        413: TooLarge(),
        415: UnsupportedMediaType(),
    }
    if error.code in refusals:
        return refusals[error.code]
    if error.code is not None and error.code < 500:
        return Invalid("request", "malformed", "The request cannot be understood.")
    return InternalError()
