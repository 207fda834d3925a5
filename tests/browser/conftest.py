"""A real browser before a real server: granian with SQLite, and Chromium as it stands on the machine.

Where there is no Chromium these tests are left out, with one line in the summary; where CI=true the run fails.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, BrowserContext, Playwright

from service import create_app
from service.config import Settings
from tests.browser.article_host import ArticleHost, running_host
from tests.browser.chromium import PATIENCE, find_chromium
from tests.browser.desk import Desk, desk_of
from tests.browser.reader import Reader
from tests.browser.watch import Watch
from tests.driver import make_site

ROOT = Path(__file__).parents[2]
# Without a browser only the test that says so is left.
collect_ignore_glob = [] if find_chromium() else ["test_[!c]*.py", "test_c[!h]*.py"]

START_LIMIT = 30.0  # seconds; a start takes one, but a loaded machine may need far longer
POLL_INTERVAL = 0.02  # seconds between two looks at a server that is starting
STOP_LIMIT = 10.0  # seconds until a server that does not stop is killed


@pytest.fixture(scope="session")
def environment(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the settings of the service, as variables of its environment."""
    return {"INSTANCE_PATH": str(tmp_path_factory.mktemp("browser")), "REDIS_URL": redis_url, "POSTBAG_DEMO": "1"}


@pytest.fixture(scope="session")
def app(environment: dict[str, str]) -> Flask:
    """Return an application on the served database, to make sites and tokens with as the commands do."""
    app = create_app(Settings.from_environment(environment, default_instance=Path("unused")))
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(scope="session")
def service_url(app: Flask, environment: dict[str, str]) -> Iterator[str]:
    """Return the address of a granian process that serves the application."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    granian = Path(sys.executable).with_name("granian")
    command: list[str | Path] = [granian, "--interface", "wsgi", "--port", str(port), "--no-ws"]
    command += ["--blocking-threads", "4", "--backpressure", "64", "wsgi:app"]
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    output = Path(environment["INSTANCE_PATH"]) / "granian.log"
    with (
        output.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=inherited | environment, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port, process, output)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    give_up_at = time.monotonic() + START_LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=START_LIMIT).close()
        except OSError:
            ended = process.poll() is not None
            assert not ended, f"granian ended at once:\n{output.read_text()[-2000:]}"
            assert time.monotonic() < give_up_at, f"granian does not answer:\n{output.read_text()[-2000:]}"
            time.sleep(POLL_INTERVAL)
        else:
            return


@pytest.fixture
def desk(app: Flask, playwright: Playwright, service_url: str) -> Iterator[Desk]:
    """Return a new site of this test alone, without limits, and its moderator, who calls the API over HTTP."""
    with desk_of(make_site(app, limits="off"), playwright, service_url) as desk:
        yield desk


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a browser that runs no scripts, as a reader may have it."""
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def scripted(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a browser that would run a script, and whose pages' policy is enforced."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def unguarded(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a browser that runs scripts and pays no heed to the pages' policy, so that it hides no hole."""
    context = chromium.new_context(bypass_csp=True)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture(scope="session")
def article_host() -> Iterator[ArticleHost]:
    """Return a server of another origin, for article pages."""
    with running_host() as host:
        yield host


@pytest.fixture
def reader(chromium: Browser, desk: Desk, article_host: ArticleHost) -> Iterator[Reader]:
    """Return somebody in front of an article of the site, which is new; nothing may have been amiss at the end.

    A test whose subject is a fault clears `reader.watch.complaints` when it has seen what it expected.
    """
    desk.site.change(origins=[article_host.origin])
    desk.site.article = f"{article_host.origin}/{desk.site.slug}"
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE)
    reader = Reader(desk, article_host, context, Watch(desk.service_url, (article_host.origin,)))
    yield reader
    cookies = context.cookies()
    context.close()
    assert reader.watch.findings == []
    assert cookies == []


@pytest.fixture
def watch(service_url: str) -> Watch:
    """Return somebody who notes what a browser does beyond showing our own pages."""
    return Watch(service_url)
