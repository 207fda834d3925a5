"""What actions work with besides the database: bound once by `create_app`, one set an application."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from flask import current_app

from service.adapters.altcha_proof import AltchaProof
from service.adapters.changes import Changes
from service.adapters.claims import Claims
from service.adapters.keyring import Keyring
from service.adapters.limiter import Limiter
from service.adapters.mail import Mailer
from service.adapters.once import Once
from service.adapters.redis_link import RedisLink
from service.adapters.rulebooks import RuleBooks
from service.adapters.site_memory import SiteMemory
from service.adapters.wakeups import Wakeups
from service.domain.destinations import Network

EXTENSION = "postbag"


@dataclass(frozen=True)
class Toolbox:
    """The adapters of one application."""

    keyring: Keyring
    redis: RedisLink
    limiter: Limiter
    claims: Claims
    rulebooks: RuleBooks
    once: Once
    proof: AltchaProof
    wakeups: Wakeups
    changes: Changes
    sites: SiteMemory
    allowed_networks: tuple[Network, ...] = ()
    """Networks inside which the service may call although they are not of the public internet."""
    mailer: Mailer | None = None
    """None where no server takes our mail: nothing that needs one is offered then."""
    mail_links: str = ""
    """Where links in mail lead, without a slash at its end."""
    slugs: dict[UUID, str] = field(default_factory=dict, compare=False)
    """The names of sites by their ids, which never change, as far as they were asked for."""


def tools() -> Toolbox:
    """Return the adapters of the current application; needs an application context."""
    # To look through the proxy at the application itself is asked for a dozen times by a reply.
    toolbox: Toolbox = current_app._get_current_object().extensions[EXTENSION]  # type: ignore[attr-defined]
    return toolbox
