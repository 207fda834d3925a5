"""A reader votes for a published comment, or takes the vote back; doing either twice is the same as once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service import metrics
from service.actions import announce, limiting
from service.domain.errors import NotFound
from service.domain.limits import Verdict
from service.domain.permissions import Caller
from service.domain.site import Site
from service.store import comments, votes
from service.store.session import writing


@dataclass(frozen=True)
class Voted:
    """How many votes the comment has now, and whether this reader's is among them."""

    comment_id: UUID
    votes: int
    voted: bool
    verdict: Verdict


def vote_for_comment(
    comment_id: UUID, *, votes_for: bool, site: Site, caller: Caller | None, client_address: str | None, now: datetime
) -> Voted:
    """Give a reader's vote to a published comment, or take it back where `votes_for` is False.

    A reader is a network (`limiting.client_keys`): the service knows no more of them. Raises NotFound for a comment
    that readers do not see, RateLimited, and Forbidden for a token of another site.
    """
    if caller is not None:
        caller.check_site(site.slug)
    clients = limiting.client_keys(site, client_address)
    verdict = limiting.spend(site, limiting.charges(site, ("vote", clients[0])), now=now)
    with limiting.told(verdict), writing():
        # The comment's row comes first, as in every other change of one: then its votes, then its counter.
        comment = comments.hold_published(comment_id, site_id=site.id)
        if comment is None:
            raise NotFound
        by = votes.add_vote(comment.key, clients, now=now) if votes_for else -votes.remove_votes(comment_id, clients)
        count = comments.count_vote(comment_id, by) if by else comment.votes
        if by:
            announce.votes_changed(site.id, comment.article_id)
    if by:
        metrics.votes.labels("given" if votes_for else "taken back").inc()
    return Voted(comment_id, count, votes_for, verdict)
