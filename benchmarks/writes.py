"""Measure durable submissions: everything that a reader's reply goes through, with limits on, until it is held.

`python -m benchmarks.writes` starts PostgreSQL and Redis as they are in production (each commit is on the disk), and
the service in one granian worker on one core, with the load on the others: eight connections, each reply by somebody
new with a text of its own. Then the same on SQLite. Beside it, what one connection of the database commits alone.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.load import Replies, send_replies
from benchmarks.printing import Rows, print_table, quieten
from benchmarks.reads import LOAD_CORE, on_one_core
from service.domain.limit_settings import DEFAULT_LIMITS
from tests.driver import SiteDriver, make_site
from tests.granian_server import beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

CONNECTIONS = 8
ASKED = {"PostgreSQL": 1_200, "SQLite": 800}


def main() -> None:
    """Print what each database took in a second, at the median of the rounds."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    given = arguments.parse_args()
    quieten()
    rows: Rows = []
    for name in ASKED:
        rows += _measured(name, given.rounds, given.seconds)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {given.rounds} rounds of {given.seconds} s, {CONNECTIONS} connections")
    print_table(rows)


def _measured(name: str, rounds: int, seconds: int) -> Rows:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(running_redis())
        if name == "PostgreSQL":
            postgres = stack.enter_context(running_postgres(is_durable=True))
            url = stack.enter_context(empty_database(postgres.url, "bench_writes"))
        else:
            url = f"sqlite:///{folder / 'postbag.sqlite3'}"
        app = stack.enter_context(beside(folder, url))
        site = make_site(app)
        # So high that nobody meets one, and counted all the same.
        raised = {limit: (1_000_000, known.window) for limit, known in DEFAULT_LIMITS.items() if limit != "preview"}
        site.change(limits=raised)
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url)
        port = stack.enter_context(on_one_core("wsgi:app", environment, threads=CONNECTIONS))
        taken = [send_replies(_replies(port, site, seconds, number), folder) for number in range(rounds + 1)][1:]
        stored = site.client.get("/v1/moderation/comments?limit=1", headers=site.bearer).get_json()["totals"]["pending"]
        alone = _commits_alone(url)
    told = f"{statistics.median(taken):,.0f} ({min(taken):,.0f} to {max(taken):,.0f})"
    return [
        (f"submissions held a second, {name}", f">= {ASKED[name]:,}", told),
        (f"  of them in the database, {name}", "all", f"{stored:,}"),
        (f"  rows committed a second by one connection alone, {name}", "", f"{alone:,.0f}"),
    ]


def _replies(port: int, site: SiteDriver, seconds: int, round_number: int) -> Replies:
    return Replies(port, site.slug, site.origin, seconds, LOAD_CORE, CONNECTIONS, round_number)


def _commits_alone(url: str) -> float:
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE alone (n INTEGER)"))
        connection.commit()
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < 2:
            connection.execute(text("INSERT INTO alone VALUES (1)"))
            connection.commit()
            done += 1
        seconds = time.perf_counter() - began
    engine.dispose()
    return done / seconds


if __name__ == "__main__":
    main()
