"""Readers whom a site knows: whom a token speaks of, and the keys that the site signs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from service import metrics
from service.actions.record import record
from service.actions.toolbox import tools
from service.adapters.reader_tokens import checked_key_set, claims_of, names_of_keys, new_secret
from service.domain.errors import Invalid, NotFound
from service.domain.known_readers import MOST_SECRETS, KeyKind, KnownReader, reader_of, refusal
from service.domain.life import Actor
from service.domain.log import LogKind
from service.domain.site import Site
from service.store import reader_keys, sites
from service.store.ids import new_id
from service.store.reader_keys import ReaderKey
from service.store.session import reading, writing

log = structlog.get_logger(__name__)


def identify(site: Site, token: str, *, now: datetime) -> KnownReader:
    """Return whom a token of the site speaks of; raises Invalid for the field `reader_token` where it proves nobody.

    Each refusal is counted and logged by its code, without anything that the token says.
    """
    try:
        with reading():
            keys = reader_keys.keys_of(site.id)
        if not keys:
            raise refusal("no_key", "This site does not sign its readers in: it has no secret and no key set for that.")
        opened = {kind: [_opened(key) for key in keys if key.kind is kind] for kind in KeyKind}
        key_set = next(iter(opened[KeyKind.KEY_SET]), None)
        claims = claims_of(token, secrets=opened[KeyKind.SECRET], key_set=key_set)
        reader = reader_of(claims, audience=site.slug, now=now)
    except Invalid as fault:
        code = fault.faults[0].code
        metrics.reader_tokens.labels(code).inc()
        log.info("reader_token_refused", site=site.slug, why=code)
        raise
    metrics.reader_tokens.labels("accepted").inc()
    return reader


def reader_hashes(site_id: UUID, subject: str) -> tuple[bytes, ...]:
    """Return the hashes by which a site's reader is found among authors: by the current key first."""
    return tools().keyring.lookup_hashes("reader", str(site_id), subject)


@dataclass(frozen=True)
class SigningKey:
    """What a site signs with, as people see it: `names` are those of the public keys of a set.

    `secret` is told once, when it is made.
    """

    id: UUID
    kind: KeyKind
    created_at: datetime
    names: Sequence[str] = ()
    secret: str | None = None


def signing_keys(site_id: UUID) -> Sequence[SigningKey]:
    """Return what the site signs its readers' tokens with, the oldest first, without secrets."""
    with reading():
        return [_told(key) for key in reader_keys.keys_of(site_id)]


def make_secret(site_id: UUID, *, actor: Actor, now: datetime) -> SigningKey:
    """Make a secret and return it; the one before goes on to be good until it is ended.

    Raises Invalid where there are two already.
    """
    secret = new_secret()
    with writing():
        site = sites.hold_site(site_id)
        count = sum(key.kind is KeyKind.SECRET for key in reader_keys.keys_of(site_id))
        if count >= MOST_SECRETS:
            sentence = f"There are {count} secrets already, both of them good; end the older one first."
            raise Invalid("secret", "too_many", sentence)
        key = _added(site_id, KeyKind.SECRET, secret, now)
        _log(site, {"reader_secrets": [count, count + 1]}, actor, now)
    return SigningKey(key.id, key.kind, key.created_at, secret=secret)


def set_key_set(site_id: UUID, text: str, *, actor: Actor, now: datetime) -> SigningKey:
    """Let the site sign with the keys of this set from now on, in place of the set before; raises Invalid."""
    checked = checked_key_set(text)
    with writing():
        site = sites.hold_site(site_id)
        before = [key for key in reader_keys.keys_of(site_id) if key.kind is KeyKind.KEY_SET]
        for key in before:
            reader_keys.remove_key(key.id)
        key = _added(site_id, KeyKind.KEY_SET, checked, now)
        was = names_of_keys(_opened(before[0])) if before else None
        _log(site, {"reader_keys": [was, names_of_keys(checked)]}, actor, now)
    return _told(key)


def end_secret(site_id: UUID, secret_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let nothing that was signed with a secret be good any more; raises NotFound."""
    with writing():
        site = sites.hold_site(site_id)
        there = [key.id for key in reader_keys.keys_of(site_id) if key.kind is KeyKind.SECRET]
        if secret_id not in there:
            raise NotFound("This site has no such secret.")
        reader_keys.remove_key(secret_id)
        _log(site, {"reader_secrets": [len(there), len(there) - 1]}, actor, now)


def end_key_set(site_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let nothing that was signed with a key of the set be good any more; raises NotFound where there is none."""
    with writing():
        site = sites.hold_site(site_id)
        found = next((key for key in reader_keys.keys_of(site_id) if key.kind is KeyKind.KEY_SET), None)
        if found is None:
            raise NotFound("This site has no key set.")
        reader_keys.remove_key(found.id)
        _log(site, {"reader_keys": [names_of_keys(_opened(found)), None]}, actor, now)


def reseal_keys() -> None:
    """Seal everything that is under an older key with the current one; raises CannotUnseal."""
    keyring = tools().keyring
    with writing():
        for key in reader_keys.keys_of(None):
            if not keyring.is_current(key.sealed):
                reader_keys.reseal_key(key.id, keyring.seal(_opened(key), context=key.site_id.bytes))


def _added(site_id: UUID, kind: KeyKind, text: str, now: datetime) -> ReaderKey:
    key = ReaderKey(new_id(now), site_id, kind, tools().keyring.seal(text, context=site_id.bytes), now)
    reader_keys.add_key(key)
    return key


def _opened(key: ReaderKey) -> str:
    return tools().keyring.unseal(key.sealed, context=key.site_id.bytes)


def _told(key: ReaderKey) -> SigningKey:
    names = names_of_keys(_opened(key)) if key.kind is KeyKind.KEY_SET else ()
    return SigningKey(key.id, key.kind, key.created_at, names)


def _log(site: Site, details: dict[str, Any], actor: Actor, now: datetime) -> None:
    record(site.id, LogKind.SITE, "change", actor=actor, subject=site.slug, details=details, now=now)
