"""What can go wrong for the person on the other side, each with its stable code.

    PostbagError
    ├── Invalid                 invalid 422, one or more fields, each with code and detail
    │   └── ParentNotFound      parent_not_found 422
    ├── IdempotencyKeyReused    idempotency_key_reused 422
    ├── Unauthenticated         unauthenticated 401
    ├── Forbidden               forbidden 403
    │   ├── OriginNotAllowed    origin_not_allowed 403
    │   └── ArticleClosed       article_closed 403
    ├── NotFound                not_found 404
    │   └── UnknownSite         unknown_site 404
    ├── Conflict
    │   ├── StaleDecision       stale_decision 409, with who decided what, and when
    │   ├── Claimed             claimed 409, with who is on it, and until when
    │   ├── Duplicate           duplicate 409
    │   └── RequestInProgress   request_in_progress 409, with when to try again
    ├── RateLimited             rate_limited 429, with when to try again
    ├── ChallengeRequired       challenge_required 429, with a challenge to solve, and when it would do without
    └── StoreUnavailable        store_unavailable 503, with when to try again

`malformed_json`, `too_large` and `unsupported_media_type` concern the transport alone and live in `web/problems.py`,
which also gives every code its HTTP status and title.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import ClassVar

from service.domain.limits import Verdict


@dataclass(frozen=True)
class FieldFault:
    """One field that cannot be accepted: its name, a stable code, and a sentence that says what would be right.

    For whoever tells the sentence in another language, `values` are the numbers and times it holds, and `says` names
    it where a code has several.
    """

    field: str
    code: str
    detail: str
    values: Mapping[str, object] = dataclass_field(default_factory=dict, compare=False)
    says: str = dataclass_field(default="", compare=False)


class PostbagError(Exception):
    """The base of every refusal; `detail` is a sentence fit for the person who caused it.

    `values` and `says` are those of a FieldFault: what its sentence is made of, and which of several it is.
    """

    code: ClassVar[str] = "error"
    default_detail: ClassVar[str] = "The request could not be carried out."
    verdict: Verdict | None = None
    """What is left of the limits that the refused request has spent, where it got so far."""

    def __init__(
        self, detail: str | None = None, *, values: Mapping[str, object] | None = None, says: str = ""
    ) -> None:
        self.detail = detail or self.default_detail
        self.values = values or {}
        self.says = says
        super().__init__(self.detail)


class Invalid(PostbagError):
    """One or more fields are not acceptable; `faults` names each, and nothing was stored."""

    code = "invalid"

    def __init__(
        self,
        field: str,
        code: str,
        detail: str,
        *,
        values: Mapping[str, object] | None = None,
        says: str = "",
    ) -> None:
        self.faults: tuple[FieldFault, ...] = (FieldFault(field, code, detail, values or {}, says),)
        super().__init__(detail)

    @classmethod
    def of(cls, faults: Iterable[FieldFault]) -> Invalid:
        """Gather several faults in one refusal; `faults` must hold at least one."""
        gathered = tuple(faults)
        error = cls(gathered[0].field, gathered[0].code, gathered[0].detail)
        error.faults = gathered
        if len(gathered) > 1:
            error.detail = f"{len(gathered)} fields need a correction."
        return error


class ParentNotFound(Invalid):
    """The comment to reply to is not a published comment of this article."""

    code = "parent_not_found"

    def __init__(self) -> None:
        super().__init__(
            "parent_id",
            "parent_not_found",
            "The comment you are replying to is not published under this article.",
        )


class IdempotencyKeyReused(PostbagError):
    """The same Idempotency-Key came with another body (draft-ietf-httpapi-idempotency-key-header, section 2.7)."""

    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was already used with another body; send a new key with a new request."


class Unauthenticated(PostbagError):
    """No credentials, or credentials that are unknown, revoked or malformed."""

    code = "unauthenticated"
    default_detail = "Send a valid token as `Authorization: Bearer TOKEN`."


class Forbidden(PostbagError):
    """The caller is known and may not do this."""

    code = "forbidden"
    default_detail = "You may not do this."


class OriginNotAllowed(Forbidden):
    """A browser page of an origin that the site does not list sent a submission."""

    code = "origin_not_allowed"
    default_detail = "This page's origin is not one of the site's origins."


class ArticleClosed(Forbidden):
    """The article takes no more replies."""

    code = "article_closed"
    default_detail = "This article is closed to new replies."


class NotFound(PostbagError):
    """There is nothing at this address, or nothing that this caller may know of."""

    code = "not_found"
    default_detail = "There is nothing here."


class UnknownSite(NotFound):
    """No site has this slug."""

    code = "unknown_site"
    default_detail = "There is no site of this name."


class Conflict(PostbagError):
    """The state of things moved on before the request arrived."""


@dataclass(frozen=True)
class DecisionBrief:
    """The decision that came first: `action` by `moderator` on `revision`, `decided_at` in UTC."""

    action: str
    revision: int
    moderator: str
    decided_at: datetime


class StaleDecision(Conflict):
    """The decision was made for a state the comment is no longer in; nothing was changed.

    `decision` is the last decision that stands, or None where only the author revised since.
    """

    code = "stale_decision"

    def __init__(
        self, detail: str, *, status: str, revision: int, version: int, decision: DecisionBrief | None
    ) -> None:
        self.status = status
        self.revision = revision
        self.version = version
        self.decision = decision
        super().__init__(detail)


class Claimed(Conflict):
    """A colleague is on this comment; `until` is when their claim ends unless they renew it."""

    code = "claimed"

    def __init__(self, *, moderator: str, until: datetime) -> None:
        self.moderator = moderator
        self.until = until
        super().__init__(f"{moderator} is on this comment at this moment.")


class Duplicate(Conflict):
    """The same author sent the same text under the same article within a day."""

    code = "duplicate"
    default_detail = "You have already sent exactly this reply; it is not lost, and need not be sent again."


class RequestInProgress(Conflict):
    """A request with the same Idempotency-Key is being carried out at this moment."""

    code = "request_in_progress"
    default_detail = "A request with this Idempotency-Key is still being carried out; try again in a second."
    retry_after = 1  # seconds


class RateLimited(PostbagError):
    """A limit is used up; `retry_after` seconds from now the next request is accepted."""

    code = "rate_limited"

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.retry_after = verdict.retry_after
        seconds = "1 second" if self.retry_after == 1 else f"{self.retry_after} seconds"
        super().__init__(
            f"That was a lot in a short time. Please try again in {seconds}; your text is not lost.",
            values={"n": self.retry_after},
        )


class ChallengeRequired(PostbagError):
    """A proof of work is asked for: `challenge` is one to solve.

    After `retry_after` seconds it would do without. `problem` says what is wrong with the proof that came, if any did.
    """

    code = "challenge_required"

    def __init__(self, verdict: Verdict, *, challenge: Mapping[str, object], problem: str = "") -> None:
        self.verdict = verdict
        self.retry_after = verdict.retry_after
        self.challenge = challenge
        seconds = "1 second" if self.retry_after == 1 else f"{self.retry_after} seconds"
        reason = problem or (
            "So much is being sent at this moment that each browser is asked for a short calculation, which needs "
            "JavaScript and did not come with this reply."
        )
        super().__init__(
            f"{reason} Please try again in {seconds}; your text is not lost.", values={"n": self.retry_after}
        )


class StoreUnavailable(PostbagError):
    """The database cannot be reached or is too slow; nothing was stored."""

    code = "store_unavailable"
    default_detail = "The service cannot store anything just now. Please try again in a few seconds."
    retry_after = 5  # seconds
