"""What `flask --app wsgi` says where a command cannot be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from tests.commands import empty_postgres, make, run, running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the addresses of two empty databases of these tests alone."""
    with ExitStack() as databases:
        if request.param == "sqlite":
            folder = tmp_path_factory.mktemp("refusals")
            yield f"sqlite:///{folder / 'empty.sqlite'}", f"sqlite:///{folder / 'news.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_url")
            yield databases.enter_context(empty_postgres(server)), databases.enter_context(empty_postgres(server))


@pytest.fixture
def empty_url(urls: tuple[str, str]) -> str:
    """Return the address of a database without tables."""
    return urls[0]


@pytest.fixture(scope="module")
def app(urls: tuple[str, str], redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return an application with the site `news`, which nothing here changes."""
    with running(urls[1], redis_url, tmp_path_factory.mktemp("news")) as app:
        with app.app_context():
            upgrade()
        make(app)
        yield app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("site create news --name Again --origin https://again.example", "slug: There is a site `news` already."),
        ("site create News --name N --origin https://n.example", "slug: A slug is"),
        ("site create other --name N --origin news.example", "origin"),
        ("site create other --name N --origin https://n.example/path", "origin"),
        ("site create other --name N --origin ftp://n.example", "origin"),
        ("site set nowhere --name N", "no site of this name"),
        ("site set news --limits client=many", "limits: "),
        ("site set news --limits client=0/60", "limits: "),
        ("site set news --limits nothing=1/60", "limits: There is no limit named"),
        ("site set news --limits client=1/60,client=2/60", "limits: The limit 'client' is given twice."),
        ("site set news --max-depth 21", "max_depth: The depth of replies is from 0 to 20."),
        ("site set news --max-depth -1", "max_depth: "),
        ("site set news --flag-threshold 1001", "flag_threshold: The number of flags is from 0 to 1,000."),
        ("site set news --flag-threshold -1", "flag_threshold: "),
        ("site set news --trusted-after 0", "trusted_after: The number of approved comments is from 1 to 1,000."),
        ("site set news --close-after-days 3651", "close_after_days: "),
        ("site set news --spam-threshold 0.2", "spam_threshold: "),
        ("token create --site nowhere --scope moderate", "no site of this name"),
        ("token list --site nowhere", "no site of this name"),
        ("token revoke 019b76da-a800-7c47-b06c-3574b178f405 --site news", "The site `news` has no token"),
        ("site opinions show nowhere", "no site of this name"),
        ("site opinions hook news ftp://n.example", "url: An address to call looks like"),
        ("site opinions akismet news", "key: Give the key"),
        ("site opinions off news hook", "Nobody of this kind is asked."),
        ("site opinions try news", "Nobody of this kind is asked."),
        ("openapi write /nowhere/at/all.yaml", "cannot be written"),
    ],
    ids=lambda value: value if " --" in value or "openapi" in value or "opinions" in value else "",
)
def test_a_command_that_cannot_be_carried_out_says_why_in_one_line(app: Flask, arguments: str, said: str) -> None:
    result = run(app, *arguments.split())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "site create", "site create news", "token create --site news", "token create --site news --scope all",
        "site set news --policy some", "site set news --revise-minutes 99999999999999", "token revoke x --site news",
        "site set news --max-depth deep", "site set news --flag-threshold some",
    ],
)  # fmt: skip
def test_a_command_that_is_typed_wrongly_shows_how_it_is_used(app: Flask, arguments: str) -> None:
    result = run(app, *arguments.split())
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert "Traceback" not in result.stderr


def test_a_database_without_tables_is_named_in_one_line(empty_url: str, redis_url: str, tmp_path: Path) -> None:
    commands = ["site list", "token list --site news", "retention apply", "email reseal", "site set news --limits off"]
    with running(empty_url, redis_url, tmp_path) as app:
        results = [run(app, *arguments.split()) for arguments in commands]
    for result in results:
        assert result.exit_code == 1
        (line,) = [line for line in result.stderr.splitlines() if not line.startswith("{")]
        assert line.startswith("Error: ")
        assert "db upgrade" in line
