from __future__ import annotations

import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.keyring import CannotUnseal, Keyring, new_token, token_hash

OLD, NEW = "an old secret of some length", "a new secret of some length"
before = Keyring.from_secrets(OLD)
rotated = Keyring.from_secrets(NEW, [OLD])
after = Keyring.from_secrets(NEW)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary(max_size=40))
def test_what_is_sealed_can_be_unsealed(plain: str, context: bytes) -> None:
    assert after.unseal(after.seal(plain, context=context), context=context) == plain


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    assert len({after.seal("ada@example.org", context=b"1") for _ in range(100)}) == 100


def test_what_is_sealed_shows_nothing_of_the_text() -> None:
    assert b"ada" not in after.seal("ada@example.org", context=b"1")


def test_the_layout_is_version_key_id_nonce_ciphertext_and_tag() -> None:
    sealed = after.seal("four", context=b"1")
    assert len(sealed) == 1 + 4 + 12 + 4 + 16
    assert sealed[0] == 1
    assert sealed[1:5] == after.seal("other", context=b"2")[1:5] != before.seal("other", context=b"2")[1:5]


def test_an_older_key_still_unseals() -> None:
    assert rotated.unseal(before.seal("ada@example.org", context=b"1"), context=b"1") == "ada@example.org"


def test_the_current_key_seals_after_a_rotation() -> None:
    old, new = before.seal("x", context=b"1"), rotated.seal("x", context=b"1")
    assert (rotated.is_current(old), rotated.is_current(new)) == (False, True)
    assert after.unseal(new, context=b"1") == "x"


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param(before.seal("x", context=b"1"), id="key-taken-away"),
        pytest.param(after.seal("x", context=b"2"), id="another-context"),
        pytest.param(b"", id="nothing"),
        pytest.param(after.seal("x", context=b"1")[:10], id="cut-in-the-nonce"),
        pytest.param(after.seal("x", context=b"1")[:20], id="cut-in-the-tag"),
        pytest.param(after.seal("x", context=b"1") + b"x", id="longer"),
        pytest.param(b"ada@example.org", id="never-sealed"),
    ],
)
def test_what_does_not_fit_cannot_be_unsealed(sealed: bytes) -> None:
    with pytest.raises(CannotUnseal):
        after.unseal(sealed, context=b"1")


@given(st.integers(0, 1 + 4 + 12 + 15 + 16 - 1), st.integers(0, 7))
def test_one_flipped_bit_cannot_be_unsealed(byte: int, bit: int) -> None:
    sealed = bytearray(rotated.seal("ada@example.org", context=b"1"))
    sealed[byte] ^= 1 << bit
    with pytest.raises(CannotUnseal):
        rotated.unseal(bytes(sealed), context=b"1")


def test_a_lookup_hash_is_stable_and_keyed() -> None:
    found = after.lookup_hash("email", "garden", "ada@example.org")
    assert len(found) == 32
    assert found == Keyring.from_secrets(NEW).lookup_hash("email", "garden", "ada@example.org")
    assert found != before.lookup_hash("email", "garden", "ada@example.org")
    assert found != hashlib.sha256(b"ada@example.org").digest()


def test_a_lookup_hash_never_changes_between_versions() -> None:
    """What is stored under it in a database would not be found any more."""
    keyring = Keyring.from_secrets("a secret that never changes")
    assert (
        keyring.lookup_hash("email", "ada@example.org").hex()
        == "25d80e24bfc2ce8280a48b058ad2f34252bb6fadc4d5b701843b34c34dc97f21"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("email", "ab", "c"), ("email", "a", "bc"), id="another-seam"),
        pytest.param(("email", "a"), ("email", "a", ""), id="an-empty-part-more"),
        pytest.param(("email", "a"), ("address", "a"), id="another-purpose"),
        pytest.param(("emaila",), ("email", "a"), id="purpose-and-part"),
    ],
)
def test_different_parts_have_different_hashes(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert after.lookup_hash(*one) != after.lookup_hash(*other)


def test_during_a_rotation_both_hashes_are_looked_up_the_current_first() -> None:
    hashes = rotated.lookup_hashes("email", "a")
    assert hashes == (after.lookup_hash("email", "a"), before.lookup_hash("email", "a"))
    assert rotated.lookup_hash("email", "a") == hashes[0]


def test_cursor_keys_come_current_first() -> None:
    assert rotated.cursor_keys == (*after.cursor_keys, *before.cursor_keys)
    assert all(len(key) == 32 for key in rotated.cursor_keys)


def test_a_secret_given_twice_counts_once() -> None:
    assert len(Keyring.from_secrets(NEW, [OLD, NEW, OLD]).cursor_keys) == 2


@pytest.mark.parametrize(
    ("current", "previous"), [pytest.param("", [], id="current"), pytest.param("x", [""], id="old")]
)
def test_an_empty_secret_is_refused(current: str, previous: list[str]) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        Keyring.from_secrets(current, previous)


def test_no_representation_shows_a_key() -> None:
    shown = repr(rotated) + str(rotated) + repr(vars(rotated)["_current"])
    for secret in (OLD, NEW, *rotated.cursor_keys):
        assert str(secret) not in shown
    assert rotated.cursor_keys[0].hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(rotated)


def test_tokens_are_long_random_and_carry_their_prefix() -> None:
    tokens = {new_token("pb_") for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(token.startswith("pb_") and len(token) == 3 + 43 for token in tokens)


@pytest.mark.parametrize(
    "sent",
    [pytest.param("", id="empty"), pytest.param("\ud800", id="lone-surrogate"), pytest.param("é\x00", id="odd")],
)
def test_anything_sent_as_a_token_has_a_hash(sent: str) -> None:
    assert len(token_hash(sent)) == 32


def test_a_token_is_stored_as_its_sha256() -> None:
    assert token_hash("pb_x") == hashlib.sha256(b"pb_x").digest()
