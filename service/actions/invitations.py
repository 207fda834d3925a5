"""Admins say who moderates a site: they invite people, change roles and take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.actions.accounts import (
    check_account_name,
    check_new_account,
    email_hashes,
    forget_second_factor,
    store_account,
)
from service.actions.record import record
from service.adapters.keyring import new_token, token_hash
from service.adapters.passwords import hash_password
from service.domain.accounts import INVITATION_LIFE, check_is_a_rise, check_keeps_an_admin
from service.domain.errors import NotFound
from service.domain.life import COMMAND, Actor
from service.domain.log import LogKind
from service.domain.permissions import Role
from service.store import moderators, sites
from service.store.ids import new_id
from service.store.moderators import Invitation, Member
from service.store.session import reading, writing

__all__ = [
    "Invitation", "Invited", "Member", "Team", "accept", "accept_with_new_account", "call_back", "change_role",
    "create_moderator", "invite", "read_invitation", "read_team", "remove", "reset_second_factor",
]  # fmt: skip

GONE = "This invitation was used, called back, or is older than seven days. Ask for a new one."


@dataclass(frozen=True)
class Invited:
    """A new invitation, and the token of its link, which is not shown again."""

    invitation: Invitation
    token: str


@dataclass(frozen=True)
class Team:
    """Who moderates a site, and who is invited to."""

    members: Sequence[Member]
    invitations: Sequence[Invitation]


def read_team(site_id: UUID, *, now: datetime) -> Team:
    """Return who has a role on a site, and the invitations that are still good."""
    with reading():
        return Team(moderators.members_of(site_id), moderators.invitations_of(site_id, now=now))


def invite(slug: str, *, name: str, role: Role, now: datetime, actor: Actor = COMMAND) -> Invited:
    """Offer somebody a role on a site; the link is good once, for seven days. Raises Invalid, UnknownSite."""
    checked = check_account_name(name)
    token, invitation_id = new_token("pbi_"), new_id(now)
    expires_at = now + INVITATION_LIFE
    with writing():
        site = sites.find_site(slug)
        moderators.add_invitation(
            invitation_id,
            site_id=site.id,
            role=role,
            name=checked,
            token_hash=token_hash(token),
            invited_by=actor.name,
            now=now,
            expires_at=expires_at,
        )
        _log(site.id, "invite", checked, actor, now, [None, role.value])
    offer = Invitation(invitation_id, site.id, site.slug, site.name, role, checked, actor.name, now, expires_at)
    return Invited(offer, token)


def read_invitation(token: str, *, now: datetime) -> Invitation:
    """Return the offer behind a link; raises NotFound where it was accepted, called back or is too old."""
    with reading():
        found = moderators.find_invitation(token_hash(token), now=now)
    if found is None:
        raise NotFound(GONE)
    return found


def call_back(site_id: UUID, invitation_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Take an invitation of the site away; raises NotFound."""
    with writing():
        name = moderators.remove_invitation(invitation_id, site_id=site_id)
        if name is None:
            raise NotFound("This site has no such invitation.")
        _log(site_id, "call back", name, actor, now)


def accept_with_new_account(token: str, *, name: str, email: str, password: str, now: datetime) -> None:
    """Make an account and give it the role that was offered; raises NotFound, and Invalid for every field at fault."""
    read_invitation(token, now=now)
    name, email, password = check_new_account(name, email, password)
    hashed = hash_password(password)
    with writing():
        offer = _take(token, now)
        moderator_id = store_account(name, email, hashed, now=now)
        _give(offer, moderator_id, name, now)


def accept(token: str, moderator_id: UUID, *, now: datetime) -> None:
    """Give somebody who has an account the role that was offered; raises NotFound, and Invalid where it is no rise."""
    with writing():
        offer = _take(token, now)
        _give(offer, moderator_id, moderators.get_account(moderator_id).name, now)


def create_moderator(
    slug: str, *, name: str, email: str, password: str, role: Role, now: datetime, actor: Actor = COMMAND
) -> UUID:
    """Make an account with a role on a site at once, as the command line does; raises Invalid, UnknownSite."""
    name, email, password = check_new_account(name, email, password)
    hashed = hash_password(password)
    with writing():
        site = sites.find_site(slug)
        moderator_id = store_account(name, email, hashed, now=now)
        moderators.set_role(moderator_id, site.id, role, now=now)
        _log(site.id, "add", name, actor, now, [None, role.value])
    return moderator_id


def change_role(site_id: UUID, moderator_id: UUID, role: Role, *, actor: Actor, now: datetime) -> None:
    """Give a moderator of the site another role; raises NotFound, and Invalid for the last admin."""
    with writing():
        roles = moderators.hold_members(site_id)
        was = _role(roles, moderator_id)
        check_keeps_an_admin(role, was=was, admins=list(roles.values()).count(Role.ADMIN))
        if role is not was:
            moderators.set_role(moderator_id, site_id, role, now=now)
            name = moderators.get_account(moderator_id).name
            _log(site_id, "change role", name, actor, now, [was.value, role.value])


def remove(site_id: UUID, moderator_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Take a moderator's role on the site; raises NotFound, and Invalid for the last admin."""
    with writing():
        roles = moderators.hold_members(site_id)
        was = _role(roles, moderator_id)
        check_keeps_an_admin(None, was=was, admins=list(roles.values()).count(Role.ADMIN))
        moderators.remove_member(moderator_id, site_id)
        _log(site_id, "remove", moderators.get_account(moderator_id).name, actor, now, [was.value, None])


def reset_second_factor(email: str) -> None:
    """Take the second factor of an account out of force, for who lost phone and codes; raises NotFound."""
    with reading():
        account = moderators.find_account(email_hashes(email))
    if account is None:
        raise NotFound("There is no account of this address.")
    forget_second_factor(account.id)


def _role(roles: dict[UUID, Role], moderator_id: UUID) -> Role:
    if moderator_id not in roles:
        raise NotFound("This site has no such moderator.")
    return roles[moderator_id]


def _take(token: str, now: datetime) -> Invitation:
    offer = moderators.find_invitation(token_hash(token), now=now)
    # Of two who open the same link at once, one takes it away.
    if offer is None or moderators.remove_invitation(offer.id, site_id=offer.site_id) is None:
        raise NotFound(GONE)
    return offer


def _give(offer: Invitation, moderator_id: UUID, name: str, now: datetime) -> None:
    was = moderators.hold_members(offer.site_id).get(moderator_id)
    # Whoever opens a link that they made for somebody else must not lose by it what they are.
    check_is_a_rise(offer.role, was=was)
    moderators.set_role(moderator_id, offer.site_id, offer.role, now=now)
    who = Actor("moderator", moderator_id, name)
    _log(offer.site_id, "accept", name, who, now, [was and was.value, offer.role.value])


def _log(
    site_id: UUID, action: str, name: str, actor: Actor, now: datetime, role: list[str | None] | None = None
) -> None:
    details = None if role is None else {"role": role}
    record(site_id, LogKind.MODERATOR, action, actor=actor, subject=name, details=details, now=now)
