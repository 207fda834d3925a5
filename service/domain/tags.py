"""What a published page depends on, in words that processes exchange: whoever changes something announces its tags."""

from __future__ import annotations

from uuid import UUID

from service.domain.article import Article
from service.domain.feed import Feed
from service.domain.site import Site


def of_site(site_id: UUID) -> bytes:
    """Return the tag of everything that a site shows: its settings have changed."""
    return b"site:" + site_id.hex.encode()


def of_article(article_id: UUID) -> bytes:
    """Return the tag of what an article shows: its comments, their votes, whether it is open."""
    return b"article:" + article_id.hex.encode()


def of_published(site_id: UUID) -> bytes:
    """Return the tag of what is published anywhere on a site: its comments and its articles, without their votes."""
    return b"published:" + site_id.hex.encode()


def of_new_articles(site_id: UUID) -> bytes:
    """Return the tag of pages of articles that the site does not know yet, which have no tag of their own."""
    return b"new:" + site_id.hex.encode()


def of_page(site: Site, article: Article | None) -> frozenset[bytes]:
    """Return what the page of an article depends on; None is one that the site does not know yet."""
    own = of_new_articles(site.id) if article is None else of_article(article.id)
    return frozenset({of_site(site.id), own})


def of_feed(feed: Feed) -> frozenset[bytes]:
    """Return what a feed depends on; the one of a site changes with any of its articles."""
    if feed.key is None:
        return frozenset({of_site(feed.site.id), of_published(feed.site.id)})
    return of_page(feed.site, feed.article)
