"""The signatures of the tokens by which sites tell us of their readers: JWT by HS256 or EdDSA, and nothing else.

What the token says of its own algorithm decides nothing: a secret of the site checks HS256 alone, a public key EdDSA
alone, so neither can stand in for the other and there is no way to sign with none. PyJWT is imported with the first
token, since it takes a quarter of a second that a process without such sites need not spend.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from service.adapters.keyring import new_token
from service.domain.errors import Invalid
from service.domain.known_readers import TOKEN_MAX, refusal

SECRET_ALGORITHM, PUBLIC_ALGORITHM = "HS256", "EdDSA"
SECRET_PREFIX = "pbk_"  # noqa: S105 - what every secret begins with, so that people know one when they see it
MOST_KEYS = 10  # of a key set; two are enough to change from one to the next
UNCHECKED = {f"verify_{what}": False for what in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
"""What the claims say is looked at in domain/known_readers.py, by the clock that the caller gives."""


def new_secret() -> str:
    """Return a secret for HS256: 256 random bits, as text, which is the key as it stands."""
    return new_token(SECRET_PREFIX)


def claims_of(token: str, *, secrets: Sequence[str], key_set: str | None) -> dict[str, Any]:
    """Return what a token says, once one of the site's secrets or public keys has proven who says it.

    Raises Invalid for the field `reader_token` where none has.
    """
    import jwt

    if len(token) > TOKEN_MAX:
        raise refusal("malformed", f"A token has at most {TOKEN_MAX:,} characters.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as fault:
        raise refusal("malformed", "This is no JWT: three parts in base64url, with dots between them.") from fault
    said = header.get("alg")
    if said == SECRET_ALGORITHM:
        candidates: list[Any] = list(secrets)
        missing = "This site has no secret to check HS256 with; make one, or sign with a key of its key set (EdDSA)."
    elif said == PUBLIC_ALGORITHM:
        candidates = _public_keys(key_set, header.get("kid"))
        missing = "This site has no public key to check this token with: give it the key set, and name the key's `kid`."
    else:
        raise refusal("algorithm", "The token has to be signed, with HS256 or EdDSA; `alg` says something else.")
    if not candidates:
        raise refusal("no_key", missing)
    for key in candidates:
        try:
            # One algorithm, chosen by the kind of our key.
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[said], options=UNCHECKED)  # type: ignore[arg-type]
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, RecursionError) as fault:
            raise refusal(
                "malformed", "This is no JWT that says anything: its middle has to be a JSON object."
            ) from fault
        return claims
    raise refusal("signature", "The token was not signed with a key of this site.")


def checked_key_set(text: str) -> str:
    """Return a key set (JWKS) as it is kept: the Ed25519 public keys alone; raises Invalid for the field `key_set`."""
    try:
        keys = json.loads(text)["keys"]
        is_list = isinstance(keys, list) and all(isinstance(key, dict) for key in keys)
    except (ValueError, TypeError, KeyError, RecursionError):
        is_list = False
    if not is_list or not keys:
        raise Invalid(
            "key_set", "malformed", 'A key set is JSON such as {"keys": [{"kty": "OKP", "crv": "Ed25519", …}]}.'
        )
    if any(name in key for key in keys for name in ("d", "k")):
        raise Invalid(
            "key_set",
            "private_key",
            "This holds a private key. Give the public one alone, and replace what was sent here.",
        )
    if len(keys) > MOST_KEYS:
        raise Invalid("key_set", "too_many", f"A key set has at most {MOST_KEYS} keys.")
    kept = [_checked_key(key) for key in keys]
    names = [key["kid"] for key in kept if "kid" in key]
    if len(set(names)) < len(names):
        raise Invalid("key_set", "repeated", "Two keys have the same `kid`.")
    return json.dumps({"keys": kept}, separators=(",", ":"))


def names_of_keys(key_set: str) -> list[str]:
    """Return what the keys of a kept key set are called, the thumbprint's beginning for one without a `kid`."""
    return [key.get("kid") or f"{key['x'][:8]}…" for key in json.loads(key_set)["keys"]]


def _checked_key(key: dict[str, Any]) -> dict[str, str]:
    if key.get("kty") != "OKP" or key.get("crv") != "Ed25519":
        raise Invalid("key_set", "kind_of_key", "Only Ed25519 keys can be used: `kty` is “OKP” and `crv` is “Ed25519”.")
    kept = {name: key[name] for name in ("kty", "crv", "x", "kid") if isinstance(key.get(name), str)}
    try:
        _loaded(kept)
    except Exception as fault:
        raise Invalid("key_set", "malformed", "The `x` of a key is not an Ed25519 public key in base64url.") from fault
    return kept


def _public_keys(key_set: str | None, kid: object) -> list[Any]:
    keys = [] if key_set is None else json.loads(key_set)["keys"]
    # A token that names no key may be by any; one that does is by a key of that name, or of none.
    return [_loaded(key) for key in keys if kid is None or key.get("kid") in {None, kid}]


def _loaded(key: dict[str, str]) -> Any:
    import jwt

    return jwt.PyJWK(key, algorithm=PUBLIC_ALGORITHM).key
