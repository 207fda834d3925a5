"""Tokens for forms: minted when a form is shown, and what one tells of the reply that comes with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.actions import limiting
from service.actions.reply import Reply
from service.actions.sites import find_site
from service.actions.toolbox import tools
from service.domain.article import check_belongs_to_site
from service.domain.article_keys import parse_article_key
from service.domain.forms import (
    NONCE_BYTES,
    TOKEN_LIFE,
    FormSeen,
    FormState,
    FormToken,
    place_of,
    read,
    shared_since,
    written,
)
from service.domain.limits import Proof, Verdict
from service.domain.site import Site

USE = "form"
"""Under which spent nonces are remembered."""


@dataclass(frozen=True)
class MintedForm:
    """A token for one form, and until when it is good."""

    token: str
    expires_at: datetime
    verdict: Verdict


@dataclass(frozen=True)
class Challenge:
    """A challenge as JSON has it."""

    challenge: dict[str, Any]
    verdict: Verdict


def mint(slug: str, article: str, *, client_address: str | None, now: datetime) -> MintedForm:
    """Return a token for one reply to an article; raises UnknownSite, Invalid or RateLimited."""
    site = find_site(slug)
    key = parse_article_key(article)
    check_belongs_to_site(key, site, is_registered=True)
    client = limiting.client_key(site, client_address)
    verdict = limiting.spend(site, limiting.charges(site, ("form", client)), now=now)
    return MintedForm(token_for(slug, key.value, now=now), now + TOKEN_LIFE, verdict)


def token_for(slug: str, article_key: str, *, now: datetime) -> str:
    """Return a token for one reply, for a form that is shown to one reader alone."""
    return _signed(FormToken(now, place_of(slug, article_key), secrets.token_bytes(NONCE_BYTES)))


def shared_token(slug: str, article_key: str, *, now: datetime) -> str:
    """Return the token of a page that a cache may hand to many readers: good for a day, and for all of them."""
    return _signed(FormToken(shared_since(now), place_of(slug, article_key)))


def challenge(slug: str, *, client_address: str | None, now: datetime) -> Challenge:
    """Return a proof of work to be done ahead, at the site's present price; raises UnknownSite or RateLimited."""
    site = find_site(slug)
    client = limiting.client_key(site, client_address)
    verdict = limiting.spend(site, limiting.charges(site, ("form", client)), now=now)
    price = max(Proof.ORDINARY, site.flood_level)
    return Challenge(tools().proof.challenge(slug, price=price, now=now), verdict)


def seen(reply: Reply, site: Site, *, now: datetime) -> FormSeen:
    """Return what the form of a reply tells; a valid token is spent by this until `give_back`.

    The article of the reply must be acceptable, as `check_reply` sees to it.
    """
    state, token = _state(reply, site, now)
    age = token.age(now) if token is not None else None
    return FormSeen(state, age, honeypot=bool(reply.honeypot.strip()))


def give_back(reply: Reply, site: Site, form: FormSeen) -> None:
    """Let the token of a reply that was not accepted be sent again; one that was spent before stays spent."""
    signed = read(reply.form_token)
    if form.state is FormState.VALID and signed is not None and signed[0].nonce:
        tools().once.give_back(site.slug, USE, signed[0].nonce.hex())


def _state(reply: Reply, site: Site, now: datetime) -> tuple[FormState, FormToken | None]:
    if not reply.form_token:
        return FormState.MISSING, None
    signed = read(reply.form_token)
    if signed is None or not tools().keyring.is_signed(USE, signed[0].packed(), signed[1]):
        return FormState.FORGED, None
    token = signed[0]
    if token.place != place_of(site.slug, parse_article_key(reply.article).value):
        return FormState.OTHER_ARTICLE, token
    if token.is_expired(now):
        return FormState.EXPIRED, token
    is_first = not token.nonce or tools().once.take(site.slug, USE, token.nonce.hex(), expires=TOKEN_LIFE, now=now)
    return FormState.VALID if is_first else FormState.REUSED, token


def _signed(token: FormToken) -> str:
    return written(token, tools().keyring.sign(USE, token.packed()))
