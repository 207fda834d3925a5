"""Every number the service counts about itself, in one place, so that no two mean the same thing.

A label never carries anything about a person: the names of limits are ours, an address or a hash of one is not.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

redis_failures = Counter("postbag_redis_failures_total", "Calls to Redis that failed; the service went on without it.")
redis_up = Gauge(
    "postbag_redis_up", "1 when the last contact with Redis succeeded, 0 when it failed or is still to come."
)
limited = Counter("postbag_limited_total", "Requests refused because a limit was used up.", ["limit"])
