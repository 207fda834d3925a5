"""Answers by Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): given once, and again as they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.actions.toolbox import tools
from service.domain.errors import IdempotencyKeyReused
from service.domain.site import Site
from service.store import idempotency
from service.store.session import reading

ANSWER_LIFE = timedelta(days=1)
"""How long an answer is kept: whoever retries later than that has been forgotten, and is told `duplicate` at worst."""


class AnsweredMeanwhile(Exception):
    """Another process has answered this Idempotency-Key first; the transaction that finds out has to be undone."""


@dataclass(frozen=True)
class KeyedRequest:
    """An Idempotency-Key by its keyed hashes, with the fingerprints of what came with it: by the current key first.

    The older ones find an answer that was given before SECRET_KEY was changed.
    """

    site: Site
    key_hashes: tuple[bytes, ...]
    fingerprints: tuple[bytes, ...]

    @property
    def key_hash(self) -> bytes:
        """The hash under which a new answer is kept."""
        return self.key_hashes[0]


def keyed_request(site: Site, key: str, sent: str) -> KeyedRequest:
    """Return the request that `key` names on this site; `sent` is the whole of what came with it."""
    keyring = tools().keyring
    return KeyedRequest(
        site,
        keyring.lookup_hashes("idempotency-key", str(site.id), key),
        # Keyed too: an e-mail address is part of it, and could be guessed from a plain hash.
        keyring.lookup_hashes("idempotency-body", sent),
    )


def answer_given(request: KeyedRequest, *, now: datetime) -> str | None:
    """Return the answer given to the same request within a day, or None.

    Raises IdempotencyKeyReused where the key came with something else.
    """
    with reading():
        given = idempotency.find_answer(request.site.id, request.key_hashes, since=now - ANSWER_LIFE)
    if given is None:
        return None
    if given.fingerprint not in request.fingerprints:
        raise IdempotencyKeyReused
    return tools().keyring.unseal(given.answer_sealed, context=given.key_hash)


def keep_answer(request: KeyedRequest, answer: str, *, now: datetime) -> None:
    """Store an answer, sealed, within the caller's transaction; raises AnsweredMeanwhile where another was first."""
    kept = idempotency.keep_answer(
        request.site.id,
        request.key_hash,
        fingerprint=request.fingerprints[0],
        answer_sealed=tools().keyring.seal(answer, context=request.key_hash),
        now=now,
        since=now - ANSWER_LIFE,
    )
    if not kept:
        raise AnsweredMeanwhile
