"""Durable submissions: everything that a reader's reply goes through, with limits on, until it is held.

`python -m benchmarks.writes` starts PostgreSQL and Redis as they are in production (each commit is on the disk), and
the service in one granian worker on one core, with the load on another: eight connections, each reply by somebody new
with a text of its own. Then the same on SQLite, and of Isso. Beside it, what one connection of the database commits
alone. Where a figure is missed, a profile of the same submissions in one process stands below it.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, text

from benchmarks.contenders import LOAD_CORE, on_one_core
from benchmarks.effort import Effort, measure_alone
from benchmarks.isso import NoIsso, running_isso
from benchmarks.load import Replies, remarks_on_the_load, send_replies
from benchmarks.profiling import profile
from benchmarks.results import Finding, Findings, at_least, spread
from benchmarks.words import a_text
from service import create_app
from service.domain.limit_settings import DEFAULT_LIMITS
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver, make_site
from tests.granian_server import SECRET, beside, environment_for
from tests.servers import empty_database, running_postgres, running_redis

CONNECTIONS = 8
THREADS = 32  # as in the image
ASKED = {"PostgreSQL": 1_200, "SQLite": 800}
PROFILED = 300  # submissions


def measure(effort: Effort) -> Findings:
    """Find what each database took in a second, at the median of the rounds, and what Isso took."""
    findings = Findings(remarks=remarks_on_the_load())
    for name in ASKED:
        _measure(name, effort, findings)
    findings.lines.append(_isso(effort))
    return findings


def raise_limits(site: SiteDriver) -> None:
    """Set every limit so high that nobody meets one; each is counted all the same."""
    site.change(
        limits={limit: (1_000_000, known.window) for limit, known in DEFAULT_LIMITS.items() if limit != "preview"}
    )


def _measure(name: str, effort: Effort, findings: Findings) -> None:
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
        raise_limits(site)
        environment = environment_for(folder, DATABASE_URL=url, REDIS_URL=redis.url)
        with on_one_core("wsgi:app", environment, threads=THREADS) as port:
            rounds = range(effort.rounds + 1)
            taken = [send_replies(_replies(port, site, effort.seconds, number)) for number in rounds][1:]
        stored = site.client.get("/v1/moderation/comments?limit=1", headers=site.bearer).get_json()["totals"]["pending"]
        alone = _commits_alone(url)
        submissions = Finding(
            f"submissions held a second, {name}", spread(taken), statistics.median(taken), at_least(ASKED[name])
        )
        findings.lines += [
            submissions,
            Finding(f"  of them in the database, {name}", f"{stored:,}"),
            Finding(f"  rows committed a second by one connection alone, {name}", f"{alone:,.0f}"),
        ]
        if submissions.verdict == "MISSED":
            heading = f"{PROFILED} submissions one after the other on {name}, in one process"
            with same_application(url, redis.url, folder) as other:
                findings.profiles[heading] = profile(submitting(other, site), PROFILED)


@contextmanager
def same_application(url: str, redis_url: str, folder: Path) -> Iterator[Flask]:
    """Yield an application of this process with the stores and the secret of a server."""
    app = create_app(settings_for(url, redis_url, folder, secret_key=SECRET))
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


def submitting(app: Flask, site: SiteDriver) -> Callable[[], None]:
    """Return what sends one more reply by somebody new."""
    own = SiteDriver(app, site.slug, site.origin, site.token, site.article)
    dice, numbers = random.Random(11), itertools.count()

    def submit() -> None:
        number = next(numbers)
        own.submitted(name=f"Reader {number}", email=f"profiled{number}@example.org", body=a_text(dice))

    return submit


def _isso(effort: Effort) -> Finding:
    what = "submissions held a second, Isso"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            isso = stack.enter_context(running_isso(folder, threads=THREADS))
        except NoIsso as reason:
            return Finding(what, str(reason))
        rounds = range(effort.rounds + 1)
        taken = [
            isso.send_replies(seconds=effort.seconds, connections=CONNECTIONS, round_number=number) for number in rounds
        ][1:]
    return Finding(what, spread(taken))


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
    measure_alone(measure, __doc__)
