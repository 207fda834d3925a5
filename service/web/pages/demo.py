"""The demo newspaper's article pages, with the widget as a site owner writes it into a page.

Registered only where POSTBAG_DEMO=1, which `make run` sets.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, render_template

from service.demo.content import ARTICLES, SITE_NAME, SITE_SLUG
from service.domain.errors import NotFound
from service.web.responses import PAGE_POLICY, cacheable_page
from service.web.times import utc_now

blueprint = Blueprint("demo", __name__, url_prefix="/demo")

WIDGET_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"
"""What a page with the widget has to allow: the service's scripts and calls, besides its styles and pictures."""


@blueprint.get("/<slug>")
def show(slug: str) -> Response:
    """Answer with an article of the demo site and its discussion."""
    article = next((article for article in ARTICLES if article.slug == slug), None)
    if article is None:
        raise NotFound
    written = utc_now() - timedelta(minutes=article.minutes_ago)
    story = {
        "headline": article.headline,
        "standfirst": article.standfirst,
        "byline": article.byline,
        "date": f"{written:%A}, {written.day} {written:%B %Y}",
        "paragraphs": article.paragraphs,
    }
    others = [(other.headline, f"/demo/{other.slug}", other.slug) for other in ARTICLES if other is not article]
    html = render_template(
        "demo_article.html",
        site={"slug": SITE_SLUG, "name": SITE_NAME},
        article={"key": slug, **story},
        other_articles=others,
    )
    response = cacheable_page(html)
    response.headers["Content-Security-Policy"] = WIDGET_POLICY
    return response


def listed() -> list[dict[str, object]]:
    """Return the demo site with its articles, as the front page lists it."""
    threads = [{"title": article.headline, "href": f"/demo/{article.slug}"} for article in ARTICLES]
    return [{"name": SITE_NAME, "threads": threads}]
