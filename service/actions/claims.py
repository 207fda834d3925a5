"""A moderator opens a comment and tells colleagues so; whoever comes second is told who is on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions.toolbox import tools
from service.adapters.claims import HeldClaim, Holder
from service.domain.errors import Claimed, NotFound, PostbagError
from service.domain.permissions import Caller, Permission
from service.store import comments
from service.store.session import reading


@dataclass(frozen=True)
class Claim:
    """Who is on a comment, until when unless it is renewed, and whether that is the caller."""

    moderator: str
    until: datetime
    mine: bool


def take(caller: Caller, comment_id: UUID, *, now: datetime) -> Claim:
    """Claim a comment of the caller's site for 60 s, or renew the claim; raises NotFound, and Claimed for another's.

    While Redis is away nobody is told of claims, and everybody gets theirs; decisions stay safe without them.
    """
    _check_is_of_site(caller, comment_id)
    held = tools().claims.take(caller.site_slug, comment_id, _holder(caller), now=now)
    if held.holder.id != caller.id:
        raise _claimed(held)
    return _told(caller, held)


def release(caller: Caller, comment_id: UUID) -> None:
    """End the caller's claim, if there is one; raises NotFound, and Claimed for another's that they may not end."""
    _check_is_of_site(caller, comment_id)
    may_release_any = caller.may(Permission.RELEASE_CLAIMS)
    was = tools().claims.release(caller.site_slug, comment_id, None if may_release_any else _holder(caller))
    if was is not None and was.holder.id != caller.id and not may_release_any:
        raise _claimed(was)


def release_decided(caller: Caller, comment_ids: Sequence[UUID]) -> None:
    """End the claims on what has been decided."""
    tools().claims.release_all(caller.site_slug, comment_ids)


def held(caller: Caller, comment_ids: Sequence[UUID]) -> dict[UUID, Claim]:
    """Return who is on which of the comments, for those that somebody is on."""
    found = tools().claims.held(caller.site_slug, comment_ids)
    return {comment_id: _told(caller, claim) for comment_id, claim in found.items()}


def refusals(caller: Caller, comment_ids: Sequence[UUID]) -> Mapping[UUID, PostbagError]:
    """Return a refusal for each of the comments that another one is on."""
    found = tools().claims.held(caller.site_slug, comment_ids)
    return {comment_id: _claimed(claim) for comment_id, claim in found.items() if claim.holder.id != caller.id}


def _check_is_of_site(caller: Caller, comment_id: UUID) -> None:
    with reading():
        if comments.site_of(comment_id) != caller.site_id:
            raise NotFound("This site has no such comment.")


def _holder(caller: Caller) -> Holder:
    return Holder(caller.kind, caller.id, caller.name)


def _told(caller: Caller, claim: HeldClaim) -> Claim:
    return Claim(claim.holder.name, claim.until, mine=claim.holder.id == caller.id)


def _claimed(claim: HeldClaim) -> Claimed:
    return Claimed(moderator=claim.holder.name, until=claim.until)
