"""`/v1/moderation/moderators` and `/v1/moderation/invitations`: who moderates a site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service.actions import invitations
from service.actions.invitations import Invitation, Member
from service.domain.permissions import Caller, Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.origins import base_url
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.moderators import (
    InvitationsSchema,
    InviteSchema,
    MemberSchema,
    NewInvitationSchema,
    RoleChangeSchema,
    SiteQuery,
    TeamSchema,
)
from service.web.times import rfc3339, utc_now

blueprint = ApiBlueprint("moderators", __name__, url_prefix="/v1/moderation", description="For admins.")

READING = ("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
WRITING = ("malformed_json", "too_large", "unsupported_media_type", *READING)


@blueprint.get("/moderators")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, TeamSchema)
@answers(*READING)
@described("readModerators", "List who moderates the site")
def read_moderators(query: dict[str, Any]) -> Response:
    """With their roles, and whether they have set up a second factor."""
    caller = _caller(query)
    team = invitations.read_team(caller.site_id, now=utc_now())
    return json_response({"moderators": [_member_view(member) for member in team.members]})


@blueprint.patch("/moderators/<uuid:moderator_id>")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(RoleChangeSchema, location="json")
@blueprint.response(200, MemberSchema)
@answers("not_found", *WRITING)
@described("changeRole", "Give a moderator another role")
def change_role(query: dict[str, Any], sent: dict[str, Any], moderator_id: UUID) -> Response:
    """The last admin of a site stays one."""
    caller, now = _caller(query), utc_now()
    invitations.change_role(caller.site_id, moderator_id, sent["role"], actor=caller.actor, now=now)
    team = invitations.read_team(caller.site_id, now=now)
    return json_response(next(_member_view(member) for member in team.members if member.id == moderator_id))


@blueprint.delete("/moderators/<uuid:moderator_id>")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("removeModerator", "Take a moderator's role on the site")
def remove_moderator(query: dict[str, Any], moderator_id: UUID) -> Response:
    """What they decided stays in the log under their name. The last admin of a site stays."""
    caller = _caller(query)
    invitations.remove(caller.site_id, moderator_id, actor=caller.actor, now=utc_now())
    return Response(status=204)


@blueprint.get("/invitations")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(200, InvitationsSchema)
@answers(*READING)
@described("readInvitations", "List the invitations that are still good")
def read_invitations(query: dict[str, Any]) -> Response:
    """Without their links, which nobody can read again."""
    team = invitations.read_team(_caller(query).site_id, now=utc_now())
    return json_response({"invitations": [_invitation_view(offer) for offer in team.invitations]})


@blueprint.post("/invitations")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(InviteSchema, location="json")
@blueprint.response(201, NewInvitationSchema)
@answers(*WRITING)
@described("inviteModerator", "Invite somebody to moderate the site")
def invite(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """The link is good for seven days, once, for whoever has it: give it to nobody else."""
    caller = _caller(query)
    invited = invitations.invite(
        caller.site_slug, name=sent["name"], role=sent["role"], now=utc_now(), actor=caller.actor
    )
    view = _invitation_view(invited.invitation) | {"url": f"{base_url()}/desk/invitations/{invited.token}"}
    return json_response(view, 201)


@blueprint.delete("/invitations/<uuid:invitation_id>")
@requires(Permission.MANAGE_MODERATORS)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.response(204)
@answers("not_found", *READING)
@described("callBackInvitation", "Call an invitation back")
def call_back(query: dict[str, Any], invitation_id: UUID) -> Response:
    """Its link is good for nothing then."""
    caller = _caller(query)
    invitations.call_back(caller.site_id, invitation_id, actor=caller.actor, now=utc_now())
    return Response(status=204)


def _caller(query: dict[str, Any]) -> Caller:
    caller = the_caller()
    if query["site"] is not None:
        caller.check_site(query["site"])
    return caller


def _member_view(member: Member) -> dict[str, Any]:
    return {
        "id": str(member.id),
        "name": member.name,
        "role": member.role.value,
        "has_second_factor": member.has_second_factor,
        "since": rfc3339(member.since),
    }


def _invitation_view(offer: Invitation) -> dict[str, Any]:
    return {
        "id": str(offer.id),
        "name": offer.name,
        "role": offer.role.value,
        "invited_by": offer.invited_by,
        "expires_at": rfc3339(offer.expires_at),
    }
