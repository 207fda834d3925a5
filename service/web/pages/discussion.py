"""`/comments`: the thread and the form without JavaScript, as a page or as a piece of the article's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from service.actions import forms
from service.actions.read_article import PublishedPage, read_page
from service.domain.comment import PublishedComment
from service.domain.errors import Invalid
from service.domain.sorting import Sort
from service.domain.tags import of_page
from service.web.edge import depends_on
from service.web.languages import asked_for, say, speak
from service.web.origins import base_url
from service.web.pages.fragment import fragment, is_fragment
from service.web.pages.linked_data import linked_data
from service.web.pages.reply_form import Form, answer
from service.web.permalinks import address_of_feed
from service.web.responses import cacheable_page
from service.web.times import utc_now
from service.web.views import article_view, author_view

blueprint = Blueprint("discussion", __name__)

PAGE_LIMIT = 50


@blueprint.get("/comments")
def show() -> Response:
    """Answer with the thread of `?site=&article=` and the form below it.

    `reply_to` names a comment to answer, `comment` one that is to be on the page, whichever page that is. With
    `fragment=1` it is a piece of HTML to be included in another page, whose links lead to this one.
    """
    speak()
    site, article = request.args.get("site", ""), request.args.get("article", "")
    if is_fragment():
        return fragment(*_discussion(site, article, host=base_url()))
    shown, form = _discussion(site, article)
    html = render_template("comments.html", page=shown, form=form, linked_data=linked_data(shown))
    return cacheable_page(html)


def _discussion(site: str, article: str, *, host: str = "") -> tuple[dict[str, Any], Form]:
    """Return the context of a thread and its form, as the rest of the query asks for it.

    With a `host` all addresses are absolute, since the thread is to stand in a page elsewhere.
    Raises UnknownSite and Invalid. A sort or cursor that means nothing is left out: people follow old links.
    """
    answering = _id_in_query("reply_to")
    published = _read(site, article, answering)
    if _is_what_was_asked_for(published):
        depends_on(of_page(published.site, published.article))
    # The key, and not the address that was asked for: the page may be kept for whoever asks by another one.
    links = _Links(host, site, published.key, str(request.args.get("sort", "")))
    form = Form(
        site=published.site.slug,
        article=published.key,
        article_title=published.article.title if published.article else "",
        article_url=(published.article and published.article.url) or "",
        # Caches may hand this page to many readers, so the token is one for all of them.
        token=forms.shared_token(published.site.slug, published.key, now=utc_now()),
        open=published.article is None or published.article.is_open(published.site, utc_now()),
    )
    form.action = host + form.action
    if form.open and answering is not None:
        answer(form, published.answered, cancel_href=links.to(fragment="reply", **_here()))
    return _context(published, links, form.open), form


@dataclass(frozen=True)
class _Links:
    host: str
    site: str
    article: str
    sort: str

    def to(self, *, fragment: str = "", **query: str) -> str:
        """Return the address of this page with another query."""
        kept = {"site": self.site, "article": self.article}
        kept |= {"lang": tongue} if (tongue := asked_for()) else {}
        kept |= {"sort": self.sort} if self.sort in set(Sort) else {}
        return f"{self.host}/comments?{urlencode(kept | query)}" + (f"#{fragment}" if fragment else "")

    def to_comment(self, comment_id: UUID) -> str:
        """Return the address that leads to a comment, also when it has moved on to another page."""
        in_any_order = _Links(self.host, self.site, self.article, "")
        return in_any_order.to(fragment=f"comment-{comment_id}", comment=str(comment_id))


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


def _is_what_was_asked_for(published: PublishedPage) -> bool:
    """False where something in the query means nothing: of such addresses there are endlessly many."""
    cursor, comment, reply_to = (request.args.get(name, "") for name in ("cursor", "comment", "reply_to"))
    if comment and (cursor or comment not in {str(shown.id) for shown in published.comments}):
        return False
    if cursor and published.is_first:
        return False
    return not reply_to or (published.answered is not None and reply_to == str(published.answered.id))


def _here() -> dict[str, str]:
    """What in the query says which page of the thread this is."""
    return {name: value for name in ("cursor", "comment") if (value := request.args.get(name, ""))}


def _context(published: PublishedPage, links: _Links, is_open: bool) -> dict[str, Any]:
    current = links.sort if links.sort in set(Sort) else Sort.OLDEST
    here = _here()
    return {
        "site": published.site,
        "article": article_view(published.article, published.key, site=published.site, now=utc_now()),
        "href": links.to(),
        "feed_href": address_of_feed(published.site.slug, published.key),
        "stands_elsewhere": bool(links.host),
        "sort": current,
        "sort_links": [
            (sort.value, say(f"widget.{sort.value}"), links.to(fragment="comments", sort=sort.value), sort == current)
            for sort in (Sort.OLDEST, Sort.NEWEST, Sort.TOP)
        ],
        "comments": [_comment(comment, published, links, is_open, here) for comment in published.comments],
        "next_href": links.to(fragment="comments", cursor=published.next_cursor) if published.next_cursor else None,
        "first_href": links.to(fragment="comments") if here else None,
    }


def _comment(
    comment: PublishedComment, published: PublishedPage, links: _Links, is_open: bool, here: Mapping[str, str]
) -> dict[str, Any]:
    author = author_view(comment)
    return {
        "id": comment.id,
        "anchor": f"comment-{comment.id}",
        "parent_id": comment.parent_id,
        "parent_author": None if comment.parent_id is None else published.names.get(comment.parent_id),
        "depth": comment.depth,
        "deleted": comment.deleted,
        "author": None if comment.deleted else author | {"avatar": links.host + author["avatar"]},
        "body_html": comment.body_html,
        "published_at": comment.published_at,
        "edited_at": comment.edited_at,
        "votes": comment.votes,
        "permalink": links.to_comment(comment.id),
        "parent_href": None if comment.parent_id is None else links.to_comment(comment.parent_id),
        "reply_href": links.to(fragment="reply", reply_to=str(comment.id), **here) if is_open else None,
    }
