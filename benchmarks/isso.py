"""Isso from PyPI, beside which we are measured: with the same server (granian), the same core and the same thread.

It lives in an environment of its own (`benchmarks.own`). Its guard against floods is off, and replies are held for
review, as ours are.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import LOAD_CORE, on_one_core
from benchmarks.generators import Asking, Requests, generator
from benchmarks.load import REPLIES as OURS
from benchmarks.own import NotInstalled, environment_with
from tests.granian_server import environment_for

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
REPLIES = Requests(
    lua=OURS.lua.replace(
        '"site":"<site>","article":"<origin>/%d","name":"Reader %s"', '"title":"An article","author":"Reader %s"'
    )
    .replace('"body":"%s."', '"text":"%s."')
    .replace("sent % 20, who, who", "who, who")
    .replace('"POST", nil', '"POST", "/new?uri=/articles/" .. (sent % 20)'),
    python=OURS.python.replace(
        '"site": "<site>", "article": f"<origin>/{sent % 20}", "name"', '"title": "An article", "author"'
    )
    .replace('"body": said', '"text": said')
    .replace('"POST", "/v1/comments"', '"POST", f"/new?uri=/articles/{sent % 20}"'),
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

    def send_replies(self, *, seconds: int, connections: int, round_number: int) -> float:
        """Return how many replies a second it held; raises RuntimeError where it refused one."""
        requests = REPLIES.filled(round=round_number, origin="http://127.0.0.1:1")
        asking = Asking(self.port, "/new", LOAD_CORE, seconds, connections, requests=requests)
        return generator().ask(asking).rate


@contextmanager
def running_isso(folder: Path, *, threads: int) -> Iterator[Isso]:
    """Yield a running Isso with an empty database; raises NoIsso."""
    try:
        # Isso itself comes as a source of plain Python.
        granian = environment_with("isso", "--no-binary", "isso") / "bin" / "granian"
    except NotInstalled as reason:
        raise NoIsso(str(reason)) from reason
    database, configuration = folder / "isso.sqlite3", folder / "isso.cfg"
    configuration.write_text(CONFIGURATION.format(database=database))
    environment = environment_for(folder, ISSO_SETTINGS=str(configuration))
    with on_one_core("isso.run:application", environment, threads=threads, granian=granian) as port:
        yield Isso(port, database)


__all__ = ["Isso", "NoIsso", "running_isso"]
