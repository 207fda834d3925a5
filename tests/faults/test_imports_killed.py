"""An import is killed in the middle, on real processes: run again it ends with exactly the right comments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from service.actions import recount
from service.actions.outbox import CLAIM_LASTS
from service.extensions import db
from service.store import outbox
from service.store.models import CommentRow, OutboxRow
from service.store.session import reading, writing
from tests.driver import SiteDriver, make_site
from tests.exports import comment, item, wxr
from tests.granian_server import ROOT, beside, environment_for, until
from tests.servers import empty_database, running_postgres, started_again
from tests.worker_process import running_worker

COMMENTS = 4_100  # five transactions


def export(site: SiteDriver) -> str:
    """Return an export whose comments stand in threads of three."""
    many = [comment(n, f"Thought {n}.", parent=n - 1 if n % 3 else 0) for n in range(1, COMMENTS + 1)]
    return wxr(*(item(f"{site.origin}/{at}", *many[at : at + 100]) for at in range(0, COMMENTS, 100)))


def stored(app: Flask) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(CommentRow)) or 0


def check_right(site: SiteDriver) -> None:
    """Check that every comment is there once, in its thread, and counted."""
    with site.app.app_context():
        assert [one for found in recount.check() for one in found.wrong] == []
        with reading():
            texts = db.session.scalars(select(CommentRow.search_text)).all()
            replies = db.session.scalar(select(func.count()).where(CommentRow.parent_id.is_not(None)))
    assert len(texts) == len(set(texts)) == COMMENTS
    # Of each page the first comment may answer one that is under another page.
    assert replies == sum(n % 3 > 0 and n % 100 != 1 for n in range(1, COMMENTS + 1))


def when_some_are_there(app: Flask) -> Callable[[], bool]:
    return lambda: 0 < stored(app) < COMMENTS


def children(pid: int) -> list[int]:
    """Return the processes that this one has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_ended(pid: int) -> bool:
    """True where a process is gone, or only its number is left."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_by_command(tmp_path: Path) -> None:
    with beside(tmp_path) as app:
        site = make_site(app)
        file = tmp_path / "old.xml"
        file.write_text(export(site))
        flask = str(Path(sys.executable).with_name("flask"))
        command = [flask, "--app", "wsgi", "import", "wordpress", str(file), "--site", site.slug, "--json"]
        options: dict[str, Any] = {"cwd": ROOT, "env": environment_for(tmp_path), "stdout": subprocess.PIPE}
        with subprocess.Popen(command, **options) as process:
            until(when_some_are_there(app), "nothing was imported")
            preparing = children(process.pid)
            process.kill()
        assert preparing, "texts are prepared in another process"
        until(lambda: all(map(has_ended, preparing)), "what was killed has left a process behind")
        there = stored(app)
        again = subprocess.run(command, check=True, **options)
        assert f'"imported": {COMMENTS - there}'.encode() in again.stdout
        check_right(site)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_of_its_processes(postgres_url: str, tmp_path: Path, kind: str) -> None:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'postbag.sqlite3'}"
        if kind == "postgresql":
            url = stack.enter_context(empty_database(postgres_url, "import_killed"))
        app = stack.enter_context(beside(tmp_path, url))
        site = make_site(app)
        file = tmp_path / "old.xml"
        file.write_text(export(site))
        flask = str(Path(sys.executable).with_name("flask"))
        command = [flask, "--app", "wsgi", "import", "wordpress", str(file), "--site", site.slug, "--json"]
        options: dict[str, Any] = {"cwd": ROOT, "env": environment_for(tmp_path, DATABASE_URL=url)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
            until(when_some_are_there(app), "nothing was imported")
            for child in children(process.pid):
                os.kill(child, signal.SIGKILL)
            out, err = process.communicate()
        assert (process.returncode, out) == (1, b"")
        [line] = [line for line in err.decode().splitlines() if not line.startswith("{")]
        assert "was killed" in line
        assert "Run the same command again" in line
        there = stored(app)
        assert there < COMMENTS
        again = subprocess.run(command, check=True, stdout=subprocess.PIPE, **options)
        assert f'"imported": {COMMENTS - there}'.encode() in again.stdout
        check_right(site)
        subprocess.run([*command[:4], "undo", json.loads(again.stdout)["id"]], check=True, **options)
        assert stored(app) == there


def test_the_database(tmp_path: Path) -> None:
    # What nobody waits for stays in the server's memory for seconds, and is gone with it.
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres({"wal_writer_delay": "10s"}, is_durable=True))
        app = stack.enter_context(beside(tmp_path, server.url))
        site = make_site(app)
        file = tmp_path / "old.xml"
        file.write_text(export(site))
        command = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "import", "wordpress", str(file)]
        command += ["--site", site.slug, "--json"]
        env = environment_for(tmp_path, DATABASE_URL=server.url)
        options: dict[str, Any] = {"cwd": ROOT, "env": env, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, stderr=subprocess.PIPE, **options) as process:
            until(when_some_are_there(app), "nothing was imported")
            server.process.kill()
            _, err = process.communicate()
        assert process.returncode == 1
        [line] = [line for line in err.decode().splitlines() if not line.startswith("{")]
        assert "The database does not answer" in line
        server.process.wait()
        server = stack.enter_context(started_again(server))
        there = stored(app)
        assert there < COMMENTS
        again = subprocess.run(command, check=True, **options)
        assert f'"imported": {COMMENTS - there}'.encode() in again.stdout
        # What was told as done is there for good.
        server.process.kill()
        server.process.wait()
        stack.enter_context(started_again(server))
        check_right(site)


def test_by_a_worker(tmp_path: Path) -> None:
    with beside(tmp_path) as app:
        site = make_site(app)
        asked = {"kind": "wordpress", "name": "old.xml"}
        sent = site.client.post("/v1/imports", query_string=asked, data=export(site).encode(), headers=site.bearer)
        import_id = sent.get_json()["id"]

        def told() -> dict[str, Any]:
            return dict(site.client.get(f"/v1/imports/{import_id}", headers=site.bearer).get_json())

        with running_worker(tmp_path) as worker:
            until(when_some_are_there(app), "nothing was imported")
            worker.kill()
        assert told()["status"] == "running"
        with app.app_context(), writing():
            # As if the time had passed after which a worker is taken for dead.
            [job] = db.session.scalars(select(OutboxRow.id).where(OutboxRow.kind == "import"))
            outbox.keep_job(job, until=datetime.now(UTC) - CLAIM_LASTS)
        with running_worker(tmp_path, 2):
            until(lambda: told()["status"] == "done", "the second worker did not end it")
        done = told()
        assert (done["read"], done["imported"], done["skipped"]) == (COMMENTS, COMMENTS, [])
        check_right(site)
