"""Challenges solved as a client does it, for tests that have to bring a proof of work."""

from __future__ import annotations

import base64
import json
from typing import Any

import altcha.v2 as altcha


def solved(challenge: dict[str, Any], **changes: Any) -> str:
    """Return the solution of a challenge as a client sends it; `changes` are laid over what was computed."""
    made = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(made)
    assert solution is not None
    payload = altcha.Payload(made, solution).to_dict()
    payload["solution"] |= changes
    return base64.b64encode(json.dumps(payload).encode()).decode()
