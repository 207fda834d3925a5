"""Where the links in letters lead that are no signed ones: no request says how readers reach the service."""

from __future__ import annotations

from urllib.parse import quote, urlencode
from uuid import UUID

from service.actions.toolbox import tools
from service.domain.article import Article
from service.domain.site import Site


def discussion(site: Site, article: Article, comment_id: UUID, language: str) -> str:
    """Return where a comment stands, among the others."""
    query = urlencode({"site": site.slug, "article": article.key, "comment": str(comment_id), "lang": language})
    return f"{tools().mail_links}/comments?{query}#comment-{comment_id}"


def receipt(token: str, language: str) -> str:
    """Return the author's own page of a comment."""
    return f"{tools().mail_links}/receipts/{quote(token)}?{urlencode({'lang': language})}"


def desk(site: Site, path: str = "/desk", **query: str) -> str:
    """Return a page of the desk, with the site whose it is."""
    return f"{tools().mail_links}{path}?{urlencode({'site': site.slug} | query)}"


def article_name(article: Article) -> str:
    """Return what an article is called; one without a title by its key."""
    return article.title or article.key
