"""What is left of the limits, as structured fields of draft-ietf-httpapi-ratelimit-headers."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.limits import LimitState, Verdict

THE_CALLERS_OWN = frozenset(
    {"client", "client-hour", "preview", "receipt", "form", "vote", "flag", "token", "moderator"}
)
"""Limits that count only what this caller did. The others would tell a stranger that somebody wrote from a guessed
address within the last minute, or how busy a site is."""


def limit_headers(verdict: Verdict) -> dict[str, str]:
    """Return `RateLimit-Policy` and `RateLimit` for the caller's own limits, or for the one that refused.

    Empty where the limits are off.
    """
    if verdict.refused_by is not None:
        told = [left for left in verdict.remaining if left.limit == verdict.refused_by]
    else:
        told = [left for left in verdict.remaining if left.limit.name in THE_CALLERS_OWN]
    return _fields(told) if told else {}


def _fields(told: Iterable[LimitState]) -> dict[str, str]:
    told = list(told)
    return {
        "RateLimit-Policy": ", ".join(
            f'"{left.limit.name}";q={left.limit.quota};w={left.limit.window}' for left in told
        ),
        "RateLimit": ", ".join(f'"{left.limit.name}";r={left.remaining};t={left.reset}' for left in told),
    }
