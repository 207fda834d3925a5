"""Integrators register articles: under an id of their own, with a title, open or closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.domain.article import Article, check_belongs_to_site
from service.domain.article_keys import ArticleKey, parse_article_key
from service.domain.comment import TITLE_MAX
from service.domain.errors import Invalid
from service.domain.permissions import Caller
from service.domain.site import Site
from service.domain.writing import Faults, check_line
from service.store import articles
from service.store.session import writing


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
    changes = {
        name: value for name, value in (("url", url), ("title", title), ("open", said.open)) if value is not None
    }
    with writing():
        article, is_new = articles.add_article_if_absent(
            site.id, key.value, url=key.value if key.is_url else None, title="", now=now
        )
        if any(getattr(article, _KEPT_AS.get(name, name)) != value for name, value in changes.items()):
            article = articles.change_article(article.id, **changes)
    return Registered(article, is_new)


_KEPT_AS = {"open": "kept_open"}


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
