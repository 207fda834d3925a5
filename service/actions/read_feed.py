"""Feed readers see what is published last; nothing here writes, and nothing here knows an e-mail address."""

from __future__ import annotations

from service.actions.public_reads import read_public
from service.domain.article_keys import parse_article_key
from service.domain.errors import UnknownSite
from service.domain.feed import FEED_LENGTH, Feed
from service.domain.site import is_slug
from service.store import articles, feeds, sites


def read_feed(slug: str, article: str | None) -> Feed:
    """Return the feed of a site, or of one of its articles, empty where nobody wrote; two queries.

    Raises UnknownSite, and Invalid for a key that no article could have.
    """
    if not is_slug(slug):
        raise UnknownSite
    key = None if article is None else parse_article_key(article).value

    def read() -> Feed:
        if key is None:
            site = sites.find_site(slug)
            return Feed(site, None, None, feeds.newest_of_site(site.id, limit=FEED_LENGTH))
        found = articles.find_site_and_article(slug, key)
        if found is None:
            raise UnknownSite
        site, known = found
        entries = feeds.newest_of_article(known.id, limit=FEED_LENGTH) if known is not None else ()
        return Feed(site, key, known, entries)

    return read_public(read)
