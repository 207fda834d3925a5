"""`/comments`: the thread and the form as a page without JavaScript, and what a refused form comes back as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from service.actions.body import excerpt_of
from service.actions.read_article import PublishedPage, read_page
from service.domain.comment import BODY_MAX, PublishedComment
from service.domain.errors import ArticleClosed, Invalid, PostbagError, UnknownSite
from service.domain.sorting import Sort
from service.web.pages.words import explanation, heading
from service.web.problems import ERROR_CODES, TooLarge, problem_headers
from service.web.responses import cacheable_page, page
from service.web.views import article_view, avatar_path

blueprint = Blueprint("discussion", __name__)

PAGE_LIMIT = 50
FIELDS = ("body", "name", "email", "url")
ANSWERED_IS_GONE = (
    "The comment you wanted to answer is no longer there. Your reply will stand under the article itself."
)
SORT_LABELS = {Sort.OLDEST: "Oldest first", Sort.NEWEST: "Newest first", Sort.TOP: "Most votes first"}


@dataclass(frozen=True)
class Problem:
    """A refusal of the whole form."""

    title: str
    detail: str


@dataclass
class Form:
    """The reply form with everything typed, what is wrong with it, and what it answers."""

    site: str
    article: str
    article_title: str = ""
    article_url: str = ""
    parent_id: str = ""
    replying_to: dict[str, str | None] | None = None
    answered_is_gone: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problem: Problem | None = None
    open: bool = True
    action: str = "/v1/comments"
    body_max: int = BODY_MAX


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
        _answer(form, published.answered, cancel_href=links.to(fragment="reply", **_here()))
    return _context(published, links, form.open), form


def _answer(form: Form, answered: PublishedComment | None, *, cancel_href: str | None) -> None:
    if answered is None:
        form.answered_is_gone = ANSWERED_IS_GONE
        return
    form.parent_id = str(answered.id)
    form.replying_to = {
        "author_name": answered.author_name,
        "excerpt": excerpt_of(answered.body_html),
        "cancel_href": cancel_href,
    }


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
    author = {
        "name": comment.author_name,
        "url": comment.author_url,
        "avatar": avatar_path(comment.avatar),
        "badge": None,
    }
    return {
        "id": comment.id,
        "anchor": anchor,
        "parent_id": comment.parent_id,
        "parent_author": None if comment.parent_id is None else published.names.get(comment.parent_id),
        "depth": comment.depth,
        "deleted": comment.deleted,
        "author": None if comment.deleted else author,
        "body_html": comment.body_html,
        "published_at": comment.published_at,
        "edited_at": comment.edited_at,
        "votes": comment.votes,
        "permalink": links.to_comment(comment.id),
        "parent_href": None if comment.parent_id is None else links.to_comment(comment.parent_id),
        "reply_href": links.to(fragment="reply", reply_to=str(comment.id), **here) if is_open else None,
    }


def refused_reply(error: PostbagError) -> Response | None:
    """Return the form of a refused submission with everything that was typed, or None where it cannot be shown.

    It cannot where the site is unknown, nor where the form was too large to be read; where the article is not one, the
    form still comes back, to be copied from.
    """
    if isinstance(error, TooLarge):
        return None
    typed = request.form
    try:
        shown, answered = _where(typed.get("site", ""), typed.get("article", ""), typed.get("parent_id", ""))
    except UnknownSite:
        return None
    form = Form(
        site=typed.get("site", ""),
        article=typed.get("article", ""),
        article_title=typed.get("article_title", ""),
        article_url=typed.get("article_url", ""),
        parent_id=typed.get("parent_id", ""),
        values={name: typed.get(name, "") for name in FIELDS},
        open=not isinstance(error, ArticleClosed),
    )
    if answered is not None:
        # Without a way to cancel: the link would lead away from everything that was typed.
        _answer(form, answered, cancel_href=None)
    if isinstance(error, Invalid):
        errors: dict[str, list[str]] = {}
        for fault in error.faults:
            errors.setdefault(fault.field, []).append(fault.detail)
        if "parent_id" in errors:
            errors["parent_id"] = [ANSWERED_IS_GONE]
            form.parent_id, form.replying_to = "", None
        form.errors = errors
    else:
        form.problem = Problem(heading(error), explanation(error))
    html = render_template("reply_problem.html", page=shown, form=form)
    response = page(html, ERROR_CODES[error.code].status)
    response.headers.update(problem_headers(error))
    return response


def _where(site: str, article: str, parent_id: str) -> tuple[dict[str, Any], PublishedComment | None]:
    """Return the site and article that a refused reply was for, and what it answers, as far as they can be known."""
    try:
        answering = UUID(parent_id)
    except ValueError:
        answering = None
    try:
        published = read_page(site, article, sort=Sort.OLDEST, cursor=None, limit=1, answering=answering)
    except UnknownSite:
        raise
    except PostbagError:
        known = {"key": "", "title": "", "url": None, "open": True, "count": 0}
        return {"site": {"slug": site, "name": site}, "article": known}, None
    shown = {"site": published.site, "article": article_view(published.article, published.key)}
    return shown, published.answered
