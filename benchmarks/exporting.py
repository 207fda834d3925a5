"""How fast a site is taken out, and in how much memory: in each form, by the command and over HTTP, from PostgreSQL.

    python -m benchmarks.exporting --comments 100000

The database is that of `benchmarks.filled`: nine comments out of ten are published, most have one or two signals, and
a fifth are on other sites. What comes is thrown away, as fast as it comes. Memory is that of the process alone (PSS).
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.filled import SINCE_YEARS, SLUG, fill
from benchmarks.importing import ASKED_MEMORY, Watch, watched
from benchmarks.printing import Rows, print_table, quieten
from service.domain.exports import ExportForm
from service.extensions import db
from tests.granian_server import SECRET, beside, running_granian
from tests.servers import empty_database, running_postgres

ASKED_RATE = 20_000
CHUNK = 2**20


def by_command(form: ExportForm, environment: dict[str, str], comments: int, asked: str) -> Rows:
    """Take the site out by the command, and return rows of the table."""
    flask = str(Path(sys.executable).with_name("flask"))
    before = _spent()
    began = time.perf_counter()
    with watched([flask, "--app", "wsgi", "export", form.value, "--site", SLUG], environment) as (process, watch):
        assert process.stdout is not None, "it was asked for"
        size = _length(process.stdout)
    seconds = time.perf_counter() - began
    told = f"{form.value} by command: {size / 2**20:,.0f} MB, {seconds:.1f} s"
    each = (_spent() - before) / comments * 1e6
    return [
        (told, asked, f"{comments / seconds:,.0f} a second"),
        (f"{form.value}: our processor time a comment, without the server's", "", f"{each:,.0f} µs"),
        (f"{form.value}: memory at its peak", f"at most {ASKED_MEMORY} MB", f"{watch.peak:,.0f} MB"),
    ]


def over_http(url: str, token: str, pid: int, comments: int) -> Rows:
    """Take the site out over HTTP, and return rows of the table."""
    asked = urllib.request.Request(f"{url}/v1/exports/jsonl?site={SLUG}", headers={"Authorization": f"Bearer {token}"})
    watch = Watch(pid)
    watch.start()
    began = time.perf_counter()
    with urllib.request.urlopen(asked) as answer:
        size = _length(answer)
    seconds = time.perf_counter() - began
    watch.over.set()
    watch.join()
    told = f"jsonl over HTTP: {size / 2**20:,.0f} MB, {seconds:.1f} s"
    return [
        (told, f"at least {ASKED_RATE:,} a second", f"{comments / seconds:,.0f} a second"),
        ("jsonl over HTTP: memory of the server and its worker at the peak", "", f"{watch.peak:,.0f} MB"),
    ]


def _length(stream: Any) -> int:
    length = 0
    while piece := stream.read(CHUNK):
        length += len(piece)
    return length


def _spent() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Fill a database, take its largest site out in every way, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--comments", type=int, default=100_000)
    given = arguments.parse_args()
    quieten()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        empty_database(postgres.url, "bench_exporting") as url,
        beside(Path(folder) / "instance", url) as app,
    ):
        filled = fill(app, SINCE_YEARS.of(given.comments))
        with app.app_context(), db.engine.connect() as connection:
            counted = text("SELECT count(*) FROM comments c JOIN sites s ON s.id = c.site_id WHERE s.slug = :slug")
            comments = connection.execute(counted, {"slug": SLUG}).scalar_one()
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "SECRET_KEY": SECRET}
        environment |= {"REDIS_URL": "redis://localhost:1", "INSTANCE_PATH": str(Path(folder) / "instance")}
        rows: Rows = []
        for form in (ExportForm.JSONL, ExportForm.WXR, ExportForm.CSV_QUEUE):
            asked = f"at least {ASKED_RATE:,} a second" if form is ExportForm.JSONL else ""
            rows += by_command(form, environment, comments, asked)
        with running_granian(Path(folder) / "instance", DATABASE_URL=url, REDIS_URL="redis://localhost:1") as server:
            assert server.process is not None, "it runs"
            rows += over_http(server.url, filled.token, server.process.pid, comments)
    print(f"{comments:,} comments of {given.comments:,}; load of the machine now {os.getloadavg()[0]:.1f}")
    print_table(rows)


if __name__ == "__main__":
    main()
