"""`/comments`: the thread and the form as a page without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from service.actions.read_article import PublishedPage, read_page
from service.domain.comment import PublishedComment
from service.domain.errors import Invalid
from service.domain.sorting import Sort
from service.web.pages.reply_form import Form, answer
from service.web.responses import cacheable_page
from service.web.views import article_view, author_view

blueprint = Blueprint("discussion", __name__)

PAGE_LIMIT = 50
SORT_LABELS = {Sort.OLDEST: "Oldest first", Sort.NEWEST: "Newest first", Sort.TOP: "Most votes first"}


@blueprint.get("/comments")
def show() -> Response:
    """Answer with the thread of `?site=&article=` and the form below it.

    `reply_to` names a comment to answer, `comment` one that is to be on the page, whichever page that is.
    """
    site, article = request.args.get("site", ""), request.args.get("article", "")
    shown, form = discussion(site, article, address="/comments")
    return cacheable_page(render_template("comments.html", page=shown, form=form))


def discussion(site: str, article: str, *, address: str) -> tuple[dict[str, Any], Form]:
    """Return the context of a thread and its form, for a page at `address` that gets the same query.

    Raises UnknownSite and Invalid. A sort or cursor that means nothing is left out: people follow old links.
    """
    answering = _id_in_query("reply_to")
    published = _read(site, article, answering)
    links = _Links(address, site, article, str(request.args.get("sort", "")))
    form = Form(
        site=published.site.slug,
        article=published.key,
        article_title=published.article.title if published.article else "",
        article_url=(published.article and published.article.url) or "",
        open=published.article is None or published.article.open,
    )
    if form.open and answering is not None:
        answer(form, published.answered, cancel_href=links.to(fragment="reply", **_here()))
    return _context(published, links, form.open), form


@dataclass(frozen=True)
class _Links:
    address: str
    site: str
    article: str
    sort: str

    def to(self, *, fragment: str = "", **query: str) -> str:
        """Return the address of this page with another query; a page that is one article needs neither site nor key."""
        base = {"site": self.site, "article": self.article} if self.address == "/comments" else {}
        kept = base | ({"sort": self.sort} if self.sort in set(Sort) else {}) | query
        return self.address + (f"?{urlencode(kept)}" if kept else "") + (f"#{fragment}" if fragment else "")

    def to_comment(self, comment_id: UUID) -> str:
        """Return the address that leads to a comment, also when it has moved on to another page."""
        return _Links(self.address, self.site, self.article, "").to(
            fragment=f"comment-{comment_id}", comment=str(comment_id)
        )


def _read(site: str, article: str, answering: UUID | None) -> PublishedPage:
    showing = _id_in_query("comment")
    if showing is not None:
        return read_page(
            site,
            article,
            sort=Sort.OLDEST,
            cursor=None,
            limit=PAGE_LIMIT,
            with_names=True,
            showing=showing,
            answering=answering,
        )
    asked = request.args.get("sort", "")
    sort = Sort(asked) if asked in set(Sort) else Sort.OLDEST
    cursor = request.args.get("cursor") or None
    try:
        return read_page(
            site, article, sort=sort, cursor=cursor, limit=PAGE_LIMIT, with_names=True, answering=answering
        )
    except Invalid as fault:
        if fault.faults[0].field != "cursor":
            raise
        return read_page(site, article, sort=sort, cursor=None, limit=PAGE_LIMIT, with_names=True, answering=answering)


def _id_in_query(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _here() -> dict[str, str]:
    """What in the query says which page of the thread this is."""
    return {name: value for name in ("cursor", "comment") if (value := request.args.get(name, ""))}


def _context(published: PublishedPage, links: _Links, is_open: bool) -> dict[str, Any]:
    current = links.sort if links.sort in set(Sort) else Sort.OLDEST
    here = _here()
    return {
        "site": published.site,
        "article": article_view(published.article, published.key),
        "sort": current,
        "sort_links": [
            (sort.value, label, links.to(fragment="comments", sort=sort.value), sort == current)
            for sort, label in SORT_LABELS.items()
        ],
        "comments": [_comment(comment, published, links, is_open, here) for comment in published.comments],
        "next_href": links.to(fragment="comments", cursor=published.next_cursor) if published.next_cursor else None,
        "first_href": links.to(fragment="comments") if here else None,
    }


def _comment(
    comment: PublishedComment, published: PublishedPage, links: _Links, is_open: bool, here: Mapping[str, str]
) -> dict[str, Any]:
    anchor = f"comment-{comment.id}"
    return {
        "id": comment.id,
        "anchor": anchor,
        "parent_id": comment.parent_id,
        "parent_author": None if comment.parent_id is None else published.names.get(comment.parent_id),
        "depth": comment.depth,
        "deleted": comment.deleted,
        "author": None if comment.deleted else author_view(comment),
        "body_html": comment.body_html,
        "published_at": comment.published_at,
        "edited_at": comment.edited_at,
        "votes": comment.votes,
        "permalink": links.to_comment(comment.id),
        "parent_href": None if comment.parent_id is None else links.to_comment(comment.parent_id),
        "reply_href": links.to(fragment="reply", reply_to=str(comment.id), **here) if is_open else None,
    }
