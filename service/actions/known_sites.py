"""Sites as this process has last seen them, so that a reply need not begin by asking for its site.

A copy may be older than what is stored, since another process may have changed it and not be heard. So whoever goes by
a copy compares its version within the transaction that stores something, and looks again before refusing anything.
"""

from __future__ import annotations

from service.actions import sites
from service.actions.toolbox import tools
from service.domain.site import Site
from service.store import sites as stored
from service.store.session import reading


class SiteChanged(Exception):
    """The site is not as it was taken to be; what was begun with it has to begin anew."""


def known_site(slug: str) -> Site:
    """Return the site of this slug as it was last seen here; raises UnknownSite where nobody has made it yet."""
    return tools().sites.get(slug) or look_up(slug)


def look_up(slug: str) -> Site:
    """Return the site of this slug as it is stored, and know it from now on; raises UnknownSite."""
    tools().changes.is_heard()
    since = tools().sites.moment()
    site = sites.find_site(slug)
    tools().sites.keep(site, since)
    return site


def forget(slug: str) -> None:
    """Have the next one who asks for this site look it up."""
    tools().sites.forget(slug)


def is_current(site: Site) -> bool:
    """True where the site is still stored as it is known here."""
    with reading():
        return stored.version_of(site.id) == site.version
