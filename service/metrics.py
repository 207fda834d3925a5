"""Every number the service counts about itself, in one place, so that no two mean the same thing.

A label never carries anything about a person: the names of limits are ours, an address or a hash of one is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    # Workers count into files of this folder, from which any of them tells the numbers of all.
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)

redis_failures = Counter("postbag_redis_failures_total", "Calls to Redis that failed; the service went on without it.")
redis_up = Gauge(
    "postbag_redis_up",
    "1 when the last contact with Redis succeeded, 0 when it failed or is still to come.",
    multiprocess_mode="livemin",
)
limited = Counter("postbag_limited_total", "Requests refused because a limit was used up.", ["limit"])
proofs = Counter("postbag_proofs_total", "Proofs of work that came with replies, by what they were worth.", ["outcome"])
challenged = Counter("postbag_challenged_total", "Replies refused for want of a proof of work.")
requests = Counter("postbag_requests_total", "Requests answered.", ["method", "route", "status"])
request_seconds = Histogram(
    "postbag_request_seconds",
    "Seconds from the first line of a request to its answer.",
    ["method", "route"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
kept_answers = Counter(
    "postbag_kept_answers_total",
    "Published pages answered from memory, which are not among the requests; counted in steps of 256 a process.",
)
public_reads = Counter(
    "postbag_public_reads_total",
    "Published pages read while there is a REPLICA_URL, by where: `primary` where the replica was away or behind.",
    ["source"],
)
submissions = Counter(
    "postbag_submissions_total", "Submissions stored, by the status that their senders were told.", ["status"]
)
reader_tokens = Counter(
    "postbag_reader_tokens_total",
    "Tokens of readers whom a site knows: accepted, or the code of what was wrong with one.",
    ["outcome"],
)
refused_by_rule = Counter("postbag_refused_by_rule_total", "Replies and edits that a rule refused.", ["signal"])
screening_failures = Counter("postbag_screening_failures_total", "Screening phases that failed.", ["phase"])
decisions = Counter("postbag_decisions_total", "Decisions carried out by moderators.", ["action"])
undone = Counter("postbag_decisions_undone_total", "Decisions that moderators took back.")
votes = Counter("postbag_votes_total", "Votes of readers, given or taken back.", ["change"])
flags = Counter("postbag_flags_total", "Flags of readers, by their reason.", ["reason"])
flagged_returns = Counter("postbag_flagged_returns_total", "Published comments that flags brought back to the queue.")


class _Outbox(Collector):
    """The outbox as it is now. It belongs to all processes together, so it is told by whichever is asked."""

    def __init__(self, due: int, oldest_seconds: float, given_up: int) -> None:
        self._told = (
            ("postbag_outbox_due", "Jobs that are due and taken up by no worker; counted up to 10,000.", due),
            ("postbag_outbox_oldest_seconds", "Seconds for which the longest waiting of them is due.", oldest_seconds),
            ("postbag_outbox_given_up", "Jobs given up after their last try; counted up to 10,000.", given_up),
        )

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each number."""
        for name, words, value in self._told:
            yield GaugeMetricFamily(name, words, value=value)


def outbox_text(*, due: int, oldest_seconds: float, given_up: int) -> bytes:
    """Return the state of the outbox in Prometheus' text format, without files of a worker in between."""
    registry = CollectorRegistry()
    registry.register(_Outbox(due, oldest_seconds, given_up))
    return generate_latest(registry)
