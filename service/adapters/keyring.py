"""Every key of the service, derived from SECRET_KEY: what is sealed, what is looked up by a hash, and what is signed.

    CannotUnseal    no key fits, or what was sealed is not what is to be unsealed

SECRET_KEY_FALLBACKS keep older keys: they unseal and find what they once sealed and hashed, and make nothing new.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"  # of the layout of what is sealed: version, key id, nonce, ciphertext with its tag
KEY_ID_BYTES = 4  # tells the few keys of one installation apart; should two agree, both are tried
NONCE_BYTES = 12  # NIST SP 800-38D; drawn at random, which is safe for 2**32 seals with one key
HEADER_BYTES = len(VERSION) + KEY_ID_BYTES
SIGNATURE_BYTES = 16  # 128 bits of an HMAC: more than anybody can try, and short enough for a form
TOKEN_BYTES = 32  # 256 bits: nobody guesses one


class CannotUnseal(Exception):
    """No key of the ring fits, the context is another one, or the bytes were tampered with."""


class _Hmac:
    """HMAC-SHA256 (RFC 2104) with one key, which is taken in once; OpenSSL's own prepares it anew for each message."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        assert len(block) == 64, "a longer key would have to be hashed first"
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class _Keys:
    """The keys for every purpose, derived from one secret (RFC 5869)."""

    __slots__ = ("cursor", "id", "lookup", "proof", "seal", "sign")

    def __init__(self, secret: str) -> None:
        self.id = _derive(secret, "key id", KEY_ID_BYTES)
        self.seal = AESGCM(_derive(secret, "seal"))
        self.lookup = _Hmac(_derive(secret, "lookup"))
        self.cursor = _derive(secret, "cursor")
        self.sign = _derive(secret, "sign")
        self.proof = _derive(secret, "proof of work")


class Keyring:
    """The current key and the older ones that still open things; safe to be shared by threads."""

    def __init__(self, current: _Keys, previous: Sequence[_Keys]) -> None:
        self._current = current
        self._all = (current, *previous)
        self.cursor_keys: tuple[bytes, ...] = tuple(keys.cursor for keys in self._all)
        self.proof_keys: tuple[bytes, ...] = tuple(keys.proof for keys in self._all)

    @classmethod
    def from_secrets(cls, current: str, previous: Sequence[str] = ()) -> Keyring:
        """Derive all keys once; raises ValueError for an empty secret, from which anybody could derive them too."""
        if not all((current, *previous)):
            raise ValueError("A secret key must not be empty.")
        older = dict.fromkeys(secret for secret in previous if secret != current)
        return cls(_Keys(current), [_Keys(secret) for secret in older])

    def __repr__(self) -> str:
        return f"<Keyring {self._current.id.hex()} and {len(self._all) - 1} older>"

    def seal(self, plain: str, *, context: bytes) -> bytes:
        """Encrypt with the current key (AES-256-GCM); only the same `context`, such as the row's id, will unseal it."""
        header = VERSION + self._current.id
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + self._current.seal.encrypt(nonce, plain.encode(), header + context)

    def unseal(self, sealed: bytes, *, context: bytes) -> str:
        """Decrypt what any key of the ring sealed in this `context`; raises CannotUnseal otherwise."""
        header, nonce = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        ciphertext = sealed[HEADER_BYTES + NONCE_BYTES :]
        for keys in self._all:
            if header == VERSION + keys.id and len(nonce) == NONCE_BYTES:
                try:
                    return keys.seal.decrypt(nonce, ciphertext, header + context).decode()
                except InvalidTag:
                    continue
        raise CannotUnseal("No key fits, or this was not sealed here.")

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the current key sealed this, so that it needs no sealing anew."""
        return sealed[:HEADER_BYTES] == VERSION + self._current.id

    def lookup_hash(self, purpose: str, *parts: str) -> bytes:
        """Give the 32 bytes to find `parts` by (HMAC-SHA256); without the key nobody can compute them."""
        return _hmac(self._current, purpose, parts)

    def lookup_hashes(self, purpose: str, *parts: str) -> tuple[bytes, ...]:
        """Give the hashes with all keys, the current first, to find what was stored before the key was changed."""
        return tuple(_hmac(keys, purpose, parts) for keys in self._all)

    def sign(self, purpose: str, said: bytes) -> bytes:
        """Give the 16 bytes that prove that we said this for this purpose (HMAC-SHA256, cut to 128 bits)."""
        return _signature(self._current, purpose, said)

    def is_signed(self, purpose: str, said: bytes, signature: bytes) -> bool:
        """Tell whether any key of the ring signed this."""
        return any(hmac.compare_digest(_signature(keys, purpose, said), signature) for keys in self._all)


def new_token(prefix: str) -> str:
    """Draw a token of 256 random bits, fit for URLs and headers, behind `prefix`, which tells people what it is for."""
    return prefix + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Give the 32 bytes under which a token is stored (SHA-256), for anything that anybody may send as one.

    Neither key nor salt nor slowness is needed: they protect secrets that people choose, and no list or search holds
    256 random bits. So a rotation of keys leaves tokens as they are.
    """
    return hashlib.sha256(_bytes(token)).digest()


def _derive(secret: str, purpose: str, length: int = 32) -> bytes:
    info = b"postbag/1/" + purpose.encode()
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(_bytes(secret))


def _signature(keys: _Keys, purpose: str, said: bytes) -> bytes:
    return hmac.digest(keys.sign, purpose.encode() + b"\0" + said, "sha256")[:SIGNATURE_BYTES]


def _hmac(keys: _Keys, purpose: str, parts: Sequence[str]) -> bytes:
    # Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") are not the same.
    message = b"".join([len(part).to_bytes(8, "big") + part for part in map(_bytes, (purpose, *parts))])
    return keys.lookup.digest(message)


def _bytes(text: str) -> bytes:
    # What comes from outside may hold lone surrogates; hashing it must find nothing, not fail.
    return text.encode("utf-8", "surrogatepass")
