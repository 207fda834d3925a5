"""`/v1/feed.atom`: what is published, for feed readers."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.actions.read_feed import read_feed
from service.domain.tags import of_feed
from service.web.api.published import CACHE_STATUS
from service.web.atom import MEDIA_TYPE, as_atom
from service.web.documentation import answers, described
from service.web.edge import depends_on
from service.web.origins import open_to_any_page
from service.web.parsing import ApiBlueprint
from service.web.responses import cacheable
from service.web.schemas.public import FeedQuery

blueprint = ApiBlueprint("feeds", __name__, url_prefix="/v1", description="What is published, for feed readers.")

LAST_MODIFIED = {
    "Last-Modified": {
        "description": "When the newest comment or edit was. What was taken down has no time, so ask by `ETag`.",
        "schema": {"type": "string"},
    }
}


@blueprint.get("/feed.atom")
@open_to_any_page
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(
    200,
    {"type": "string"},
    content_type=MEDIA_TYPE,
    description="Atom (RFC 4287) with threading (RFC 4685).",
    headers=LAST_MODIFIED | CACHE_STATUS,
)
@blueprint.alt_response(304, description="The feed is still what `If-None-Match` says.", headers=CACHE_STATUS)
@answers("invalid", "unknown_site", "store_unavailable")
@described("readFeed", "Follow the published comments of a site or an article in a feed reader")
def read(query: dict[str, Any]) -> Response:
    """The last 50, newest first. An article nobody wrote under has an empty feed. With a strong ETag."""
    feed = read_feed(query["site"], query["article"])
    depends_on(of_feed(feed))
    response = cacheable(as_atom(feed), f"{MEDIA_TYPE}; charset=utf-8")
    response.last_modified = feed.updated_at
    return response
