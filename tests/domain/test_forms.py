"""What a form token says, and what is read of one that comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.forms import FormToken, place_of, read, shared_since, written

NOW = datetime(2027, 1, 15, 12, 34, 56, tzinfo=UTC)
PLACE = place_of("garden", "https://garden.example/roses")
SIGNATURE = bytes(range(16))


@pytest.mark.parametrize("nonce", [b"", b"ninebytes"], ids=["shared", "of-one-form"])
def test_a_token_says_again_what_was_written(nonce: bytes) -> None:
    token = FormToken(NOW, PLACE, nonce)
    text = written(token, SIGNATURE)
    assert read(text) == (token, SIGNATURE)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(text) <= 51


@given(st.text(max_size=120))
def test_what_is_no_token_is_read_as_none_and_breaks_nothing(text: str) -> None:
    signed = read(text)
    assert signed is None or written(*signed).rstrip("=") == text.rstrip("=")[: len(written(*signed))]


@pytest.mark.parametrize("text", ["", "a", "é" * 51, "A" * 52, "=" * 51, "A" * 10_000, "\ud800" * 51])
def test_garbage_is_no_token(text: str) -> None:
    assert read(text) is None


def test_a_token_expires_when_it_is_older_than_a_day() -> None:
    token = FormToken(NOW, PLACE)
    day = timedelta(days=1)
    assert [token.is_expired(NOW + day), token.is_expired(NOW + day + timedelta(seconds=1))] == [False, True]


def test_only_a_token_of_one_form_tells_how_long_it_was_shown() -> None:
    later = NOW + timedelta(seconds=7)
    assert FormToken(NOW, PLACE, b"ninebytes").age(later) == timedelta(seconds=7)
    assert FormToken(NOW, PLACE).age(later) is None


def test_articles_and_sites_are_told_apart() -> None:
    places = {place_of(site, article) for site in ("a", "b") for article in ("x", "y")}
    assert len(places) == 4


def test_the_readers_of_one_hour_share_a_token() -> None:
    hour = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
    assert [shared_since(hour), shared_since(NOW), shared_since(hour + timedelta(minutes=60))] == [
        hour,
        hour,
        hour + timedelta(hours=1),
    ]
