"""What moderators' tools send and get about the articles of a site."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.web.schemas.fields import Moment, StrictSchema, Text, WholeInQuery, YesNo, absent
from service.web.schemas.moderators import SiteQuery
from service.web.schemas.public import PAGE_LIMIT, ArticleSchema


class KeptArticleSchema(ArticleSchema):
    """An article as moderators see it."""

    kept_open = fields.Boolean(required=True, metadata={"description": "False once somebody has closed it."})
    closes_at = Moment(
        required=True, allow_none=True, metadata={"description": "When it closes, or has closed, by the site's days."}
    )
    known_since = Moment(required=True)
    opened_at = Moment(required=True, allow_none=True, metadata={"description": "When it was last opened again."})


class KeptArticlesSchema(Schema):
    """A page of articles, those that became known last first."""

    articles = fields.List(fields.Nested(KeptArticleSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class ArticlesQuery(SiteQuery):
    """Which articles to list."""

    q = Text(load_default="", metadata={"description": "Part of the title or the key, in any case."})
    limit = WholeInQuery(least=1, most=PAGE_LIMIT, load_default=50, metadata={"description": "Articles on a page."})
    cursor = Text(load_default=absent, metadata={"description": "`next` of the page before."})


class ArticleKeepingSchema(StrictSchema):
    """Which article to open or to close."""

    article = Text(required=True, metadata={"description": "The canonical URL, or a registered id."})
    open = YesNo(required=True, metadata={"description": "Whether it takes replies."})
