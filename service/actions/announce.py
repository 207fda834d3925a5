"""Telling every process that published pages have changed, once what changed them is committed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from uuid import UUID

from service.actions.toolbox import tools
from service.domain import tags
from service.domain.errors import StoreUnavailable
from service.store import replica, sites
from service.store.session import after_commit, reading


def articles_changed(site_id: UUID, article_ids: Iterable[UUID]) -> None:
    """Announce, after the commit, that readers see something else under these articles, and in the site's feed."""
    changed = frozenset(map(tags.of_article, article_ids))
    _announce(site_id, changed | {tags.of_published(site_id)} if changed else changed)


def votes_changed(site_id: UUID, article_id: UUID) -> None:
    """Announce, after the commit, that a comment has other votes, which no feed tells of."""
    _announce(site_id, frozenset({tags.of_article(article_id)}))


def article_added(site_id: UUID) -> None:
    """Announce, after the commit, that the site knows an article that it did not know."""
    _announce(site_id, frozenset({tags.of_new_articles(site_id)}))


def site_changed(site_id: UUID) -> None:
    """Announce, after the commit, that the settings of a site have changed, on which all of its pages depend."""
    _announce(site_id, frozenset({tags.of_site(site_id)}))


def _announce(site_id: UUID, changed: frozenset[bytes]) -> None:
    if changed:
        after_commit(partial(_tell, site_id, changed))


def _tell(site_id: UUID, changed: frozenset[bytes]) -> None:
    tools().changes.announce(_slug(site_id), changed, position=_position())


def _position() -> int | None:
    """Return how far a copy of the database has to have come to show the change, or None where that is not known."""
    if replica.is_set():
        with suppress(StoreUnavailable):
            return replica.position()
    return None


def _slug(site_id: UUID) -> str:
    known = tools().slugs
    if site_id not in known:
        # What is committed stays so. Without the name only those who listen are told, which is nearly everybody.
        with suppress(StoreUnavailable), reading():
            known[site_id] = sites.get_site(site_id).slug
    return known.get(site_id, "")
