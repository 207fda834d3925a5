"""A cookie is presented: who is signed in with it, and on which sites they may do what."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from service.actions.toolbox import tools
from service.adapters.keyring import token_hash
from service.domain.errors import Forbidden, NotFound
from service.domain.permissions import Caller
from service.domain.sessions import session_is_alive
from service.store import comments, moderators
from service.store.moderators import Membership
from service.store.session import reading, writing

SEEN_PRECISION = timedelta(minutes=1)
"""How exactly the last use of a session is recorded: a busy moderator must not cost a write for every click."""


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in; `csrf_tokens` are those that a form of theirs may carry, the current one first."""

    session_id: UUID
    moderator_id: UUID
    name: str
    memberships: Sequence[Membership]
    csrf_tokens: Sequence[str]

    def caller_on(self, slug: str | None) -> Caller:
        """Return the moderator on one of their sites, the first where none is named; raises Forbidden for any other."""
        for membership in self.memberships:
            if slug is None or membership.site_slug == slug:
                return Caller.of_moderator(
                    self.moderator_id,
                    self.name,
                    site_id=membership.site_id,
                    site_slug=membership.site_slug,
                    role=membership.role,
                )
        raise Forbidden("You have no role on this site." if slug is not None else "You have no role on any site.")


def find_signed_in(token: str, *, now: datetime) -> SignedIn | None:
    """Return who is signed in with the cookie; None where it is unknown, was revoked, or has had its time."""
    with reading():
        session = moderators.find_session(token_hash(token))
        if session is None or not session_is_alive(
            created_at=session.created_at, last_seen_at=session.last_seen_at, now=now
        ):
            return None
        memberships = moderators.memberships_of(session.moderator_id)
    if now - session.last_seen_at > SEEN_PRECISION:
        with writing():
            moderators.record_seen(session.id, now=now)
    return SignedIn(session.id, session.moderator_id, session.name, memberships, csrf_tokens(token))


def csrf_tokens(token: str) -> list[str]:
    """Return what proves that a form was made for this session, by the current key first."""
    hashes = tools().keyring.lookup_hashes("csrf", token)
    return [base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in hashes]


def caller_for_comment(signed_in: SignedIn, comment_id: UUID) -> Caller:
    """Return the moderator on the site of a comment; raises NotFound where it is on none of theirs, or nowhere."""
    with reading():
        site_id = comments.site_of(comment_id)
    for membership in signed_in.memberships:
        if membership.site_id == site_id:
            return signed_in.caller_on(membership.site_slug)
    raise NotFound("There is no such comment.")
