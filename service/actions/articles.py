"""Integrators register articles; moderators find them, open and close them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from service.actions import announce, events
from service.actions.paging import article_cursor, article_position, scope_of
from service.actions.record import record
from service.domain.article import Article, check_belongs_to_site
from service.domain.article_keys import MAX_URL, ArticleKey, parse_article_key
from service.domain.comment import TITLE_MAX
from service.domain.errors import Invalid, NotFound
from service.domain.events import article_data
from service.domain.log import LogKind
from service.domain.permissions import Caller
from service.domain.site import Site
from service.domain.writing import Faults, check_line
from service.store import articles, sites
from service.store.session import reading, writing


@dataclass(frozen=True)
class Registration:
    """What the integrator says of an article; None leaves what is known as it is."""

    key: str
    url: str | None
    title: str | None
    open: bool | None


@dataclass(frozen=True)
class Registered:
    """The article as it is stored now, and whether it was new."""

    article: Article
    is_new: bool


def register_article(caller: Caller, site: Site, said: Registration, *, now: datetime) -> Registered:
    """Store what is said of an article and return it; the same again changes nothing.

    What the site's days have closed stays closed until a moderator opens it, or it is said to be closed and open again.
    Raises Invalid where its key or address is on none of the site's origins, Forbidden for another site.
    """
    caller.check_site(site.slug)
    faults = Faults()
    key = faults.gather(lambda: _key(said.key, site), ArticleKey("", None))
    url = faults.gather(lambda: _url(said.url, site), None)
    title = None
    if said.title is not None:
        given = said.title
        title = faults.gather(lambda: check_line("title", given, most=TITLE_MAX), "")
    faults.raise_if_any()
    # Only what was said is written, so that of two calls at once neither undoes what the other one said.
    changes = {name: value for name, value in (("url", url), ("title", title)) if value is not None}
    with writing():
        article, is_new = articles.add_article_if_absent(
            site.id, key.value, url=key.value if key.is_url else None, title="", now=now
        )
        if is_new:
            announce.article_added(site.id)
        if any(getattr(article, name) != value for name, value in changes.items()):
            article = articles.change_article(article.id, **changes)
            announce.articles_changed(site.id, [article.id])
        # A site's build says the same of every article each time; that must not reopen what its days have closed.
        if said.open is not None and said.open != article.kept_open:
            article = _keep(caller, site, key.value, said.open, now)
    return Registered(article, is_new)


@dataclass(frozen=True)
class ArticlePage:
    """A page of a site's articles, those that became known last first."""

    site: Site
    articles: Sequence[Article]
    next_cursor: str | None


def read_articles(caller: Caller, *, q: str = "", cursor: str | None = None, limit: int = 50) -> ArticlePage:
    """Return a page of the articles of the caller's site; with `q`, those whose title or key contains it.

    A pasted address is found however it is spelled. Raises Invalid for a cursor of another list.
    """
    word = check_line("q", q, most=MAX_URL)
    scope = scope_of("articles", caller.site_id, word)
    before = article_position(scope, cursor)
    words = [word] if word else []
    with suppress(Invalid):
        words += [key for key in [parse_article_key(word).value] if key != word]
    with reading():
        site = sites.get_site(caller.site_id)
        # One more than the page holds tells whether there is another page.
        found = articles.newest_articles(caller.site_id, words, before=before, limit=limit + 1)
    page = found[:limit]
    return ArticlePage(site, page, article_cursor(scope, page[-1].id) if len(found) > limit else None)


@dataclass(frozen=True)
class Kept:
    """An article as it is kept now, and the site whose days close it."""

    site: Site
    article: Article


def keep_article(caller: Caller, key: str, *, is_open: bool, now: datetime) -> Kept:
    """Open or close an article of the caller's site and return it; one that is so already stays as it is.

    The site's days until it closes by itself count from the opening. Raises NotFound, and Invalid for what is no key.
    """
    parsed = parse_article_key(key)
    with writing():
        site = sites.get_site(caller.site_id)
        return Kept(site, _keep(caller, site, parsed.value, is_open, now))


def _keep(caller: Caller, site: Site, key: str, is_open: bool, now: datetime) -> Article:
    article = articles.hold_article(site.id, key)
    if article is None:
        raise NotFound("Nobody has written under this article, and it is not registered.")
    was_open = article.is_open(site, now)
    # One that time has closed can still be closed by hand, and stays so when the site's days change.
    if was_open if is_open else not article.kept_open:
        return article
    changes = {"open": True, "opened_at": now} if is_open else {"open": False}
    article = articles.change_article(article.id, **changes)
    announce.articles_changed(site.id, [article.id])
    if was_open and not is_open:
        events.tell_closed(site, article_data(article), actor=caller.actor, now=now)
    action, details = ("open" if is_open else "close"), {"open": [was_open, is_open]}
    record(site.id, LogKind.ARTICLE, action, actor=caller.actor, subject=key, details=details, now=now)
    return article


def _key(raw: str, site: Site) -> ArticleKey:
    try:
        key = parse_article_key(raw)
        check_belongs_to_site(key, site, is_registered=True)
    except Invalid as fault:
        raise Invalid("key", fault.faults[0].code, fault.detail) from fault
    return key


def _url(raw: str | None, site: Site) -> str | None:
    if raw is None:
        return None
    try:
        url = parse_article_key(raw)
    except Invalid as fault:
        raise Invalid("url", fault.faults[0].code, fault.detail) from fault
    if not url.is_url or not site.lists_origin(url.origin):
        raise Invalid("url", "not_an_origin_of_the_site", "The article's address must be on an origin of the site.")
    return url.value
