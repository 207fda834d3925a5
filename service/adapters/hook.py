"""The signed HTTP hook: a site's own server is asked for its opinion of a comment.

The request is signed as Standard Webhooks (https://www.standardwebhooks.com, version 1), so that the server knows that
the service sent it, when, and that nobody changed it.
"""

from __future__ import annotations

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from service.adapters.outgoing import Answer, OutgoingFailed, post
from service.domain.destinations import Network
from service.domain.opinions import NotAnOpinion, Opinion, hook_opinion

SECRET_OCTETS = 32  # within the 24 to 64 that the standard asks for
SHOWN_OF_AN_ANSWER = 1_000  # characters; whoever tries a hook wants to see that it is their server, and what it says


def new_hook_secret() -> str:
    """Return a secret as the standard writes it, `whsec_` and base64."""
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_OCTETS)).decode()


def signed_headers(secret: str, message_id: str, body: str, *, now: datetime) -> dict[str, str]:
    """Return the headers that sign a body sent `now`, in UTC."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


def ask_hook(
    url: str, secret: str, message_id: str, comment: Mapping[str, Any], *, allowed: Sequence[Network], now: datetime
) -> Opinion:
    """Return the hook's opinion of a comment; raises OutgoingFailed where it cannot be called or answers nonsense."""
    return _understood(_send(url, secret, message_id, comment, allowed=allowed, now=now))


@dataclass(frozen=True)
class Trial:
    """What came of one call: `status` and `said` are None and empty where nobody answered.

    Of `opinion` and `problem` one is None; the problem is a sentence without secrets.
    """

    seconds: float
    status: int | None = None
    said: str = ""
    opinion: Opinion | None = None
    problem: str | None = None


def try_hook(
    url: str, secret: str, message_id: str, comment: Mapping[str, Any], *, allowed: Sequence[Network], now: datetime
) -> Trial:
    """Ask a hook as `ask_hook` does, and return all that came back; never raises for what the other side does."""
    begun = time.monotonic()
    try:
        answer = _send(url, secret, message_id, comment, allowed=allowed, now=now)
    except OutgoingFailed as fault:
        return Trial(time.monotonic() - begun, problem=str(fault))
    seconds, said = time.monotonic() - begun, answer.body.decode(errors="replace")[:SHOWN_OF_AN_ANSWER]
    try:
        return Trial(seconds, answer.status, said, opinion=_understood(answer))
    except OutgoingFailed as fault:
        return Trial(seconds, answer.status, said, problem=str(fault))


def _send(
    url: str, secret: str, message_id: str, comment: Mapping[str, Any], *, allowed: Sequence[Network], now: datetime
) -> Answer:
    body = json.dumps({"type": "comment.screen", "timestamp": now.isoformat(), "data": dict(comment)})
    return post(url, body.encode(), signed_headers(secret, message_id, body, now=now), allowed=allowed)


def _understood(answer: Answer) -> Opinion:
    if not 200 <= answer.status < 300:
        raise OutgoingFailed(f"The hook answered with status {answer.status}; 200 is expected.")
    try:
        return hook_opinion(answer.body)
    except NotAnOpinion as fault:
        raise OutgoingFailed(str(fault)) from fault
