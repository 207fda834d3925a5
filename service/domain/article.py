"""An article: what replies stand under."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from service.domain.article_keys import ArticleKey
from service.domain.errors import ArticleClosed, Invalid
from service.domain.site import Site


@dataclass(frozen=True)
class Article:
    """One row of `articles`; `count` is the number of published comments, kept by the transactions that change it."""

    id: UUID
    site_id: UUID
    key: str
    url: str | None
    title: str
    open: bool
    count: int


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


def check_open(article: Article) -> None:
    """Pass while the article takes replies; else raise ArticleClosed."""
    if not article.open:
        raise ArticleClosed
