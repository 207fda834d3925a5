"""Isso from PyPI, beside which we are measured: with the same server (granian), the same core and the same thread.

It lives in an environment of its own, which is made on first use from `requirements/isso.txt` and kept where git does
not look. Its guard against floods is off, and replies are held for review, as ours are.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import LOAD_CORE, on_one_core
from benchmarks.load import SCRIPT, ask
from tests.granian_server import environment_for

PINS = Path(__file__).parent.parent / "requirements" / "isso.txt"
CACHE = Path(__file__).parent / ".cache"
THREAD = "/articles/1"
BODY = (
    "The council votes on the ninth. Before that there are *open evenings* at the Seamen’s Hall, where the models of "
    "all three proposals stand on one table, see [the minutes](https://example.org/).\n\nOn the first evening the "
    "queue for the jug was longer than that for the microphone."
)
CONFIGURATION = """
[general]
dbpath = {database}
host = http://127.0.0.1:1
[moderation]
enabled = true
[guard]
enabled = false
[markup]
renderer = mistune
"""
# What is sent is what we are sent, to the thread as Isso names it.
REPLIES = (
    SCRIPT.replace(
        '"site":"<site>","article":"<origin>/%d","name":"Reader %s"', '"title":"An article","author":"Reader %s"'
    )
    .replace('"body":"%s."', '"text":"%s."')
    .replace("sent % 20, who, who", "who, who")
    .replace('"POST", nil', '"POST", "/new?uri=/articles/" .. (sent % 20)')
)


class NoIsso(Exception):
    """Isso could not be installed; the message says why."""


@dataclass(frozen=True)
class Isso:
    """A running Isso."""

    port: int
    database: Path

    @property
    def thread_path(self) -> str:
        """The path of the whole thread, as its widget asks for it."""
        return f"/?uri={THREAD}"

    def publish(self, comments: int) -> None:
        """Send comments through its API and approve them in its database, in threads of five as ours are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for number in range(comments):
            body = {"author": "Ines Okafor", "email": "ines@example.org", "text": BODY, "title": "An article"}
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/new?uri={THREAD}", json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read().decode()
            assert answer.status in {201, 202}, f"Isso refused comment {number}: {told}"
        connection.close()
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE comments SET mode = 1")

    def held(self) -> int:
        """Return how many replies wait for review."""
        with closing(sqlite3.connect(self.database)) as database:
            return int(database.execute("SELECT count(*) FROM comments WHERE mode = 2").fetchone()[0])

    def send_replies(self, folder: Path, *, seconds: int, connections: int, round_number: int) -> float:
        """Return how many replies a second it held; raises RuntimeError where it refused one."""
        script = folder / "isso.lua"
        script.write_text(REPLIES.replace("<round>", str(round_number)).replace("<origin>", "http://127.0.0.1:1"))
        options = [f"-c{connections}", "-s", str(script)]
        return ask(LOAD_CORE, seconds, options, f"http://127.0.0.1:{self.port}/new").rate


@contextmanager
def running_isso(folder: Path, *, threads: int) -> Iterator[Isso]:
    """Yield a running Isso with an empty database; raises NoIsso."""
    granian = _installed() / "bin" / "granian"
    database, configuration = folder / "isso.sqlite3", folder / "isso.cfg"
    configuration.write_text(CONFIGURATION.format(database=database))
    environment = environment_for(folder, ISSO_SETTINGS=str(configuration))
    with on_one_core("isso.run:application", environment, threads=threads, granian=granian) as port:
        yield Isso(port, database)


def _installed() -> Path:
    """Return the environment with Isso in it, and make it where there is none of these pins; raises NoIsso."""
    environment = CACHE / f"isso-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    stamp = environment / "is-whole"
    if stamp.exists():
        return environment
    shutil.rmtree(environment, ignore_errors=True)
    # Isso itself comes as a source of plain Python; the rest comes built, so that no compiler is needed.
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--no-binary", "isso", "--require-hashes"]
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(environment / "bin" / "python"), "-I", "-m", "pip", "install", *options, "-r", str(PINS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            told = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise NoIsso(f"Isso could not be installed: {' '.join(told)[:120]}")
    stamp.touch()
    return environment


__all__ = ["Isso", "NoIsso", "running_isso"]
