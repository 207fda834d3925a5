"""The signed HTTP hook: a site's own server is asked for its opinion of a comment.

The request is signed as Standard Webhooks (https://www.standardwebhooks.com, version 1), so that the server knows that
the service sent it, when, and that nobody changed it.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from service.adapters.outgoing import OutgoingFailed, post
from service.domain.destinations import Network
from service.domain.opinions import NotAnOpinion, Opinion, hook_opinion

SECRET_OCTETS = 32  # within the 24 to 64 that the standard asks for


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
    body = json.dumps({"type": "comment.screen", "timestamp": now.isoformat(), "data": dict(comment)})
    answer = post(url, body.encode(), signed_headers(secret, message_id, body, now=now), allowed=allowed)
    if not 200 <= answer.status < 300:
        raise OutgoingFailed(f"The hook answered with status {answer.status}; 200 is expected.")
    try:
        return hook_opinion(answer.body)
    except NotAnOpinion as fault:
        raise OutgoingFailed(str(fault)) from fault
