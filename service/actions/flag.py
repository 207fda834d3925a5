"""A reader flags a published comment; one that enough of them have flagged returns to the queue, published as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service import metrics
from service.actions import events, limiting
from service.actions.change import change_standing
from service.domain import life, screening
from service.domain.comment import Comment
from service.domain.errors import NotFound
from service.domain.events import EventType, flag_facts
from service.domain.flags import FlagReason, parse_flag
from service.domain.life import Standing
from service.domain.limits import Verdict
from service.domain.permissions import Caller
from service.domain.screening import flagged_signal
from service.domain.site import Site
from service.domain.text import body_fingerprint
from service.store import comments, flags, revisions
from service.store.session import writing


@dataclass(frozen=True)
class Flagged:
    """A flag that is stored; `is_new` is False where this reader had flagged the comment before."""

    comment_id: UUID
    is_new: bool
    verdict: Verdict


def flag_comment(
    comment_id: UUID,
    reason: str,
    detail: str,
    *,
    site: Site,
    caller: Caller | None,
    client_address: str | None,
    now: datetime,
) -> Flagged:
    """Store a reader's flag of a published comment; a second one of the same reader changes nothing.

    Raises NotFound for a comment that readers do not see, Invalid, RateLimited, and Forbidden for a token of another
    site.
    """
    if caller is not None:
        caller.check_site(site.slug)
    said = parse_flag(reason, detail)
    clients = limiting.client_keys(site, client_address)
    verdict = limiting.spend(site, limiting.charges(site, ("flag", clients[0])), now=now)
    with limiting.told(verdict), writing():
        # The comment's row comes first, as in every other change of one: then its flags, then its counter.
        comment = comments.hold_published(comment_id, site_id=site.id)
        if comment is None or comment.standing.published_revision is None:
            raise NotFound
        is_new = flags.add_flag(comment.key, said, clients, revision=comment.standing.published_revision, now=now)
        if is_new:
            comment = replace(comment, flags=comments.count_flag(comment_id))
            events.tell_about(site, comment, EventType.FLAGGED, flag_facts(said.reason, comment.flags), now=now)
        after = return_if_flagged(comment, site, now=now) if is_new else comment.standing
    if is_new:
        metrics.flags.labels(said.reason.value).inc()
    if after != comment.standing:
        metrics.flagged_returns.inc()
    return Flagged(comment_id, is_new, verdict)


def flags_calling_for_review(comment: Comment, site: Site) -> Mapping[FlagReason, int]:
    """Return the flags that nobody has overruled, by reason, where they are as many as the site wants; else nothing."""
    if comment.flags_are_settled or not site.are_enough_flags(comment.flags):
        return {}
    counts = flags.unsettled_reasons(comment.id, settled=comment.flags_settled)
    return counts if site.are_enough_flags(sum(counts.values())) else {}


def return_if_flagged(comment: Comment, site: Site, *, now: datetime) -> Standing:
    """Put an approved comment that enough readers have flagged back into the queue; returns where it stands then.

    It belongs in a transaction that holds the comment's row. What is reviewed is the text that readers see; after a
    rejected edit it gets a new number, with the time when it was written, so that nothing looks edited.
    """
    calling = flags_calling_for_review(comment, site) if life.can_be_returned(comment.standing) else {}
    if not calling:
        return comment.standing
    signal = flagged_signal(calling)
    before, after = comment.standing, life.return_to_queue(comment.standing)
    changes: dict[str, object] = {"queued_at": now, "reason": None, "score": comment.score + signal.score}
    if before.has_rejected_edit and before.published_revision is not None:
        seen = revisions.repeat_revision(comment.id, before.published_revision, under=after.revision)
        changes |= {
            "score": signal.score,
            "body_fingerprint": body_fingerprint(seen.body_raw),
            "search_text": comments.search_text(comment.author_name, seen.body_raw),
            "has_links": screening.has_links(seen.body_raw),
        }
    is_changed = change_standing(comment, after, **changes)
    assert is_changed, "nobody else changes a row that is held"
    revisions.add_signals(comment.key, after.revision, [signal], waiting=True, now=now)
    events.tell_found(site, comment, after, signal, now=now)
    return after
