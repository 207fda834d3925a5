"""Commands of `flask --app wsgi`, run as an operator runs them, on a database of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from click.testing import Result
from flask import Flask
from sqlalchemy import make_url

from service import create_app
from service.extensions import db
from tests.conftest import settings_for
from tests.driver import SiteDriver
from tests.servers import empty_database

OLD_KEY, NEW_KEY = "the-older-secret-key-of-these-tests", "the-newer-secret-key-of-these-tests"
ALL_SCOPES = ("--scope", "moderate", "--scope", "pii", "--scope", "integrate")


@contextmanager
def empty_postgres(server_url: str) -> Iterator[str]:
    """Yield the address of an empty database beside another one of the same server, and drop it afterwards."""
    with empty_database(server_url, f"{make_url(server_url).database}_own_{uuid4().hex[:8]}") as url:
        yield url


@contextmanager
def running(own_url: str, redis_url: str, tmp_path: Path, key: str = OLD_KEY, *older: str) -> Iterator[Flask]:
    """Yield an application on the database, as a process with these keys would be."""
    app = create_app(
        settings_for(own_url, redis_url, tmp_path / "instance", secret_key=key, secret_key_fallbacks=older)
    )
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


def run(app: Flask, *arguments: str) -> Result:
    """Run a command as `flask --app wsgi` does."""
    return app.test_cli_runner().invoke(args=list(arguments))


def printed(app: Flask, *arguments: str) -> str:
    """Return what a command prints; the test fails where it fails."""
    result = run(app, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def make(app: Flask, slug: str = "news") -> SiteDriver:
    """Make a site and a token by command, and return its driver."""
    printed(app, "site", "create", slug, "--name", "The News", "--origin", f"https://{slug}.example")
    printed(app, "site", "set", slug, "--limits", "off")
    token = printed(app, "token", "create", "--site", slug, "--name", "Mira", *ALL_SCOPES).strip()
    return SiteDriver(app, slug, f"https://{slug}.example", token, f"https://{slug}.example/1")
