"""A site under flood: the level is counted with the limits, and kept with the site for people and the screening."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from service.actions.record import record
from service.actions.toolbox import tools
from service.domain.errors import StoreUnavailable
from service.domain.life import POLICY
from service.domain.limit_settings import FLOOD
from service.domain.limits import Verdict
from service.domain.log import LogKind
from service.domain.site import Site
from service.store import sites
from service.store.session import writing


def notice(site: Site, verdict: Verdict, *, now: datetime) -> None:
    """Keep the level that an attempt has found, where it is not the one that the site had when the request began.

    A process that counts alone, while Redis is away, knows only its own share, and keeps nothing.
    """
    if not verdict.is_alone:
        _keep(site, verdict.flood_level, now=now)


def look(site: Site, *, now: datetime) -> Site:
    """Return the site with the level as it stands now; a flood that is over is noticed by whoever looks at the desk."""
    if not site.flood_level:
        return site
    limit = site.limits_in_force.get(FLOOD)
    level = tools().limiter.flood_level(site.slug, limit) if limit is not None else 0
    if level is None or level == site.flood_level:
        return site
    _keep(site, level, now=now)
    return replace(site, flood_level=level, flood_since=now)


def _keep(site: Site, level: int, *, now: datetime) -> None:
    if level == site.flood_level:
        return
    # A copy in memory has the level of before.
    tools().sites.forget(site.slug)
    # What a reader or the desk asked for does not fail because this cannot be written; the next one tries again.
    with suppress(StoreUnavailable), writing():
        if sites.move_flood_level(site.id, was=site.flood_level, becomes=level, now=now):
            action = "rise" if level > site.flood_level else "sink"
            details = {"level": [site.flood_level, level]}
            record(site.id, LogKind.FLOOD, action, actor=POLICY, subject=site.slug, details=details, now=now)
