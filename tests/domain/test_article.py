"""Which articles belong to a site, and which take replies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from service.domain.article import Article, check_belongs_to_site
from service.domain.article_keys import parse_article_key
from service.domain.errors import Invalid
from service.domain.site import Policy, Site

NO = UUID(int=0)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
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


def article(*, kept_open: bool = True, created_at: datetime = NOW, opened_at: datetime | None = None) -> Article:
    """Return an article as it is stored."""
    return Article(NO, NO, "post-17", None, "", kept_open, 0, created_at, opened_at)


def test_an_id_belongs_once_it_is_registered() -> None:
    key = parse_article_key("post-17")
    check_belongs_to_site(key, SITE, is_registered=True)
    with pytest.raises(Invalid) as refused:
        check_belongs_to_site(key, SITE, is_registered=False)
    assert refused.value.faults[0].code == "not_registered"


def test_a_closed_article_takes_no_replies() -> None:
    assert article().is_open(SITE, NOW)
    assert not article(kept_open=False).is_open(SITE, NOW)


@pytest.mark.parametrize(
    ("known_for", "opened_ago", "is_open"),
    [(6, None, True), (7, None, False), (300, None, False), (300, 6, True), (300, 7, False)],
    ids=["new", "on the day", "old", "opened again", "opened again long ago"],
)
def test_an_article_closes_when_the_days_of_its_site_have_passed(
    known_for: int, opened_ago: int | None, is_open: bool
) -> None:
    site = replace(SITE, close_after=timedelta(days=7))
    opened_at = None if opened_ago is None else NOW - timedelta(days=opened_ago)
    old = article(created_at=NOW - timedelta(days=known_for), opened_at=opened_at)
    assert old.is_open(site, NOW) is is_open
    assert article(created_at=NOW - timedelta(days=known_for)).is_open(SITE, NOW), "this site closes nothing by itself"
    assert not replace(old, kept_open=False).is_open(site, NOW)
