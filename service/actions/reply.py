"""A reply as a reader sent it, and the same once every field is known to be acceptable."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from uuid import UUID

from service.actions.body import check_body
from service.domain.article import check_belongs_to_site
from service.domain.article_keys import ArticleKey, parse_article_key
from service.domain.comment import TITLE_MAX
from service.domain.emails import parse_email
from service.domain.errors import Invalid
from service.domain.site import Site
from service.domain.writing import Faults, check_line, check_name, check_website


@dataclass(frozen=True)
class Reply:
    """What the reader sent, unchecked. `article` is the canonical URL or a registered id.

    `challenge` is a solved proof of work, `author_token` what an author was given who has proven the address.
    `honeypot` is what stood in a field that no person sees.
    """

    article: str
    parent_id: UUID | None
    name: str
    email: str
    url: str
    body: str
    article_url: str = ""
    article_title: str = ""
    form_token: str = ""
    challenge: str = ""
    honeypot: str = ""
    author_token: str = ""

    @property
    def content(self) -> str:
        """Everything the reader said, as text: what makes one request the same as another.

        A proof of work and the tokens are of the sending, not of the reply: sent again, it brings others.
        """
        return json.dumps(astuple(self)[:_CONTENT_FIELDS], default=str)


_CONTENT_FIELDS = 8  # those before `form_token`


@dataclass(frozen=True)
class CheckedReply:
    """A reply whose every field is acceptable."""

    article: ArticleKey
    article_url: str | None
    article_title: str
    parent_id: UUID | None
    name: str
    email: str
    url: str | None
    body: str


def check_reply(reply: Reply, site: Site) -> CheckedReply:
    """Return the reply checked; raises one Invalid that names every field at fault."""
    faults = Faults()
    nowhere = ArticleKey("", None)
    article = faults.gather(lambda: _article_key(reply.article, site), nowhere)
    email = faults.gather(lambda: parse_email(reply.email), "")
    checked = CheckedReply(
        article=article,
        article_url=faults.gather(lambda: _article_url(reply.article_url, article, site), None),
        article_title=faults.gather(lambda: check_line("article_title", reply.article_title, most=TITLE_MAX), ""),
        parent_id=reply.parent_id,
        name=faults.gather(lambda: check_name(reply.name, email=reply.email), ""),
        email=email,
        url=faults.gather(lambda: check_website(reply.url, email=reply.email), None),
        body=faults.gather(lambda: check_body(reply.body), ""),
    )
    faults.raise_if_any()
    return checked


def _article_key(raw: str, site: Site) -> ArticleKey:
    key = parse_article_key(raw)
    # Whether an id is registered is known inside the transaction; here it is given the benefit of the doubt.
    check_belongs_to_site(key, site, is_registered=True)
    return key


def _article_url(raw: str, article: ArticleKey, site: Site) -> str | None:
    if not raw.strip():
        return article.value if article.is_url else None
    try:
        url = parse_article_key(raw)
    except Invalid as fault:
        raise Invalid("article_url", fault.faults[0].code, fault.detail) from fault
    if not url.is_url or not site.lists_origin(url.origin):
        raise Invalid(
            "article_url", "not_an_origin_of_the_site", "The article's address must be on an origin of the site."
        )
    return url.value
