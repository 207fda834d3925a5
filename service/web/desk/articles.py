"""`/desk/articles`: the articles of a site, to be found, opened and closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from service.actions.articles import ArticlePage, keep_article, read_articles
from service.domain.article import Article
from service.domain.errors import Invalid, NotFound, PostbagError
from service.domain.permissions import Permission
from service.domain.site import Site
from service.web.auth import the_caller
from service.web.desk.filters import own_address
from service.web.desk.shell import desk, desk_page, seen_at
from service.web.problems import ERROR_CODES
from service.web.times import utc_now

blueprint = Blueprint("desk_articles_page", __name__, url_prefix="/desk/articles")


@blueprint.get("")
@desk_page(Permission.READ_QUEUE)
def show() -> Response:
    """Answer with a page of articles; a search that cannot be read is shown again as it was typed."""
    return _page()


@blueprint.post("")
@desk_page(Permission.KEEP_ARTICLES)
def keep() -> Response:
    """Open or close one article, and lead back to the list as it was narrowed."""
    key, is_open = request.form.get("article", ""), request.form.get("open") == "yes"
    try:
        kept = keep_article(the_caller(), key, is_open=is_open, now=utc_now())
    except (Invalid, NotFound) as error:
        return _page(error)
    return seen_at(_address(q=request.args.get("q"), cursor=request.args.get("cursor"), done=kept.article.key))


def _page(error: PostbagError | None = None) -> Response:
    caller, now = the_caller(), utc_now()
    q, cursor = request.args.get("q", ""), request.args.get("cursor") or None
    found, fault = None, None
    try:
        found = read_articles(caller, q=q, cursor=cursor)
    except Invalid as refusal:
        fault = refusal
    told = error or fault
    return desk(
        "articles.html",
        200 if told is None else ERROR_CODES[told.code].status,
        q=q,
        problem=None if error is None else error.detail,
        fault=None if fault is None else fault.detail,
        done=_done(request.args.get("done"), found, now) if request.method == "GET" else None,
        rows=[] if found is None else [_row(article, found.site, now) for article in found.articles],
        days=None if found is None or found.site.close_after is None else found.site.close_after.days,
        keep_href=_address(q=q, cursor=cursor),
        everything=_address() if q else None,
        newest=_address(q=q) if cursor else None,
        older=_address(q=q, cursor=found.next_cursor) if found is not None and found.next_cursor else None,
    )


def _address(**query: str | None) -> str:
    return own_address("/desk/articles", **query)


def _done(key: str | None, found: ArticlePage | None, now: datetime) -> dict[str, Any] | None:
    """Return the article that was just opened or closed, where it stands on the page."""
    articles = found.articles if found is not None else ()
    return next((_row(article, found.site, now) for article in articles if found and article.key == key), None)


def _row(article: Article, site: Site, now: datetime) -> dict[str, Any]:
    return {
        "key": article.key,
        "title": article.title,
        "url": article.url,
        "count": article.count,
        "queue_href": own_address("/desk", article=article.key),
        "is_open": article.is_open(site, now),
        "kept_open": article.kept_open,
        "closes_at": article.closes_at(site),
        "known_since": article.created_at,
        "opened_at": article.opened_at,
    }
