"""What sends the load: wrk where it is installed, else Locust from PyPI.

    generator().ask(Asking(port=8000, path="/", core=1, seconds=3, connections=32))

Locust is written in Python and takes many times as much of a processor for a request, so that it may be slower than
what it asks; `may_be_the_limit` says so, and whoever measures how fast pages are read decides nothing by it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from benchmarks.own import REQUIREMENTS, NotInstalled, environment_with

NEITHER = "There is no wrk (Debian and Ubuntu: apt install wrk; Fedora: dnf install wrk), and its stand-in is missing:"


@dataclass(frozen=True)
class Requests:
    """Requests that differ, each told in the language of either generator.

    `lua` sets wrk's global `request`. `python` defines `request()`, which returns method, path, headers and body.
    """

    lua: str
    python: str

    def filled(self, **values: object) -> Requests:
        """Return the same with `<name>` replaced by its value in both."""
        lua, python = self.lua, self.python
        for name, value in values.items():
            lua, python = (said.replace(f"<{name}>", str(value)) for said in (lua, python))
        return replace(self, lua=lua, python=python)


@dataclass(frozen=True)
class Asking:
    """What is asked of a server of this machine, from which core, for how many seconds, over how many connections."""

    port: int
    path: str
    core: int
    seconds: int
    connections: int
    headers: Mapping[str, str] = field(default_factory=dict)
    requests: Requests | None = None
    """Instead of the one path with its headers."""


@dataclass(frozen=True)
class Answered:
    """How many requests were answered, and how many a second."""

    requests: int
    rate: float


class Generator(Protocol):
    """What asks as fast as it is answered; raises RuntimeError where a request was refused or got no answer."""

    @property
    def name(self) -> str: ...

    @property
    def may_be_the_limit(self) -> bool: ...

    def ask(self, wanted: Asking) -> Answered: ...


@dataclass(frozen=True)
class Wrk:
    """wrk, which one core of its own makes faster than anything that is measured here."""

    binary: str
    may_be_the_limit = False

    @property
    def name(self) -> str:
        told = subprocess.run([self.binary, "-v"], capture_output=True, text=True, check=False)
        found = re.search(r"wrk (?:debian/)?([\d.]+)", told.stdout + told.stderr)
        return f"wrk {found[1] if found else ''}".rstrip()

    def ask(self, wanted: Asking) -> Answered:
        options = ["-t1", f"-d{wanted.seconds}s", f"-c{wanted.connections}"]
        for name, value in wanted.headers.items():
            options += ["-H", f"{name}: {value}"]
        with tempfile.TemporaryDirectory() as folder:
            if wanted.requests is not None:
                script = Path(folder) / "requests.lua"
                script.write_text(wanted.requests.lua)
                options += ["-s", str(script)]
            return counted_by_wrk(_told(wanted, self.binary, *options, f"{_server(wanted)}{wanted.path}"))


@dataclass(frozen=True)
class Locust:
    """Locust, by its fast client, in the environment that it was installed in."""

    environment: Path
    may_be_the_limit = True

    @property
    def name(self) -> str:
        return f"Locust {_pinned()}"

    def ask(self, wanted: Asking) -> Answered:
        own = wanted.requests.python if wanted.requests is not None else _the_same(wanted)
        users = str(wanted.connections)
        options = ["--headless", "-u", users, "-r", users, "-t", f"{wanted.seconds}s", "--host", _server(wanted)]
        options += ["--json", "--only-summary", "--loglevel", "ERROR", "--exit-code-on-error", "0"]
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "asking.py"
            script.write_text(own + ASKING)
            return counted_by_locust(
                _told(wanted, str(self.environment / "bin" / "locust"), "-f", str(script), *options)
            )


# wrk says nothing of codings where it is not told to, and follows nobody.
ASKING = """

from locust import FastHttpUser, constant, task


class Asker(FastHttpUser):
    wait_time = constant(0)

    @task
    def ask(self):
        method, path, headers, body = request()
        headers.setdefault("Accept-Encoding", "identity")
        self.client.request(method, path, headers=headers, data=body, name="all", allow_redirects=False)
"""


@cache
def generator() -> Generator:
    """Return wrk where it is on the PATH, else Locust, installed where it is not yet; raises NotInstalled."""
    wrk = shutil.which("wrk")
    if wrk is not None:
        return Wrk(wrk)
    try:
        return Locust(environment_with("locust"))
    except NotInstalled as reason:
        raise NotInstalled(f"{NEITHER} {reason}") from reason


def described_generator() -> str:
    """Return which one is used, and what has to be known of it; it installs nothing."""
    wrk = shutil.which("wrk")
    if wrk is not None:
        return Wrk(wrk).name
    return f"no wrk but Locust {_pinned()}, which may itself be the limit of what is answered a second"


def counted_by_wrk(told: str) -> Answered:
    """Return what wrk printed; raises RuntimeError where requests were refused or got no answer."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    requests = re.search(r"(\d+) requests in", told)
    if "Non-2xx" in told or "Socket errors" in told or rate is None or requests is None:
        raise RuntimeError(told)
    return Answered(int(requests[1]), float(rate[1]))


def counted_by_locust(told: str) -> Answered:
    """Return what Locust printed; raises RuntimeError where requests were refused or got no answer."""
    found = json.loads(told) if told.strip() else []
    if len(found) != 1 or found[0]["num_failures"] or not found[0]["num_requests"]:
        raise RuntimeError(f"Locust tells of requests that failed, or of none: {told[:2000]}")
    (all_of_them,) = found
    seconds = all_of_them["last_request_timestamp"] - all_of_them["start_time"]
    return Answered(all_of_them["num_requests"], all_of_them["num_requests"] / seconds)


def _pinned() -> str:
    found = re.search(r"^locust==(\S+)", (REQUIREMENTS / "locust.txt").read_text(), re.MULTILINE)
    assert found is not None, "requirements/locust.txt pins it"
    return found[1]


def _server(wanted: Asking) -> str:
    return f"http://127.0.0.1:{wanted.port}"


def _the_same(wanted: Asking) -> str:
    return f"def request():\n    return 'GET', {wanted.path!r}, {dict(wanted.headers)!r}, None\n"


def _told(wanted: Asking, *command: str) -> str:
    pinned = ["taskset", "-c", str(wanted.core), *command]
    done = subprocess.run(pinned, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
