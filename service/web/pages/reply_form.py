"""The reply form: empty, answering a comment, or come back with everything typed and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for

from service.actions import forms
from service.actions.body import excerpt_of
from service.actions.read_article import read_page
from service.domain.comment import PublishedComment
from service.domain.errors import ArticleClosed, Invalid, PostbagError, UnknownSite
from service.domain.sorting import Sort
from service.web.languages import say
from service.web.pages.words import by_field, explanation, heading
from service.web.problems import ERROR_CODES, TooLarge, problem_headers
from service.web.responses import page
from service.web.times import utc_now
from service.web.views import article_view

FIELDS = ("body", "name", "email", "url")


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
    token: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problem: Problem | None = None
    open: bool = True
    action: str = field(default_factory=lambda: url_for("published.submit_comment"))


def answer(form: Form, answered: PublishedComment | None, *, cancel_href: str | None) -> None:
    """Let the form answer a comment, or say that it is gone where it is None; `cancel_href` leads back."""
    if answered is None:
        form.answered_is_gone = say("page.answeredIsGone")
        return
    form.parent_id = str(answered.id)
    form.replying_to = {
        "author_name": answered.author_name,
        "excerpt": excerpt_of(answered.body_html),
        "cancel_href": cancel_href,
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
        # It is spent by an accepted reply alone, so it is good for the next attempt too.
        token=typed.get("form_token", "") or forms.token_for(*_named(typed, shown), now=utc_now()),
        values={name: typed.get(name, "") for name in FIELDS},
        open=not isinstance(error, ArticleClosed),
    )
    if answered is not None:
        # Without a way to cancel: the link would lead away from everything that was typed.
        answer(form, answered, cancel_href=None)
    if isinstance(error, Invalid):
        errors = by_field(error.faults)
        if "parent_id" in errors:
            errors["parent_id"] = [say("page.answeredIsGone")]
            form.parent_id, form.replying_to = "", None
        form.errors = errors
    else:
        form.problem = Problem(heading(error), explanation(error))
    html = render_template("reply_problem.html", page=shown, form=form)
    response = page(html, ERROR_CODES[error.code].status)
    response.headers.update(problem_headers(error))
    return response


def _named(typed: Mapping[str, str], shown: Mapping[str, Any]) -> tuple[str, str]:
    return typed.get("site", ""), str(shown["article"]["key"])


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
    shown = {
        "site": published.site,
        "article": article_view(published.article, published.key, site=published.site, now=utc_now()),
    }
    return shown, published.answered
