"""A feed: what was published last, on a site or under one of its articles, under names that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from service.domain.article import Article
from service.domain.site import Site

FEED_LENGTH = 50  # entries; more than a busy day has, and whoever asks hourly misses nothing of a busier one


@dataclass(frozen=True)
class FeedEntry:
    """A published comment, with as much of its article as leads to it."""

    id: UUID
    parent_id: UUID | None
    author_name: str
    author_url: str | None
    body_html: str
    published_at: datetime
    edited_at: datetime | None
    article_key: str
    article_url: str | None
    article_title: str

    @property
    def updated_at(self) -> datetime:
        """When the text that readers see was written or published, whichever came last."""
        return self.published_at if self.edited_at is None else max(self.published_at, self.edited_at)


@dataclass(frozen=True)
class Feed:
    """The feed of a site, or of one of its articles where there is a key; the newest entry stands first.

    `article` is None in a site's feed, and where nobody has written under the article.
    """

    site: Site
    key: str | None
    article: Article | None
    entries: Sequence[FeedEntry]

    @property
    def id(self) -> UUID:
        """The feed's name for ever, the same before an article's first comment and after it."""
        return self.site.id if self.key is None else uuid5(self.site.id, self.key)

    @property
    def updated_at(self) -> datetime:
        """When the newest entry was, or, of an empty feed, when the site was made: a feed has to have a time."""
        return max((entry.updated_at for entry in self.entries), default=_moment_of(self.site.id))


def _moment_of(made: UUID) -> datetime:
    # The first 48 bits of a UUIDv7 are the milliseconds since 1970 (RFC 9562).
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=made.int >> 80)
