"""What admins' tools send and get about moderators."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.domain.permissions import Role
from service.web.schemas.fields import Choice, Moment, StrictSchema, Text, Word, absent


class SiteQuery(StrictSchema):
    """Which of the caller's sites is meant."""

    site = Text(load_default=absent, metadata={"description": "A token's own site; a moderator's first by default."})


class MemberSchema(Schema):
    """Somebody with a role on the site. Their address is in no answer."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = Word(Role, required=True)
    has_second_factor = fields.Boolean(required=True)
    since = Moment(required=True)


class TeamSchema(Schema):
    """Who moderates the site, in the order in which they came."""

    moderators = fields.List(fields.Nested(MemberSchema), required=True)


class RoleChangeSchema(StrictSchema):
    """The role that a moderator gets."""

    role = Choice(Role, required=True)


class InviteSchema(StrictSchema):
    """Whom to invite, and as what."""

    name = Text(required=True, metadata={"description": "Whom it is for, in your words; 100 characters at most."})
    role = Choice(Role, load_default=Role.MODERATOR)


class InvitationSchema(Schema):
    """An offer of a role on the site."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = Word(Role, required=True)
    invited_by = fields.String(required=True)
    expires_at = Moment(required=True)


class NewInvitationSchema(InvitationSchema):
    """An invitation that was just made, with its link."""

    url = fields.String(required=True, metadata={"description": "Good once; it is not shown again."})


class InvitationsSchema(Schema):
    """The invitations that are still good."""

    invitations = fields.List(fields.Nested(InvitationSchema), required=True)
