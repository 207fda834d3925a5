"""What each operation costs on tables that were divided by article (docs/scaling.md), beside the same undivided.

`python -m benchmarks.divided` fills two PostgreSQL databases with a million comments each, divides the tables of one by
the SQL of the document, and asks both in turn, round by round. What counts is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import redis as redis_client

from benchmarks.filled import SINCE_YEARS, fill
from benchmarks.growth import OPERATIONS, WARM, Sized, running_app
from benchmarks.machine import described
from benchmarks.printing import print_table, quieten
from benchmarks.results import ratios
from tests.servers import running_postgres, running_redis
from tests.store.dividing import PARTS, divide


def main() -> None:
    """Fill, divide, measure, and print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    quieten()
    print(described())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres(others={"shared_buffers": "1GB", "max_wal_size": "8GB"}))
        redis = stack.enter_context(running_redis())
        shared = stack.enter_context(redis_client.Redis.from_url(redis.url))
        both = []
        for name in ("undivided", "divided"):
            app = stack.enter_context(running_app(postgres.url, redis.url, name, folder))
            site = fill(app, SINCE_YEARS.of(given.comments))
            if name == "divided":
                began = time.perf_counter()
                with app.app_context():
                    divide()
                took = time.perf_counter() - began
                print(f"Dividing {given.comments:,} comments into {PARTS} parts took {took:,.0f} s.")
            both.append(Sized(app, site))
        rows = []
        for what, (operation, _) in OPERATIONS.items():
            taken: list[list[float]] = [[], []]
            for number in range(WARM + given.rounds):
                for database, own in zip(both, taken, strict=True):
                    shared.flushdb()
                    began = time.perf_counter()
                    operation(database)
                    if number >= WARM:
                        own.append((time.perf_counter() - began) * 1000)
            found = ratios(taken[1], taken[0])
            tenths = statistics.quantiles(found, n=10)
            told = f"{statistics.median(found):.2f} ({tenths[0]:.2f} to {tenths[-1]:.2f})"
            rows.append((what, *(f"{statistics.median(own):.1f} ms" for own in taken), told))
    print_table(rows, head=("what", "undivided", "divided", "ratio (eight times out of ten)"))


if __name__ == "__main__":
    main()
