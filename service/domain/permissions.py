"""Who may do what: one map from scopes to the things people do, read by every route."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from service.domain.errors import Forbidden
from service.domain.life import Actor


class Scope(StrEnum):
    """What a token may be used for, on the one site it is bound to."""

    MODERATE = "moderate"
    """Read the queue and decide."""
    INTEGRATE = "integrate"
    """Register articles and submit from the site's own servers."""
    PII = "pii"
    """See authors' e-mail addresses, and find comments by one."""


@dataclass(frozen=True)
class Caller:
    """Whoever holds a valid token."""

    token_id: UUID
    token_name: str
    site_id: UUID
    site_slug: str
    scopes: frozenset[Scope]

    @property
    def actor(self) -> Actor:
        """The caller as the decision log names them."""
        return Actor("token", self.token_id, self.token_name)

    def may(self, scope: Scope) -> bool:
        """True where the token carries the scope."""
        return scope in self.scopes

    def check(self, scope: Scope) -> None:
        """Pass where the token carries the scope; else raise Forbidden, naming the one that is missing."""
        if not self.may(scope):
            raise Forbidden(f"This token lacks the scope `{scope}`.")

    def check_site(self, slug: str) -> None:
        """Pass for the token's own site; else raise Forbidden."""
        if slug != self.site_slug:
            raise Forbidden("This token belongs to another site.")
