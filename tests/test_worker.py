"""The worker as a process: prompt, and nothing is lost or done twice however it, Redis or the database end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import make_url

from service.actions import outbox
from service.store import outbox as table
from service.store.session import writing
from tests.driver import SiteDriver, make_site
from tests.granian_server import ROOT, beside, environment_for, until
from tests.servers import empty_database, running_redis
from tests.web.test_learned import ADVERT, HONEST, SPAM, learned
from tests.worker_process import WorkerProcess, running_worker

AWAY = "redis://localhost:1"


@dataclass
class Installation:
    """An application of this process, and how worker processes beside it are started."""

    app: Flask
    instance: Path
    settings: dict[str, str]
    stack: ExitStack
    started: int = 0

    def worker(self, *arguments: str, **settings: str) -> WorkerProcess:
        self.started += 1
        return self.stack.enter_context(
            running_worker(self.instance, self.started, *arguments, **(self.settings | settings))
        )

    def site(self) -> SiteDriver:
        return make_site(self.app, limits="off")


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    instance = tmp_path / "instance"
    with ExitStack() as stack:
        url, settings = None, {"REDIS_URL": AWAY}
        if request.param == "postgresql":
            name = make_url(request.getfixturevalue("postgres_url")).database
            server = os.environ["TEST_DATABASE_URL"]
            url = stack.enter_context(empty_database(server, f"{name}_worker_{uuid4().hex[:8]}"))
            settings["DATABASE_URL"] = url
        app = stack.enter_context(beside(instance, url))
        with ExitStack() as workers:
            yield Installation(app, instance, settings, workers)


def teach(site: SiteDriver) -> None:
    for number in range(3):
        spam = site.submitted(body=SPAM.format(number, number))
        assert site.decide(spam["id"], "spam").status_code == 201
        site.published(body=HONEST.format(1950 + number, number))


def is_scored(site: SiteDriver, sent: dict[str, object]) -> Callable[[], bool]:
    return lambda: learned(site, str(sent["id"])) is not None


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_without_redis_a_reply_is_scored_within_moments_and_sigterm_ends_the_worker(installation: Installation) -> None:
    site = installation.site()
    teach(site)
    worker = installation.worker()
    first = site.submitted(body=ADVERT)
    until(is_scored(site, first), "the first reply is not scored")
    second = site.submitted(body=HONEST.format(3, 4))
    took = until(is_scored(site, second), "the second reply is not scored")
    assert took < 10, "half a second, and much room for a busy machine"
    assert worker.stop() == 0
    assert worker.has_said("worker_stopped")


def test_what_a_killed_worker_had_claimed_is_done_by_the_next_one(installation: Installation) -> None:
    site = installation.site()
    teach(site)
    sent = [site.submitted(body=ADVERT.replace("boots", f"boots{number}")) for number in range(12)]
    installation.worker().kill()
    left = [comment for comment in sent if learned(site, comment["id"]) is None]
    # What it had claimed is free again when the claim is over; this process says so instead of waiting for it.
    with installation.app.app_context():
        now = datetime.now(UTC) + outbox.CLAIM_LASTS + timedelta(seconds=1)
        with writing():
            for job in table.claim_jobs(["score", "learn", "learn_prior"], until=now, limit=100, now=now):
                table.put_off_job(job.id, due_at=datetime.now(UTC), error="killed")
    installation.worker()
    for comment in left:
        until(is_scored(site, comment), "a reply is lost")


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_two_workers_at_once_leave_one_note_each(installation: Installation) -> None:
    site = installation.site()
    teach(site)
    first, second = installation.worker(), installation.worker()
    sent = [site.submitted(body=ADVERT.replace("boots", f"boots{number}")) for number in range(30)]
    for comment in sent:
        until(is_scored(site, comment), "a reply is not scored")
    # `learned` fails where a reply has two of them.
    assert all(learned(site, comment["id"]) for comment in sent)
    assert first.stop() == second.stop() == 0
    assert "Traceback" not in first.log() + second.log()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_redis_may_come_and_go(installation: Installation) -> None:
    site = installation.site()
    teach(site)
    with running_redis() as redis:
        worker = installation.worker(REDIS_URL=redis.url)
        until(is_scored(site, site.submitted(body=ADVERT)), "nothing is scored with Redis")
    sent = site.submitted(body=HONEST.format(5, 6))
    until(is_scored(site, sent), "nothing is scored after Redis has gone")
    assert worker.stop() == 0


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_worker_ends_with_the_process_that_is_to_be_its_parent(installation: Installation) -> None:
    flask = str(Path(sys.executable).with_name("flask"))
    log = installation.instance / "child.log"
    parent = subprocess.Popen(
        ["sh", "-c", f'"{flask}" --app wsgi worker --with-parent $$ > "{log}" 2>&1 & wait'],
        cwd=ROOT,
        env=environment_for(installation.instance, **installation.settings),
        start_new_session=True,
    )
    until(lambda: log.exists() and "worker_started" in log.read_text(), "the worker did not start", within=60)
    parent.kill()
    parent.wait()
    until(lambda: "worker_stopped" in log.read_text(), "the worker outlives its parent")
