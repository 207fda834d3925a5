"""A real server with the site of docs/integrate.md, for examples that are tried on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import upgrade
from playwright.sync_api import Browser, Page

from service import create_app
from service.extensions import db
from tests.browser.article_host import ArticleHost, running_host
from tests.browser.chromium import PATIENCE, find_chromium
from tests.conftest import settings_for
from tests.faults.nginx import find_nginx
from tests.granian_server import SECRET, running_granian
from tests.integrate.gazette import Gazette, made

# What this machine does not have cannot be tried on it; in CI there is all of it but nginx and Hugo.
collect_ignore = [
    *([] if find_nginx() else ["test_includes.py"]),
    *([] if shutil.which("hugo") else ["test_hugo.py"]),
    *([] if find_chromium() and shutil.which("php") else ["test_wordpress.py"]),
    *([] if find_chromium() and shutil.which("npm") else ["test_react.py"]),
    *([] if find_chromium() else ["test_plain_html.py"]),
]


@pytest.fixture(scope="session")
def article_host() -> Iterator[ArticleHost]:
    """Return the site's own server."""
    with running_host() as host:
        yield host


@pytest.fixture(scope="session")
def gazette(redis_url: str, article_host: ArticleHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gazette]:
    """Return the site, on a server of this worker."""
    folder: Path = tmp_path_factory.mktemp("integrate")
    app = create_app(settings_for(f"sqlite:///{folder / 'postbag.sqlite3'}", redis_url, folder, secret_key=SECRET))
    with app.app_context():
        upgrade()
    with running_granian(folder, REDIS_URL=redis_url) as server:
        yield made(app, server, article_host.origin)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return a page of a browser that knows nothing yet."""
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
