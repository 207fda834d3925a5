"""Passwords, hashed with argon2id (RFC 9106) in the library's own profile: 64 MiB, three passes."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
# Ready-made, since making it at the first try would take as long again and tell that there is no such account. It has
# to be as dear as today's parameters, which a test sees to.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$mV9QqyBoUf1Xn3Fka2Ff9g$5DgmF7wp9CIaizjAMZL8bScuhEW0SKNMBCzgrfgT4Tg"
"""The hash of a password that opens nothing, for accounts that do not exist."""


def hash_password(password: str) -> str:
    """Return what is stored of a password: its parameters, salt and hash in one text."""
    return _HASHER.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """True where the password is the one that was hashed.

    None stands for an account that does not exist: it takes as long, so that nobody learns from the time which do.
    """
    try:
        return _HASHER.verify(NOBODYS if stored is None else stored, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """True where the password was hashed with other parameters than today's; it is hashed anew at the next sign-in."""
    return _HASHER.check_needs_rehash(stored)
