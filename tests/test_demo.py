"""`flask --app wsgi demo serve`, as `make run` calls it: a newcomer's first minutes, again and again."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from service.demo.content import ARTICLES, SITE_SLUG
from tests.granian_server import ROOT, environment_for, free_port, until

START_LIMIT = 90.0  # seconds, for the first run on a loaded machine


class Demo:
    """One run of the command."""

    def __init__(self, instance: Path, port: int) -> None:
        self.instance, self.port = instance, port
        self.output = instance.parent / f"output-{time.monotonic_ns()}"
        environment = environment_for(instance)
        del environment["SECRET_KEY"]  # made on the first run, as a newcomer's is
        command = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "demo", "serve", "--port", str(port)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def token(self) -> str:
        found = re.search(r"Moderator's token +(\S+)", self.said)
        assert found, self.said
        return found[1]

    def get(self, path: str, *, with_token: bool = False) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"} if with_token else {})
            response = connection.getresponse()
            text = response.read().decode()
            assert response.status == 200, text
            return text
        finally:
            connection.close()

    def is_serving(self) -> bool:
        assert self.process.poll() is None, f"The demo ended:\n{self.said}"
        try:
            return bool(self.get("/healthz"))
        except OSError:
            return False

    @property
    def worked(self) -> float:
        """The seconds of a processor that it has had so far, its children included: a busy machine adds none."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # Others come and go meanwhile.
                said = stat.read_text().rpartition(")")[2].split()
                # Session, then user and system time with those of children that have ended (proc_pid_stat(5)).
                if int(said[3]) == self.process.pid:
                    ticks += sum(map(int, said[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def running_demo(instance: Path, port: int | None = None) -> Iterator[Demo]:
    demo = Demo(instance, port or free_port())
    try:
        until(demo.is_serving, "the demo does not serve", within=START_LIMIT)
        yield demo
    finally:
        demo.kill()


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def totals(demo: Demo) -> dict[str, int]:
    """Return the number of comments by status."""
    queue = json.loads(demo.get(f"/v1/moderation/comments?site={SITE_SLUG}&limit=100", with_token=True))
    found: dict[str, int] = queue["totals"]
    assert len(queue["comments"]) == found["pending"]
    return found


def expected() -> dict[str, int]:
    states = [comment.state for article in ARTICLES for comment in article.comments]
    waiting = [state for state in states if state in {"pending", "revised", "reported"}]
    return {"pending": len(waiting), "deleted": states.count("removed")}


def assert_is_complete(demo: Demo) -> None:
    found = totals(demo)
    assert {status: found[status] for status in ("pending", "deleted")} == expected()
    assert sum(found.values()) == sum(len(article.comments) for article in ARTICLES)
    for article in ARTICLES:
        assert f'data-site="{SITE_SLUG}" data-article="{article.slug}"' in demo.get(f"/demo/{article.slug}")
        page = demo.get(f"/comments?site={SITE_SLUG}&article={article.slug}")
        shown = sum(comment.state in {"approved", "edited"} for comment in article.comments)
        assert page.count('id="comment-') >= shown


def credentials(demo: Demo) -> tuple[str, str]:
    """Return the address and password that are printed for the desk."""
    email, password = re.search(r"sign in as +(\S+)", demo.said), re.search(r"the password +(\S+)", demo.said)
    assert email is not None
    assert password is not None
    return email[1], password[1]


def sign_in(demo: Demo, email: str, password: str) -> str:
    """Sign in at the desk and return where that leads."""
    connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=30)
    body = urlencode({"email": email, "password": password})
    connection.request("POST", "/desk/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 303
    return answer.headers["Location"]


def test_a_newcomer_finds_a_discussion_a_queue_and_a_token_and_finds_them_again(instance: Path) -> None:
    with running_demo(instance) as demo:
        address = f"http://127.0.0.1:{demo.port}"
        assert f"{address}/demo/{ARTICLES[0].slug}" in demo.said
        assert f"{address}/docs" in demo.said
        assert expected()["pending"] > 0
        assert_is_complete(demo)
        token, first_totals = demo.token, totals(demo)
        assert f"{address}/desk" in demo.said
        assert sign_in(demo, *credentials(demo)) == "/desk"
        password = credentials(demo)

    # At another port, and with far less work than a newcomer has patience for.
    with running_demo(instance) as again:
        took = again.worked
        assert again.token == token
        assert credentials(again) == password
        assert totals(again) == first_totals
        assert_is_complete(again)
        assert f"http://127.0.0.1:{again.port}/demo/" in again.said
        article = json.loads(again.get(f"/v1/comments?site={SITE_SLUG}&article={ARTICLES[0].slug}"))["article"]
        assert article["url"].startswith(f"http://127.0.0.1:{again.port}/")
        assert 0 < took < 15


def test_a_taken_port_is_told_in_one_line_and_nothing_is_made(instance: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = Demo(instance, port)
        assert demo.process.wait(60) != 0
    (line,) = demo.said.splitlines()
    assert f"Port {port}" in line
    assert f"PORT={port + 1}" in line
    assert not (instance / "postbag.sqlite3").exists()


def seeded(instance: Path) -> int:
    """Return how many texts the database holds, 0 where it has no tables yet."""
    try:
        with closing(sqlite3.connect(f"file:{instance / 'postbag.sqlite3'}?mode=ro", uri=True)) as connection:
            (number,) = connection.execute("SELECT count(*) FROM revisions").fetchone()
            return int(number)
    except sqlite3.OperationalError:
        return 0


def test_a_seeding_that_was_killed_is_completed_by_the_next_run(instance: Path) -> None:
    for enough in (1, 8, 16):
        demo = Demo(instance, free_port())
        try:
            until(lambda least=enough: seeded(instance) >= least, "nothing is seeded", within=START_LIMIT)  # type: ignore[misc]
        finally:
            demo.kill()
    assert not (instance / "demo-token").exists(), "killed too late for this test to mean anything"
    with running_demo(instance) as complete:
        assert_is_complete(complete)


def test_a_kept_token_that_is_worth_nothing_is_made_anew(instance: Path) -> None:
    instance.mkdir()
    (instance / "demo-token").write_text("pb_of_another_database\n")
    (instance / "demo-token.begun").write_text("pb_ha")
    with running_demo(instance) as demo:
        assert demo.token not in {"pb_of_another_database", "pb_ha"}
        assert_is_complete(demo)
        assert (instance / "demo-token").read_text().strip() == demo.token
