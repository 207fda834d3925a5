"""Events sent to a site's own servers, signed as Standard Webhooks (https://www.standardwebhooks.com, version 1)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.adapters.hook import SHOWN_OF_AN_ANSWER, signed_headers
from service.adapters.outgoing import OutgoingFailed, post
from service.domain.destinations import Network
from service.domain.webhooks import problem_with

NAME_OF_SIGNATURES = "webhook-signature"


@dataclass(frozen=True)
class Attempt:
    """What came of one call: `status` is None where nobody answered, `said` the first thousand characters.

    `problem` is a sentence without secrets; None where the endpoint took the event.
    """

    seconds: float
    status: int | None = None
    said: str = ""
    problem: str | None = None


def send_event(
    url: str,
    secrets: Sequence[str],
    event_id: str,
    payload: Mapping[str, Any],
    *,
    allowed: Sequence[Network],
    now: datetime,
) -> Attempt:
    """Send an event and return what came back; never raises for what the other side does.

    With several secrets the request has a signature of each: whoever knows one of them can check it.
    """
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    headers = [signed_headers(secret, event_id, body, now=now) for secret in secrets]
    signatures = {NAME_OF_SIGNATURES: " ".join(one[NAME_OF_SIGNATURES] for one in headers)}
    begun = time.monotonic()
    try:
        answer = post(url, body.encode(), headers[0] | signatures, allowed=allowed, cut_off=True)
    except OutgoingFailed as fault:
        return Attempt(time.monotonic() - begun, problem=str(fault))
    said = answer.body.decode(errors="replace").replace("\0", "")[:SHOWN_OF_AN_ANSWER]
    return Attempt(time.monotonic() - begun, answer.status, said, problem_with(answer.status))
