"""What the screening works with: the text as it was sent, and what was known about it at that moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from service.domain.flags import FlagReason
from service.domain.flood import FloodLevel
from service.domain.forms import FormSeen
from service.domain.known_readers import ReaderTrust
from service.domain.rulebook import NO_RULES, RuleBook
from service.domain.screening.signals import Signal
from service.domain.site import DEFAULT_TRUSTED_AFTER, Policy


@dataclass(frozen=True)
class Submission:
    """What the author sent, cleaned; `is_edit` for a later revision.

    `email` is the address that is never published, `email_hashes` its keyed hashes. `author_id` is None for an author
    who is new here. `client_address` is where the request came from, None where nothing is known of it.
    """

    body: str
    is_edit: bool
    email: str = ""
    name: str = ""
    website: str = ""
    email_hashes: tuple[bytes, ...] = ()
    author_id: UUID | None = None
    client_address: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the phases may know besides the text, gathered by the action in a bounded number of queries."""

    policy: Policy
    author_approved: int
    """Comments by this author on this site that are approved now."""
    now: datetime
    author_is_proven: bool = False
    """Whether this came from whoever has proven the address; nobody gains trust from one that they only typed in."""
    address_is_proven: bool = False
    """Whether anybody has proven the address, be it somebody else than whoever sent this."""
    reader_trust: ReaderTrust | None = None
    """What the site gives to readers whom it knows itself, where the author is one; None for everybody else."""
    author_spam: int = 0
    """Comments by this author on this site that were marked as spam."""
    author_flagged: int = 0
    """Comments by this author that readers have flagged and nobody has overruled."""
    trusted_after: int = DEFAULT_TRUSTED_AFTER
    flags: Mapping[FlagReason, int] = field(default_factory=dict)
    """What readers say of the comment that is edited, where it is enough to call for a review."""
    article_is_open: bool = True
    is_duplicate: bool = False
    """Whether the author sent exactly this text under this article within a day."""
    alike: int = 0
    """Other recent comments of the site whose text is nearly the same."""
    approved_body: str | None = None
    """The text that readers see while this edit of it is screened."""
    form: FormSeen | None = None
    """What the form tells; None for an edit, and for what the site's own servers sent."""
    flood_level: int = FloodLevel.CALM
    has_proof: bool = False
    """Whether a proof of work came with it."""
    redis_is_away: bool = False
    """Whether limits and spent tokens were counted by one process alone."""
    opinions_are_overdue: bool = False
    """Whether those whom the site asks have not been asked for a while, since no worker comes to it."""
    rules: RuleBook = NO_RULES


Phase = Callable[[Submission, Facts], Signal | tuple[Signal, ...] | None]
"""A pure check of what was sent: one signal, several where several rules say so, or None."""
