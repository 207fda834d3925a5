"""A feed as Atom (RFC 4287), with what answers what (RFC 4685).

Written with the standard library. Everything that people typed is the text of an element or an attribute, escaped by
it; HTML stands in a feed as such a text, and feed readers unescape it.
"""

from __future__ import annotations

import re
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

from service.domain.feed import Feed, FeedEntry
from service.web.origins import base_url
from service.web.permalinks import address_of_comment, address_of_feed, address_of_thread
from service.web.times import rfc3339

MEDIA_TYPE = "application/atom+xml"
NAMESPACES = {"xmlns": "http://www.w3.org/2005/Atom", "xmlns:thr": "http://purl.org/syndication/thread/1.0"}

# No escape brings these into XML 1.0 (section 2.2). Texts lose nearly all of them when they come in; a form feed, which
# HTML may have, is a space there too.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_atom(feed: Feed) -> bytes:
    """Return the feed as a document in UTF-8, the same for the same feed and the same address of this service."""
    root = Element("feed", NAMESPACES)
    _add(root, "id", feed.id.urn)
    _add(root, "title", feed_title(feed))
    _add(root, "updated", rfc3339(feed.updated_at))
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=address_of_feed(feed.site.slug, feed.key))
    home = _home(feed)
    if home is not None:
        _add(root, "link", rel="alternate", type="text/html", href=home)
    _add(root, "generator", "Postbag", uri=f"{base_url()}/")
    for entry in feed.entries:
        _add_entry(root, feed, entry)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def feed_title(feed: Feed) -> str:
    """Return the feed's title as plain text: names alone, since nobody says in which language a site speaks."""
    if feed.key is None:
        return feed.site.name
    return f"{(feed.article and feed.article.title) or feed.key} – {feed.site.name}"


def _home(feed: Feed) -> str | None:
    """Return the page whose feed it is, or None for a site without any."""
    if feed.key is None:
        return f"{feed.site.origins[0]}/" if feed.site.origins else None
    if feed.article is not None and feed.article.url:
        return feed.article.url
    return address_of_thread(feed.site.slug, feed.key)


def _add_entry(root: Element, feed: Feed, entry: FeedEntry) -> None:
    added = SubElement(root, "entry")
    _add(added, "id", entry.id.urn)
    _add(added, "title", f"{entry.author_name} – {entry.article_title or entry.article_key}")
    author = SubElement(added, "author")
    _add(author, "name", entry.author_name)
    if entry.author_url:
        _add(author, "uri", entry.author_url)
    _add(added, "published", rfc3339(entry.published_at))
    _add(added, "updated", rfc3339(entry.updated_at))
    _add(added, "link", rel="alternate", type="text/html", href=_address(feed, entry, entry.id))
    if entry.parent_id is not None:
        href = _address(feed, entry, entry.parent_id)
        _add(added, "thr:in-reply-to", ref=entry.parent_id.urn, type="text/html", href=href)
    _add(added, "content", entry.body_html, type="html")


def _address(feed: Feed, entry: FeedEntry, comment_id: UUID) -> str:
    """Return where a comment of the entry's article is read: on the article's page, or on ours where it has none."""
    if entry.article_url:
        # The widget finds the page of the thread by this.
        return f"{entry.article_url}#comment-{comment_id}"
    return address_of_comment(comment_id, address_of_thread(feed.site.slug, entry.article_key))


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> None:
    added = SubElement(parent, name, {key: _fit(value) for key, value in attributes.items()})
    added.text = None if text is None else _fit(text)


def _fit(text: str) -> str:
    return _NOT_IN_XML.sub(" ", text)
