"""An article: what replies stand under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.domain.article_keys import ArticleKey
from service.domain.errors import Invalid
from service.domain.site import Site


@dataclass(frozen=True)
class Article:
    """One row of `articles`; `count` is the number of published comments, kept by the transactions that change it.

    `kept_open` is what people have said of it. Whether it takes replies is also a matter of the site's rule and time.
    """

    id: UUID
    site_id: UUID
    key: str
    url: str | None
    title: str
    kept_open: bool
    count: int
    created_at: datetime
    opened_at: datetime | None

    def closes_at(self, site: Site) -> datetime | None:
        """Return when the site's rule closes the article, or None where it never does."""
        return None if site.close_after is None else (self.opened_at or self.created_at) + site.close_after

    def is_open(self, site: Site, now: datetime) -> bool:
        """True while the article takes replies: nobody has closed it, and the site's days have not passed."""
        closes_at = self.closes_at(site)
        return self.kept_open and (closes_at is None or now < closes_at)


def check_belongs_to_site(key: ArticleKey, site: Site, *, is_registered: bool) -> None:
    """Pass for a URL on one of the site's origins, or an id that the integrator registered; else raise Invalid."""
    if key.is_url:
        if not site.lists_origin(key.origin):
            raise Invalid(
                "article",
                "not_an_origin_of_the_site",
                f"This address is not on one of the origins of the site: {', '.join(site.origins) or 'it has none'}.",
            )
    elif not is_registered:
        raise Invalid(
            "article",
            "not_registered",
            "An article is named by its canonical URL, or by an id registered before with PUT /v1/articles.",
        )
