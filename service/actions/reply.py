"""A reply as a reader sent it, and the same once every field is known to be acceptable."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_address
from uuid import UUID

from service.actions.body import check_body
from service.domain.article import check_belongs_to_site
from service.domain.article_keys import ArticleKey, parse_article_key
from service.domain.comment import TITLE_MAX
from service.domain.emails import parse_email
from service.domain.errors import Invalid
from service.domain.known_readers import KnownReader
from service.domain.site import Site
from service.domain.writing import Faults, check_line, check_name, check_website


@dataclass(frozen=True)
class Reply:
    """What the reader sent, unchecked. `article` is the canonical URL or a registered id.

    `challenge` is a solved proof of work, `author_token` what an author was given who has proven the address.
    `honeypot` is what stood in a field that no person sees. `reader_token` is the site's word for who sends it, in
    place of name and e-mail. `client_address` and `submitted_at` say where and when it was written, where a server of
    the site passes it on.
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
    reader_token: str = ""
    client_address: str = ""
    submitted_at: datetime | None = None
    author_token: str = ""

    @property
    def content(self) -> str:
        """Everything the reader said, as text: what makes one request the same as another.

        A proof of work and the tokens are of the sending, not of the reply: sent again, it brings others.
        """
        passed_on = [told for told in (self.client_address, self.submitted_at) if told]
        return json.dumps([*astuple(self)[:_CONTENT_FIELDS], *passed_on], default=str)


CLOCKS_APART = timedelta(seconds=60)  # by how much a server's clock may be ahead of ours
LONGEST_ON_ITS_WAY = timedelta(days=7)
"""How long a server of the site may have kept a reply before it passes it on: over an outage, and a weekend."""
_CONTENT_FIELDS = 8  # those before `form_token`


@dataclass(frozen=True)
class CheckedReply:
    """A reply whose every field is acceptable.

    `email` is empty for a reader whom the site knows without one. `client_address` and `submitted_at` are None where
    nobody has said anything but the connection.
    """

    article: ArticleKey
    article_url: str | None
    article_title: str
    parent_id: UUID | None
    name: str
    email: str
    url: str | None
    body: str
    client_address: str | None = None
    submitted_at: datetime | None = None


def check_reply(
    reply: Reply, site: Site, *, now: datetime, reader: KnownReader | None = None, is_from_server: bool = False
) -> CheckedReply:
    """Return the reply checked; raises one Invalid that names every field at fault.

    `reader` is whom its token speaks of, whose name and address hold then.
    """
    faults = Faults()
    nowhere = ArticleKey("", None)
    article = faults.gather(lambda: _article_key(reply.article, site), nowhere)
    if reader is None:
        email = faults.gather(lambda: parse_email(reply.email), "")
        name = faults.gather(lambda: check_name(reply.name, email=reply.email), "")
    else:
        email, name = reader.email or "", reader.name
        for field, typed in (("name", reply.name), ("email", reply.email)):
            faults.gather(partial(_refuse_beside_token, field, typed), None)
    checked = CheckedReply(
        article=article,
        article_url=faults.gather(lambda: _article_url(reply.article_url, article, site), None),
        article_title=faults.gather(lambda: check_line("article_title", reply.article_title, most=TITLE_MAX), ""),
        parent_id=reply.parent_id,
        name=name,
        email=email,
        url=faults.gather(lambda: check_website(reply.url, email=email or reply.email), None),
        body=faults.gather(lambda: check_body(reply.body), ""),
        client_address=faults.gather(lambda: _client_address(reply.client_address, is_from_server), None),
        submitted_at=faults.gather(lambda: _submitted_at(reply.submitted_at, is_from_server, now), None),
    )
    faults.raise_if_any()
    return checked


def _refuse_beside_token(field: str, typed: str) -> None:
    if typed.strip():
        sentence = f"Leave this out: what stands in `reader_token` as `{field}` is used."
        raise Invalid(field, "not_with_reader_token", sentence)


def _client_address(told: str, is_from_server: bool) -> str | None:
    if not told.strip():
        return None
    _refuse_unless_from_server("client_address", is_from_server)
    try:
        return str(ip_address(told.strip()))
    except ValueError:
        sentence = "This is not an IP address such as 203.0.113.7 or 2001:db8::7."
        raise Invalid("client_address", "not_an_address", sentence) from None


def _submitted_at(told: datetime | None, is_from_server: bool, now: datetime) -> datetime | None:
    if told is None:
        return None
    _refuse_unless_from_server("submitted_at", is_from_server)
    if told > now + CLOCKS_APART:
        raise Invalid("submitted_at", "in_the_future", "A reply cannot have been written later than now.")
    if told < now - LONGEST_ON_ITS_WAY:
        days = LONGEST_ON_ITS_WAY.days
        raise Invalid(
            "submitted_at", "too_long_ago", f"A reply can have been on its way for {days} days; import older ones."
        )
    return min(told, now)


def _refuse_unless_from_server(field: str, is_from_server: bool) -> None:
    if not is_from_server:
        sentence = "Only a server of the site may say this: send it with a token that has the scope `integrate`."
        raise Invalid(field, "only_from_server", sentence)


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
