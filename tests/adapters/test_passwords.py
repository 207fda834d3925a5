"""Passwords are hashed with argon2id, and an account that does not exist is as dear as one that does."""

from __future__ import annotations

import pytest

from service.adapters.passwords import NOBODYS, hash_password, is_outdated, is_password

CHEAP = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$0hCZIwBNNHf8oIlBPVjPJxfoxEd2h3pbqrZ9aNCDMjI"


def test_a_password_is_known_again_and_another_is_not() -> None:
    stored = hash_password("three words and more")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(stored, "three words and more")
    assert not is_password(stored, "three words and less")


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert hash_password("three words and more") != hash_password("three words and more")


@pytest.mark.parametrize("stored", ["", "no hash", "$argon2id$v=19$m=8"])
def test_what_is_no_hash_is_no_password(stored: str) -> None:
    assert not is_password(stored, "three words and more")


def test_nobodys_hash_costs_what_everybodys_does_and_opens_nothing() -> None:
    assert not is_outdated(NOBODYS)
    assert is_password(NOBODYS, "a password that opens nothing"), "it is checked to the end"
    assert not is_password(None, "a password that opens nothing")


def test_a_hash_of_earlier_parameters_is_outdated() -> None:
    assert is_outdated(CHEAP)
    assert not is_outdated(hash_password("three words and more"))
