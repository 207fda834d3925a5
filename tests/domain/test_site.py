"""Slugs, depths and windows that a site may have."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from service.domain.errors import Invalid
from service.domain.site import Policy, Site, check_max_depth, check_revise_window, check_slug, is_slug

SITE = Site(
    UUID(int=1), "news", "News", ("https://a.example", "http://b.example:8080"), Policy.ALL, None, 5, timedelta(0)
)


@pytest.mark.parametrize("slug", ["a", "7", "news", "the-news-2", "a--b", "x" * 64])
def test_a_slug_is_lower_case_letters_digits_and_inner_hyphens(slug: str) -> None:
    assert is_slug(slug)
    assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a/b", "a\n", "ä", "a_b", "x" * 65, "a\0", "١"])
def test_anything_else_is_none(slug: str) -> None:
    assert not is_slug(slug)
    with pytest.raises(Invalid):
        check_slug(slug)


@pytest.mark.parametrize("depth", [0, 5, 20])
def test_a_depth_within_bounds_is_kept(depth: int) -> None:
    assert check_max_depth(depth) == depth


@pytest.mark.parametrize("depth", [-1, 21, 10**30])
def test_a_depth_out_of_bounds_is_refused(depth: int) -> None:
    with pytest.raises(Invalid):
        check_max_depth(depth)


@pytest.mark.parametrize("window", [timedelta(0), timedelta(minutes=15), timedelta(days=7)], ids=str)
def test_a_window_within_bounds_is_kept(window: timedelta) -> None:
    assert check_revise_window(window) == window


@pytest.mark.parametrize("window", [timedelta(seconds=-1), timedelta(days=7, microseconds=1), timedelta.max], ids=str)
def test_a_window_out_of_bounds_is_refused(window: timedelta) -> None:
    with pytest.raises(Invalid):
        check_revise_window(window)


@pytest.mark.parametrize(
    ("origin", "is_listed"),
    [
        ("https://a.example", True),
        ("http://b.example:8080", True),
        ("http://a.example", False),
        ("https://a.example:8443", False),
        ("https://a.example.evil.example", False),
        ("https://sub.a.example", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_very_origins_belong_to_a_site(origin: str | None, is_listed: bool) -> None:
    assert SITE.lists_origin(origin) == is_listed
