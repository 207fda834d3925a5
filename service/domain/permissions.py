"""Who may do what: one map from scopes and roles to the things people do, read by every route, page and test.

A token has scopes, a moderator has a role; both lead to permissions, always on one site. Nobody has a permission that
does not stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from service.domain.errors import Forbidden
from service.domain.life import Actor


class Permission(StrEnum):
    """One thing that can be done on a site besides what every reader may."""

    READ_QUEUE = "read_queue"
    """See what waits and what was decided, with authors' names and records."""
    READ_EMAIL = "read_email"
    """See authors' e-mail addresses, and find comments by one."""
    DECIDE = "decide"
    """Approve, reject, mark as spam, delete, restore and undo."""
    CLAIM = "claim"
    """Tell colleagues that one is on a comment."""
    WRITE_NOTES = "write_notes"
    READ_LOG = "read_log"
    READ_STATS = "read_stats"
    KEEP_ARTICLES = "keep_articles"
    """Open and close articles at the desk."""
    MANAGE_RULES = "manage_rules"
    """Write, try and remove the rules of the screening."""
    READ_SITE = "read_site"
    """See the site's settings, canned reasons and rules."""
    CHANGE_SITE = "change_site"
    """Change the site's settings and canned reasons."""
    MANAGE_MODERATORS = "manage_moderators"
    """See who moderates, invite people, change and take roles."""
    RELEASE_CLAIMS = "release_claims"
    """Take a claim away from a colleague who forgot it."""
    REGISTER_ARTICLES = "register_articles"
    """Register articles from the site's own servers."""
    MANAGE_WEBHOOKS = "manage_webhooks"
    """Set where events are sent, see what came of it, and send again."""
    SUBMIT_FROM_SERVER = "submit_from_server"
    """Send replies from the site's own servers, limited by token instead of by address."""
    ANSWER_AUTHORS = "answer_authors"
    """Hand out or erase everything that one author wrote, as they ask for it."""
    MOVE = "move"
    """Take everything of the site out, and bring other comments in."""


class Scope(StrEnum):
    """What a token may be used for, on the one site it is bound to."""

    MODERATE = "moderate"
    """Read the queue and decide."""
    INTEGRATE = "integrate"
    """Register articles, listen to events, submit from the site's own servers, take the site out and comments in."""
    PII = "pii"
    """See authors' e-mail addresses, and find comments by one."""
    ADMIN = "admin"
    """Change the site's settings and who moderates it, and hand out or erase what is one author's."""


class Role(StrEnum):
    """What a person is on a site."""

    ADMIN = "admin"
    MODERATOR = "moderator"
    VIEWER = "viewer"


_READING = frozenset({Permission.READ_QUEUE, Permission.READ_LOG, Permission.READ_STATS, Permission.READ_SITE})
_MODERATING = _READING | {
    Permission.DECIDE,
    Permission.CLAIM,
    Permission.WRITE_NOTES,
    Permission.KEEP_ARTICLES,
    Permission.MANAGE_RULES,
}
_RUNNING = frozenset(
    {
        Permission.CHANGE_SITE,
        Permission.MANAGE_MODERATORS,
        Permission.MANAGE_WEBHOOKS,
        Permission.RELEASE_CLAIMS,
        Permission.ANSWER_AUTHORS,
    }
)

OF_ROLE: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _READING,
    Role.MODERATOR: _MODERATING,
    Role.ADMIN: _MODERATING | _RUNNING | {Permission.READ_EMAIL, Permission.MOVE},
}
OF_SCOPE: Mapping[Scope, frozenset[Permission]] = {
    Scope.MODERATE: _MODERATING,
    Scope.INTEGRATE: frozenset(
        {Permission.REGISTER_ARTICLES, Permission.MANAGE_WEBHOOKS, Permission.SUBMIT_FROM_SERVER, Permission.MOVE}
    ),
    Scope.PII: frozenset({Permission.READ_EMAIL}),
    Scope.ADMIN: _RUNNING | {Permission.READ_SITE},
}


def scopes_for(permission: Permission) -> tuple[Scope, ...]:
    """Return the scopes each of which opens the permission, the narrowest word for it first."""
    return tuple(scope for scope, opened in OF_SCOPE.items() if permission in opened)


@dataclass(frozen=True)
class Caller:
    """Whoever holds a valid token, or is signed in at the desk, on one site."""

    kind: str
    """"token" or "moderator"."""
    id: UUID
    name: str
    site_id: UUID
    site_slug: str
    permissions: frozenset[Permission]
    role: Role | None = None

    @classmethod
    def of_token(cls, token_id: UUID, name: str, *, site_id: UUID, site_slug: str, scopes: frozenset[Scope]) -> Caller:
        """Return whom a token with these scopes stands for."""
        permissions = frozenset[Permission]().union(*(OF_SCOPE[scope] for scope in scopes))
        return cls("token", token_id, name, site_id, site_slug, permissions)

    @classmethod
    def of_moderator(cls, moderator_id: UUID, name: str, *, site_id: UUID, site_slug: str, role: Role) -> Caller:
        """Return a moderator on a site where they have this role."""
        return cls("moderator", moderator_id, name, site_id, site_slug, OF_ROLE[role], role)

    @property
    def actor(self) -> Actor:
        """The caller as the log names them."""
        return Actor(self.kind, self.id, self.name)

    def may(self, permission: Permission) -> bool:
        """True where the caller's scopes or role open the permission."""
        return permission in self.permissions

    def check(self, permission: Permission) -> None:
        """Pass where the caller has the permission; else raise Forbidden, naming what is missing."""
        if self.may(permission):
            return
        if self.kind == "token":
            scopes = " or ".join(f"`{scope}`" for scope in scopes_for(permission))
            raise Forbidden(f"This token lacks the scope {scopes}.")
        needed = next((role for role in reversed(Role) if permission in OF_ROLE[role]), None)
        if needed is None:
            raise Forbidden("This can be done only with a token of the site.")
        raise Forbidden(f"On this site you are {_A[self.role or Role.VIEWER]}; this takes {_A[needed]}.")

    def check_site(self, slug: str) -> None:
        """Pass for the caller's own site; else raise Forbidden."""
        if slug != self.site_slug:
            raise Forbidden("This token belongs to another site.")


_A = {Role.ADMIN: "an admin", Role.MODERATOR: "a moderator", Role.VIEWER: "a viewer"}
