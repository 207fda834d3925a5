"""What is left of the limits, as structured fields of draft-ietf-httpapi-ratelimit-headers."""

from __future__ import annotations

from service.domain.limits import Verdict


def limit_headers(verdict: Verdict) -> dict[str, str]:
    """Return `RateLimit-Policy` and `RateLimit` for every limit that was charged; empty where limits are off."""
    if not verdict.remaining:
        return {}
    return {
        "RateLimit-Policy": ", ".join(
            f'"{left.limit.name}";q={left.limit.quota};w={left.limit.window}' for left in verdict.remaining
        ),
        "RateLimit": ", ".join(f'"{left.limit.name}";r={left.remaining};t={left.reset}' for left in verdict.remaining),
    }
