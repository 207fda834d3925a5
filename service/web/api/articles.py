"""`PUT /v1/articles`: integrators register articles."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.actions.articles import Registration, register_article
from service.actions.sites import find_site
from service.domain.permissions import Permission
from service.web.auth import requires, the_caller
from service.web.documentation import answers, described
from service.web.parsing import ApiBlueprint
from service.web.responses import json_response
from service.web.schemas.public import ArticleRegistrationSchema, ArticleSchema
from service.web.times import utc_now
from service.web.views import article_view

blueprint = ApiBlueprint("articles", __name__, url_prefix="/v1", description="For the site's own servers.")


@blueprint.put("/articles")
@requires(Permission.REGISTER_ARTICLES)
@blueprint.arguments(ArticleRegistrationSchema, location="json")
@blueprint.response(200, ArticleSchema, description="The article as it is stored now.")
@blueprint.alt_response(201, schema=ArticleSchema, description="The article is new.")
@answers(
    "malformed_json", "unauthenticated", "forbidden", "unknown_site", "too_large", "unsupported_media_type", "invalid",
    "rate_limited", "store_unavailable",
)  # fmt: skip
@described("registerArticle", "Register an article, retitle it, open or close it")
def put_article(sent: dict[str, Any]) -> Response:
    """An id of your own can be used as `article` once it is registered; a URL needs no registering."""
    said = Registration(sent["key"], sent["url"], sent["title"], sent["open"])
    site, now = find_site(sent["site"]), utc_now()
    registered = register_article(the_caller(), site, said, now=now)
    view = article_view(registered.article, registered.article.key, site=site, now=now)
    return json_response(view, 201 if registered.is_new else 200)
