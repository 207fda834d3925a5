"""What every test may ask for: a real Redis, and a real database of either kind.

The servers are started once, by the process that was called, and found by the workers of pytest-xdist in the
environment. TEST_DATABASE_URL (a PostgreSQL server, with the right to create databases) and TEST_REDIS_URL name
servers to be used instead.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import pytest
import redis
from flask import Flask
from flask_migrate import upgrade
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Playwright, sync_playwright

from service import create_app
from service.config import Settings
from service.extensions import db
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.driver import SiteDriver, make_site
from tests.servers import ServerDidNotStart, empty_database, running_postgres, running_redis

ROOM_NEEDED = 200_000_000  # bytes; a database has some ten million at the end, and Chromium shares the room

# The same examples on every run: a suite that fails only sometimes teaches people to run it again. No deadline, since
# these machines may be busy.
hypothesis_settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis_settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start what the environment does not name; the end of the run, however it comes, stops it again."""
    if "PYTEST_XDIST_WORKER" in os.environ or session.config.option.collectonly:
        return
    # A terminated run (a CI job that is called off) cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as servers:
        try:
            if "TEST_REDIS_URL" not in os.environ:
                os.environ["TEST_REDIS_URL"] = servers.enter_context(running_redis()).url
            if "TEST_DATABASE_URL" not in os.environ:
                os.environ["TEST_DATABASE_URL"] = servers.enter_context(running_postgres()).url
        except ServerDidNotStart as error:
            raise pytest.UsageError(str(error)) from error
        session.config.add_cleanup(servers.pop_all().close)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the suite has no time for, unless EVERYTHING is asked for or a file is named.

    That is two of three tests in the browser, what installs a load generator, and each test of the web and of the
    commands on one kind of database, half of them on either. Whatever has SQL of its own, in tests/store, runs on both
    kinds always. CI takes half of the large rooms (`_is_left_out_in_ci`).
    """
    if os.environ.get("EVERYTHING") or any(".py" in argument for argument in config.args):
        return
    left_out = {item for item in items if any(is_out(item) for is_out in LEFT_OUT)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


ALWAYS = ("test_main_job", "test_attacks", "test_widget_attacks", "test_widget_form", "test_widget_loss")


def _waits_for_everything(item: pytest.Item) -> bool:
    named = item.nodeid.partition("[")[0]
    if item.nodeid.startswith("tests/test_generators.py::test_a_real_server"):
        return True
    if not named.startswith("tests/browser/") or any(f"/{kept}.py" in named for kept in ALWAYS):
        return False
    # CI (FAULTS=none) has a quarter of an hour for all of it.
    return crc32(named.encode()) % (6 if os.environ.get("FAULTS") == "none" else 3) > 0


SHARED_OUT = ("tests/web/", "tests/test_cli", "tests/integrate/", "tests/adapters/", "tests/domain/")


def _is_left_out_in_ci(item: pytest.Item) -> bool:
    """True for every second test of the large rooms in CI, which a slow machine would not end; `make test` has them."""
    if os.environ.get("FAULTS") != "none" or not item.nodeid.startswith(SHARED_OUT):
        return False
    return crc32(item.nodeid.encode()) % 2 > 0


def _runs_on_the_other_kind(item: pytest.Item) -> bool:
    named, _, _ = item.nodeid.partition("[")
    if not named.startswith(("tests/web/", "tests/test_cli")):
        return False
    kind = getattr(item, "callspec", None) and item.callspec.params.get("database_url")  # type: ignore[attr-defined]
    alike = [own for own in item.iter_markers("parametrize") if "database_url" in str(own.args[0])]
    chosen = ("sqlite", "postgresql")[crc32(named.encode()) % 2]
    return kind in {"sqlite", "postgresql"} and not alike and kind != chosen


LEFT_OUT = (_runs_on_the_other_kind, _waits_for_everything, _is_left_out_in_ci)


@pytest.fixture(scope="session")
def redis_url(worker_id: str) -> Iterator[str]:
    """Return the address of a Redis database that this worker has to itself, empty at first and emptied at last."""
    server = os.environ["TEST_REDIS_URL"]
    url = f"{server}{'&' if '?' in server else '?'}db={worker_id.removeprefix('gw') if worker_id != 'master' else 0}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def postgres_url(worker_id: str, testrun_uid: str) -> Iterator[str]:
    """Return the address of an empty PostgreSQL database that this worker has to itself, dropped at last."""
    with empty_database(os.environ["TEST_DATABASE_URL"], f"postbag_{testrun_uid}_{worker_id}") as url:
        yield url


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in memory, or on the disk where there is no room: SQLite waits for the disk at every commit.

    The disk's part in a commit is no test's subject; what the service does when it is killed has files of its own.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_NEEDED:
        with tempfile.TemporaryDirectory(prefix="postbag-", dir=memory) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("sqlite")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty database: a test that asks for it runs once on each kind."""
    if request.param == "sqlite":
        folder = request.getfixturevalue("quick_folder")
        return f"sqlite:///{folder / 'postbag.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


def settings_for(database_url: str, redis_url: str | None, instance_path: Path, **others: object) -> Settings:
    """Return settings for a test's application; `others` are fields of Settings."""
    given: dict[str, object] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": "a secret that only the tests know",
        "secret_key_fallbacks": (),
        "trusted_proxies": 0,
        "public_url": None,
        "instance_path": instance_path,
    }
    return Settings(**(given | others))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def app(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return a migrated application on either kind of database, shared by the tests of this worker.

    Tests do not clean up after each other: each makes a site of its own, and sees nothing of other sites.
    """
    app = create_app(settings_for(database_url, redis_url, tmp_path_factory.mktemp("instance")))
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Return Playwright, which drives the browser; a process can have one alone."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Return the machine's own Chromium."""
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def site(app: Flask) -> SiteDriver:
    """Return a new site of this test alone, with the default limits, and somebody who reads, writes and moderates."""
    return make_site(app)


@pytest.fixture
def free_site(app: Flask) -> SiteDriver:
    """Return a new site without limits, for tests that submit more than a reader may."""
    return make_site(app, limits="off")
