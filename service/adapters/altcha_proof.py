"""Proofs of work as ALTCHA v2 has them: asked for with a signed challenge, and checked without asking anybody.

A challenge names a site and a price, and is good for ten minutes and for one reply. Whoever solves it tries 256 keys of
PBKDF2 on average; whoever checks it, one. Nothing is kept of a challenge until it comes back solved.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import altcha.v2 as altcha

from service.adapters.keyring import Keyring
from service.adapters.once import Once

CHALLENGE_LIFE = timedelta(minutes=10)
"""Long enough for the slowest device, and for a reader who is told to try again."""
ALGORITHM = "PBKDF2/SHA-256"
"""What a browser computes as fast as any other program does, so that it costs a flood as much as a reader."""
KEY_PREFIX = "00"  # one key of 256 begins like this
ITERATIONS = {1: 4_000, 2: 16_000}
"""By price: 256 keys of so many take a laptop 0.2 s, a phone perhaps four times that; the dearer is fourfold."""
LONGEST_SOLUTION = 4_000  # characters; ours have some 700
USE = "proof"
"""Under which used challenges are remembered."""


class Outcome(StrEnum):
    """What became of the check of a solution."""

    OK = "ok"
    EXPIRED = "expired"
    USED = "used"
    WRONG = "wrong"
    """Not a challenge of ours for this site, or not its solution."""
    MALFORMED = "malformed"


@dataclass(frozen=True)
class Checked:
    """What a solution is worth: `price` is 0 unless it is ok, and `nonce` tells challenges apart."""

    outcome: Outcome
    price: int = 0
    nonce: str = ""


class AltchaProof:
    """Gives challenges and takes their solutions, each once."""

    def __init__(self, keyring: Keyring, once: Once) -> None:
        self._keys = keyring.proof_keys
        self._once = once

    def challenge(self, site: str, *, price: int, now: datetime) -> dict[str, Any]:
        """Return a challenge of this price for a reply to a site, as JSON has it."""
        made = altcha.create_challenge(
            ALGORITHM,
            ITERATIONS[price],
            key_prefix=KEY_PREFIX,
            expires_at=now + CHALLENGE_LIFE,
            data={"site": site, "price": price},
            hmac_secret=self._keys[0],
        )
        return made.to_dict()

    def check(self, solution: str, site: str, *, now: datetime) -> Checked:
        """Return what a solution, ALTCHA's payload in base64, is worth; a good one is used until `give_back`."""
        payload = _read(solution)
        if payload is None:
            return Checked(Outcome.MALFORMED)
        parameters = payload.challenge.parameters
        if not isinstance(parameters.expires_at, int) or not isinstance(parameters.data, dict):
            return Checked(Outcome.WRONG)
        if now.timestamp() >= parameters.expires_at:
            return Checked(Outcome.EXPIRED)
        if parameters.data.get("site") != site or not self._is_solved(payload):
            return Checked(Outcome.WRONG)
        if not self._once.take(site, USE, parameters.nonce, expires=CHALLENGE_LIFE, now=now):
            return Checked(Outcome.USED)
        return Checked(Outcome.OK, int(parameters.data["price"]), parameters.nonce)

    def give_back(self, checked: Checked, site: str) -> None:
        """Let a solution be used again, because the reply it came with was not accepted."""
        if checked.outcome is Outcome.OK:
            self._once.give_back(site, USE, checked.nonce)

    def _is_solved(self, payload: altcha.Payload) -> bool:
        # The signature is looked at first, so nobody chooses what the check costs.
        return any(altcha.verify_solution(payload, key).verified for key in self._keys)


def _read(solution: str) -> altcha.Payload | None:
    if len(solution) > LONGEST_SOLUTION:
        return None
    try:
        said = json.loads(base64.b64decode(solution, validate=True).decode())
        return altcha.Payload.from_dict(said)
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
