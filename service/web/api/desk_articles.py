"""`/v1/moderation/articles`: moderators find articles, open and close them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from service.actions import articles
from service.domain.article import Article
from service.domain.permissions import Permission
from service.domain.site import Site
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.articles import ArticleKeepingSchema, ArticlesQuery, KeptArticleSchema, KeptArticlesSchema
from service.web.schemas.moderators import SiteQuery
from service.web.times import rfc3339, rfc3339_or_none, utc_now
from service.web.views import article_view

blueprint = ApiBlueprint(
    "desk_articles", __name__, url_prefix="/v1/moderation/articles", description="Articles at the desk."
)


@blueprint.get("")
@requires(Permission.READ_QUEUE)
@blueprint.arguments(ArticlesQuery, location="query")
@blueprint.response(200, KeptArticlesSchema)
@answers("unauthenticated", "forbidden", "invalid", "rate_limited", "store_unavailable")
@described("readArticles", "List the articles of the site")
def read_articles(query: dict[str, Any]) -> Response:
    """Those that somebody wrote under or that were registered, with when each closes by itself."""
    _check_site(query)
    found = articles.read_articles(the_caller(), q=query["q"], cursor=query["cursor"], limit=query["limit"])
    now = utc_now()
    views = [_view(article, found.site, now) for article in found.articles]
    return json_response({"articles": views, "next": found.next_cursor})


@blueprint.patch("")
@requires(Permission.KEEP_ARTICLES)
@blueprint.arguments(SiteQuery, location="query")
@blueprint.arguments(ArticleKeepingSchema, location="json")
@blueprint.response(200, KeptArticleSchema)
@answers(
    "malformed_json", "unauthenticated", "forbidden", "not_found", "too_large", "unsupported_media_type", "invalid",
    "rate_limited", "store_unavailable",
)  # fmt: skip
@described("changeArticle", "Open or close an article")
def keep_article(query: dict[str, Any], sent: dict[str, Any]) -> Response:
    """From an opening the site's days count anew. The comments of a closed article stay."""
    _check_site(query)
    now = utc_now()
    kept = articles.keep_article(the_caller(), sent["article"], is_open=sent["open"], now=now)
    return json_response(_view(kept.article, kept.site, now))


def _check_site(query: dict[str, Any]) -> None:
    if query["site"] is not None:
        the_caller().check_site(query["site"])


def _view(article: Article, site: Site, now: datetime) -> dict[str, Any]:
    return article_view(article, article.key, site=site, now=now) | {
        "kept_open": article.kept_open,
        "closes_at": rfc3339_or_none(article.closes_at(site)),
        "known_since": rfc3339(article.created_at),
        "opened_at": rfc3339_or_none(article.opened_at),
    }
