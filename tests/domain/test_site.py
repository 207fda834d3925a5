"""Slugs, depths and windows that a site may have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from service.domain.errors import Invalid
from service.domain.site import (
    Policy,
    Site,
    check_flag_threshold,
    check_max_depth,
    check_revise_window,
    check_slug,
    is_slug,
)

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


@pytest.mark.parametrize("threshold", [0, 1, 3, 1000])
def test_a_flag_threshold_within_bounds_is_kept(threshold: int) -> None:
    assert check_flag_threshold(threshold) == threshold


@pytest.mark.parametrize("threshold", [-1, 1001, 10**30])
def test_a_flag_threshold_out_of_bounds_is_refused(threshold: int) -> None:
    with pytest.raises(Invalid):
        check_flag_threshold(threshold)


@pytest.mark.parametrize(
    ("threshold", "count", "is_enough"), [(3, 2, False), (3, 3, True), (3, 4, True), (1, 1, True), (0, 99, False)]
)
def test_as_many_flags_as_the_threshold_are_enough_and_none_ever_where_it_is_zero(
    threshold: int, count: int, is_enough: bool
) -> None:
    assert replace(SITE, flag_threshold=threshold).are_enough_flags(count) == is_enough


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
