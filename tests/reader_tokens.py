"""Tokens of readers, signed as a site's own server signs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from tests.driver import SiteDriver


def claims_for(site: SiteDriver, **changes: Any) -> dict[str, Any]:
    """Return acceptable claims with some changed; one given as None is left out."""
    now = datetime.now(UTC)
    said = {
        "aud": site.slug,
        "sub": "reader-17",
        "name": "Ada Okafor",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def secret_of(site: SiteDriver) -> str:
    """Make a secret for the site, as an admin's tool does, and return it."""
    made = site.client.post("/v1/moderation/readers/keys/secrets", headers=site.bearer)
    assert made.status_code == 201, made.text
    return str(made.get_json()["secret"])


def token_by(secret: str, site: SiteDriver, **changes: Any) -> str:
    """Return a token signed with a secret of the site."""
    return jwt.encode(claims_for(site, **changes), secret, "HS256")


def as_known(token: str, **changes: Any) -> dict[str, Any]:
    """Return what a reply needs to be a known reader's: the token, and neither name nor address."""
    return {"reader_token": token, "name": None, "email": None} | changes
