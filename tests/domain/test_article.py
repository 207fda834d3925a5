"""Which articles belong to a site, and which take replies."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from service.domain.article import Article, check_belongs_to_site, check_open
from service.domain.article_keys import parse_article_key
from service.domain.errors import ArticleClosed, Invalid
from service.domain.site import Policy, Site

NO = UUID(int=0)
SITE = Site(NO, "news", "News", ("https://news.example",), Policy.ALL, None, 5, timedelta(0))


@pytest.mark.parametrize("is_registered", [True, False], ids=["registered", "unknown"])
@pytest.mark.parametrize("key", ["https://news.example/1", "HTTPS://NEWS.example:443/1#top", "https://news.example"])
def test_an_address_on_an_origin_of_the_site_belongs_to_it(key: str, is_registered: bool) -> None:
    check_belongs_to_site(parse_article_key(key), SITE, is_registered=is_registered)


@pytest.mark.parametrize(
    "key",
    [
        "http://news.example/1",
        "https://news.example:8443/1",
        "https://www.news.example/1",
        "https://news.example.evil/1",
    ],
)
def test_an_address_elsewhere_does_not_even_when_registered(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_belongs_to_site(parse_article_key(key), SITE, is_registered=True)
    assert refused.value.faults[0].code == "not_an_origin_of_the_site"


def test_an_id_belongs_once_it_is_registered() -> None:
    key = parse_article_key("post-17")
    check_belongs_to_site(key, SITE, is_registered=True)
    with pytest.raises(Invalid) as refused:
        check_belongs_to_site(key, SITE, is_registered=False)
    assert refused.value.faults[0].code == "not_registered"


def test_a_closed_article_takes_no_replies() -> None:
    check_open(Article(NO, NO, "post-17", None, "", open=True, count=0))
    with pytest.raises(ArticleClosed):
        check_open(Article(NO, NO, "post-17", None, "", open=False, count=0))
